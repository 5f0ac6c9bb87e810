// Fingerprints: the same for the same image wherever it lies, another for another image of the same name and size.

import { randomFillSync } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openWorkingArray, writeOmeGroup, writeZarrMetadata, type ZarrLayout } from "../../../core/sink/zarr.ts";
import { openSource } from "../../../core/source/open.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createChunkFolder } from "../../../host/terminal/chunk-folder.ts";
import { serveBytes, startServer } from "./flaky-server.ts";

const folder = mkdtempSync(join(tmpdir(), "overtile-fingerprint-"));
afterAll(() => rmSync(folder, { recursive: true }));
const of = async (input: Parameters<typeof openSource>[0]): Promise<string> => (await openSource(input)).fingerprint!();

// 3 MB: what lies between the first and the last megabyte is not looked at.
const [height, width] = [1500, 2048];
const data = randomFillSync(new Uint8Array(height * width)); // hardly packed at all
const slide = (change?: number): Uint8Array<ArrayBuffer> => {
  const bytes = writeTiff({ height, width, pages: [data] }) as Uint8Array<ArrayBuffer>;
  expect(bytes.length).toBeGreaterThan(2.5e6);
  if (change !== undefined) bytes[change]! ^= 1;
  return bytes;
};

it("of a file is that of its bytes: on the disk, elsewhere on the disk, in memory, on a server", async () => {
  const bytes = slide();
  mkdirSync(join(folder, "b"));
  for (const path of ["a.tif", "b/c.tif"]) writeFileSync(join(folder, path), bytes);
  utimesSync(join(folder, "b/c.tif"), 1, 1);
  const server = await startServer((path) => (path === "/far.tif" ? serveBytes(bytes) : undefined));
  try {
    const all = await Promise.all([join(folder, "a.tif"), join(folder, "b/c.tif"), bytes, new Blob([bytes]), new URL(`${server.url}far.tif`)].map(of)); // biome-ignore format: a list
    expect(new Set(all)).toEqual(new Set([expect.stringMatching(new RegExp(`^${bytes.length}-[0-9a-f]{8}-[0-9a-f]{8}$`))]));
  } finally {
    await server.close();
  }
  const others = await Promise.all([slide(500_000), slide(bytes.length - 500_000)].map(of));
  expect(new Set([await of(bytes), ...others]).size).toBe(3);
});

it("of a PNG and of a host's array is that of their bytes", async () => {
  const raster = (value: number) => ({ height: 9, width: 9, channels: 1, data: new Uint8Array(81).fill(value) });
  expect(await of(await writePng(raster(1)))).not.toBe(await of(await writePng(raster(2))));
  const array = (value: number) => ({ data: new Uint8Array(81).fill(value), shape: [9, 9] });
  expect(await of(array(1))).toBe(await of(array(1)));
  expect(await of(array(1))).not.toBe(await of(array(2)));
});

it("of an OME-Zarr is that of its metadata and of some of its chunks, absent and damaged ones included", async () => {
  const layout: ZarrLayout = { shape: [64, 192], chunks: [64, 64], dtype: "uint8", version: "0.4", axes: ["y", "x"] };
  const make = async (name: string, values: readonly number[]): Promise<string> => {
    const store = createChunkFolder(join(folder, name));
    await writeOmeGroup(store, "", { version: "0.4", name: "s", axes: ["y", "x"], shapes: [layout.shape], isLabels: false });
    await writeZarrMetadata(store, "0", layout);
    for (const [x, value] of values.entries()) if (value > 0) await openWorkingArray(store, "0", layout).write([0, x], new Uint8Array(4096).fill(value)); // biome-ignore format: one thought
    return join(folder, name);
  };
  const path = await make("a.zarr", [0, 1, 2]);
  cpSync(path, join(folder, "copy.zarr"), { recursive: true });
  expect(await of(join(folder, "copy.zarr"))).toBe(await of(path));
  const others = [await make("b.zarr", [0, 1, 3]), await make("c.zarr", [1, 1, 2]), await make("d.zarr", [0, 2, 2])];
  writeFileSync(join(folder, "copy.zarr/0/0/2"), "no zlib");
  const all = await Promise.all([path, ...others, join(folder, "copy.zarr")].map(of));
  expect(new Set(all).size).toBe(5);
});
