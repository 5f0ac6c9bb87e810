// Every piece of JavaScript in docs/api.md, docs/hosts.md and README.md runs, in the order of the page, as it stands there.

import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import { hostPages } from "./support/host-pages.ts";
import { createStand, makeCells, type Stand } from "./support/stand.ts";

let stand: Stand;
beforeAll(async () => {
  stand = await createStand();
});
afterAll(() => stand?.dispose());

async function readSamples(file: string): Promise<readonly string[]> {
  const text = await readFile(file, "utf8");
  return [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);
}

test("docs/api.md", async () => {
  const { url } = await stand.serve();
  const { page } = await stand.open(`${url}blank.html`);
  const { side, image, labels } = makeCells(96);
  const png = await writePng({ height: side, width: side, channels: 1, data: Uint8Array.from(image) });
  // Names declared in one piece are used by those after it; a name that is declared again gets a scope of its own.
  const pieces = (await readSamples("docs/api.md")).map((code) =>
    code.replace(/import \{ activate \} from "overtile";/, `const { activate } = await loadModule("${url}overtile.mjs");`),
  );
  const open = pieces.map((code, i) => (i === 0 ? code : `{\n${code}\n}`)).join("\n");
  const text = await page.evaluate(
    ({ open, side, image, labels, png }) => {
      const lines: string[] = [];
      const console = { log: (...words: unknown[]) => void lines.push(words.map(String).join(" ")) };
      const run = new Function("image", "labels", "pngBytes", "console", `return (async () => {\n${open}\n})()`);
      const pixels = { data: Uint8Array.from(image), shape: [side, side] };
      return run(pixels, { data: Uint16Array.from(labels), shape: [side, side] }, Uint8Array.from(png), console).then(() =>
        lines.join("\n"),
      );
    },
    { open, side, image, labels, png: [...png] },
  );
  expect(text).toMatch(/Overtile \d+\.\d+\.\d+ \(files\)/);
  expect(text).toMatch(/InvalidParameter my model/);
}, 120_000);

/** A page of a host, with what the samples take for granted. */
async function openHost(
  name: "imjoy" | "hypha",
): Promise<{ readonly page: Page; readonly urls: Record<"pluginUrl" | "kaibuUrl", string> }> {
  const hosting = await stand.serve(hostPages());
  const plugin = await stand.serve();
  const { page } = await stand.open(`${hosting.url}${name}.html`);
  await page.waitForFunction(() => "host" in globalThis, undefined, { timeout: 30_000 });
  await page.evaluate(({ side, image, labels }) => {
    const pixels = { data: Uint8Array.from(image), shape: [side, side] };
    const drawn = { data: Uint16Array.from(labels), shape: [side, side] };
    const items: Record<string, (given: unknown) => Promise<unknown>> = {};
    const add = (label: string, work: (given: unknown) => Promise<unknown>): void => {
      items[label] = work;
    };
    Object.assign(globalThis, { image: pixels, labels: drawn, menu: { items, add } });
  }, makeCells(96));
  return { page, urls: { pluginUrl: plugin.url, kaibuUrl: `${hosting.url}kaibu.html` } };
}

/** Runs a sample as it stands, and returns what `answer` makes of its names. */
function runSample(page: Page, code: string, urls: Record<string, string>, answer: string): Promise<unknown> {
  return page.evaluate(
    ({ code, urls, answer }) => {
      const run = new Function(...Object.keys(urls), `return (async () => {\n${code}\nreturn ${answer};\n})()`);
      return run(...Object.values(urls));
    },
    { code, urls, answer },
  );
}

