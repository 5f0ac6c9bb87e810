// What we write, read by others: tifffile and Pillow where they are installed, and by ourselves.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTypedArray, type DType, type TypedArray } from "../../../core/array/raster.ts";
import { openSource } from "../../../core/source/open.ts";
import { writeFileWhole } from "../../../core/source/write-file.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { crcOf } from "./zip-bytes.ts";

const reader = fileURLToPath(new URL("golden/make.py", import.meta.url));
const python = [process.env["OVERTILE_PYTHON"] ?? "", "/usr/bin/python3", "python3"].find(
  (path) => path !== "" && spawnSync(path, ["-c", "import tifffile, PIL"]).status === 0,
);
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "overtile-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const dtypes = ["uint8", "uint16", "uint32", "float32"] as const;

/** Numbers over the whole range of the type, some of them equal. */
function makePage(dtype: DType, length: number, seed: number): TypedArray {
  const page = createTypedArray(dtype, length);
  for (let i = 0; i < length; i++) page[i] = ((i * 2654435761 + seed * 40503) % 2 ** 32) * (dtype === "float32" ? 1e-9 : 1);
  return page;
}

describe("a TIFF of results", () => {
  it("gives back its pages: read(write(pages)) = pages", async () => {
    const images = fc.record({ dtype: fc.constantFrom(...dtypes), width: fc.integer({ min: 1, max: 300 }), height: fc.integer({ min: 1, max: 120 }), count: fc.integer({ min: 1, max: 4 }) }); // biome-ignore format: one image
    await fc.assert(
      fc.asyncProperty(images, async ({ dtype, width, height, count }) => {
        const pages = Array.from({ length: count }, (_, index) => makePage(dtype, width * height, index));
        const source = await openSource(writeTiff({ width, height, pages, pixelSizeUm: 0.25 }));
        expect([source.width, source.height, source.dtype, source.channels.length, source.pixelSizeUm]).toEqual([
          width,
          height,
          dtype,
          count,
          0.25,
        ]);
        for (const [index, page] of pages.entries()) {
          const { data } = await source.read({ y0: 0, x0: 0, y1: height, x1: width, channels: [index] });
          expect(Buffer.compare(new Uint8Array(data.buffer), new Uint8Array(page.buffer))).toBe(0);
        }
      }),
      { seed: 1, numRuns: 40 },
    );
  });

  it.skipIf(!python)("is what tifffile reads, pixel size and channels included (needs python3-tifffile)", () => {
    const made = dtypes.flatMap((dtype) =>
      [1, 3].map((count) => {
        const [width, height] = [301, 237];
        const pages = Array.from({ length: count }, (_, index) => makePage(dtype, width * height, index));
        const path = join(folder, `${dtype}-${count}.tif`);
        writeFileSync(path, writeTiff({ width, height, pages, pixelSizeUm: 0.325 }));
        const interleaved = createTypedArray(dtype, width * height * count);
        for (let i = 0; i < interleaved.length; i++) interleaved[i] = pages[i % count]![Math.floor(i / count)]!;
        return { path, expected: { shape: [1, 1, height, width, count], dtype, crc: crcOf(new Uint8Array(interleaved.buffer)) } };
      }),
    );
    const told = JSON.parse(
      execFileSync(python!, [reader, "read", ...made.map(({ path }) => path)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
    made.forEach(({ path, expected }, index) => {
      expect(told[index], path).toMatchObject(expected);
      expect(told[index].resolution[0]).toBeCloseTo(1 / 0.325, 5);
      expect(told[index].description).toContain("ImageJ");
    });
  });

  it("that cannot be is refused", () => {
    expect(() => writeTiff({ width: 2, height: 2, pages: [] })).toThrow("got none");
    expect(() => writeTiff({ width: 2, height: 2, pages: [new Uint8Array(3)] })).toThrow("uint8 of 3");
    expect(() => writeTiff({ width: 1, height: 1, pages: [new Uint8Array(1), new Uint16Array(1)] })).toThrow("one type");
  });
});

describe("a PNG", () => {
  const rasters = fc.record({
    width: fc.integer({ min: 1, max: 20 }),
    height: fc.integer({ min: 1, max: 20 }),
    channels: fc.constantFrom(1, 3),
    deep: fc.boolean(),
  });
  it("gives back its pixels: read(write(x)) = x", async () => {
    await fc.assert(
      fc.asyncProperty(rasters, async ({ width, height, channels, deep }) => {
        const data = makePage(deep ? "uint16" : "uint8", width * height * channels, 3);
        const source = await openSource(await writePng({ width, height, channels, data }));
        expect((await source.read({ y0: 0, x0: 0, y1: height, x1: width })).data).toEqual(data);
      }),
      { seed: 2, numRuns: 40 },
    );
  });

  it.skipIf(!python)("is what Pillow reads (needs python3-pil)", async () => {
    const kinds = [["uint8", 1], ["uint16", 1], ["uint8", 3]] as const; // biome-ignore format: a list
    const made = await Promise.all(
      kinds.map(async ([dtype, channels]) => {
        const data = makePage(dtype, 31 * 17 * channels, 5);
        const path = join(folder, `${dtype}-${channels}.png`);
        writeFileSync(path, await writePng({ width: 31, height: 17, channels, data }));
        return { path, crc: crcOf(new Uint8Array(data.buffer)) };
      }),
    );
    const told = JSON.parse(execFileSync(python!, [reader, "read", ...made.map(({ path }) => path)], { encoding: "utf8" }));
    expect(told.map(({ crc }: { crc: number }) => crc)).toEqual(made.map(({ crc }) => crc));
  });

  it("of other numbers is refused", async () => {
    await expect(writePng({ width: 1, height: 1, channels: 1, data: new Float32Array(1) })).rejects.toMatchObject({ kind: "InvalidData" });
    await expect(writePng({ width: 1, height: 2, channels: 1, data: new Uint8Array(1) })).rejects.toMatchObject({ kind: "InvalidData" });
  });
});

describe("writing a file", () => {
  const old = new TextEncoder().encode("old");
  const fresh = new TextEncoder().encode("new bytes");

  it("replaces the old one, and leaves nothing else", async () => {
    const path = join(folder, "a", "file.tif");
    await expect(writeFileWhole(path, fresh)).rejects.toMatchObject({
      kind: "CannotWrite",
      details: { path, reason: expect.stringContaining("does not exist") },
    });
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "a"));
    await writeFileWhole(path, old);
    await writeFileWhole(path, fresh);
    expect(readFileSync(path, "utf8")).toBe("new bytes");
    expect(readdirSync(join(folder, "a"))).toEqual(["file.tif"]);
  });

  it("that fails at any step leaves the old one whole, no temporary file, and says what to do", async () => {
    const { mkdirSync } = await import("node:fs");
    mkdirSync(join(folder, "full"));
    const path = join(folder, "full", "file.tif");
    writeFileSync(path, old);
    for (const step of ["open", "write", "sync", "rename"]) {
      const fail = (at: string): void => {
        if (at === step) throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      };
      const failing = {
        async open(name: string, flags: string) {
          fail("open");
          const handle = await open(name, flags);
          return {
            async writeFile(bytes: Uint8Array) {
              await handle.writeFile(bytes.subarray(0, step === "write" ? 4 : undefined));
              fail("write");
            },
            async sync() {
              fail("sync");
              await handle.sync();
            },
            close: () => handle.close(),
          };
        },
        async rename(from: string, to: string) {
          fail("rename");
          await rename(from, to);
        },
        rm,
      };
      const failure = writeFileWhole(path, fresh, failing);
      await expect(failure, step).rejects.toMatchObject({ kind: "CannotWrite", details: { path } });
      await expect(failure, step).rejects.toThrow(/disk is full\. Free some space.*unchanged/);
      expect(readFileSync(path, "utf8"), step).toBe("old");
      expect(readdirSync(join(folder, "full")), step).toEqual(["file.tif"]);
    }
  });

  it("on a disk that is really full leaves the old one whole", async () => {
    // /dev/full takes no bytes; a link to it stands where the temporary file would be written.
    const failing = { open: () => open("/dev/full", "w"), rename, rm };
    const path = join(folder, "really-full.tif");
    writeFileSync(path, old);
    await expect(writeFileWhole(path, fresh, failing)).rejects.toThrow("disk is full");
    expect(readFileSync(path, "utf8")).toBe("old");
  });
});
