// LZ4 blocks and BloscLZ: two ways to say "copy what came before". The output is as large as it must be and no larger; every
// distance and length is checked. https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

/** Unpacks an LZ4 block into `size` bytes. Throws Error for anything else. */
export function decodeLz4Block(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  let filled = 0;
  const next = (): number => {
    if (at >= packed.length) throw new Error("the LZ4 data are cut");
    return packed[at++]!;
  };
  const readLength = (start: number): number => {
    let length = start;
    if (start !== 15) return length;
    for (let more = 255; more === 255; length += more) more = next();
    return length;
  };
  while (at < packed.length) {
    const token = next();
    const literals = readLength(token >> 4);
    if (at + literals > packed.length || filled + literals > size) throw new Error("the LZ4 data are broken");
    out.set(packed.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    if (at >= packed.length) break;
    const distance = next() + 256 * next();
    const length = readLength(token & 15) + 4;
    filled = copyBack(out, filled, distance, length);
  }
  if (filled !== size) throw new Error(`the LZ4 data end after ${filled} of ${size} bytes`);
  return out;
}

/** Distances beyond this have two bytes more. */
const bloscNear = 8191;

/** Unpacks BloscLZ data (a kin of FastLZ) into `size` bytes. Throws Error for anything else. */
export function decodeBloscLz(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = 0;
  let filled = 0;
  const next = (): number => {
    if (at >= packed.length) throw new Error("the BloscLZ data are cut");
    return packed[at++]!;
  };
  for (let isFirst = true; at < packed.length; isFirst = false) {
    const control = isFirst ? next() & 31 : next();
    if (control < 32) {
      const literals = control + 1;
      if (at + literals > packed.length || filled + literals > size) throw new Error("the BloscLZ data are broken");
      out.set(packed.subarray(at, at + literals), filled);
      at += literals;
      filled += literals;
      continue;
    }
    let length = (control >> 5) + 2;
    if (length === 9) for (let more = 255; more === 255; length += more) more = next();
    const high = (control & 31) << 8;
    const low = next();
    const isFar = low === 255 && high === 31 << 8;
    const distance = isFar ? bloscNear + next() * 256 + next() : high + low;
    filled = copyBack(out, filled, distance + 1, length);
  }
  if (filled !== size) throw new Error(`the BloscLZ data end after ${filled} of ${size} bytes`);
  return out;
}

/** Copies byte by byte: a piece may reach into what it writes. Returns the new end. */
function copyBack(out: Uint8Array, filled: number, distance: number, length: number): number {
  if (distance < 1 || distance > filled || filled + length > out.length) throw new Error("the packed data point outside of themselves");
  for (let to = filled; to < filled + length; to++) out[to] = out[to - distance]!;
  return filled + length;
}
