// Every row of CONTRACT.md's contexts: where models are kept and what computes, in the built bundle.

import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import type * as entry from "../../plugin/entry/entry.ts";
import { blank, createStand, makeCells, type Stand, tiny } from "./support/stand.ts";

type Entry = typeof entry;
type Frame = Awaited<ReturnType<Stand["open"]>>["page"] | ReturnType<Awaited<ReturnType<Stand["open"]>>["page"]["frames"]>[number];
declare const loadModule: (url: string) => Promise<unknown>;

let stand: Stand;
beforeAll(async () => {
  stand = await createStand();
});
afterAll(() => stand?.dispose());

interface Found {
  readonly text: string;
  readonly models: string[];
  readonly backend: string;
}

const plainPage = `${blank}<script src="overtile.single.js"></script>`;

/** Trains, and tells which models there are. `url`: the module; without, the global Overtile. */
const use = (frame: Frame, url?: string): Promise<Found> => useAndAsk(frame, url, false);

/** Tells what the diagnostics say, too, for which every backend is tried. */
function useAndAsk(frame: Frame, url?: string, isAsked = true): Promise<Found> {
  return frame.evaluate(
    async ({ url, isAsked, tiny, cells: { side, image, labels } }) => {
      const { activate } = url === undefined ? (globalThis as unknown as { Overtile: Entry }).Overtile : ((await loadModule(url)) as Entry);
      const overtile = activate();
      const sample = {
        image: { data: Uint8Array.from(image), shape: [side, side] },
        labels: { data: Uint16Array.from(labels), shape: [side, side] },
      };
      const { backend } = await overtile.train([sample], { ...tiny, name: "tiny" });
      const models = (await overtile.models.list()).filter(({ starter }) => !starter).map(({ name, version }) => `${name}@${version}`);
      const text = isAsked ? await overtile.diagnostics() : "";
      overtile.dispose();
      return { text, models, backend };
    },
    { url, isAsked, tiny, cells: makeCells(48) },
  );
}

test("localhost: models in OPFS outlive the page, as files and as the single file", async () => {
  const { url } = await stand.serve();
  const { page } = await stand.open(`${url}blank.html`);
  expect((await useAndAsk(page, `${url}overtile.mjs`)).text).toMatch(/storage: opfs/);
  await page.reload();
  expect((await use(page, `${url}overtile.single.mjs`)).models).toEqual(["tiny@1", "tiny@2"]);
});

test("http on a local network: IndexedDB, without locks, OPFS and crypto.subtle", async () => {
  const { url } = await stand.serve();
  const address = url.replace("127.0.0.1", "lan.test");
  const { page } = await stand.open(`${address}blank.html`);
  expect(await page.evaluate(() => globalThis.isSecureContext)).toBe(false);
  const first = await useAndAsk(page, `${address}overtile.mjs`);
  expect(first.text).toMatch(/storage: indexeddb/);
  expect(first.text).toMatch(/webgpu: WebGPU needs https or localhost/);
  expect(first.backend).toContain("wasm (");
  await page.reload();
  expect((await use(page, `${address}overtile.mjs`)).models).toEqual(["tiny@1", "tiny@2"]);
});

test("IndexedDB that was deleted meanwhile is opened again", async () => {
  const { url } = await stand.serve();
  const address = url.replace("127.0.0.1", "lan.test");
  const { page } = await stand.open(`${address}blank.html`);
  const models = await page.evaluate(async (url) => {
    const overtile = ((await loadModule(url)) as Entry).activate();
    await overtile.models.list();
    const { indexedDB } = globalThis as unknown as {
      indexedDB: { deleteDatabase(name: string): { onsuccess: () => void; onerror: () => void } };
    };
    await new Promise<void>((resolve, reject) =>
      Object.assign(indexedDB.deleteDatabase("overtile"), { onsuccess: resolve, onerror: reject }),
    );
    return (await overtile.models.list()).filter(({ starter }) => !starter);
  }, `${address}overtile.mjs`);
  expect(models).toEqual([]);
});

