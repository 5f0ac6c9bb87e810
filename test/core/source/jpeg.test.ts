// JPEG strips: lossless ones against an encoder written here as plainly as it can be; headers that lie; damage, which is an error.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import { decodeJpeg, type JpegBlock } from "../../../core/source/tiff/jpeg.ts";

interface Grey {
  readonly width: number;
  readonly height: number;
  readonly components: number;
  readonly precision: number;
  readonly samples: readonly number[];
}

const images: fc.Arbitrary<Grey> = fc
  .record({ width: fc.integer({ min: 1, max: 9 }), height: fc.integer({ min: 1, max: 7 }), components: fc.constantFrom(1, 3), precision: fc.constantFrom(8, 12, 16) }) // biome-ignore format: a record
  .chain((size) => {
    const count = size.width * size.height * size.components;
    const samples = fc.array(fc.nat(2 ** size.precision - 1), { minLength: count, maxLength: count });
    return samples.map((samples) => ({ ...size, samples }));
  });

const blockOf = ({ width, height, components, precision }: Grey): JpegBlock => ({
  ...{ width, rows: height, mostRows: height, components, bits: precision > 8 ? 16 : 8, photometric: 1, tables: undefined },
});

describe("lossless JPEG", () => {
  it("gives back what was encoded, with every predictor, with and without restarts", async () => {
    await fc.assert(
      fc.asyncProperty(images, fc.integer({ min: 1, max: 7 }), fc.nat(3), async (image, predictor, restartRows) => {
        const decoded = await decodeJpeg(encodeLossless(image, predictor, restartRows), blockOf(image));
        expect([...decoded]).toEqual(image.samples);
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it("that is cut anywhere, or has a byte changed, is an error or other pixels of the same size, never more", async () => {
    await fc.assert(
      fc.asyncProperty(images, fc.nat(400), fc.nat(255), fc.boolean(), async (image, at, value, isCut) => {
        const whole = encodeLossless(image, 1, 0);
        const position = at % whole.length;
        const bytes = isCut ? whole.slice(0, position) : Uint8Array.from(whole, (byte, index) => (index === position ? value : byte));
        const result = await decodeJpeg(bytes, blockOf(image)).catch((error: unknown) => error);
        if (result instanceof Error) return;
        // The last two bytes are the end marker, which nobody needs.
        expect(isCut && position < whole.length - 2).toBe(false);
        expect((result as Uint8Array).length).toBe(image.samples.length);
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});

describe("a JPEG strip", () => {
  const file = readFileSync(fileURLToPath(new URL("golden/slides/jpeg-ycbcr-strips.tif", import.meta.url)));
  const { tables, strip } = findJpeg(file);
  const block: JpegBlock = { width: 130, rows: 16, mostRows: 16, components: 3, bits: 8, photometric: 6, tables };

  it("is read with the tables that the file keeps apart, and not without", async () => {
    expect((await decodeJpeg(strip, block)).length).toBe(130 * 16 * 3);
    await expect(decodeJpeg(strip, { ...block, tables: undefined })).rejects.toThrow("damaged");
  });

  it("of another size, depth or number of components than the block is refused before it is unpacked", async () => {
    await expect(decodeJpeg(strip, { ...block, width: 131 })).rejects.toThrow("130x16 pixels in place of 131x16");
    await expect(decodeJpeg(strip, { ...block, rows: 17, mostRows: 17 })).rejects.toThrow("130x16 pixels");
    await expect(decodeJpeg(strip, { ...block, components: 1 })).rejects.toThrow("3 components in place of 1");
    await expect(decodeJpeg(strip, { ...block, bits: 16 })).rejects.toThrow("8 bits in place of 16");
  });

  it("that is cut or damaged fails: no grey is made up; the next one is read as before", async () => {
    for (const length of [0, 2, 30, strip.length >> 1, strip.length - 40]) {
      await expect(decodeJpeg(strip.subarray(0, length), block), `${length}`).rejects.toThrow(/JPEG/);
    }
    const good = await decodeJpeg(strip, block);
    let failed = 0;
    for (let at = strip.length - 60; at < strip.length - 2; at += 7) {
      const bytes = strip.slice();
      bytes.fill(0xff, at, at + 2);
      await decodeJpeg(bytes, block).catch(() => failed++);
    }
    expect(failed).toBeGreaterThan(5);
    expect(await decodeJpeg(strip, block)).toEqual(good);
  });
});

describe("a JPEG file", () => {
  const fileOf = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(fileURLToPath(new URL(`golden/images/${name}`, import.meta.url))));
  const read = async (bytes: Uint8Array): Promise<unknown> => {
    const source = await openSource(bytes, { name: "cells.jpg" });
    const { width, height } = source;
    return (await source.read({ y0: 0, x0: 0, y1: height, x1: width })).data;
  };

  it("that is lossless keeps its numbers, of 8, 12 and 16 bits", async () => {
    await fc.assert(
      fc.asyncProperty(images, async (image) => {
        const source = await openSource(encodeLossless(image, 1, 0));
        expect([source.width, source.height, source.dtype]).toEqual([image.width, image.height, image.precision > 8 ? "uint16" : "uint8"]);
        const { data } = await source.read({ y0: 0, x0: 0, y1: image.height, x1: image.width });
        expect([...data]).toEqual(image.samples);
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it("that is cut or damaged is an error that names it: no grey is made up", async () => {
    const whole = fileOf("jpeg-420.jpg");
    for (const length of [3, 100, 700, whole.length >> 1, whole.length - 30]) {
      await expect(read(whole.slice(0, length)), `${length}`).rejects.toMatchObject({
        kind: "InvalidData",
        details: { path: "cells.jpg" },
      });
    }
    const bytes = whole.slice();
    bytes.fill(0xff, 1200, 1210);
    await expect(read(bytes)).rejects.toThrow(/cells\.jpg cannot be read: its JPEG/);
  });

  it("that claims more than 256 MiB, no pixels, or 5 components is refused by its header", async () => {
    const claim = (height: number, width: number, components = 3): Uint8Array => {
      const bytes = fileOf("jpeg-444.jpg");
      const at = Buffer.from(bytes).indexOf("ffc0", 0, "hex");
      bytes.set([height >> 8, height & 255, width >> 8, width & 255, components], at + 5);
      return bytes;
    };
    await expect(read(claim(60_000, 60_000))).rejects.toThrow(/unpacks to 10800000000 bytes/);
    await expect(read(claim(0, 20))).rejects.toThrow(/has 20x0 pixels/);
    await expect(read(claim(61, 83, 5))).rejects.toThrow(/has 5 components/);
  });
});

/** Every difference is written with the 17 sizes as codes of 5 bits: not small, but plain. */
function encodeLossless({ width, height, components, precision, samples }: Grey, predictor: number, restartRows: number): Uint8Array {
  const segment = (marker: number, ...data: number[]): number[] => [0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255, ...data];
  const ids = Array.from({ length: components }, (_, index) => index + 1);
  const out = [
    ...[0xff, 0xd8],
    ...segment(0xc3, precision, height >> 8, height & 255, width >> 8, width & 255, components, ...ids.flatMap((id) => [id, 0x11, 0])),
    ...segment(0xc4, 0, 0, 0, 0, 0, 17, ...Array<number>(11).fill(0), ...Array.from({ length: 17 }, (_, size) => size)),
    ...(restartRows > 0 ? segment(0xdd, (restartRows * width) >> 8, (restartRows * width) & 255) : []),
    ...segment(0xda, components, ...ids.flatMap((id) => [id, 0]), predictor, 0, 0),
  ];
  let bits = "";
  const flush = (): void => {
    bits = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
    for (let at = 0; at < bits.length; at += 8) {
      const byte = Number.parseInt(bits.slice(at, at + 8), 2);
      out.push(byte, ...(byte === 0xff ? [0] : []));
    }
    bits = "";
  };
  const sample = (y: number, x: number, c: number): number => samples[(y * width + x) * components + c]!;
  for (let y = 0; y < height; y++) {
    const isFirst = restartRows > 0 ? y % restartRows === 0 : y === 0;
    if (isFirst && y > 0) {
      flush();
      out.push(0xff, 0xd0 + ((y / restartRows - 1) % 8));
    }
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < components; c++) {
        const [a, b, corner] = [
          x > 0 ? sample(y, x - 1, c) : 0,
          isFirst ? 0 : sample(y - 1, x, c),
          isFirst || x === 0 ? 0 : sample(y - 1, x - 1, c),
        ];
        const guesses = [a, b, corner, a + b - corner, a + ((b - corner) >> 1), b + ((a - corner) >> 1), (a + b) >> 1];
        const guess = isFirst ? (x === 0 ? 2 ** (precision - 1) : a) : x === 0 ? b : guesses[predictor - 1]!;
        // Modulo 2^16, as a signed number; -32768 is written as size 16.
        const difference = ((sample(y, x, c) - guess + 98_304) & 0xffff) - 32_768;
        const size = difference === -32_768 ? 16 : Math.abs(difference).toString(2).length * Number(difference !== 0);
        bits += size.toString(2).padStart(5, "0");
        if (size > 0 && size < 16) bits += (difference > 0 ? difference : difference + 2 ** size - 1).toString(2).padStart(size, "0");
      }
    }
  }
  flush();
  return Uint8Array.from([...out, 0xff, 0xd9]);
}

/** JPEGTables and the first strip, found by their markers. */
function findJpeg(file: Buffer): { tables: Uint8Array; strip: Uint8Array } {
  const streams: Uint8Array[] = [];
  for (let at = file.indexOf("ffd8ff", 0, "hex"); at >= 0; at = file.indexOf("ffd8ff", at + 2, "hex")) {
    streams.push(new Uint8Array(file.subarray(at, file.indexOf("ffd9", at, "hex") + 2)));
  }
  const isTables = (stream: Uint8Array): boolean => !Buffer.from(stream).includes("ffda", 0, "hex");
  return { tables: streams.find(isTables)!, strip: streams.find((stream) => !isTables(stream))! };
}
