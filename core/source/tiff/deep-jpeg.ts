// JPEG of 12 bits (ITU-T T.81, extended sequential DCT, Huffman coding), which the usual decoders leave out. The inverse transform
// is the one of Loeffler, Ligtenberg and Moschytz (ICASSP 1989) with 13 bits of fraction, rounded where libjpeg rounds: so the
// pixels are those of every reader that stands on libjpeg.

import { type BitReader, createBitReader, type HuffmanTable, readHuffmanTables } from "./jpeg-bits.ts";
import type { JpegHeader, JpegSegment } from "./jpeg-header.ts";

interface Component {
  readonly dc: HuffmanTable;
  readonly ac: HuffmanTable;
  readonly quantum: Uint16Array;
}

const zigzag = Uint8Array.of(
  ...[0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28],
  ...[35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63],
);
const fractionBits = 13;
/** Bits of fraction that are kept between the two passes; libjpeg has room for one with 12-bit samples. */
const keptBits = 1;

/** The samples, components side by side, of a stream whose header was read. Throws Error for broken data. */
export function decodeDeepJpeg(bytes: Uint8Array, header: JpegHeader): Uint16Array {
  const { width, height, components: count, precision } = header;
  const { components, interval } = readScan(header);
  const bits = createBitReader(bytes, header.dataAt);
  const out = new Uint16Array(width * height * count);
  const block = new Float64Array(64);
  const last = new Int32Array(count);
  const [across, down] = [Math.ceil(width / 8), Math.ceil(height / 8)];
  const largest = 2 ** precision - 1;
  for (let unit = 0; unit < across * down; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      bits.restart();
      last.fill(0);
    }
    const [top, left] = [8 * Math.floor(unit / across), 8 * (unit % across)];
    for (let c = 0; c < count; c++) {
      last[c] = readBlock(bits, components[c]!, last[c]!, block);
      transformInPlace(block);
      for (let y = top; y < Math.min(height, top + 8); y++) {
        for (let x = left; x < Math.min(width, left + 8); x++) {
          const value = block[(y - top) * 8 + x - left]! + 2 ** (precision - 1);
          out[(y * width + x) * count + c] = Math.max(0, Math.min(largest, value));
        }
      }
    }
  }
  return out;
}

/** Fills the block with coefficients, unpacked and multiplied by their quanta; returns the new mean (DC). */
function readBlock(bits: BitReader, { dc, ac, quantum }: Component, lastMean: number, block: Float64Array): number {
  block.fill(0);
  const mean = lastMean + bits.readSigned(bits.readSymbol(dc));
  block[0] = mean * quantum[0]!;
  for (let at = 1; at < 64; at++) {
    const symbol = bits.readSymbol(ac);
    const size = symbol & 15;
    // No size: the rest is zero (run 0), or 16 zeros (run 15).
    if (size === 0 && symbol !== 0xf0) break;
    at += symbol >> 4;
    if (size === 0) continue;
    if (at > 63) throw new Error("a block of its JPEG is too long");
    block[zigzag[at]!] = bits.readSigned(size) * quantum[at]!;
  }
  return mean;
}

/** The inverse cosine transform of an 8x8 block: columns, then rows. */
function transformInPlace(block: Float64Array): void {
  for (let x = 0; x < 8; x++) transformLine(block, x, 8, fractionBits - keptBits);
  for (let y = 0; y < 8; y++) transformLine(block, 8 * y, 1, fractionBits + keptBits + 3);
}

/** One line of eight numbers, `step` apart; the result is divided by 2^shift and rounded, halves up. */
function transformLine(block: Float64Array, at: number, step: number, shift: number): void {
  const [a0, a1, a2, a3, a4, a5, a6, a7] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => block[at + index * step]!) as [number, number, number, number, number, number, number, number]; // biome-ignore format: eight numbers
  const even = (a2 + a6) * 4433;
  const e2 = even - a6 * 15137;
  const e3 = even + a2 * 6270;
  const sum = (a0 + a4) * 8192;
  const difference = (a0 - a4) * 8192;
  const z5 = (a7 + a3 + a5 + a1) * 9633;
  const z1 = -(a7 + a1) * 7373;
  const z2 = -(a5 + a3) * 20995;
  const z3 = z5 - (a7 + a3) * 16069;
  const z4 = z5 - (a5 + a1) * 3196;
  const o0 = a7 * 2446 + z1 + z3;
  const o1 = a5 * 16819 + z2 + z4;
  const o2 = a3 * 25172 + z2 + z3;
  const o3 = a1 * 12299 + z1 + z4;
  const scale = 2 ** shift;
  const put = (index: number, value: number): void => {
    block[at + index * step] = Math.floor(value / scale + 0.5);
  };
  put(0, sum + e3 + o3);
  put(7, sum + e3 - o3);
  put(1, difference + e2 + o2);
  put(6, difference + e2 - o2);
  put(2, difference - e2 + o1);
  put(5, difference - e2 - o1);
  put(3, sum - e3 + o0);
  put(4, sum - e3 - o0);
}

function readScan({ segments, components: count }: JpegHeader): { components: readonly Component[]; interval: number } {
  const tables = new Map<number, HuffmanTable>();
  const quanta = new Map<number, Uint16Array>();
  let interval = 0;
  for (const { marker, data } of segments) {
    if (marker === 0xc4) readHuffmanTables(data, tables);
    if (marker === 0xdb) readQuanta(data, quanta);
    if (marker === 0xdd) interval = data.length >= 2 ? data[0]! * 256 + data[1]! : 0;
  }
  const frame = segments.find(({ marker }) => marker === 0xc0 || marker === 0xc1) as JpegSegment;
  const scan = segments.at(-1) as JpegSegment;
  if (scan.data[0] !== count || scan.data.length < 4 + 2 * count) throw new Error("its JPEG scan is broken");
  const components = Array.from({ length: count }, (_, index) => {
    const number = scan.data[2 + 2 * index]!;
    const dc = tables.get(number >> 4);
    const ac = tables.get(16 + (number & 15));
    const quantum = quanta.get(frame.data[8 + 3 * index] ?? 0);
    if (count > 1 && frame.data[7 + 3 * index] !== 0x11) throw new Error("its JPEG of 12 bits is subsampled, which is not read");
    if (!dc || !ac || !quantum) throw new Error("a table of its JPEG is missing");
    return { dc, ac, quantum };
  });
  return { components, interval };
}

/** Quanta in the order of the zigzag. */
function readQuanta(data: Uint8Array, known: Map<number, Uint16Array>): void {
  for (let at = 0; at < data.length; ) {
    const isWide = data[at]! >> 4 !== 0;
    const number = data[at]! & 15;
    const length = isWide ? 128 : 64;
    const values = data.subarray(at + 1, at + 1 + length);
    if (values.length < length) throw new Error("a table of its JPEG is cut");
    known.set(
      number,
      Uint16Array.from({ length: 64 }, (_, index) => (isWide ? values[2 * index]! * 256 + values[2 * index + 1]! : values[index]!)),
    );
    at += 1 + length;
  }
}
