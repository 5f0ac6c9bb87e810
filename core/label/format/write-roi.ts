// Objects as ImageJ ROIs: a traced outline of whole pixels for an object of one ring, a composite for others. Format: the head
// of ij/io/RoiDecoder (big-endian, a header of 64 bytes, coordinates, a second header of 64 bytes, the name in UTF-16).

import { boxOfOutline, type Outline, type Ring } from "../shape/outline.ts";
import type { ClassStyle } from "./outline-encoder.ts";

const headerBytes = 64;
const header2Bytes = 64;
const kinds = { rectangle: 1, traced: 8 };
const version = 228;
/** Words of 16 bits that ImageJ reads back: bounds below -5000 are taken for ones over 60,535, coordinates below 0 for 0. */
const mostBound = 60_535;
const mostExtent = 32_767;

/** The bytes of one ROI; `color` is that of its outline. */
export function writeRoi(outline: Outline, name: string, color?: ClassStyle["color"]): Uint8Array<ArrayBuffer> {
  const { y0, x0, y1, x1 } = boxOfOutline(outline);
  const rings = outline.polygons.flat();
  const corners = rings.reduce((sum, ring) => sum + ring.length / 2, 0);
  const isTraced = rings.length === 1 && Math.max(x1, y1) <= mostBound && Math.max(x1 - x0, y1 - y0) <= mostExtent && corners <= mostExtent;
  const pathWords = 3 * corners + rings.length;
  const dataBytes = isTraced ? 4 * corners : 4 * pathWords;
  const bytes = new Uint8Array(headerBytes + dataBytes + header2Bytes + 2 * name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x496f7574); // "Iout"
  view.setUint16(4, version);
  view.setUint8(6, isTraced ? kinds.traced : kinds.rectangle);
  // The bounds of a composite are those of its path, where they do not fit here.
  for (const [i, value] of [y0, x0, y1, x1].entries()) view.setUint16(8 + 2 * i, Math.min(value, mostBound));
  view.setUint16(16, isTraced ? corners : 0);
  if (!isTraced) view.setInt32(36, pathWords);
  if (color !== undefined) view.setUint32(40, ((0xff << 24) | (color[0] << 16) | (color[1] << 8) | color[2]) >>> 0);
  const header2 = headerBytes + dataBytes;
  view.setInt32(60, header2);
  if (isTraced) writeCorners(view, rings[0]!, x0, y0);
  else writePath(view, rings);
  view.setInt32(header2 + 16, header2 + header2Bytes);
  view.setInt32(header2 + 20, name.length);
  for (let i = 0; i < name.length; i++) view.setUint16(header2 + header2Bytes + 2 * i, name.charCodeAt(i));
  return bytes;
}

/** All x, then all y, from the corner of the bounds. */
function writeCorners(view: DataView, ring: Ring, x0: number, y0: number): void {
  for (let i = 0; i < ring.length; i += 2) {
    view.setInt16(headerBytes + i, ring[i]! - x0);
    view.setInt16(headerBytes + ring.length + i, ring[i + 1]! - y0);
  }
}

/** A path of java.awt.geom: 0 x y moves, 1 x y draws a line, 4 closes. */
function writePath(view: DataView, rings: readonly Ring[]): void {
  let at = headerBytes;
  const add = (value: number) => {
    view.setFloat32(at, value);
    at += 4;
  };
  for (const ring of rings) {
    for (let i = 0; i < ring.length; i += 2) {
      add(i === 0 ? 0 : 1);
      add(ring[i]!);
      add(ring[i + 1]!);
    }
    add(4);
  }
}