// hosts.test.ts uses both forms in both hosts.
test.runIf(process.env["OVERTILE_LONG"]).each(["index.html", "overtile.imjoy.html"] as const)(
  "docs/hosts.md, with %s: every sample in its host",
  async (form) => {
    const samples = await readSamples("docs/hosts.md");
    expect(samples.map((code) => /(imjoy|hypha)\.api/.exec(code)![1])).toEqual(["imjoy", "hypha", "imjoy"]);
    const [imjoy, hypha] = [await openHost("imjoy"), await openHost("hypha")];
    const withForm = (urls: typeof imjoy.urls): typeof imjoy.urls => ({ ...urls, pluginUrl: urls.pluginUrl + form });
    expect(await runSample(imjoy.page, samples[0]!, withForm(imjoy.urls), "[model, found.shape]")).toEqual(["my model@1", [96, 96]]);
    const ofHypha = "[await menu.items.Train([{ image, labels }]).then(({ model }) => model), (await menu.items.Segment(image)).shape]";
    expect(await runSample(hypha.page, samples[1]!, withForm(hypha.urls), ofHypha)).toEqual(["my cells@1", [96, 96]]);
    await runSample(imjoy.page, samples[2]!, withForm(imjoy.urls), "0");
    const kaibu = imjoy.page.frames().find((frame) => frame.url().includes("kaibu.html"))!;
    expect(await kaibu.evaluate(() => (globalThis as never)["kaibu"]["elements"] as unknown[])).toHaveLength(2);
    const names = await runSample(
      imjoy.page,
      "const overtile = await imjoy.api.getPlugin(pluginUrl);",
      withForm(imjoy.urls),
      "Object.keys(overtile)",
    );
    const text = await readFile("docs/hosts.md", "utf8");
    const named = [...text.matchAll(/`((?:list|import|export|rename|remove)Model\w*|evaluate|diagnostics|cancel)`/g)].map(
      ([, name]) => name,
    );
    expect(named).toHaveLength(8);
    expect(names).toEqual(expect.arrayContaining(named));
  },
  120_000,
);

test("README.md: the sample of a host runs as it stands there", async () => {
  const [sample] = await readSamples("README.md");
  const { page, urls } = await openHost("imjoy");
  const code = sample!
    .replace("https://my.server/overtile/", urls.pluginUrl)
    .replace("{ minutes: 5 }", "{ minutes: 0.01, levels: 2, features: 4 }");
  expect(code).not.toBe(sample);
  expect(await runSample(page, code, urls, "[model, found.shape]")).toEqual(["my model@1", [96, 96]]);
}, 60_000);

test("docs/example-host.html: trains on an image with labels, draws what it segments, says what is wrong", async () => {
  const host = await readFile("docs/example-host.html", "utf8");
  const brief = host.replace("{ minutes: 1,", "{ steps: 150, learning_rate: 0.01, levels: 1, features: 4, tile: 60, validate: 0,");
  expect(brief).not.toBe(host);
  const { url } = await stand.serve({ pages: { "/example-host.html": brief } });
  const { page, faults, foreign } = await stand.open(`${url}example-host.html`);
  const { side, image, labels } = makeCells(96);
  const toFile = async (name: string, data: Uint8Array | Uint16Array) => ({
    name,
    mimeType: "image/png",
    buffer: Buffer.from(await writePng({ height: side, width: side, channels: 1, data })),
  });
  const says = (text: RegExp) => expect.poll(() => page.locator("#status").textContent(), { timeout: 60_000 }).toMatch(text);
  await page.click("#segment");
  await says(/^An image must be .*; got nothing/);
  await page.setInputFiles("#image", await toFile("cells.png", Uint8Array.from(image)));
  await page.setInputFiles("#labels", await toFile("labels.png", Uint16Array.from(labels)));
  await page.click("#train");
  await says(/^mine@1 is trained\.$/);
  await page.click("#segment");
  await says(/^\d+ objects?\.$/);
  const colours = await page.evaluate<{ readonly width: number; readonly height: number; readonly count: number }>(`(() => {
    const { width, height } = found;
    const { data } = found.getContext("2d").getImageData(0, 0, width, height);
    return { width, height, count: new Set(new Uint32Array(data.buffer)).size };
  })()`);
  expect(colours).toMatchObject({ width: side, height: side });
  expect(colours.count).toBeGreaterThan(1);
  expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
}, 120_000);
