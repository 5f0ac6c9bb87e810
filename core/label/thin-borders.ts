// Borders between objects thinned to nothing: where the truth has an object, each pixel of background joins the object that is
// nearest. ISBI 2012 thins borders before it measures V_rand, so that their width does not count.

import type { LabelImage } from "../array/raster.ts";

/**
 * Returns the labels with background of `where` (non-zero) given to the nearest object, by the distance of pixel centres. Of equally
 * near ones, the one that is fewer columns away, then the left, then the upper one. Without any object nothing changes.
 */
export function thinBorders(labels: LabelImage, where: ArrayLike<number>): LabelImage {
  const { height, width, data } = labels;
  const { above, below } = findNearestRows(labels);
  const out = Uint32Array.from(data);
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== 0 || where[i] === 0) continue;
    const y = Math.floor(i / width);
    const x = i % width;
    let nearest = Number.POSITIVE_INFINITY;
    const look = (row: number, column: number): void => {
      const distance = (row - y) ** 2 + (column - x) ** 2;
      if (row < 0 || row >= height || distance >= nearest) return;
      nearest = distance;
      out[i] = data[row * width + column]!;
    };
    for (let dx = 0; dx * dx < nearest && dx < width; dx++) {
      for (const column of dx === 0 ? [x] : [x - dx, x + dx]) {
        if (column < 0 || column >= width) continue;
        look(above[y * width + column]!, column);
        look(below[y * width + column]!, column);
      }
    }
  }
  return { height, width, data: out };
}

/** Of each pixel the nearest row at or above it, and at or below it, where its column has an object; -1 or `height` where none has. */
function findNearestRows({ height, width, data }: LabelImage): { readonly above: Int32Array; readonly below: Int32Array } {
  const above = new Int32Array(data.length);
  const below = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    above[i] = data[i] !== 0 ? Math.floor(i / width) : i < width ? -1 : above[i - width]!;
  }
  for (let i = data.length - 1; i >= 0; i--) {
    below[i] = data[i] !== 0 ? Math.floor(i / width) : i + width >= data.length ? height : below[i + width]!;
  }
  return { above, below };
}
