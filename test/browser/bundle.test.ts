// The built bundle as a page gets it: every backend computes what Node computes, and everything works from wherever it is served.

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import type * as entry from "../../plugin/entry/entry.ts";
import { trainAndSegment } from "./support/node-result.ts";
import { createStand, makeCells, type Sheet, type Stand, tiny } from "./support/stand.ts";

type Entry = typeof entry;

/** In every page of a stand: vitest would change an `import` here. */
declare const loadModule: (url: string) => Promise<unknown>;

let stand: Stand;
let here: string;
const cells = makeCells(48);

beforeAll(async () => {
  stand = await createStand();
  here = (await stand.serve()).url;
});
afterAll(() => stand?.dispose());

interface Outcome {
  readonly loss: number;
  readonly backend: string;
  readonly probabilities: readonly number[];
  readonly labels: { readonly type: string; readonly shape: readonly number[] };
  readonly kept: number;
  readonly kinds: readonly string[];
  readonly lines: readonly string[];
}

/** Trains and segments in a page by the bundle at `url`. */
function trainIn({ page }: Sheet, url: string, backend: string): Promise<Outcome> {
  return page.evaluate(
    async ({ url, backend, cells: { side, image, labels }, tiny }) => {
      const { activate } = (await loadModule(url)) as Entry;
      const overtile = activate();
      const pixels = { data: Uint8Array.from(image), shape: [side, side] };
      const kinds = new Set<string>();
      const lines: string[] = [];
      const context = {
        onProgress(progress: { kind: string; message?: string }) {
          kinds.add(progress.kind);
          if (progress.message !== undefined) lines.push(progress.message);
        },
        log: (line: string) => void lines.push(line),
      };
      const trained = await overtile.train(
        [{ image: pixels, labels: { data: Uint16Array.from(labels), shape: [side, side] } }],
        { ...tiny, backend, name: "tiny" },
        context,
      );
      const segmented = await overtile.segment(pixels, { model: "tiny", output: "labels,probabilities", tile: 44, backend }, context);
      overtile.dispose();
      return {
        loss: trained.curve.at(-1)!.loss!,
        backend: segmented.backend,
        probabilities: [...segmented.probabilities!.data],
        labels: { type: segmented.labels!.data.constructor.name, shape: segmented.labels!.shape },
        kept: pixels.data.length,
        kinds: [...kinds],
        lines,
      };
    },
    { url, backend, cells, tiny },
  );
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe("every backend trains and segments as Node does", () => {
  const isLong = process.env["OVERTILE_LONG"] === "1";
  const bars = { wasm: 1e-4, cpu: 1e-4, webgl: 1e-3, webgpu: 1e-3 };
  for (const [backend, bar] of Object.entries(bars)) {
    // In software the shaders of webgl and webgpu compile for a minute.
    const isLeftOut = backend !== "wasm" && !isLong;
    if (isLeftOut) console.warn(`${backend} is only run in the browser with OVERTILE_LONG=1`);
    test.skipIf(isLeftOut)(
      backend,
      async () => {
        const sheet = await stand.open(`${here}blank.html`);
        const { trained, segmented } = await trainAndSegment(cells, tiny, { output: "labels,probabilities", tile: 44 });
        const found = await trainIn(sheet, `${here}overtile.mjs`, backend);
        expect(found.backend).toContain(backend);
        expect(Math.abs(found.loss - trained.curve.at(-1)!.loss!)).toBeLessThan(bar);
        expect(largestDifference(found.probabilities, segmented.probabilities!.data)).toBeLessThan(bar);
        expect(found.labels).toEqual({ type: "Uint16Array", shape: [48, 48] });
        expect(found.kept, "inputs are not detached").toBe(48 * 48);
        expect(found.kinds).toEqual(expect.arrayContaining(["phase", "step", "notice", "tile"]));
        expect(sheet.faults).toEqual([]);
        expect(sheet.foreign).toEqual([]);
      },
      180_000,
    );
  }
});

describe("it works from wherever it is served", () => {
  test("a sub-path of a second origin", async () => {
    const other = await stand.serve({ folders: { "/deep/er/": "dist" } });
    const sheet = await stand.open(`${here}blank.html`);
    expect((await trainIn(sheet, `${other.url}deep/er/overtile.mjs`, "auto")).backend).toContain("wasm (");
    expect(sheet.faults).toEqual([]);
  });

  test("the strict content security policy, as files and as the single file; no global tf", async () => {
    const policy =
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; connect-src 'self'; worker-src 'self' blob:; img-src data:";
    const server = await stand.serve({ headers: { "content-security-policy": policy } });
    for (const file of ["overtile.mjs", "overtile.single.mjs"]) {
      const sheet = await stand.open(`${server.url}blank.html`);
      expect((await trainIn(sheet, `${server.url}${file}`, "auto")).backend).toContain("wasm (");
      expect(await sheet.page.evaluate(() => "tf" in globalThis)).toBe(false);
    }
  });

  test("a cross-origin isolated page", async () => {
    const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    const server = await stand.serve({ headers: isolated });
    const sheet = await stand.open(`${server.url}blank.html`);
    expect(await sheet.page.evaluate(() => globalThis.crossOriginIsolated)).toBe(true);
    expect((await trainIn(sheet, `${server.url}overtile.mjs`, "auto")).backend).toContain("kernels");
  });

  test("a plain script, with the global Overtile", async () => {
    const page = '<!doctype html><link rel="icon" href="data:,"><script src="overtile.single.js"></script>';
    const server = await stand.serve({ pages: { "/plain.html": page } });
    const { page: tab } = await stand.open(`${server.url}plain.html`);
    const text = await tab.evaluate(async () => {
      const { Overtile } = globalThis as unknown as { Overtile: Entry };
      const overtile = Overtile.activate();
      const answer = await overtile.diagnostics();
      overtile.dispose();
      return answer;
    });
    expect(text).toMatch(/single file/);
    expect(text).toMatch(/wasm: answers rightly/);
  });

  test("the network is cut off after load, and nothing may be cached: formats that load when they are met open all the same", async () => {
    const server = await stand.serve({ headers: { "cache-control": "no-store" } });
    const { page } = await stand.open(`${server.url}blank.html`);
    await page.evaluate(async (url) => {
      const overtile = ((await loadModule(url)) as Entry).activate();
      await overtile.models.list();
      Object.assign(globalThis, { overtile });
    }, `${server.url}overtile.mjs`);
    const chunks = ["zarr", "zstd", "libjpeg"].map((format) => `/chunks/reader-${format}`);
    const isAsked = (chunk: string): boolean => server.requests.some((path) => path.startsWith(chunk));
    await expect.poll(() => chunks.every(isAsked), { timeout: 10_000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 500)); // the answers
    await server.close();
    const golden = (name: string): Promise<Buffer> => readFile(new URL(`../core/source/golden/${name}`, import.meta.url));
    const told = await page.evaluate(
      async (files) => {
        const { overtile } = globalThis as unknown as { overtile: ReturnType<Entry["activate"]> };
        const compare = async (bytes: readonly number[]): Promise<string> => {
          const file = new Blob([Uint8Array.from(bytes)]);
          return overtile.evaluate(file, file).then(
            ({ f1 }) => `f1 ${f1}`,
            (error: Error) => error.message,
          );
        };
        return Promise.all(files.map(compare));
      },
      [[...(await golden("zarr/v2-zstd.zip"))], [...(await golden("slides/jpeg-grey-tiled.tif"))]],
    );
    expect(told).toEqual(["f1 1", "f1 1"]);
  });

  test("the network is cut off after load, and nothing may be cached: workers start, formats open, a lost worker is replaced", async () => {
    const server = await stand.serve({ headers: { "cache-control": "no-store" } });
    const noted =
      "globalThis.workers = []; globalThis.Worker = class extends Worker { constructor(...given) { super(...given); workers.push(this); } };";
    const sheet = await stand.open(`${server.url}blank.html`, { before: noted });
    await sheet.page.evaluate(async (url) => {
      const { activate } = (await loadModule(url)) as Entry;
      const overtile = activate();
      Object.assign(globalThis, { overtile });
      await overtile.models.list();
    }, `${server.url}overtile.mjs`);
    await server.close();
    const { side, image } = cells;
    const png = await writePng({ height: side, width: side, channels: 1, data: Uint8Array.from(image) });
    const found = await sheet.page.evaluate(
      async ({ cells: { side, image, labels }, tiny, png }) => {
        const { overtile, workers } = globalThis as unknown as { overtile: ReturnType<Entry["activate"]>; workers: Worker[] };
        const pixels = { data: Uint8Array.from(image), shape: [side, side] };
        const lines: string[] = [];
        const log = (line: string): void => void lines.push(line);
        const sample = { image: pixels, labels: { data: Uint16Array.from(labels), shape: [side, side] } };
        const trained = await overtile.train([sample], { ...tiny, name: "tiny", workers: 2, batch: 2 }, { log });
        workers[0]!.terminate();
        await overtile.models.list().catch(() => {});
        const result = await overtile.segment(new Blob([Uint8Array.from(png)]), { model: "tiny" }, { log });
        return { workers: trained.parameters["workers"], jobWorkers: workers.length, backend: result.backend, lines };
      },
      { cells, tiny, png: [...png] },
    );
    expect(found).toEqual({ workers: 2, jobWorkers: expect.any(Number), backend: expect.stringContaining("wasm ("), lines: [] });
    expect(found.jobWorkers, "the lost one was replaced").toBeGreaterThan(1);
    expect(sheet.faults).toEqual([]);
  });
});

describe("what cannot start says so", () => {
  test("a page in place of the WASM: named within 5 s, and the next backend computes", async () => {
    const wrong = Object.fromEntries(
      ["tfjs-backend-wasm-simd", "overtile-simd", "overtile-relaxed-simd"].map((name) => [`/${name}.wasm`, "<!doctype html><p>Not here"]),
    );
    const server = await stand.serve({ pages: wrong });
    const { page } = await stand.open(`${server.url}blank.html`);
    const began = Date.now();
    const text = await page.evaluate(
      async (url) => ((await loadModule(url)) as Entry).activate().diagnostics(),
      `${server.url}overtile.mjs`,
    );
    expect(text).toMatch(/wasm: passed over: tfjs-backend-wasm-simd\.wasm is not WebAssembly \(it begins with "<!doctype/);
    expect(Date.now() - began).toBeLessThan(5000);
    const sheet = await stand.open(`${server.url}blank.html`);
    const found = await trainIn(sheet, `${server.url}overtile.mjs`, "auto");
    expect(found.lines.join("\n")).toMatch(/WebAssembly could not be used/);
  }, 120_000);

  test("a worker that is missing, and one that is forbidden", async () => {
    const missing = await stand.serve({ pages: { "/worker.mjs": "<!doctype html>" } });
    const forbidden = await stand.serve({ headers: { "content-security-policy": "worker-src 'none'; default-src 'self'" } });
    for (const { url } of [missing, forbidden]) {
      const { page } = await stand.open(`${url}blank.html`);
      const began = Date.now();
      const problem = await page.evaluate(
        (address) =>
          loadModule(address)
            .then((module) => (module as Entry).activate().models.list())
            .then(
              () => "",
              (error: { kind: string; message: string }) => `${error.kind}: ${error.message}`,
            ),
        `${url}overtile.mjs`,
      );
      expect(problem).toMatch(/^WorkerLost: /);
      expect(Date.now() - began).toBeLessThan(7000);
    }
  });
});
