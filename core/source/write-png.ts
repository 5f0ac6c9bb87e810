// PNG out: 8 or 16-bit, grey, grey with alpha, RGB or RGBA.

import type { Raster } from "../array/raster.ts";
import { Problem } from "../problem.ts";

/** The bytes of a PNG of this raster. Throws Problem InvalidData for other number types and more than four channels. */
export async function writePng({ width, height, channels, data }: Raster): Promise<Uint8Array> {
  const fits = data.length === width * height * channels && channels >= 1 && channels <= 4;
  if (!fits || !(data instanceof Uint8Array || data instanceof Uint16Array)) {
    const reason = "not 8 or 16-bit with 1 to 4 channels";
    const got = `${data.constructor.name} of ${data.length} for ${width}x${height}x${channels}`;
    throw new Problem("InvalidData", `Expected 8 or 16-bit pixels with 1 to 4 channels; got ${got}. Write a TIFF instead.`, { reason });
  }
  const { encode } = await import("fast-png");
  return encode({ width, height, channels, depth: data instanceof Uint16Array ? 16 : 8, data });
}
