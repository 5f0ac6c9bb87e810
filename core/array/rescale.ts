// An image on a coarser or finer grid of the same extent. Coarser: each pixel is the mean of the area it covers, so intensity
// is kept; finer: linear between pixel centres. Half-pixel centres, so nothing shifts. Rows and columns separately; parts of an
// image give the numbers that the whole would.

import type { Box, Raster, TypedArray } from "./raster.ts";

/** For each pixel of the new grid the pixels of the old one that it is made of, with their shares. */
export interface AxisShares {
  /** First pixel of the old grid, for each new one. */
  readonly first: Int32Array;
  /** Shares of the pixels from there on, `width` a pixel; 0 where fewer count. */
  readonly shares: Float64Array;
  readonly width: number;
}

/**
 * Shares for the new pixels `start` to `end` where `from` old pixels become `to` new ones. `extent`: how many old pixels the new
 * ones cover together, where the last old pixel reaches farther than they do, or less far.
 */
export function shareAxis(from: number, to: number, start: number, end: number, extent = from): AxisShares {
  const ratio = extent / to;
  const width = ratio > 1 ? Math.ceil(ratio) + 1 : 2;
  const first = new Int32Array(end - start);
  const shares = new Float64Array((end - start) * width);
  for (let i = start; i < end; i++) {
    const at = i - start;
    if (ratio > 1) {
      const low = i * ratio;
      const high = Math.min(from, low + ratio);
      first[at] = Math.min(from - 1, Math.floor(low));
      for (let k = 0; k < width; k++) {
        const pixel = first[at] + k;
        shares[at * width + k] = Math.max(0, Math.min(high, pixel + 1) - Math.max(low, pixel)) / (high - low);
      }
    } else {
      const centre = Math.min(from - 1, Math.max(0, (i + 0.5) * ratio - 0.5));
      first[at] = Math.min(Math.floor(centre), Math.max(0, from - 2));
      const part = centre - first[at];
      shares[at * width] = 1 - part;
      if (from > 1) shares[at * width + 1] = part;
    }
  }
  return { first, shares, width };
}

/** The old pixels that have a share, half-open. */
export function spanOf({ first, shares, width }: AxisShares): { readonly start: number; readonly end: number } {
  let end = 0;
  for (let i = 0; i < first.length; i++) {
    for (let k = 0; k < width; k++) if (shares[i * width + k] !== 0) end = Math.max(end, first[i]! + k + 1);
  }
  return { start: first[0]!, end };
}

/** The new pixels of rows and columns, from `part`, the old pixels of `box`. All channels; [rows, columns, channels]. */
export function rescale(part: Raster<TypedArray>, box: Box, rows: AxisShares, columns: AxisShares): Raster<Float32Array> {
  const { channels } = part;
  const height = rows.first.length;
  const width = columns.first.length;
  const oldWidth = box.x1 - box.x0;
  const oldHeight = box.y1 - box.y0;
  const narrow = new Float64Array(oldHeight * width * channels);
  for (let y = 0; y < oldHeight; y++) {
    for (let x = 0; x < width; x++) {
      const from = columns.first[x]! - box.x0;
      for (let k = 0; k < columns.width; k++) {
        const share = columns.shares[x * columns.width + k]!;
        if (share === 0) continue;
        const at = (y * oldWidth + from + k) * channels;
        for (let c = 0; c < channels; c++) narrow[(y * width + x) * channels + c]! += share * part.data[at + c]!;
      }
    }
  }
  const out = new Float32Array(height * width * channels);
  const row = new Float64Array(width * channels);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let k = 0; k < rows.width; k++) {
      const share = rows.shares[y * rows.width + k]!;
      if (share === 0) continue;
      const at = (rows.first[y]! - box.y0 + k) * row.length;
      for (let i = 0; i < row.length; i++) row[i]! += share * narrow[at + i]!;
    }
    out.set(row, y * row.length);
  }
  return { height, width, channels, data: out };
}

interface Size {
  readonly height: number;
  readonly width: number;
}

/** A whole image on a grid of another size. */
export function rescaleTo(image: Raster<TypedArray>, { height, width }: Size): Raster<Float32Array> {
  const box = { y0: 0, x0: 0, y1: image.height, x1: image.width };
  return rescale(image, box, shareAxis(image.height, height, 0, height), shareAxis(image.width, width, 0, width));
}

/** A drawing of one channel on a grid of another size: each pixel has the value of the old one that its centre lies in. */
export function pickNearest<T extends Size & { readonly data: TypedArray }>(drawing: T, { height, width }: Size): T {
  const { data } = drawing;
  const out = new (data.constructor as new (length: number) => TypedArray)(height * width);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * drawing.width) / width));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * drawing.height) / height) * drawing.width;
    for (let x = 0; x < width; x++) out[y * width + x] = data[row + columns[x]!]!;
  }
  return { ...drawing, height, width, data: out };
}
