// Ignore masks: one byte a pixel, non-zero = counts for nothing. Whatever reads annotations hides what lies under the mask
// before anything else, so that what is written there changes nothing.

import type { TypedArray } from "./raster.ts";

/** The numbers with 0 where `ignore` is not 0; the very same array without a mask. */
export function hideIgnored<T extends TypedArray>(data: T, ignore: Uint8Array | undefined): T {
  if (ignore === undefined) return data;
  const out = data.slice() as T;
  for (let i = 0; i < out.length; i++) if (ignore[i] !== 0) out[i] = 0;
  return out;
}
