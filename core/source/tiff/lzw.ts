// LZW as TIFF writes it (TIFF 6.0, section 13): most significant bit first, codes one wider one code early. The output is as
// large as the block and no larger; every code is checked against the table, so no stream can make it loop or grow.

const clearCode = 256;
const endCode = 257;
const tableSize = 4096;

/** Data that are whole, but packed in a way that is not read. The message says how: "compressed with ...". */
export class UnreadData extends Error {}

/** Unpacks at most `most` bytes. Throws Error for a code that is not in the table, UnreadData for the old form. Stops at the end code or at the end of the data. */
export function decodeLzw(packed: Uint8Array, most: number): Uint8Array {
  if (packed.length >= 2 && packed[0] === 0 && (packed[1]! & 1) === 1) throw new UnreadData("compressed with the LZW of before 1992");
  const out = new Uint8Array(most);
  // Entry k is the string of entry `prefix[k]` and one byte more; it was written at `place[k]`, `length[k]` bytes long.
  const place = new Int32Array(tableSize);
  const length = new Int32Array(tableSize);
  let next = endCode + 1;
  let width = 9;
  let bits = 0;
  let held = 0;
  let filled = 0;
  let previous = -1;
  let previousAt = 0;
  let previousLength = 0;
  for (let at = 0; filled < most; ) {
    for (; held < width && at < packed.length; held += 8) bits = ((bits << 8) | packed[at++]!) & 0xffffff;
    if (held < width) break;
    held -= width;
    const code = (bits >> held) & ((1 << width) - 1);
    if (code === endCode) break;
    if (code === clearCode) {
      next = endCode + 1;
      width = 9;
      previous = -1;
      continue;
    }
    if (code > next || (code === next && previous < 0) || (previous < 0 && code > 255))
      throw new Error(`LZW code ${code} is not in the table`);
    const start = filled;
    if (code < 256) {
      out[filled++] = code;
    } else {
      // The new entry is the previous string and its own first byte, which is being written right behind it.
      const from = code === next ? previousAt : place[code]!;
      const count = code === next ? previousLength + 1 : length[code]!;
      for (let index = 0; index < count && filled < most; index++) out[filled++] = out[from + index]!;
    }
    if (previous >= 0 && next < tableSize) {
      place[next] = previousAt;
      length[next] = previousLength + 1;
      next++;
    }
    previous = code;
    previousAt = start;
    previousLength = filled - start;
    if (next + 1 >= 1 << width && width < 12) width++;
  }
  return out.subarray(0, filled);
}

/** PackBits (TIFF 6.0, section 9): unpacks at most `most` bytes. Throws Error when a run is cut. */
export function decodePackBits(packed: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most);
  let filled = 0;
  for (let at = 0; at < packed.length && filled < most; ) {
    const header = packed[at++]!;
    if (header === 128) continue;
    if (header < 128) {
      if (at + header + 1 > packed.length) throw new Error("a run of its data is cut");
      const count = Math.min(header + 1, most - filled);
      out.set(packed.subarray(at, at + count), filled);
      at += header + 1;
      filled += count;
      continue;
    }
    if (at >= packed.length) throw new Error("a run of its data is cut");
    const count = Math.min(257 - header, most - filled);
    out.fill(packed[at++]!, filled, filled + count);
    filled += count;
  }
  return out.subarray(0, filled);
}
