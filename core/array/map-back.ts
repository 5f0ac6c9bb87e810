// What a network predicted on a grid of its own, on the pixels of the image. Pixel centres are whole numbers on both.

import type { Box, Raster } from "./raster.ts";
import { sampleBilinear } from "./resample.ts";

interface Size {
  readonly height: number;
  readonly width: number;
}

/** Where the centre of pixel `i` lies on a grid `scale` times as fine. */
export function gridCoordinate(i: number, scale: number): number {
  return (i + 0.5) * scale - 0.5;
}

/**
 * Probabilities of the image's pixels in `box`, linear between those of the grid. `part`: [height, width, classes] of the grid from
 * (`y0`, `x0`) on.
 */
export function mapBack(
  part: Raster<Float32Array> & { readonly y0: number; readonly x0: number },
  box: Box,
  image: Size,
  grid: Size,
): Raster<Float32Array> {
  const height = box.y1 - box.y0;
  const width = box.x1 - box.x0;
  const { channels } = part;
  const coordinates = (start: number, end: number, scale: number, gridSide: number, origin: number): Float64Array =>
    Float64Array.from({ length: end - start }, (_, i) => Math.min(gridSide - 1, Math.max(0, gridCoordinate(start + i, scale))) - origin);
  const ys = coordinates(box.y0, box.y1, grid.height / image.height, grid.height, part.y0);
  const xs = coordinates(box.x0, box.x1, grid.width / image.width, grid.width, part.x0);
  const out = new Float32Array(height * width * channels);
  const row = new Float64Array(width);
  for (let y = 0; y < height; y++) sampleBilinear(part, row.fill(ys[y]!), xs, out, y * width * channels);
  return { height, width, channels, data: out };
}

/** The classes of a box of the grid, on the pixels of the image that lie in it: those of the nearest pixels. For previews. */
export function mapClassesBack(
  box: Box,
  classes: Uint8Array,
  image: Size,
  grid: Size,
): { readonly box: Box; readonly classes: Uint8Array<ArrayBuffer> } {
  if (image.height === grid.height && image.width === grid.width) return { box, classes: Uint8Array.from(classes) };
  const [rows, columns] = [image.height / grid.height, image.width / grid.width];
  const own = {
    y0: Math.round(box.y0 * rows),
    x0: Math.round(box.x0 * columns),
    y1: Math.round(box.y1 * rows),
    x1: Math.round(box.x1 * columns),
  };
  const [height, width] = [own.y1 - own.y0, own.x1 - own.x0];
  const nearest = (at: number, ratio: number, start: number, end: number): number =>
    Math.min(end - 1, Math.max(start, Math.floor((at + 0.5) / ratio))) - start;
  const out = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const from = nearest(own.y0 + y, rows, box.y0, box.y1) * (box.x1 - box.x0);
    for (let x = 0; x < width; x++) out[y * width + x] = classes[from + nearest(own.x0 + x, columns, box.x0, box.x1)]!;
  }
  return { box: own, classes: out };
}
