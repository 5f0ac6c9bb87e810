// Which strips or tiles of a page a read meets, counted and not listed: known from the layout, before the first is asked for.

import { createTypedArray } from "../../array/raster.ts";
import type { ReadPlan } from "../read-plan.ts";
import type { ReadRequest } from "../source.ts";
import type { PageLayout } from "./layout.ts";

/** The plan of one read of a page like this. `sets`: how many blocks lie at the same place, of other samples or pages. */
export function planBlocks(
  { tiled, compression, blockHeight, blockWidth, rowBytes, width, height, dtype }: PageLayout,
  { y0, x0, y1, x1 }: ReadRequest,
  { sets, channels }: { readonly sets: number; readonly channels: number },
): ReadPlan {
  const along = (side: number, from: number, to: number): number => Math.ceil(to / side) - Math.floor(from / side);
  const columns = along(blockWidth, x0, x1) * sets;
  const count = along(blockHeight, y0, y1) * columns;
  // Of uncompressed blocks only the rows that are wanted are read.
  const rows = compression === 1 ? y1 - y0 : along(blockHeight, y0, y1) * blockHeight;
  const pixels = (y1 - y0) * (x1 - x0);
  const { byteLength: numberBytes } = createTypedArray(dtype, 1);
  return {
    ...{ pieces: tiled ? "tiles" : "strips", count, bytes: rows * columns * rowBytes, sharedPlanes: 1 },
    side: { y: Math.min(blockHeight, height), x: Math.min(blockWidth, width) },
    // Far files are read in larger blocks, which neighbours share.
    ...{ isRequested: false, pixels, pixelBytes: pixels * channels * numberBytes },
  };
}
