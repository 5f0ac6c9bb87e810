// The bytes of one TIFF directory, plain or BigTIFF, little-endian: what our two TIFF writers (write-tiff.ts, sink/ome-tiff.ts) end
// a page with. Where bytes go is the writers' business. TIFF 6.0, BigTIFF.

import { concatBytes } from "../inflate.ts";

/** Types: 2 text, 3 16-bit, 4 32-bit, 5 quotient of two 32-bit, 16 64-bit (in BigTIFF only). */
export type TiffField = readonly [tag: number, type: 2 | 3 | 4 | 5 | 16, values: readonly number[]];

export interface LaidDirectory {
  /** To be appended at the end of the file. */
  readonly bytes: Uint8Array;
  /** Where the directory itself begins in the file. */
  readonly offset: number;
  /** Where in the file the offset of the next directory goes, which is 0 until then. */
  readonly nextAt: number;
}

/** The directory of these fields for a file that ends at `end`: long values first, all at even offsets; its fields sorted by tag. */
export function layDirectory(fields: readonly TiffField[], end: number, isBig = false): LaidDirectory {
  const sorted = fields.toSorted(([a], [b]) => a - b);
  const [countBytes, entryBytes, valueBytes, linkBytes] = isBig ? [8, 20, 8, 8] : [2, 12, 4, 4];
  const directory = new Uint8Array(countBytes + entryBytes * sorted.length + linkBytes);
  const view = new DataView(directory.buffer);
  const chunks: Uint8Array[] = [];
  let at = end;
  const append = (bytes: Uint8Array): number => {
    const offset = at + (at % 2);
    chunks.push(new Uint8Array(at % 2), bytes);
    at = offset + bytes.length;
    return offset;
  };
  if (isBig) view.setBigUint64(0, BigInt(sorted.length), true);
  else view.setUint16(0, sorted.length, true);
  for (const [index, [tag, type, values]] of sorted.entries()) {
    const entry = countBytes + entryBytes * index;
    const packed = packValues(type, values);
    const count = type === 5 ? values.length / 2 : values.length;
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    if (isBig) view.setBigUint64(entry + 4, BigInt(count), true);
    else view.setUint32(entry + 4, count, true);
    const valueAt = entry + entryBytes - valueBytes;
    if (packed.length <= valueBytes) directory.set(packed, valueAt);
    else directory.set(toOffsetBytes(append(packed), isBig), valueAt);
  }
  const offset = append(directory);
  return { bytes: concatBytes(chunks, at - end), offset, nextAt: at - linkBytes };
}

/** An offset as the file holds it: 4 bytes, or 8 in BigTIFF. */
export function toOffsetBytes(offset: number, isBig: boolean): Uint8Array {
  return new Uint8Array(isBig ? BigUint64Array.of(BigInt(offset)).buffer : Uint32Array.of(offset).buffer);
}

function packValues(type: TiffField[1], values: readonly number[]): Uint8Array {
  if (type === 2) return Uint8Array.from(values);
  if (type === 16) return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
  return new Uint8Array((type === 3 ? Uint16Array : Uint32Array).from(values).buffer);
}
