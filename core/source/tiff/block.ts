// One strip or tile: its bytes to numbers. Unpack, set in the machine's byte order (little-endian, as WebAssembly is), undo the
// predictor. Whatever the stream says, no more than the block comes out, and less is an error: no pixel is made up.

import { createTypedArray, type TypedArray } from "../../array/raster.ts";
import { unpackZlib } from "../inflate.ts";
import type { PageLayout } from "./layout.ts";
import { decodeLzw, decodePackBits } from "./lzw.ts";

/** The numbers of at least `rows` rows of a block, `blockWidth * blockSamples` a row. Throws Error when the data do not hold them. */
export async function decodeBlock(packed: Uint8Array, layout: PageLayout, rows: number, littleEndian: boolean): Promise<TypedArray> {
  const { rowBytes, blockHeight, blockWidth, blockSamples, bits, predictor } = layout;
  if (layout.compression === 7) return decodeJpegBlock(packed, layout, rows);
  const needed = rows * rowBytes;
  const bytes = await unpack(packed, layout.compression, needed, Math.max(needed, blockHeight * rowBytes));
  if (bytes.length < needed) throw new Error(`a block holds ${bytes.length} of ${needed} bytes`);
  const count = rows * blockWidth * blockSamples;
  if (bits === 64 && layout.dtype !== "float64") return decodeLong(bytes.slice(0, needed), layout, rows, littleEndian);
  const values = createTypedArray(layout.dtype, count);
  if (bits % 8 !== 0) {
    unpackBits(bytes, layout, rows, values);
    return values;
  }
  const own = new Uint8Array(values.buffer);
  own.set(bytes.subarray(0, needed));
  const size = bits / 8;
  if (predictor === 3) {
    undoFloatPredictor(own, { rows, rowBytes, blockSamples, size });
    return values;
  }
  if (!littleEndian && size > 1) swapBytesInPlace(own, size);
  if (predictor === 2) undoDifferences(values, rows, blockWidth, blockSamples);
  return values;
}

/** Integers of 64 bits as ones of 32, which no label exceeds. Throws Error for one that does. */
function decodeLong(own: Uint8Array, layout: PageLayout, rows: number, littleEndian: boolean): TypedArray {
  const { dtype, blockWidth, blockSamples, predictor } = layout;
  if (!littleEndian) swapBytesInPlace(own, 8);
  const wide = dtype === "int32" ? new BigInt64Array(own.buffer) : new BigUint64Array(own.buffer);
  if (predictor === 2) {
    const row = blockWidth * blockSamples;
    for (let at = blockSamples; at < rows * row; at++) if (at % row >= blockSamples) wide[at] = wide[at]! + wide[at - blockSamples]!;
  }
  const values = createTypedArray(dtype, wide.length);
  for (let at = 0; at < wide.length; at++) {
    values[at] = Number(wide[at]);
    if (BigInt(values[at]!) !== wide[at]) throw new Error(`it has the number ${wide[at]}, beyond 32 bits`);
  }
  return values;
}

/** Turns the first sample of every pixel round, where white is stored as 0. `sample`: the one that the block holds, where each has its own. */
export function invertInPlace(values: TypedArray, { inverted, bits, blockSamples }: PageLayout, sample: number): void {
  if (!inverted || sample > 0) return;
  const white = 2 ** bits - 1;
  for (let at = 0; at < values.length; at += blockSamples) values[at] = white - values[at]!;
}

async function decodeJpegBlock(packed: Uint8Array, layout: PageLayout, rows: number): Promise<TypedArray> {
  const { blockHeight, blockWidth, blockSamples, bits, photometric, jpegTables } = layout;
  const { decodeJpeg } = await import("./jpeg.ts");
  const samples = await decodeJpeg(packed, {
    ...{ width: blockWidth, rows, mostRows: blockHeight, components: blockSamples, bits, photometric, tables: jpegTables },
  });
  if (samples.length < rows * blockWidth * blockSamples) throw new Error("its JPEG data end too soon");
  if (layout.dtype === "uint8" || layout.dtype === "uint16") return samples;
  const values = createTypedArray(layout.dtype, samples.length);
  values.set(samples);
  return values;
}

async function unpack(packed: Uint8Array, compression: number, needed: number, most: number): Promise<Uint8Array> {
  switch (compression) {
    case 5:
      return decodeLzw(packed, needed);
    case 8:
    case 32946:
      return unpackZlib(packed, needed, most);
    case 32773:
      return decodePackBits(packed, needed);
    case 50000: {
      const { decodeZstd } = await import("../zstd.ts");
      return decodeZstd(packed, most);
    }
    default:
      return packed;
  }
}

/** Numbers of 1 to 15 bits, most significant bit first; every row starts at a whole byte. */
function unpackBits(bytes: Uint8Array, { rowBytes, blockWidth, blockSamples, bits }: PageLayout, rows: number, out: TypedArray): void {
  const perRow = blockWidth * blockSamples;
  const mask = (1 << bits) - 1;
  for (let y = 0; y < rows; y++) {
    let at = y * rowBytes;
    let held = 0;
    let value = 0;
    for (let x = 0; x < perRow; x++) {
      for (; held < bits; held += 8) value = ((value << 8) | bytes[at++]!) & 0xffffff;
      held -= bits;
      out[y * perRow + x] = (value >> held) & mask;
    }
  }
}

function swapBytesInPlace(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const held = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = held;
    }
  }
}

/** Predictor 2: each number was written as its difference from the one before it in the row, modulo 2^bits. */
function undoDifferences(values: TypedArray, rows: number, width: number, samples: number): void {
  const whole = values instanceof Float32Array ? new Uint32Array(values.buffer) : values;
  for (let y = 0; y < rows; y++) {
    const end = (y + 1) * width * samples;
    for (let at = y * width * samples + samples; at < end; at++) whole[at] = whole[at]! + whole[at - samples]!;
  }
}

/** Predictor 3 (Adobe TechNote 3): a row's bytes by significance, highest first, then as differences of bytes. */
function undoFloatPredictor(
  bytes: Uint8Array,
  { rows, rowBytes, blockSamples, size }: { rows: number; rowBytes: number; blockSamples: number; size: number },
): void {
  const perRow = rowBytes / size;
  for (let y = 0; y < rows; y++) {
    const row = bytes.subarray(y * rowBytes, (y + 1) * rowBytes);
    for (let at = blockSamples; at < rowBytes; at++) row[at] = row[at]! + row[at - blockSamples]!;
    const planes = row.slice();
    for (let x = 0; x < perRow; x++) {
      for (let byte = 0; byte < size; byte++) row[x * size + byte] = planes[(size - 1 - byte) * perRow + x]!;
    }
  }
}
