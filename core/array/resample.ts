// Reading an image between its pixels. Pixel (y, x) has its centre at the coordinates (y, x); outside, the image is mirrored.
// `sampleBilinear` and `nearestPixels` walk lists of coordinates, a row of a tile at a time.

import { mirrorIndex } from "./mirror.ts";
import type { Raster } from "./raster.ts";

/** Writes the image's values at the points `(ys[i], xs[i])`, all channels of a point together, from `out[offset]` on. */
export function sampleBilinear(image: Raster<Float32Array>, ys: Float64Array, xs: Float64Array, out: Float32Array, offset = 0): void {
  const { height, width, channels, data } = image;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i]!;
    const x = xs[i]!;
    let y0 = Math.floor(y);
    let x0 = Math.floor(x);
    const fy = y - y0;
    const fx = x - x0;
    let y1 = y0 + 1;
    let x1 = x0 + 1;
    if (y0 < 0 || x0 < 0 || y1 >= height || x1 >= width) {
      y0 = mirrorIndex(y0, height);
      y1 = mirrorIndex(y1, height);
      x0 = mirrorIndex(x0, width);
      x1 = mirrorIndex(x1, width);
    }
    const a = (y0 * width + x0) * channels;
    const b = (y0 * width + x1) * channels;
    const c = (y1 * width + x0) * channels;
    const d = (y1 * width + x1) * channels;
    const at = offset + i * channels;
    for (let k = 0; k < channels; k++) {
      const top = data[a + k]! + (data[b + k]! - data[a + k]!) * fx;
      const bottom = data[c + k]! + (data[d + k]! - data[c + k]!) * fx;
      out[at + k] = top + (bottom - top) * fy;
    }
  }
}

/** Writes the index of the pixel nearest to each point, -1 outside of the image. Halves go down and right. */
export function nearestPixels(
  size: { readonly height: number; readonly width: number },
  ys: Float64Array,
  xs: Float64Array,
  out: Int32Array,
): void {
  const { height, width } = size;
  for (let i = 0; i < ys.length; i++) {
    const y = Math.floor(ys[i]! + 0.5);
    const x = Math.floor(xs[i]! + 0.5);
    out[i] = y >= 0 && x >= 0 && y < height && x < width ? y * width + x : -1;
  }
}
