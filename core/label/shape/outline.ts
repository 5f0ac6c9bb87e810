// Outlines of objects along the edges of their pixels: closed rings that, filled again, are the same pixels. Corners are whole
// numbers; (0, 0) is the upper left corner of the first pixel, so that pixel's centre is at (0.5, 0.5), as in ImageJ and QuPath.

import type { Box } from "../../array/raster.ts";

/**
 * The corners of a closed ring, x0, y0, x1, y1, ... without the first again at the end. An outer ring runs to the right along
 * its upper edges: clockwise on the screen, counterclockwise in RFC 7946's sense (y up). Holes run the other way.
 */
export type Ring = Int32Array;

/** An outer ring, and the rings of its holes. */
export type Polygon = readonly [outer: Ring, ...holes: Ring[]];

export interface Outline {
  readonly id: number;
  /** One, unless the object is in several pieces. */
  readonly polygons: readonly Polygon[];
}

/** Twice the signed area of a ring in pixels: positive for an outer one. */
export function ringArea(ring: Ring): number {
  let sum = 0;
  let [x0, y0] = [ring[ring.length - 2]!, ring[ring.length - 1]!];
  for (let i = 0; i < ring.length; i += 2) {
    const x1 = ring[i]!;
    const y1 = ring[i + 1]!;
    sum += x0 * y1 - x1 * y0;
    x0 = x1;
    y0 = y1;
  }
  return sum;
}

/** The half-open box of an outline's pixels. */
export function boxOfOutline({ polygons }: Outline): Box {
  let [y0, x0, y1, x1] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [outer] of polygons) {
    for (let i = 0; i < outer.length; i += 2) {
      x0 = Math.min(x0, outer[i]!);
      x1 = Math.max(x1, outer[i]!);
      y0 = Math.min(y0, outer[i + 1]!);
      y1 = Math.max(y1, outer[i + 1]!);
    }
  }
  return { y0, x0, y1, x1 };
}

/** The polygons of an object's rings: each hole goes to the smallest outer ring around it. */
export function groupRings(rings: readonly Ring[]): readonly Polygon[] {
  if (rings.length === 1) return [[rings[0]!]];
  const outer = rings.map((ring) => ({ ring, area: ringArea(ring), holes: [] as Ring[] })).filter(({ area }) => area > 0);
  for (const ring of rings) {
    if (ringArea(ring) > 0) continue;
    const [x, y] = pointInHole(ring);
    let best: (typeof outer)[number] | undefined;
    for (const candidate of outer) {
      if ((best === undefined || candidate.area < best.area) && (outer.length === 1 || isInside(candidate.ring, x, y))) best = candidate;
    }
    best?.holes.push(ring);
  }
  return outer.map(({ ring, holes }) => [ring, ...holes]);
}

/** True when (x, y), which is on no edge, is inside of the ring by the even-odd rule. */
export function isInside(ring: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false;
  let [x0, y0] = [ring[ring.length - 2]!, ring[ring.length - 1]!];
  for (let i = 0; i < ring.length; i += 2) {
    const x1 = ring[i]!;
    const y1 = ring[i + 1]!;
    if (y0 <= y !== y1 <= y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
    x0 = x1;
    y0 = y1;
  }
  return inside;
}

// Along its uppermost edge a hole runs to the left; the pixel under that edge is background.
function pointInHole(ring: Ring): readonly [number, number] {
  let top = 0;
  for (let i = 2; i < ring.length; i += 2) {
    if (ring[i + 1]! < ring[top + 1]! || (ring[i + 1] === ring[top + 1] && ring[i]! < ring[top]!)) top = i;
  }
  return [ring[top]! + 0.5, ring[top + 1]! + 0.5];
}
