// A box cut out of an array in memory.

import type { Box } from "./raster.ts";

/** The pixels of `box` of an array [rows, width, channels], as a new array. */
export function cropRows<T extends Uint8Array | Float32Array>(data: T, width: number, channels: number, { y0, x0, y1, x1 }: Box): T {
  const row = (x1 - x0) * channels;
  const out = data.slice(0, (y1 - y0) * row) as T;
  for (let y = y0; y < y1; y++) out.set(data.subarray((y * width + x0) * channels, (y * width + x1) * channels), (y - y0) * row);
  return out;
}
