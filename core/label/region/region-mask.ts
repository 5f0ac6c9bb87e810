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
  const runs: { region: number; x0: number; x1: number }[] = [];
  return {
    readRow: (y) => {
      row.fill(0);
      runs.length = 0;
      scanner.scanRow(y, (shape, x0, x1) => runs.push({ region: owners[shape]!, x0, x1 }));
      // Painted from the last region to the first, which so lies on top.
      for (const { region, x0, x1 } of runs.reverse()) row.fill(region, x0, x1);
      return row;
    },
  };
}
