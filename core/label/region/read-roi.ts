// ImageJ's ROI files as regions: the pixels that ImageJ itself covers. Format: the head of ij/io/RoiDecoder (big-endian, a
// header of 64 bytes, coordinates, a second header with the name). Splines and text are not drawn anew.

import { Problem } from "../../problem.ts";
import type { Region, Shape } from "./region.ts";

export interface Roi extends Region {
  readonly name: string;
  /** Lines and points have no area; `points` are their corners. */
  readonly kind: "area" | "line" | "point";
  /** Corners x0, y0, x1, y1, ... as they are in the file; those of an area only where it is a polygon. */
  readonly points: readonly number[];
}

const headerBytes = 64;
const types = {
  polygon: 0,
  rectangle: 1,
  oval: 2,
  line: 3,
  freeline: 4,
  polyline: 5,
  freehand: 7,
  traced: 8,
  angle: 9,
  point: 10,
} as const;
const subPixels = 128;
const splineFit = 1;

/** The ROI in a file's bytes; `fileName` is told in errors, and names one that has no name. Throws Problem InvalidData. */
export function readRoi(bytes: Uint8Array, fileName: string): Roi {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const refuse = (reason: string) =>
    new Problem("InvalidData", `Expected an ImageJ ROI; ${fileName} cannot be used: ${reason}. Save it again with ImageJ.`, {
      path: fileName,
      reason,
    });
  if (bytes.length < headerBytes || view.getUint32(0) !== 0x496f7574) throw refuse("it does not begin as one");
  const type = view.getUint8(6);
  const [top, left, bottom, right] = [8, 10, 12, 14].map((at) => readWord(view, at)) as [number, number, number, number];
  const options = view.getUint16(50);
  const base = { name: readName(view) ?? fileName.replace(/\.roi$/i, "").replace(/^.*[\\/]/, "") };
  const area = (polygons: readonly Shape[], points: readonly number[] = []): Roi => ({ ...base, kind: "area", polygons, points });
  const bare = (kind: "line" | "point", points: readonly number[]): Roi => ({ ...base, kind, polygons: [], points });

  const pathWords = view.getInt32(36);
  if (pathWords > 0) {
    if (headerBytes + 4 * pathWords > bytes.length) throw refuse("it is cut");
    return area([
      readPath(
        Array.from({ length: pathWords }, (_, i) => view.getFloat32(headerBytes + 4 * i)),
        refuse,
      ),
    ]);
  }
  if (type === types.rectangle) {
    const corners = [left, top, right, top, right, bottom, left, bottom];
    return area([[view.getUint16(54) > 0 ? roundCorners({ left, top, right, bottom }, view.getUint16(54)) : corners]]);
  }
  if (type === types.oval) return area(fillOval({ left, top, right, bottom }));
  if (type === types.line) {
    return bare(
      "line",
      [18, 22, 26, 30].map((at) => view.getFloat32(at)),
    );
  }
  if (!Object.values(types).includes(type as never)) throw refuse(`its type ${type} is not known`);
  const count = view.getUint16(16) || view.getInt32(18);
  const hasSubPixels = (options & subPixels) !== 0 && view.getUint16(4) >= 222;
  const pointBytes = hasSubPixels ? 12 : 4;
  if (count <= 0 || headerBytes + pointBytes * count > bytes.length) throw refuse(`it claims ${count} corners in ${bytes.length} bytes`);
  const points: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = headerBytes + 4 * count + 4 * i;
    if (hasSubPixels) points.push(view.getFloat32(at), view.getFloat32(at + 4 * count));
    else
      points.push(
        left + Math.max(0, readWord(view, headerBytes + 2 * i)),
        top + Math.max(0, readWord(view, headerBytes + 2 * (count + i))),
      );
  }
  if (!points.every(Number.isFinite)) throw refuse("a corner is no number");
  if (type === types.point) return bare("point", points);
  if (type === types.freeline || type === types.polyline || type === types.angle) return bare("line", points);
  if ((options & splineFit) !== 0) throw refuse("it is a spline; choose Edit > Selection > Interpolate in ImageJ first");
  return area([[points]], points);
}

