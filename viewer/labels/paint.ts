// Shapes as runs of pixels: a pixel belongs to a shape when its centre lies inside. Everything that is drawn comes down
// to `Run`s, so one function writes them all. Shapes may cross themselves (even-odd rule) and leave the image.

import type { Box } from "../../core/array/raster.ts";

/** Image coordinates: x to the right, y down, (0, 0) the upper left corner of the first pixel. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Receives the pixels x0 <= x < x1 of row y. */
export type Run = (y: number, x0: number, x1: number) => void;

/** The pixels within `radius` of the segment from `a` to `b`: one piece of a brush stroke. A brush always marks the pixel it is on. */
export function runStroke(a: Point, b: Point, radius: number, clip: Box, run: Run): void {
  const y0 = Math.max(clip.y0, Math.floor(Math.min(a.y, b.y) - radius));
  const y1 = Math.min(clip.y1, Math.ceil(Math.max(a.y, b.y) + radius) + 1);
  for (let y = y0; y < y1; y++) {
    const span = strokeSpan(a, b, radius, y + 0.5);
    if (!span) continue;
    const x0 = Math.max(clip.x0, Math.ceil(span[0] - 0.5));
    const x1 = Math.min(clip.x1, Math.floor(span[1] - 0.5) + 1);
    if (x1 > x0) run(y, x0, x1);
  }
  const x = Math.floor(b.x);
  const y = Math.floor(b.y);
  if (x >= clip.x0 && x < clip.x1 && y >= clip.y0 && y < clip.y1) run(y, x, x + 1);
}

// A capsule is convex, so a row meets it in one span: the union of its two discs' spans and its band's.
function strokeSpan(a: Point, b: Point, radius: number, y: number): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const add = (x: number): void => {
    low = Math.min(low, x);
    high = Math.max(high, x);
  };
  for (const centre of [a, b]) {
    const dy = y - centre.y;
    if (Math.abs(dy) > radius) continue;
    const half = Math.sqrt(radius * radius - dy * dy);
    add(centre.x - half);
    add(centre.x + half);
  }
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = Math.hypot(dx, dy);
  if (length > 0) {
    const nx = (-dy / length) * radius;
    const ny = (dx / length) * radius;
    const corners = [
      { x: a.x + nx, y: a.y + ny },
      { x: b.x + nx, y: b.y + ny },
      { x: b.x - nx, y: b.y - ny },
      { x: a.x - nx, y: a.y - ny },
    ];
    for (const x of crossings(corners, y)) add(x);
  }
  return low <= high ? [low, high] : undefined;
}

/** The pixels inside a closed polygon, by the even-odd rule. */
export function runPolygon(points: readonly Point[], clip: Box, run: Run): void {
  if (points.length < 3) return;
  let top = Number.POSITIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    top = Math.min(top, point.y);
    bottom = Math.max(bottom, point.y);
  }
  for (let y = Math.max(clip.y0, Math.floor(top)); y < Math.min(clip.y1, Math.ceil(bottom)); y++) {
    const xs = crossings(points, y + 0.5);
    for (let i = 0; i + 1 < xs.length; i += 2) {
      const x0 = Math.max(clip.x0, Math.ceil(xs[i]! - 0.5));
      const x1 = Math.min(clip.x1, Math.ceil(xs[i + 1]! - 0.5));
      if (x1 > x0) run(y, x0, x1);
    }
  }
}

function crossings(points: readonly Point[], y: number): number[] {
  const xs: number[] = [];
  for (let i = 0; i < points.length; i++) {
    const a = points[i]!;
    const b = points[(i + 1) % points.length]!;
    if (a.y <= y === b.y <= y) continue;
    xs.push(a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y));
  }
  return xs.sort((p, q) => p - q);
}

/** The pixels of a box given by two corners. */
export function runRectangle(a: Point, b: Point, clip: Box, run: Run): void {
  const box = boxOfCorners(a, b, clip);
  for (let y = box.y0; y < box.y1; y++) if (box.x1 > box.x0) run(y, box.x0, box.x1);
}

/** The whole pixels between two corners, inside `clip`. */
export function boxOfCorners(a: Point, b: Point, clip: Box): Box {
  return {
    y0: Math.max(clip.y0, Math.round(Math.min(a.y, b.y))),
    x0: Math.max(clip.x0, Math.round(Math.min(a.x, b.x))),
    y1: Math.min(clip.y1, Math.round(Math.max(a.y, b.y))),
    x1: Math.min(clip.x1, Math.round(Math.max(a.x, b.x))),
  };
}
