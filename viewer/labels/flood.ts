// Connected pixels of one id: what the bucket fills, and what an object's pieces are. Objects are 4-connected everywhere.

import type { Box } from "../../core/array/raster.ts";
import { type LabelRaster, labelAt, readLabels } from "./label-raster.ts";
import type { Point, Run } from "./paint.ts";

/** Hands over the 4-connected pixels inside `clip` that have the id found at (x, y). */
export function runFlood(raster: LabelRaster, plane: number, x: number, y: number, clip: Box, run: Run): void {
  if (x < clip.x0 || y < clip.y0 || x >= clip.x1 || y >= clip.y1) return;
  const width = clip.x1 - clip.x0;
  const height = clip.y1 - clip.y0;
  const ids = readLabels(raster, plane, clip);
  for (const [row, x0, x1] of floodRuns(ids, width, height, x - clip.x0, y - clip.y0)) run(row + clip.y0, x0 + clip.x0, x1 + clip.x0);
}

/** The runs [y, x0, x1] of the component at (x, y) of an image of ids. Changes nothing. */
export function floodRuns(ids: Uint32Array, width: number, height: number, x: number, y: number): [number, number, number][] {
  const id = ids[y * width + x]!;
  const seen = new Uint8Array(width * height);
  const runs: [number, number, number][] = [];
  const stack = [y * width + x];
  while (stack.length > 0) {
    const at = stack.pop()!;
    if (seen[at]) continue;
    const row = Math.floor(at / width);
    let x0 = at - row * width;
    let x1 = x0 + 1;
    const start = row * width;
    while (x0 > 0 && ids[start + x0 - 1] === id && !seen[start + x0 - 1]) x0--;
    while (x1 < width && ids[start + x1] === id && !seen[start + x1]) x1++;
    seen.fill(1, start + x0, start + x1);
    runs.push([row, x0, x1]);
    for (const next of [row - 1, row + 1]) {
      if (next < 0 || next >= height) continue;
      for (let i = x0; i < x1; i++) {
        const neighbour = next * width + i;
        // Only the first pixel of each stretch is put on the stack.
        if (ids[neighbour] === id && !seen[neighbour] && (i === x0 || ids[neighbour - 1] !== id || seen[neighbour - 1]))
          stack.push(neighbour);
      }
    }
  }
  return runs;
}

/** The id under a point of the image. */
export function labelUnder(raster: LabelRaster, plane: number, point: Point): number {
  return labelAt(raster, plane, Math.floor(point.y), Math.floor(point.x));
}
