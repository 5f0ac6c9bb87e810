// Outlines with fewer corners: Douglas and Peucker (Cartographica 10, 1973) on each ring, and a look whether the result is
// still a valid polygon.

import { isInside, type Outline, type Polygon, type Ring, ringArea } from "./outline.ts";

/**
 * The outline with corners left out, none of them farther than `tolerancePx` from what remains. Where rings would then cross,
 * touch or turn over, the outline as it was; so, too, with a tolerance of 0.
 */
export function simplifyOutline(outline: Outline, tolerancePx: number): Outline {
  if (tolerancePx <= 0) return outline;
  const polygons = outline.polygons.map((polygon) => polygon.map((ring) => simplifyRing(ring, tolerancePx)) as unknown as Polygon);
  return isValid(polygons) ? { id: outline.id, polygons } : outline;
}

function simplifyRing(ring: Ring, tolerancePx: number): Ring {
  const count = ring.length / 2;
  if (count <= 4) return ring;
  const keep = new Uint8Array(count);
  const far = farthest(ring, 0, count, 0).at;
  keep[0] = keep[far] = 1;
  const stack = [0, far, far, count];
  while (stack.length > 0) {
    const to = stack.pop()!;
    const from = stack.pop()!;
    const { at, distance } = farthest(ring, from, to, to % count);
    if (distance <= tolerancePx) continue;
    keep[at] = 1;
    stack.push(from, at, at, to);
  }
  const kept: number[] = [];
  for (let i = 0; i < count; i++) if (keep[i] === 1) kept.push(ring[2 * i]!, ring[2 * i + 1]!);
  return kept.length < 6 ? ring : Int32Array.from(kept);
}

/** The corner between `from` and `to` that is farthest from the segment of corner `from` and corner `end`. */
function farthest(ring: Ring, from: number, to: number, end: number): { at: number; distance: number } {
  const ax = ring[2 * from]!;
  const ay = ring[2 * from + 1]!;
  const dx = ring[2 * end]! - ax;
  const dy = ring[2 * end + 1]! - ay;
  const length = dx * dx + dy * dy;
  let at = from;
  let most = -1;
  for (let i = from + 1; i < to; i++) {
    const px = ring[2 * i]! - ax;
    const py = ring[2 * i + 1]! - ay;
    const along = length === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / length));
    const distance = (px - along * dx) ** 2 + (py - along * dy) ** 2;
    if (distance > most) {
      most = distance;
      at = i;
    }
  }
  return { at, distance: Math.sqrt(Math.max(0, most)) };
}

function isValid(polygons: readonly Polygon[]): boolean {
  for (const [outer, ...holes] of polygons) {
    if (ringArea(outer) <= 0) return false;
    for (const hole of holes) if (ringArea(hole) >= 0 || !isInside(outer, hole[0]!, hole[1]!)) return false;
  }
  return !doSegmentsMeet(polygons.flat());
}

/** True when two sides of the rings have a point in common, other than neighbours in a ring their corner. */
export function doSegmentsMeet(rings: readonly Ring[]): boolean {
  const sides = rings.flatMap((ring) => listSides(ring)).sort((a, b) => a.y0 - b.y0);
  // A sweep from top to bottom: sides that end above the next one are done.
  let active: Side[] = [];
  for (const side of sides) {
    const still: Side[] = [];
    for (const other of active) {
      if (other.y1 < side.y0) continue;
      if (other.x0 <= side.x1 && side.x0 <= other.x1 && doMeet(other, side)) return true;
      still.push(other);
    }
    still.push(side);
    active = still;
  }
  return false;
}

interface Side {
  readonly ring: Ring;
  /** Where its first corner is in the ring, and the second one. */
  readonly from: number;
  readonly to: number;
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

function listSides(ring: Ring): Side[] {
  return Array.from({ length: ring.length / 2 }, (_, i) => {
    const from = 2 * i;
    const to = (from + 2) % ring.length;
    const [ax, ay, bx, by] = [ring[from]!, ring[from + 1]!, ring[to]!, ring[to + 1]!];
    return { ring, from, to, x0: Math.min(ax, bx), y0: Math.min(ay, by), x1: Math.max(ax, bx), y1: Math.max(ay, by) };
  });
}

function doMeet(a: Side, b: Side): boolean {
  const isNext = a.ring === b.ring && (a.to === b.from || b.to === a.from);
  if (isNext) {
    const [first, second] = a.to === b.from ? [a, b] : [b, a];
    const corner = (at: number) => [first.ring[at]!, first.ring[at + 1]!] as const;
    const [p, q, r] = [corner(first.from), corner(first.to), corner(second.to)];
    // Neighbours share more than a corner only when the second goes back along the first.
    return turn(p, q, r) === 0 && (q[0] - p[0]) * (r[0] - q[0]) + (q[1] - p[1]) * (r[1] - q[1]) < 0;
  }
  const [p, q] = [cornersOf(a), cornersOf(b)];
  const [a0, a1] = [turn(p[0], p[1], q[0]), turn(p[0], p[1], q[1])];
  const [b0, b1] = [turn(q[0], q[1], p[0]), turn(q[0], q[1], p[1])];
  if (a0 === 0 && a1 === 0) return a.x0 <= b.x1 && b.x0 <= a.x1 && a.y0 <= b.y1 && b.y0 <= a.y1;
  return a0 * a1 <= 0 && b0 * b1 <= 0;
}

type Corner = readonly [number, number];

function cornersOf({ ring, from, to }: Side): readonly [Corner, Corner] {
  return [
    [ring[from]!, ring[from + 1]!],
    [ring[to]!, ring[to + 1]!],
  ];
}

/** On which side of the line from p to q the point r lies: -1, 0 or 1. */
function turn([px, py]: Corner, [qx, qy]: Corner, [rx, ry]: Corner): number {
  return Math.sign((qx - px) * (ry - py) - (qy - py) * (rx - px));
}
