// Reading an image between its pixels. Pixel (y, x) has its centre at the coordinates (y, x); outside, the image is mirrored.
// `sampleBilinear` and `sampleNearest` walk lists of coordinates (a row of a tile at a time); resizing is built on them.

import { mirrorIndex } from "./mirror.ts";
import type { LabelImage, Raster } from "./raster.ts";

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

/** The image at another size and the same extent (outer edges in place), bilinear without smoothing. A new raster. */
export function resizeBilinear(image: Raster<Float32Array>, height: number, width: number): Raster<Float32Array> {
  const out = new Float32Array(height * width * image.channels);
  const ys = new Float64Array(width);
  const xs = resizedCoordinates(image.width, width);
  resizedCoordinates(image.height, height).forEach((y, row) => {
    sampleBilinear(image, ys.fill(y), xs, out, row * width * image.channels);
  });
  return { height, width, channels: image.channels, data: out };
}

/** The label image at another size and the same extent, nearest. A new image. */
export function resizeNearest(labels: LabelImage, height: number, width: number): LabelImage {
  const out = new Uint32Array(height * width);
  const columns = Array.from(resizedCoordinates(labels.width, width), Math.round);
  resizedCoordinates(labels.height, height).forEach((y, row) => {
    const start = Math.round(y) * labels.width;
    for (let x = 0; x < width; x++) out[row * width + x] = labels.data[start + columns[x]!]!;
  });
  return { height, width, data: out };
}

/** Where the pixel centres of `to` pixels lie among `from` pixels of the same extent; never beyond the first and last. */
function resizedCoordinates(from: number, to: number): Float64Array {
  return Float64Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5)));
}
