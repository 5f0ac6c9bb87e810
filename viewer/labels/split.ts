// Cutting an object along a line: its pieces on both sides become objects of their own.

import { floodRuns } from "./flood.ts";
import type { Point } from "./paint.ts";

/**
 * The pieces of the object `id` when cut along the line from `a` to `b`: for each pixel of `ids` 0 (another object), or 1, 2, ...
 * The pixels of the cut itself go to the piece that reaches them first. One piece means that the line does not divide the object.
 */
export function splitObject(
  ids: Uint32Array,
  width: number,
  height: number,
  id: number,
  a: Point,
  b: Point,
): { pieces: Uint32Array; count: number } {
  const object = new Uint32Array(ids.length);
  for (let i = 0; i < ids.length; i++) object[i] = ids[i] === id ? 1 : 0;
  for (const [x, y] of cutPixels(a, b)) if (x >= 0 && y >= 0 && x < width && y < height && object[y * width + x]) object[y * width + x] = 2;
  const pieces = new Uint32Array(ids.length);
  let count = 0;
  for (let i = 0; i < object.length; i++) {
    if (object[i] !== 1 || pieces[i]) continue;
    count++;
    for (const [y, x0, x1] of floodRuns(object, width, height, i % width, Math.floor(i / width)))
      pieces.fill(count, y * width + x0, y * width + x1);
  }
  if (count === 0) return { pieces: object, count: 1 };
  growIntoCut(object, pieces, width, height);
  return { pieces, count };
}

// Steps of one pixel along x or y, never both: so the cut has no diagonal gap through which 4-connected pieces could touch.
function* cutPixels(a: Point, b: Point): Generator<[number, number]> {
  let x = Math.floor(a.x);
  let y = Math.floor(a.y);
  const x1 = Math.floor(b.x);
  const y1 = Math.floor(b.y);
  const dx = Math.abs(x1 - x);
  const dy = Math.abs(y1 - y);
  const stepX = Math.sign(x1 - x);
  const stepY = Math.sign(y1 - y);
  let error = dx - dy;
  yield [x, y];
  for (let n = dx + dy; n > 0; n--) {
    if (error > 0 || dy === 0) {
      x += stepX;
      error -= 2 * dy;
    } else {
      y += stepY;
      error += 2 * dx;
    }
    yield [x, y];
  }
}

function growIntoCut(object: Uint32Array, pieces: Uint32Array, width: number, height: number): void {
  let waiting: number[] = [];
  for (let i = 0; i < object.length; i++) if (object[i] === 2) waiting.push(i);
  while (waiting.length > 0) {
    const reached: [number, number][] = [];
    for (const i of waiting) {
      const x = i % width;
      const y = (i - x) / width;
      const piece =
        (x > 0 && pieces[i - 1]) ||
        (x + 1 < width && pieces[i + 1]) ||
        (y > 0 && pieces[i - width]) ||
        (y + 1 < height && pieces[i + width]) ||
        0;
      if (piece) reached.push([i, piece]);
    }
    if (reached.length === 0) {
      for (const i of waiting) pieces[i] = 1;
      return;
    }
    for (const [i, piece] of reached) pieces[i] = piece;
    waiting = waiting.filter((i) => !pieces[i]);
  }
}
