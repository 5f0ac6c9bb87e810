// OME-Zarr of many kinds against the pixels that were written into them (golden/make-zarr.py), from zips, folders and a browser's
// files; chunks that are missing, cut, too long, changed or unreadable; metadata that lie.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { crc32c } from "../../../core/source/crc32.ts";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { readZip, writeZip } from "../../../core/source/zip.ts";
import { sharedPath } from "../../support/data.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { describePixels } from "./pixels-of.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), "overtile-zarr-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

type Golden = Readonly<Record<string, readonly { shape: readonly number[]; dtype: string; crc: number }[]>>;
const readGolden = (name: string): Golden => JSON.parse(readFileSync(`${folder}${name}`, "utf8")) as Golden;
const zipOf = (name: string): Uint8Array => new Uint8Array(readFileSync(`${folder}zarr/${name}`));

type Entries = Map<string, Uint8Array>;

function entriesOf(name: string): Entries {
  const zip = readZip(zipOf(name), { kind: "InvalidData", path: name });
  return new Map(zip.names.map((key) => [key, zip.read(key)]));
}

/** Opens the entries as a browser's folder. */
function openEntries(entries: Entries, options: { name?: string; skipBad?: boolean } = {}): Promise<ImageSource> {
  const files = [...entries].map(([key, bytes]) => {
    const file = new File([new Uint8Array(bytes)], key.slice(key.lastIndexOf("/") + 1));
    Object.defineProperty(file, "webkitRelativePath", { value: `slide.zarr/${key}` });
    return file;
  });
  return openSource(files, options);
}

const readAll = ({ read, width, height }: ImageSource, more: { z?: number; t?: number } = {}) =>
  read({ y0: 0, x0: 0, y1: height, x1: width, ...more });

describe("every pixel of every level is the one that was written", () => {
  for (const [name, levels] of Object.entries(readGolden("zarr-images.json"))) {
    it(`in ${name}`, async () => {
      const source = await openSource(zipOf(name), { name });
      expect(source.levels.length).toBe(levels.length);
      expect(source.notices).toBeUndefined();
      for (const [level, golden] of levels.entries()) expect(await describePixels(source, level)).toEqual(golden);
      source.dispose?.();
    });
  }

  for (const [name, levels] of Object.entries(readGolden("zarr-data.json"))) {
    const path = sharedPath(`data/${name}`);
    it.skipIf(!path)(`in ${name} of the shared data`, async () => {
      const source = await openSource(path!);
      expect(source.levels.length).toBe(levels.length);
      for (const [level, golden] of levels.entries()) expect(await describePixels(source, level)).toEqual(golden);
    });
  }
});