/** As ImageJ reads words: values below -5000 are those over 32,767. */
function readWord(view: DataView, at: number): number {
  const value = view.getInt16(at);
  return value < -5000 ? value + 65_536 : value;
}

function readName(view: DataView): string | undefined {
  const header2 = view.getInt32(60);
  if (header2 <= 0 || header2 + 24 > view.byteLength) return undefined;
  const at = view.getInt32(header2 + 16);
  const length = view.getInt32(header2 + 20);
  if (at <= 0 || length <= 0 || at + 2 * length > view.byteLength) return undefined;
  return String.fromCharCode(...Array.from({ length: Math.min(length, 1024) }, (_, i) => view.getUint16(at + 2 * i)));
}

/** The pixels whose centres are in an oval, as an outline in whole pixels: rounding a curve to corners would lose some. */
function fillOval({ left, top, right, bottom }: { left: number; top: number; right: number; bottom: number }): readonly Shape[] {
  const [rx, ry] = [(right - left) / 2, (bottom - top) / 2];
  const leftSide: number[] = [];
  const rightSide: number[] = [];
  for (let y = top; y < bottom; y++) {
    const dy = y - top + 0.5 - ry;
    const isIn = (x: number) => (x - left + 0.5 - rx) ** 2 / (rx * rx) + (dy * dy) / (ry * ry) <= 1;
    let x0 = left;
    while (x0 < right && !isIn(x0)) x0++;
    if (x0 >= right) continue;
    const x1 = right - (x0 - left);
    leftSide.push(x0, y, x0, y + 1);
    rightSide.push(x1, y, x1, y + 1);
  }
  const ring = [...rightSide];
  for (let i = leftSide.length - 2; i >= 0; i -= 2) ring.push(leftSide[i]!, leftSide[i + 1]!);
  return ring.length === 0 ? [] : [[ring]];
}

function roundCorners({ left, top, right, bottom }: { left: number; top: number; right: number; bottom: number }, arc: number): number[] {
  const rx = Math.min(arc, right - left) / 2;
  const ry = Math.min(arc, bottom - top) / 2;
  const corners: (readonly [number, number])[] = [
    [right - rx, bottom - ry],
    [left + rx, bottom - ry],
    [left + rx, top + ry],
    [right - rx, top + ry],
  ];
  return corners.flatMap(([x, y], corner) =>
    Array.from({ length: 17 }, (_, i) => ((corner + i / 16) * Math.PI) / 2).flatMap((angle) => [
      x + rx * Math.cos(angle),
      y + ry * Math.sin(angle),
    ]),
  );
}

/** The rings of a path of java.awt.geom: 0 moves, 1 draws a line, 2 and 3 curves of second and third degree, 4 closes. */
function readPath(words: readonly number[], refuse: (reason: string) => Problem): Shape {
  const rings: number[][] = [];
  let ring: number[] = [];
  const lengths = [3, 3, 5, 7, 1];
  for (let at = 0; at < words.length; ) {
    const step = words[at]!;
    const length = lengths[step];
    const values = words.slice(at + 1, at + (length ?? 1));
    if (length === undefined || values.length !== length - 1 || !values.every(Number.isFinite)) throw refuse("its path is broken");
    if (step === 0) {
      ring = [];
      rings.push(ring);
    }
    if (step <= 1) ring.push(...values);
    else if (step <= 3) bend(ring, values);
    at += length;
  }
  return rings.filter(({ length }) => length >= 6);
}

/** Adds a Bézier curve from the ring's last corner as 16 straight pieces (de Casteljau). */
function bend(ring: number[], controls: readonly number[]): void {
  const start = [ring.at(-2) ?? 0, ring.at(-1) ?? 0, ...controls];
  for (let i = 1; i <= 16; i++) {
    const t = i / 16;
    let points = start;
    while (points.length > 2) points = points.slice(0, -2).map((value, k) => value + t * (points[k + 2]! - value));
    ring.push(points[0]!, points[1]!);
  }
}
