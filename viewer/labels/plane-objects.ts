// The objects of a plane of labels, counted tile by tile: only what is drawn is walked, however large the image is.

import type { LabelObject } from "../../core/label/objects.ts";
import { ignoreId, type LabelRaster, tilePosition } from "./label-raster.ts";

/** The objects of a plane, by id, "ignore" left out; equal to `listObjects` of the whole plane. */
export function listPlaneObjects(raster: LabelRaster, plane: number): readonly LabelObject[] {
  const found = new Map<number, Sums>();
  for (const [key, tile] of raster.tiles) {
    const at = tilePosition(raster, key);
    if (at.plane !== plane) continue;
    let last: Sums | undefined;
    for (let i = 0; i < tile.length; i++) {
      const id = tile[i]!;
      if (id === 0 || id === ignoreId) continue;
      if (last?.id !== id) last = findSums(found, id);
      const y = (at.row << 8) + (i >> 8);
      const x = (at.column << 8) + (i & 255);
      last.area++;
      last.sumY += y;
      last.sumX += x;
      if (y < last.y0) last.y0 = y;
      if (y >= last.y1) last.y1 = y + 1;
      if (x < last.x0) last.x0 = x;
      if (x >= last.x1) last.x1 = x + 1;
    }
  }
  return Array.from(found.values(), ({ id, area, sumY, sumX, y0, x0, y1, x1 }) => ({
    id,
    areaPx: area,
    box: { y0, x0, y1, x1 },
    centre: { y: sumY / area, x: sumX / area },
  })).sort((a, b) => a.id - b.id);
}

interface Sums {
  readonly id: number;
  area: number;
  sumY: number;
  sumX: number;
  y0: number;
  x0: number;
  y1: number;
  x1: number;
}

function findSums(found: Map<number, Sums>, id: number): Sums {
  const known = found.get(id);
  if (known) return known;
  const sums = { id, area: 0, sumY: 0, sumX: 0, y0: Number.POSITIVE_INFINITY, x0: Number.POSITIVE_INFINITY, y1: 0, x1: 0 };
  found.set(id, sums);
  return sums;
}