describe("a hierarchy", () => {
  it("is the same from a folder's path or URL, from a zip, from a browser's files and from a browser's handle", async () => {
    const entries = entriesOf("v2-blosc.zip");
    const path = join(temporary, "slide.zarr");
    for (const [key, bytes] of entries) {
      mkdirSync(dirname(join(path, key)), { recursive: true });
      writeFileSync(join(path, key), bytes);
    }
    const anew = (at: (key: string) => string): Uint8Array => writeZip([...entries].map(([key, data]) => ({ name: at(key), data })));
    const mac = writeZip(
      [...entries].flatMap(([key, data]) =>
        [`slide.zarr/${key}`, `__MACOSX/slide.zarr/${key}`].map((name) => ({
          name,
          data: name.startsWith("_") ? data.subarray(0, 9) : data,
        })),
      ),
    );
    const packed = [anew((key) => `slide.zarr\\${key.replaceAll("/", "\\")}`), anew((key) => `./${key}`), mac];
    const sources = await Promise.all([
      ...packed.map((input) => openSource(input)),
      ...[path, new URL(`file://${path}`), zipOf("v2-blosc.zip"), new Blob([new Uint8Array(zipOf("v2-blosc.zip"))])].map((input) =>
        openSource(input),
      ),
      openEntries(entries),
      openSource(makeHandle(entries)),
    ]);
    const [golden] = readGolden("zarr-images.json")["v2-blosc.zip"]!;
    for (const source of sources) expect(await describePixels(source)).toEqual(golden);
  });

  it("tells channel names, pixel size and planes", async () => {
    const source = await openSource(zipOf("v2-blosc.zip"));
    expect(source.channels).toEqual([{ name: "DNA" }, { name: "7" }]);
    expect([source.pixelSizeUm, source.sizeZ, source.sizeT]).toEqual([0.5, 3, 2]);
    expect(source.levels).toEqual([{ width: 70, height: 50 }, { width: 35, height: 25 }]); // biome-ignore format: two sizes
  });

  it("tells how many pixels one of a level is, where its sides alone would mean another number and it can be true", async () => {
    const declare = async (scale: number) => {
      const entries = entriesOf("v2-blosc.zip");
      editJson(entries, ".zattrs", (json) => {
        const [{ axes, datasets }] = (json as { multiscales: [{ axes: { name: string }[]; datasets: Json[] }] }).multiscales;
        const of = (along: number) => axes.map(({ name }) => (name === "y" || name === "x" ? along : 1));
        for (const [i, um] of [0.5, 0.5 * scale].entries())
          Object.assign(datasets[i]!, { coordinateTransformations: [{ type: "scale", scale: of(um) }] });
        return json;
      });
      return (await openEntries(entries)).levels[1];
    };
    const size = { width: 35, height: 25 };
    expect(await declare(2.02)).toEqual({ ...size, step: { y: 2.02, x: 2.02 } });
    expect(await declare(2)).toEqual(size);
    expect(await declare(4)).toEqual(size); // 18 x 13 pixels would be as many
  });

  it("without a unit has no pixel size", async () => {
    const entries = entriesOf("v3-zstd-crc.zip");
    editJson(entries, "zarr.json", (json) => JSON.parse(JSON.stringify(json).replaceAll(/"unit":\s*"micrometer"/g, '"unit": "parsec"')));
    expect((await openEntries(entries)).pixelSizeUm).toBeUndefined();
  });

  it("gives any box, of any channels, as that part of the whole", async () => {
    const source = await openSource(zipOf("v3-sharded.zip"));
    const whole = await readAll(source);
    const side = (length: number) =>
      fc.tuple(fc.nat(length - 1), fc.nat(length - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
    await fc.assert(
      fc.asyncProperty(side(source.height), side(source.width), async ([y0, y1], [x0, x1]) => {
        const { data } = await source.read({ y0, x0, y1, x1 });
        const expected = Array.from({ length: y1 - y0 }, (_, y) => [
          ...whole.data.subarray((y0 + y) * whole.width + x0, (y0 + y) * whole.width + x1),
        ]);
        expect([...data]).toEqual(expected.flat());
      }),
      { seed: 4, numRuns: 40 },
    );
    const stack = await openSource(zipOf("v2-blosc.zip"));
    const both = await readAll(stack, { z: 1, t: 1 });
    const second = await stack.read({ y0: 3, x0: 5, y1: 4, x1: 6, z: 1, t: 1, channels: [1] });
    expect(second.data[0]).toBe(both.data[(3 * stack.width + 5) * 2 + 1]);
  });

  it("counts chunks that are not there, once each: absent keys and empty places of shards", async () => {
    const sharded = await openSource(zipOf("v3-sharded.zip"));
    expect(sharded.gaps?.missingChunks).toBe(0);
    await readAll(sharded);
    await readAll(sharded);
    // A shard of 2x3 chunks within the image (64..90 x 64..110), and two chunks within another.
    expect(sharded.gaps?.missingChunks).toBe(2 * 3 + 2);
    const stack = await openSource(zipOf("v2-blosc.zip"));
    for (const z of [0, 1, 2]) await readAll(stack, { z });
    expect(stack.gaps?.missingChunks).toBe(1);
  });
});

describe("a damaged chunk", () => {
  const key = "0/c/0/0/1";
  // biome-ignore format: a table
  const damages: readonly [string, string, string, (bytes: Uint8Array) => Uint8Array, RegExp][] = [
    ["short (D6)", "v2-raw.zip", "0/0.0.1", (bytes) => bytes.slice(0, -4), /has 508 bytes in place of 512/],
    ["long (D6)", "v2-raw.zip", "0/0.0.1", (bytes) => Uint8Array.from([...bytes, 0]), /has 513 bytes in place of 512/],
    ["empty", "v2-raw.zip", "0/0.0.1", () => new Uint8Array(0), /has 0 bytes/],
    ["with a wrong checksum (D7)", "v3-zstd-crc.zip", key, (bytes) => flip(bytes, 20), /checksum \(crc32c\) is wrong/],
    ["cut, zstd", "v2-zstd.zip", "0/0.0.1", (bytes) => bytes.slice(0, -9), /Zstandard data are broken/],
    ["short inside, gzip", "v2-gzip.zip", "0/0.0.1", () => gzipSync(Buffer.alloc(99)), /has 99 bytes in place of 2048/],
    ["a bomb, gzip (D3)", "v2-gzip.zip", "0/0.0.1", () => gzipSync(Buffer.alloc(64 << 20)), /more than 2112/],
    ["changed, gzip", "v2-gzip.zip", "0/0.0.1", (bytes) => flip(bytes, bytes.length - 6), /checksum of the packed data/],
    ["cut, zlib", "v2-zlib-fortran-big.zip", "0/0.1", (bytes) => bytes.slice(0, 40), /checksum|end after|EOF|packed data/],
    ["cut, blosc", "v2-blosc-zlib.zip", "0/0.0.1", (bytes) => bytes.slice(0, -1), /blosc data are cut/],
    ["a bomb, blosc", "v2-blosc-zlib.zip", "0/0.0.1", (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 6 ? 255 : byte)), /most is 2112/],
    ["a bomb, LZ4", "v2-lz4.zip", "0/0.0.1", (bytes) => Uint8Array.from(bytes, (byte, at) => (at === 3 ? 127 : byte)), /most is 2112/],
    ["cut, sharded", "v3-sharded.zip", "0/c/0/1", (bytes) => bytes.slice(30), /outside the file|broken|blosc|index/],
    ["with a changed index of its shard", "v3-sharded.zip", "0/c/0/1", (bytes) => flip(bytes, bytes.length - 30), /checksum/],
  ];
  it.each(damages)("that is %s is an error that names it; with skipBad the fill value, listed", async (_, name, key, damage, reason) => {
    const entries = entriesOf(name);
    entries.set(key, damage(entries.get(key)!));
    const failure = openEntries(entries, { name: "dish" }).then((source) => readAll(source));
    await expect(failure).rejects.toMatchObject({ kind: "InvalidData", details: { path: "dish" } });
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow(/dish, chunk \d+(\/\d+)+ \(x \d+ to \d+, y \d+ to \d+ of level 0/);
    const source = await openEntries(entries, { skipBad: true });
    const { data, width, channels } = await readAll(source);
    const [bad] = source.gaps!.badChunks;
    expect(bad).toMatchObject({ level: 0, z: 0, t: 0, reason: expect.stringMatching(reason) });
    const good = await readAll(await openEntries(entriesOf(name)));
    const isBad = (x: number, y: number): boolean =>
      source.gaps!.badChunks.some((chunk) => x >= chunk.x0 && x < chunk.x1 && y >= chunk.y0 && y < chunk.y1);
    const fill = name === "v3-sharded.zip" ? 5 : 0;
    data.forEach((value, index) => {
      const pixel = Math.floor(index / channels);
      expect(value).toBe(isBad(pixel % width, Math.floor(pixel / width)) ? fill : good.data[index]);
    });
  });

  it("beyond 32 bits of a 64-bit number is an error", async () => {
    const entries = entriesOf("v3-int64.zip");
    entries.set("0/c.0.0", gzipSync(Buffer.from(new BigInt64Array(256).fill(2n ** 40n).buffer)));
    await expect(openEntries(entries).then((source) => readAll(source))).rejects.toThrow("beyond 32 bits");
  });
});

describe("metadata that lie", () => {
  const refuse = async (name: string, key: string, edit: (json: Json) => unknown): Promise<string> => {
    const entries = entriesOf(name);
    editJson(entries, key, edit);
    try {
      await readAll(await openEntries(entries, { name: "liar" }));
    } catch (error) {
      if (isProblem(error, "InvalidData") || isProblem(error, "UnsupportedImage")) return error.message;
      throw error;
    }
    throw new Error("it was read");
  };
  const v3 = (key: string, value: unknown) => refuse("v3-zstd-crc.zip", "0/zarr.json", (json) => ({ ...json, [key]: value }));
  const v2 = (key: string, value: unknown) => refuse("v2-raw.zip", "0/.zarray", (json) => ({ ...json, [key]: value }));

  it("are refused with the reason: chunks without end (D9), shapes, numbers, codecs, grids", async () => {
    const grid = (shape: unknown) => v3("chunk_grid", { name: "regular", configuration: { chunk_shape: shape } });
    expect(await grid([2, 1e6, 1e6])).toContain("256 MiB");
    expect(await grid([0, 16, 32])).toContain("shape");
    expect(await grid([16, 32])).toContain("sides");
    expect(await v3("chunk_grid", { name: "rectangular" })).toContain("rectangular");
    expect(await v3("shape", [2, -1, 52])).toContain("shape");
    expect(await v3("shape", [2, 0, 52])).toContain("2x0x52");
    expect(await v3("shape", "huge")).toContain("shape");
    expect(await v3("data_type", "complex64")).toContain("complex64");
    expect(await v3("fill_value", "red")).toContain("fill value");
    expect(await v3("codecs", [{ name: "bytes" }, { name: "pcodec" }])).toContain("pcodec");
    expect(await v3("codecs", [])).toContain("codecs");
    expect(await v2("chunks", [1e9, 1, 1])).toContain("256 MiB");
    expect(await v2("filters", [{ id: "delta" }])).toContain("delta");
    expect(await v2("dtype", "<c8")).toContain("<c8");
    expect(await v2("dtype", "<f2")).toContain("<f2");
    expect(await v2("compressor", { id: "bz2" })).toContain("bz2");
    expect(await refuse("v2-raw.zip", "0/.zarray", () => [])).toContain("no JSON object");
  });

  it("are refused with the reason: paths that leave the image, groups without one, plates", async () => {
    const path = (path: string) => refuse("v2-raw.zip", ".zattrs", () => ({ multiscales: [{ datasets: [{ path }] }] }));
    expect(await path("../../etc/passwd")).toContain("../../etc/passwd");
    expect(await path("/etc")).toContain("path");
    expect(await path("5")).toContain('full-size level "5" is missing');
    expect(await refuse("v2-raw.zip", ".zattrs", () => ({ plate: {} }))).toContain("plate");
    expect(await refuse("v2-raw.zip", ".zattrs", () => ({}))).toContain("multiscales");
    expect(
      await refuse("v2-raw.zip", ".zattrs", () => ({ multiscales: [{ axes: ["q", "y", "x"], datasets: [{ path: "0" }] }] })),
    ).toContain("axes q");
    const entries: Entries = new Map([["readme.txt", new Uint8Array(3)]]);
    await expect(openEntries(entries)).rejects.toThrow("without a Zarr image");
    await expect(openSource(temporary)).rejects.toMatchObject({ kind: "MissingFile" });
  });

  it("of a level are told, and the level is left out: other size, other kind, not there", async () => {
    const entries = entriesOf("v3-zstd-crc.zip");
    editJson(entries, "1/zarr.json", (json) => ({ ...json, shape: [2, 20, 50] }));
    entries.delete("2/zarr.json");
    const source = await openEntries(entries, { name: "liar" });
    expect(source.levels.length).toBe(1);
    expect(source.notices).toEqual([expect.stringMatching(/"1" has 2x20x50 pixels/), expect.stringMatching(/"2" is missing/)]);
  });
});

describe("fuzz", () => {
  const long = process.env["OVERTILE_LONG"] !== undefined;
  it("damaged images open, or end in a Problem, soon", { timeout: 600_000 }, async () => {
    const names = readdirSync(`${folder}zarr`);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(100),
        fc.nat(5000),
        fc.nat(255),
        fc.boolean(),
        async (name, which, at, value, isCut) => {
          const entries = entriesOf(name);
          const keys = [...entries.keys()];
          // Metadata as often as chunks.
          const json = keys.filter((key) => /json|\.z/.test(key));
          const list = which % 2 === 0 ? json : keys;
          const key = list[which % list.length]!;
          const bytes = entries.get(key)!.slice();
          if (bytes.length > 0) bytes[at % bytes.length] = value;
          entries.set(key, isCut ? bytes.slice(0, at % (bytes.length + 1)) : bytes);
          const processorMs = countProcessorMs();
          try {
            const source = await openEntries(entries, { name: "fuzz" });
            if (source.width * source.height * source.channels.length < 2 ** 24) await readAll(source);
          } catch (error) {
            if (!isProblem(error, "InvalidData") && !isProblem(error, "UnsupportedImage")) throw error;
          }
          expect(processorMs()).toBeLessThan(2000);
        },
      ),
      { seed: 21, numRuns: long ? 10_000 : 200 },
    );
  });

  it("crc32c is that of RFC 3720", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at))).toBe(0x46dd794e);
  });

  it("a zip without a Zarr image is told as a zip", async () => {
    const zip = writeZip([{ name: "a.txt", data: new Uint8Array(3) }]);
    await expect(openSource(zip, { name: "some" })).rejects.toThrow(/some is a zip archive/);
  });
});

type Json = Readonly<Record<string, unknown>>;

function editJson(entries: Entries, key: string, edit: (json: Json) => unknown): void {
  const json = JSON.parse(new TextDecoder().decode(entries.get(key))) as Json;
  entries.set(key, new TextEncoder().encode(JSON.stringify(edit(json))));
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ 1 : byte));
}

/** What `showDirectoryPicker` gives, as far as it is used. */
function makeHandle(entries: Entries): FileSystemDirectoryHandle {
  const at = (prefix: string): object => ({
    kind: "directory",
    name: "slide.zarr",
    async getDirectoryHandle(name: string) {
      if (![...entries.keys()].some((key) => key.startsWith(`${prefix}${name}/`))) throw new DOMException("", "NotFoundError");
      return at(`${prefix}${name}/`);
    },
    async getFileHandle(name: string) {
      const bytes = entries.get(prefix + name);
      if (!bytes) throw new DOMException("", "NotFoundError");
      return { getFile: async () => new File([new Uint8Array(bytes)], name) };
    },
  });
  return at("") as FileSystemDirectoryHandle;
}
