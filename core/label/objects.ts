// What a label image holds: its objects with area, box, centre and class.

import type { Box, LabelImage } from "../array/raster.ts";

/** One object of a label image. Positions are in pixels; pixel (y, x) has its centre at the coordinates (y, x). */
export interface LabelObject {
  readonly id: number;
  readonly areaPx: number;
  readonly box: Box;
  readonly centre: { readonly y: number; readonly x: number };
  /** The class of its first pixel in reading order; absent without a class map. */
  readonly class?: number;
}

/** The objects of a label image in the reading order of their first pixels. Ids may be any numbers and need not be in order. */
export function listObjects({ height, width, data }: LabelImage, classes?: Uint8Array): readonly LabelObject[] {
  const found = new Map<number, Sums>();
  let last: Sums | undefined;
  let lastId = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const id = data[i]!;
      if (id === 0) continue;
      if (id !== lastId || last === undefined) {
        last = found.get(id);
        lastId = id;
        if (last === undefined) {
          last = { id, first: i, area: 0, sumY: 0, sumX: 0, y0: y, x0: x, y1: y, x1: x };
          found.set(id, last);
        }
      }
      last.area++;
      last.sumY += y;
      last.sumX += x;
      if (x < last.x0) last.x0 = x;
      if (x > last.x1) last.x1 = x;
      last.y1 = y;
    }
  }
  return Array.from(found.values(), ({ id, first, area, sumY, sumX, y0, x0, y1, x1 }) => {
    const object = { id, areaPx: area, box: { y0, x0, y1: y1 + 1, x1: x1 + 1 }, centre: { y: sumY / area, x: sumX / area } };
    return classes === undefined ? object : { ...object, class: classes[first]! };
  });
}

interface Sums {
  readonly id: number;
  readonly first: number;
  area: number;
  sumY: number;
  sumX: number;
  readonly y0: number;
  x0: number;
  y1: number;
  x1: number;
}
