// Files made to hurt: each ends in a Problem, soon, without much memory. QUALITY.md D1 to D5 and D12 are here by number.

import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { openSource } from "../../../core/source/open.ts";
import { decodeLzw, decodePackBits } from "../../../core/source/tiff/lzw.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { joinPng, makeChunk, makeHeader } from "./png-bytes.ts";
import { makeGrey, makeTiff, packCodes } from "./tiff-bytes.ts";

/** Opens, reads all, and tells the Problem's message; fails for anything else, and beyond two seconds. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const processorMs = countProcessorMs();
  try {
    const source = await openSource(bytes, { name: "crafted" });
    await source.read({ y0: 0, x0: 0, y1: source.height, x1: source.width });
  } catch (error) {
    expect(processorMs()).toBeLessThan(2000);
    if (isProblem(error, "InvalidData") || isProblem(error, "UnsupportedImage")) return error.message;
    throw error;
  }
  throw new Error("it was read");
}

describe("a crafted TIFF is refused", () => {
  it("D1: LZW codes that fill the table and then ask for its last entries", async () => {
    // A code for every entry up to 4,095 and far beyond, without a clear code.
    const codes = [256, ...Array.from({ length: 8000 }, (_, i) => (i < 3840 ? i % 256 : 4093 + (i % 3)))];
    const data = packCodes(codes, (index) => (index < 255 ? 9 : index < 767 ? 10 : index < 1791 ? 11 : 12));
    const message = await refusal(makeGrey(4096, 4096, 5, data));
    expect(message).toContain("crafted");
  });

  it("D2: directories that turn in a circle", async () => {
    expect(await refusal(makeTiff([{ tag: 256, values: [1] }], undefined, 8).bytes)).toContain("circle");
    const bytes = new Uint8Array(makeTiff([], undefined, 14).bytes.length + 6);
    bytes.set(makeTiff([], undefined, 14).bytes);
    new DataView(bytes.buffer).setUint32(16, 8, true);
    expect(await refusal(bytes)).toContain("circle");
  });

  it("D2: a chain of more than 65,535 directories", async () => {
    const count = 70_000;
    const bytes = new Uint8Array(8 + 6 * count);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8]);
    for (let index = 0; index < count - 1; index++) view.setUint32(8 + 6 * index + 2, 8 + 6 * (index + 1), true);
    expect(await refusal(bytes)).toContain("65535 directories");
  });

  it("directories whose tags overlap, to be parsed again and again", async () => {
    const tags = 4000;
    const bytes = new Uint8Array(8 + 2 + 12 * tags + 4 + 65_000);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8]);
    // Every even offset is a directory of `tags` tags whose link is the next even offset or so: the walk must give up.
    for (let at = 8; at + 2 < bytes.length; at += 2) view.setUint16(at, tags, true);
    expect(await refusal(bytes)).toContain("directory");
  });

  it("D3: a strip that unpacks to far more than the image", async () => {
    expect(await refusal(makeGrey(16, 16, 8, deflateSync(Buffer.alloc(64 << 20))))).toContain("more than 256");
  });

  it("D4: strips that lie outside the file, or are shorter than their pixels", async () => {
    expect(await refusal(makeGrey(16, 16, 1, new Uint8Array(256), [{ tag: 279, values: [99_999] }]))).toContain("outside the file");
    expect(await refusal(makeGrey(16, 16, 1, new Uint8Array(255)))).toContain("too short");
    expect(await refusal(makeGrey(16, 16, 8, deflateSync(Buffer.alloc(255))))).toContain("255 of 256");
    expect(await refusal(makeGrey(16, 16, 32773, Uint8Array.of(127, ...new Uint8Array(60))))).toContain("cut");
    expect(
      await refusal(
        makeGrey(
          3,
          1,
          5,
          packCodes([256, 1, 2, 257], () => 9),
        ),
      ),
    ).toContain("2 of 3");
    expect(
      await refusal(
        makeGrey(
          2,
          1,
          5,
          packCodes([256, 1, 300], () => 9),
        ),
      ),
    ).toContain("not in the table");
  });

  it("D4: a wrong checksum of packed data", async () => {
    const packed = deflateSync(Buffer.alloc(256, 7));
    packed[packed.length - 2]! ^= 1;
    expect(await refusal(makeGrey(16, 16, 8, packed))).toContain("checksum");
  });

  it("values that would not fit into memory", async () => {
    const grey = (more: Parameters<typeof makeGrey>[4]): Promise<string> =>
      refusal(makeGrey(16, 16, 8, deflateSync(Buffer.alloc(256)), more));
    expect(await grey([{ tag: 258, type: 3, values: [8], count: 2 ** 31 }])).toContain("tag 258");
    expect(await grey([{ tag: 270, values: [0], count: 2 ** 20 }])).toContain("tag 270");
    expect(await grey([{ tag: 273, values: [0], count: 2 ** 30 }])).toContain("tag 273");
    expect(
      await grey([
        { tag: 256, values: [2 ** 30] },
        { tag: 257, values: [2 ** 30] },
      ]),
    ).toContain("256 MiB");
    expect(
      await grey([
        { tag: 256, values: [16_000] },
        { tag: 257, values: [16_000] },
        { tag: 278, values: [16_000] },
      ]),
    ).toContain("too short");
    expect(await grey([{ tag: 277, type: 3, values: [60_000] }])).toContain("60000 samples");
    expect(await grey([{ tag: 256, values: [0] }])).toContain("0x16");
    expect(await grey([{ tag: 278, values: [0] }])).toContain("blocks are");
  });

  it("what is not read is refused with its reason", async () => {
    const grey = (more: Parameters<typeof makeGrey>[4]): Promise<string> =>
      refusal(makeGrey(16, 16, 8, deflateSync(Buffer.alloc(256)), more));
    expect(await grey([{ tag: 259, type: 3, values: [6] }])).toContain("JPEG of before 1995");
    expect(await grey([{ tag: 259, type: 3, values: [33_003] }])).toContain("JPEG 2000");
    expect(await grey([{ tag: 262, type: 3, values: [6] }])).toContain("YCbCr");
    expect(await grey([{ tag: 262, type: 3, values: [5] }])).toContain("CMYK");
    expect(await grey([{ tag: 266, type: 3, values: [2] }])).toContain("reversed");
    const half = [{ tag: 258, type: 3, values: [16] }, { tag: 339, type: 3, values: [3] }] as const; // biome-ignore format: one thought
    expect(await grey(half)).toContain("16-bit floating point");
    expect(await grey([{ tag: 317, type: 3, values: [7] }])).toContain("predictor 7");
  });

  it("what is not read is advised what it is not yet: its colours and numbers, too, not its bits alone", async () => {
    const advised = /Save it as plain TIFF: grey or RGB, whole numbers of 8 or 16 bits, packed with LZW, Deflate or not at all\.$/;
    for (const [bits, more] of [
      [8, [{ tag: 262, type: 3, values: [5] }]], // CMYK, of 8 bits and packed with Deflate
      [8, [{ tag: 262, type: 3, values: [8] }]], // CIE L*a*b*
      [16, [{ tag: 339, type: 3, values: [3] }]], // half floats
    ] as const) {
      const data = deflateSync(Buffer.alloc(16 * 16 * (bits / 8)));
      expect(await refusal(makeGrey(16, 16, 8, data, [{ tag: 258, type: 3, values: [bits] }, ...more]))).toMatch(advised);
    }
  });
});

describe("LZW and PackBits", () => {
  it("give at most what was asked for, whatever the data are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(1000), (packed, most) => {
        for (const decode of [decodeLzw, decodePackBits]) {
          try {
            expect(decode(packed, most).length).toBeLessThanOrEqual(most);
          } catch (error) {
            expect(error).toBeInstanceOf(Error);
          }
        }
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("give back what a plain encoder packed, over full tables and clear codes", () => {
    const runs = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 900 })), { maxLength: 12 });
    fc.assert(
      fc.property(runs, fc.nat(), (runs, seed) => {
        const data = new Uint8Array(
          Buffer.concat(runs.map(([kind, count], i) => (kind === 0 ? noise(count * 8, seed + i) : Buffer.alloc(count, kind * 60)))),
        );
        expect(decodeLzw(encodeLzw(data), data.length)).toEqual(data);
      }),
      { seed: 2, numRuns: 60 },
    );
  });
});

describe("a crafted PNG is refused", () => {
  const png = new Uint8Array(readFileSync(new URL("golden/images/grey8.png", import.meta.url)));
  it("D12: every changed byte of the pixels is noticed by its checksum", async () => {
    const at = Buffer.from(png).indexOf("IDAT") + 12;
    const damaged = png.slice();
    damaged[at]! ^= 4;
    expect(await refusal(damaged)).toContain("checksum of its IDAT");
  });

  it("D12: image data that unpack to more, or less, than the header says", async () => {
    expect(await refusal(joinPng(makeHeader(4, 4, 8, 0), makeChunk("IDAT", deflateSync(Buffer.alloc(64 << 20)))))).toContain(
      "more than 20",
    );
    expect(await refusal(joinPng(makeHeader(4, 4, 8, 0), makeChunk("IDAT", deflateSync(Buffer.alloc(19)))))).toContain("19 of 20");
  });

  it("D12: a colour profile without end is never unpacked", async () => {
    const profile = makeChunk("iCCP", Buffer.concat([Buffer.from("x\0\0"), deflateSync(Buffer.alloc(64 << 20))]));
    const source = await openSource(joinPng(makeHeader(4, 4, 8, 0), profile, makeChunk("IDAT", deflateSync(Buffer.alloc(20)))));
    expect([...(await source.read({ y0: 0, x0: 0, y1: 1, x1: 4 })).data]).toEqual([0, 0, 0, 0]);
  });

  it("sizes that would not fit into memory, and headers that are none", async () => {
    expect(await refusal(joinPng(makeHeader(60_000, 60_000, 8, 0)))).toContain("256 MiB");
    expect(await refusal(joinPng(makeHeader(0, 5, 8, 0)))).toContain("0x5");
    expect(await refusal(joinPng(makeHeader(5, 5, 3, 0)))).toContain("header");
    expect(await refusal(joinPng(makeHeader(5, 5, 8, 7)))).toContain("header");
    expect(
      await refusal(
        joinPng(makeHeader(4, 4, 8, 3), makeChunk("PLTE", Buffer.alloc(3)), makeChunk("IDAT", deflateSync(Buffer.alloc(20, 1)))),
      ),
    ).toMatch(/palette/);
  });
});

/** The encoder of TIFF 6.0, page 60, as plainly as it can be written. */
function encodeLzw(data: Uint8Array): Uint8Array {
  const codes: number[] = [];
  const widths: number[] = [];
  let table = new Map<string, number>();
  let next = 258;
  const write = (code: number): void => {
    codes.push(code);
    widths.push(next > 2047 ? 12 : next > 1023 ? 11 : next > 511 ? 10 : 9);
  };
  const codeOf = (text: string): number => (text.length === 1 ? text.charCodeAt(0) : table.get(text)!);
  write(256);
  let held = "";
  for (const byte of data) {
    const longer = held + String.fromCharCode(byte);
    if (longer.length === 1 || table.has(longer)) {
      held = longer;
      continue;
    }
    write(codeOf(held));
    table.set(longer, next++);
    if (next === 4095) {
      write(256);
      table = new Map();
      next = 258;
    }
    held = String.fromCharCode(byte);
  }
  if (held !== "") {
    write(codeOf(held));
    next++;
  }
  write(257);
  return packCodes(codes, (index) => widths[index]!);
}

function noise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
