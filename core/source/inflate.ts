// Inflating with a bound. fflate grows its output as far as the stream says, and does not notice a stream that is cut or
// that holds more than promised; here the size is known beforehand, and anything else is an error.
// Chunks of images go to the platform's own code first, which is several times as fast; what that refuses, or reads otherwise
// than we do, is unpacked by ours, which says what is wrong. RFC 1950 (zlib), RFC 1951 (deflate).

import { Inflate } from "fflate";
import { crc32 } from "./crc32.ts";
import { overlooksEnd, unpack } from "./platform-zlib.ts";

/** Deflate cannot shrink below this ratio: one bit for 258 bytes, less some header. */
const largestRatio = 1032;

/** Input handed over at a time: bounds what one push can unpack to before it is counted (16 kB -> 17 MB). */
const pieceBytes = 1 << 14;
const headPieceBytes = 1 << 10;

/** Taken at once: so many bytes, or so many times the packed data. */
const leastTaken = 1 << 20;
const usualRatio = 8;

/** Returns the `size` bytes that a raw deflate stream unpacks to. Throws Error for a broken stream and for any other size. */
export function inflateRaw(bytes: Uint8Array, size: number): Uint8Array {
  if (size > largestRatio * bytes.length + 64) throw new Error(`${bytes.length} packed bytes cannot unpack to ${size}`);
  // The size is a claim: memory is taken as it comes true, at once only where the packed data are not much smaller.
  let out = new Uint8Array(Math.min(size, Math.max(leastTaken, usualRatio * bytes.length)));
  const filled = inflatePieces(bytes, size, (chunk, at) => {
    if (at + chunk.length > out.length) out = growBytes(out, at + chunk.length, size);
    out.set(chunk, at);
  });
  if (filled !== size) throw new Error(`the packed data end after ${filled} of ${size} bytes`);
  return out;
}

/** Returns the first `length` bytes that a raw deflate stream unpacks to, or all where there are fewer. Throws Error for a broken one. */
export function inflateHead(bytes: Uint8Array, length: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let filled = 0;
  const inflate = new Inflate((chunk) => {
    chunks.push(chunk);
    filled += chunk.length;
  });
  for (let at = 0; at < bytes.length && filled < length; at += headPieceBytes)
    inflate.push(bytes.subarray(at, at + headPieceBytes), at + headPieceBytes >= bytes.length);
  return concatBytes(chunks, filled).slice(0, length);
}

function growBytes(bytes: Uint8Array<ArrayBuffer>, least: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(least, 2 * bytes.length)));
  larger.set(bytes);
  return larger;
}

/**
 * Returns what a zlib stream unpacks to: at least `least`, at most `most` bytes. Throws Error for a broken stream, a wrong
 * checksum and any other size.
 */
export function inflateZlib(bytes: Uint8Array, least: number, most: number): Uint8Array {
  const body = assertZlibHeader(bytes);
  if (least > largestRatio * body.length + 64) throw new Error(`${bytes.length} packed bytes cannot unpack to ${least}`);
  const chunks: Uint8Array[] = [];
  const filled = inflatePieces(body, most, (chunk) => chunks.push(chunk));
  if (filled < least) throw new Error(`the packed data end after ${filled} of ${least} bytes`);
  const out = concatBytes(chunks, filled);
  if (bytes.length >= 6 && adler32(out) !== findAdler(bytes, out)) throw new Error("the checksum of the packed data is wrong");
  return out;
}

/**
 * Returns what a gzip member (RFC 1952) unpacks to: at most `most` bytes. Throws Error for a broken stream, a wrong checksum or
 * length, and for more.
 */
export function inflateGzip(bytes: Uint8Array, most: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 18 || view.getUint16(0) !== 0x1f8b || bytes[2] !== 8) throw new Error("the packed data have no gzip header");
  const flags = bytes[3]!;
  let at = 10;
  if (flags & 4) at += 2 + view.getUint16(at, true);
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1;
  if (flags & 2) at += 2;
  if (at < 10 || at + 8 > bytes.length) throw new Error("the gzip header is broken");
  const size = view.getUint32(bytes.length - 4, true);
  if (size > most) throw new Error(`the packed data unpack to more than ${most} bytes`);
  const out = inflateRaw(bytes.subarray(at, -8), size);
  if (crc32(out) !== view.getUint32(bytes.length - 8, true)) throw new Error("the checksum of the packed data is wrong");
  return out;
}

/** Unpacks like inflateZlib, by the platform where that can. */
export async function unpackZlib(bytes: Uint8Array, least: number, most: number): Promise<Uint8Array> {
  const out = await unpack(bytes, "deflate", most);
  const isWhole = out !== undefined && out.length >= least && (!overlooksEnd || adler32(out) === readLast(bytes));
  return isWhole ? out : inflateZlib(bytes, least, most);
}

/** Unpacks like inflateGzip, by the platform where that can. */
export async function unpackGzip(bytes: Uint8Array, most: number): Promise<Uint8Array> {
  const out = await unpack(bytes, "gzip", most);
  const isWhole = out !== undefined && out.length === readLast(bytes, true); // one member, and nothing after it
  return isWhole ? out : inflateGzip(bytes, most);
}

function readLast(bytes: Uint8Array, littleEndian = false): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, littleEndian);
}

/** The arrays one after another. */
export function concatBytes(chunks: readonly Uint8Array[], length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

function inflatePieces(bytes: Uint8Array, most: number, take: (chunk: Uint8Array, at: number) => void): number {
  let filled = 0;
  const inflate = new Inflate((chunk) => {
    if (filled + chunk.length > most) throw new Error(`the packed data unpack to more than ${most} bytes`);
    take(chunk, filled);
    filled += chunk.length;
  });
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    inflate.push(bytes.subarray(at, at + pieceBytes), at + pieceBytes >= bytes.length);
  }
  return filled;
}

function assertZlibHeader(bytes: Uint8Array): Uint8Array {
  const method = bytes[0] ?? 0;
  const flags = bytes[1] ?? 0;
  if ((method & 15) !== 8 || method >> 4 > 7 || (method * 256 + flags) % 31 !== 0) throw new Error("the packed data have no zlib header");
  if (flags & 32) throw new Error("the packed data need a dictionary");
  return bytes.subarray(2);
}

/** The checksum written in the stream: its last four bytes, before up to three bytes of padding. */
function findAdler(bytes: Uint8Array, out: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wanted = adler32(out);
  for (let padding = 0; padding < 4 && bytes.length >= 6 + padding; padding++) {
    if (view.getUint32(bytes.length - 4 - padding) === wanted) return wanted;
  }
  return view.getUint32(bytes.length - 4);
}

function adler32(bytes: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    // 3,800 additions of a byte cannot pass 2^32 between two reductions.
    for (const end = Math.min(at + 3800, bytes.length); at < end; at++) {
      a += bytes[at]!;
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return b * 65536 + a;
}
