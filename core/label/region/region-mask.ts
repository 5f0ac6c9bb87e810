// Which region each pixel of a row belongs to, row after row: how a walk over bands keeps to what is of interest.

import { createShapeScanner, type Region } from "./region.ts";

export interface RegionMask {
  /** The region of each pixel of row `y`, from 1 on, 0 = none; of several the first. Rows come from top to bottom. */
  readRow(y: number): Uint32Array;
}

export function createRegionMask(regions: readonly Region[], width: number): RegionMask {
  const owners = regions.flatMap(({ polygons }, region) => polygons.map(() => region + 1));
  const scanner = createShapeScanner(
    regions.flatMap(({ polygons }) => polygons),
    width,
  );
  const row = new Uint32Array(width);
  const free = new Uint32Array(width + 1);
  const runs: { region: number; x0: number; x1: number }[] = [];
  return {
    readRow: (y) => {
      row.fill(0);
      runs.length = 0;
      scanner.scanRow(y, (shape, x0, x1) => runs.push({ region: owners[shape]!, x0, x1 }));
      // The first region lies on top: each pixel is painted once, and what is painted is stepped over.
      for (let x = 0; x <= width; x++) free[x] = x;
      for (const { region, x0, x1 } of runs) {
        for (let x = findFree(free, x0); x < x1; x = findFree(free, x)) {
          row[x] = region;
          free[x] = x + 1;
        }
      }
      return row;
    },
  };
}

/** The first pixel from `x` on that nothing was painted on; the way there is made shorter for the next who asks. */
function findFree(free: Uint32Array, x: number): number {
  let at = x;
  while (free[at] !== at) {
    free[at] = free[free[at]!]!;
    at = free[at]!;
  }
  return at;
}
