// Blosc 1 in: a header, then blocks, each packed by one of five compressors and shuffled, by bytes or by bits. Written here since
// the WebAssembly builds generate code, which a Content-Security-Policy forbids, and believe the header.
// https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst

import { inflateZlib } from "../inflate.ts";
import { decodeZstd } from "../zstd.ts";
import { decodeBloscLz, decodeLz4Block } from "./lz.ts";

interface Header {
  readonly typeBytes: number;
  readonly size: number;
  readonly blockBytes: number;
  readonly isPlain: boolean;
  readonly shuffle: "bytes" | "bits" | "none";
  readonly isSplit: boolean;
  readonly unpack: (packed: Uint8Array, size: number) => Uint8Array | Promise<Uint8Array>;
}

const headerBytes = 16;
/** Blocks are split by the bytes of a number only up to so many of them, and while the parts are not shorter than this. */
const mostSplits = 16;
const shortestSplit = 128;

/** Compressors by their number in the header; Snappy (2) is not read. */
const unpackers: Readonly<Record<number, Header["unpack"]>> = {
  0: decodeBloscLz,
  1: decodeLz4Block,
  3: (packed, size) => inflateZlib(packed, size, size),
  4: decodeZstd,
};

/** Unpacks Blosc data into at most `most` bytes. Throws Error for data that are broken, cut, or claim more. */
export async function decodeBlosc(packed: Uint8Array, most: number): Promise<Uint8Array> {
  const header = readHeader(packed, most);
  const { size, blockBytes, isPlain } = header;
  if (isPlain) {
    if (packed.length !== headerBytes + size) throw new Error("the blosc data are cut or broken");
    return packed.slice(headerBytes);
  }
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const out = new Uint8Array(size);
  const blocks = Math.ceil(size / blockBytes);
  if (headerBytes + 4 * blocks > packed.length) throw new Error("the blosc data are cut");
  for (let block = 0; block < blocks; block++) {
    const start = block * blockBytes;
    const length = Math.min(blockBytes, size - start);
    const bytes = await unpackBlock(packed, view.getInt32(headerBytes + 4 * block, true), length, header);
    unshuffle(bytes, out.subarray(start, start + length), header);
  }
  return out;
}

function readHeader(packed: Uint8Array, most: number): Header {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (packed.length < headerBytes || view.getUint32(12, true) !== packed.length) throw new Error("the blosc data are cut or broken");
  const flags = packed[2]!;
  const typeBytes = packed[3]!;
  const size = view.getUint32(4, true);
  const blockBytes = view.getUint32(8, true);
  if (size > most) throw new Error(`the blosc data unpack to ${size} bytes; the most is ${most}`);
  if (typeBytes === 0 || (size > 0 && (blockBytes === 0 || blockBytes > Math.max(size, typeBytes))))
    throw new Error("the blosc header is broken");
  const unpack = unpackers[flags >> 5];
  if (!unpack) throw new Error(`the blosc data are packed with method ${flags >> 5}, which is not read`);
  const isSplit = (flags & 16) === 0 && typeBytes <= mostSplits && Math.floor(blockBytes / typeBytes) >= shortestSplit;
  const shuffle = (flags & 1) !== 0 && typeBytes > 1 ? "bytes" : (flags & 4) !== 0 && blockBytes >= typeBytes ? "bits" : "none";
  return { typeBytes, size, blockBytes, isPlain: (flags & 2) !== 0, shuffle, isSplit, unpack };
}

/** A block's bytes, still shuffled. Parts that did not get smaller are kept as they are. */
async function unpackBlock(
  packed: Uint8Array,
  start: number,
  length: number,
  { blockBytes, typeBytes, isSplit, unpack }: Header,
): Promise<Uint8Array> {
  const parts = isSplit && length === blockBytes ? typeBytes : 1;
  const partBytes = Math.floor(length / parts);
  const out = new Uint8Array(length);
  let at = start;
  for (let part = 0; part < parts; part++) {
    if (at < headerBytes || at + 4 > packed.length) throw new Error("the blosc data are cut or broken");
    const bytes = new DataView(packed.buffer, packed.byteOffset + at, 4).getInt32(0, true);
    at += 4;
    if (bytes < 0 || at + bytes > packed.length) throw new Error("the blosc data are cut or broken");
    const piece = packed.subarray(at, at + bytes);
    const whole = bytes === partBytes ? piece : await unpack(piece, partBytes);
    if (whole.length !== partBytes) throw new Error(`a block of the blosc data gave ${whole.length} of ${partBytes} bytes`);
    out.set(whole, part * partBytes);
    at += bytes;
  }
  return out;
}

function unshuffle(bytes: Uint8Array, out: Uint8Array, { shuffle, typeBytes }: Header): void {
  const count = Math.floor(bytes.length / typeBytes);
  if (shuffle === "none" || (shuffle === "bits" && count % 8 !== 0)) {
    out.set(bytes);
    return;
  }
  // What does not fill a number stays at the end.
  out.set(bytes.subarray(count * typeBytes), count * typeBytes);
  if (shuffle === "bytes") {
    for (let byte = 0; byte < typeBytes; byte++) {
      for (let index = 0, from = byte * count; index < count; index++, from++) out[index * typeBytes + byte] = bytes[from]!;
    }
    return;
  }
  // Bit `bit` of byte `byte` of all numbers lies together, eight numbers a byte.
  const rowBytes = count / 8;
  for (let byte = 0; byte < typeBytes; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const row = (byte * 8 + bit) * rowBytes;
      for (let index = 0; index < count; index++) {
        out[index * typeBytes + byte]! |= ((bytes[row + (index >> 3)]! >> (index & 7)) & 1) << bit;
      }
    }
  }
}