test("a sandboxed frame with an opaque origin: memory, and it says so", async () => {
  const { url } = await stand.serve({
    pages: { "/outer.html": `${blank}<iframe sandbox="allow-scripts" src="inner.html"></iframe>`, "/inner.html": plainPage },
  });
  const { page } = await stand.open(`${url}outer.html`);
  const inner = page.frames().find((frame) => frame.url().endsWith("inner.html"))!;
  await inner.waitForFunction(() => "Overtile" in globalThis);
  const found = await useAndAsk(inner);
  expect(found.text).toMatch(/origin null/);
  expect(found.text).toMatch(/storage: memory \(models are lost when this closes: export them\)/);
  expect(found.models).toEqual(["tiny@1"]);
  expect(found.backend).toContain("wasm (");
});

test("a file on disk: the single file, with IndexedDB", async () => {
  const folder = await mkdtemp(join(tmpdir(), "overtile-file-"));
  try {
    await symlink(resolve("dist/overtile.single.js"), join(folder, "overtile.single.js"));
    await writeFile(join(folder, "page.html"), plainPage);
    const { page } = await stand.open(pathToFileURL(join(folder, "page.html")).href);
    const found = await useAndAsk(page);
    expect(found.text).toMatch(/storage: (indexeddb|opfs)/);
    expect(found.backend).toContain("wasm (");
    expect(found.models).toContain("tiny@1");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a full storage: the training hands its model over, what was kept stays whole, and there is a message", async () => {
  const { url } = await stand.serve();
  const { page, context } = await stand.open(`${url}blank.html`);
  await use(page, `${url}overtile.mjs`);
  const session = await context.newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(url).origin, quotaSize: 1000 });
  const found = await page.evaluate(
    async ({ url, tiny, cells: { side, image, labels } }) => {
      const { activate } = (await loadModule(url)) as Entry;
      const overtile = activate();
      const lines: string[] = [];
      const sample = {
        image: { data: Uint8Array.from(image), shape: [side, side] },
        labels: { data: Uint16Array.from(labels), shape: [side, side] },
      };
      const { archive } = await overtile.train(
        [sample],
        { ...tiny, name: "second" },
        { onProgress: (p) => void (p.kind === "notice" && lines.push(p.message)) },
      );
      const refused = await overtile.models
        .import(archive, "third")
        .catch((error: { kind: string; message: string }) => `${error.kind}: ${error.message}`);
      return {
        bytes: archive.size,
        lines,
        refused,
        models: (await overtile.models.list()).filter(({ starter }) => !starter).map(({ name }) => name),
      };
    },
    { url: `${url}overtile.mjs`, tiny, cells: makeCells(48) },
  );
  expect(found.bytes).toBeGreaterThan(1000);
  expect(found.models).toEqual(["tiny"]);
  expect(found.refused).toMatch(/^CannotWrite: .*storage, which is full.*What was stored before is whole/);
  expect(found.lines.join("\n")).toMatch(/which is full.*The model is in the result; save its file/);
});

test("an application that Vite has built with the single file in it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "overtile-vite-"));
  try {
    await writeFile(join(folder, "index.html"), `${blank}<script type="module" src="./main.js"></script>`);
    await writeFile(join(folder, "main.js"), 'import { activate } from "overtile/single"; globalThis.Overtile = { activate };');
    const single = fileURLToPath(new URL("../../dist/overtile.single.mjs", import.meta.url));
    await build({ root: folder, configFile: false, logLevel: "error", resolve: { alias: { "overtile/single": single } } });
    const { url } = await stand.serve({ folders: { "/": join(folder, "dist") } });
    const { page } = await stand.open(`${url}index.html`);
    await page.waitForFunction(() => "Overtile" in globalThis);
    expect(await use(page)).toMatchObject({ models: ["tiny@1"], backend: expect.stringContaining("wasm (") });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
