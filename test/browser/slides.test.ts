// Slides in real Chromium, under a strict Content-Security-Policy: every decoder works there, files are read by parts, and servers
// of other origins are read as far as CORS lets a page.

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { openSource } from "../../core/source/open.ts";
import { type FlakyServer, serveBytes, startServer } from "../core/source/flaky-server.ts";
import { createStand, type Sheet, type Stand } from "./support/stand.ts";

const golden = "test/core/source/golden";
const told = (name: string): Record<string, { crc: number }[]> => JSON.parse(readFileSync(`${golden}/${name}`, "utf8")) as never;
const slides = told("slides.json");
const hierarchies = told("zarr-images.json");

/** What the page has. */
declare function loadModule(url: string): Promise<{ openSource: typeof openSource; crc32(bytes: Uint8Array): number }>;

let stand: Stand;
let folder: string;
let far: FlakyServer;
let sheet: Sheet;
let reads: readonly (readonly [number, number])[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "overtile-slides-"));
  const contents = 'export { openSource } from "./core/source/open.ts"; export { crc32 } from "./core/source/crc32.ts";';
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: "ts" },
    ...{ outfile: join(folder, "open.mjs"), bundle: true, format: "esm", external: ["node:*", "fs", "path"], logLevel: "error" },
  });
  const bytes = new Uint8Array(readFileSync(`${golden}/slides/subifds.ome.tif`));
  const padded = new Uint8Array(200_000);
  padded.set(bytes);
  far = await startServer((path) => (path === "/far.tif" ? serveBytes(padded) : undefined));
  stand = await createStand();
  const policy = `default-src 'none'; img-src data:; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${far.url}`;
  const server = await stand.serve({ folders: { "/": folder, "/golden/": golden }, headers: { "content-security-policy": policy } });
  sheet = await stand.open(`${server.url}blank.html`);
});
afterAll(async () => {
  await stand?.dispose();
  await far?.close();
  await rm(folder, { recursive: true, force: true });
});

/** CRC-32 of every level's pixels, of a file or an address; or the message of the failure. */
function read(kind: "file" | "address", path: string): Promise<number[] | string> {
  const work = async ([kind, path]: readonly [string, string]): Promise<number[] | string> => {
    const { openSource, crc32 } = await loadModule("/open.mjs");
    try {
      const input = kind === "file" ? new File([await (await fetch(path)).blob()], "slide") : new URL(path);
      const source = await openSource(input, { http: { retries: 1, backoffMs: 5 } });
      const found: number[] = [];
      for (const [level, { width, height }] of source.levels.entries()) {
        const planes: BlobPart[] = [];
        for (let t = 0; t < source.sizeT; t++) {
          for (let z = 0; z < source.sizeZ; z++)
            planes.push((await source.read({ level, y0: 0, x0: 0, y1: height, x1: width, z, t })).data as BlobPart);
        }
        found.push(crc32(new Uint8Array(await new Blob(planes).arrayBuffer())));
      }
      return found;
    } catch (error) {
      return String(error);
    }
  };
  return sheet.page.evaluate(work, [kind, path] as const);
}

const crcOf = (levels: readonly { crc: number }[]): number[] => levels.map(({ crc }) => crc);

describe("in a browser, under a strict policy", () => {
  for (const name of Object.keys(slides)) {
    it(`the file ${name} is what libtiff and tifffile read`, async () => {
      expect(await read("file", `/golden/slides/${name}`)).toEqual(crcOf(slides[name]!));
    });
  }
  for (const name of Object.keys(hierarchies)) {
    it(`the file ${name} is what was written`, async () => {
      expect(await read("file", `/golden/zarr/${name}`)).toEqual(crcOf(hierarchies[name]!));
    });
  }

  it("a File is never read whole", async () => {
    reads = await sheet.page.evaluate(async () => {
      const { openSource } = await loadModule("/open.mjs");
      const slices: [number, number][] = [];
      const blob = await (await fetch("/golden/slides/aperio.svs")).blob();
      const slice = blob.slice.bind(blob);
      blob.slice = (from = 0, to = 0, ...rest) => {
        slices.push([from, to - from]);
        return slice(from, to, ...rest);
      };
      blob.arrayBuffer = () => Promise.reject(new Error("it was read whole"));
      const source = await openSource(blob);
      await source.read({ y0: 0, x0: 0, y1: 8, x1: 8 });
      return slices;
    });
    expect(reads.length).toBeGreaterThan(3);
    expect(Math.max(...reads.map(([, length]) => length))).toBeLessThan(4000);
  });

  it("a server of another origin is read by ranges when it lets us; the hidden size is asked for", async () => {
    far.setMood((_, response) => {
      response.setHeader("access-control-allow-origin", "*");
      return false;
    });
    expect(await read("address", `${far.url}far.tif`)).toEqual(crcOf(slides["subifds.ome.tif"]!));
    expect(far.requests.some((request) => request.startsWith("HEAD"))).toBe(true);
    expect(far.requests.some((request) => request.startsWith("OPTIONS"))).toBe(false);
  });

  it("a server of another origin that does not let us is told, with what it must send", async () => {
    far.setMood(undefined);
    expect(await read("address", `${far.url}far.tif`)).toMatch(/must send "Access-Control-Allow-Origin".*\(CORS\)/);
  });

  it("nothing else was asked of anybody, and nothing failed unseen", () => {
    expect([sheet.faults, sheet.foreign]).toEqual([[], []]);
  });
});
