// Every n-th pixel of a box: how an image without a pyramid is looked at from afar, without ever holding the box.

import { createTypedArray, type Raster } from "../../core/array/raster.ts";
import type { ImageSource, ReadRequest } from "../../core/source/source.ts";

/** A source that takes every n-th pixel where its pixels are, which may be another thread. */
export interface StridedSource extends ImageSource {
  readEvery(request: ReadRequest, stride: number): Promise<Raster>;
}

// Boxes up to this many numbers are read in one piece, larger ones row by row: the rows in between are never read.
const largestPiece = 2 ** 22;

/** The pixels whose row and column in the box are multiples of `stride`. */
export async function readEvery(source: ImageSource | StridedSource, request: ReadRequest, stride: number): Promise<Raster> {
  if (stride === 1) return source.read(request);
  if ("readEvery" in source) return source.readEvery(request, stride);
  const { y0, y1, x0, x1, channels } = request;
  const count = channels?.length ?? source.channels.length;
  if ((y1 - y0) * (x1 - x0) * count <= largestPiece) return takeEvery(await source.read(request), stride);
  const width = Math.ceil((x1 - x0) / stride);
  const height = Math.ceil((y1 - y0) / stride);
  const data = createTypedArray(source.dtype, width * height * count);
  for (let y = 0; y < height; y++) {
    const row = await source.read({ ...request, y0: y0 + y * stride, y1: y0 + y * stride + 1 });
    data.set(takeEvery(row, stride).data, y * width * count);
  }
  return { width, height, channels: count, data };
}

function takeEvery(raster: Raster, stride: number): Raster {
  const width = Math.ceil(raster.width / stride);
  const height = Math.ceil(raster.height / stride);
  const { channels } = raster;
  const data = raster.data.slice(0, width * height * channels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * stride * raster.width + x * stride) * channels;
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = raster.data[from + c]!;
    }
  }
  return { width, height, channels, data };
}
