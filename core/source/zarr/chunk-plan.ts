// Which chunks of an array a read meets, counted and not listed: known from the metadata, before the first is asked for.

import type { ReadPlan } from "../read-plan.ts";
import type { FullRequest, Level } from "./read-level.ts";

interface PlanFacts {
  /** Bytes of a number of the image. */
  readonly numberBytes: number;
  /** Bytes of chunks that are kept between reads. */
  readonly keptBytes: number;
  /** True where every chunk is a request to a server. */
  readonly isRequested: boolean;
}

/** The plan of one read of a level. */
export function planChunks(
  { array, axes }: Pick<Level, "array" | "axes">,
  { y0, x0, y1, x1, channels }: Omit<FullRequest, "z" | "t">,
  { numberBytes, keptBytes, isRequested }: PlanFacts,
): ReadPlan {
  const sideOf = (axis: number | undefined): number => (axis === undefined ? 1 : Math.min(array.chunkShape[axis]!, array.shape[axis]!));
  const along = (axis: number, from: number, to: number): number =>
    Math.ceil(to / array.chunkShape[axis]!) - Math.floor(from / array.chunkShape[axis]!);
  const depths = new Set(channels.map((channel) => (axes.c === undefined ? 0 : Math.floor(channel / array.chunkShape[axes.c]!)))).size;
  const count = along(axes.y, y0, y1) * along(axes.x, x0, x1) * depths;
  const bytes = count * array.chunkShape.reduce((product, side) => product * side, numberBytes);
  const pixels = (y1 - y0) * (x1 - x0);
  return {
    ...{ pieces: "chunks", count, bytes, isRequested, pixels, pixelBytes: pixels * channels.length * numberBytes },
    side: { y: sideOf(axes.y), x: sideOf(axes.x) },
    sharedPlanes: bytes <= keptBytes ? sideOf(axes.z) * sideOf(axes.t) : 1,
  };
}
