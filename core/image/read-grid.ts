// An image on the network's grid: as it is, or resampled to the pixel size that the network learnt from, starting from the
// nearest finer level of its pyramid. What is read is normalised by the ranges of the whole plane.

import { normalizeRaster, type Range } from "../array/normalize.ts";
import type { Box, Raster } from "../array/raster.ts";
import { rescale, shareAxis, spanOf } from "../array/rescale.ts";
import { assertNotAborted } from "../job.ts";
import { Problem } from "../problem.ts";
import { findStep } from "../source/pyramid.ts";
import type { ImageSource, LevelStep } from "../source/source.ts";
import type { ReadBox } from "../tile/run.ts";
import { gridSize } from "./object-scale.ts";
import { measurePlane, type Plane } from "./read-image.ts";

/** A plane on a grid of its own. */
export interface GridReader {
  readonly height: number;
  readonly width: number;
  readonly ranges: readonly Range[];
  /** Normalised pixels of a box of the grid, inside it: [height, width, channels]. */
  readonly read: ReadBox;
}

export interface OpenGridOptions {
  readonly plane: Plane;
  readonly channels: number;
  /** Pixels of the image for one of the grid; 1 (the default) = as it is, 2 = half as many a side. */
  readonly pixelsPerStep?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a plane on a grid of its size over `pixelsPerStep`. Throws Problem InvalidParameter, UnsupportedImage. */
export async function openGrid(source: ImageSource, { plane, channels, pixelsPerStep = 1, signal }: OpenGridOptions): Promise<GridReader> {
  const ranges = await measurePlane(source, plane, channels, signal);
  const { height, width } = gridSize(source, pixelsPerStep);
  const level = findLevel(source, pixelsPerStep);
  const from = source.levels[level]!;
  const step = findStep(source, from);
  const extent = { height: source.height / step.y, width: source.width / step.x };
  const isFloat = source.dtype.startsWith("float");
  const isSame = extent.height === height && extent.width === width;
  const read: ReadBox = async ({ y0, x0, y1, x1 }, tileSignal, allocate) => {
    assertNotAborted(tileSignal);
    const rows = shareAxis(from.height, height, y0, y1, extent.height);
    const columns = shareAxis(from.width, width, x0, x1, extent.width);
    const [vertical, horizontal] = [spanOf(rows), spanOf(columns)];
    const box = { y0: vertical.start, x0: horizontal.start, y1: vertical.end, x1: horizontal.end };
    const part = await source.read({ ...box, ...plane, level, signal: tileSignal });
    const pixels = normalizeRaster(isSame ? part : rescale(part, box, rows, columns), ranges, allocate).data;
    if (isFloat) assertFinite(pixels, source.name);
    return pixels;
  };
  return { height, width, ranges, read };
}

/** The whole plane, normalised. */
export async function readWhole({ height, width, ranges, read }: GridReader, signal?: AbortSignal): Promise<Raster<Float32Array>> {
  return { height, width, channels: ranges.length, data: await read({ y0: 0, x0: 0, y1: height, x1: width }, signal) };
}

/** The coarsest level that is still as fine as the grid; the finest where none is. */
function findLevel(source: ImageSource, pixelsPerStep: number): number {
  const isAsFine = ({ y, x }: LevelStep): boolean => Math.max(y, x) <= pixelsPerStep * (1 + 1e-6);
  return Math.max(
    0,
    source.levels.findLastIndex((level) => isAsFine(findStep(source, level))),
  );
}

/** The level that a grid reads, and the box of it that `region` (of the full size) lies in. */
export function chooseGridPart(
  source: ImageSource,
  pixelsPerStep: number,
  region: Box | undefined,
): { readonly level: number; readonly region?: Box } {
  const level = findLevel(source, pixelsPerStep);
  if (!region) return { level };
  const { height, width } = source.levels[level]!;
  const step = findStep(source, source.levels[level]!);
  const start = (at: number, side: number, size: number): number => Math.min(size - 1, Math.floor(at / side));
  const end = (at: number, side: number, size: number): number => Math.min(size, Math.max(1, Math.ceil(at / side)));
  const y = { start: start(region.y0, step.y, height), end: end(region.y1, step.y, height) };
  const x = { start: start(region.x0, step.x, width), end: end(region.x1, step.x, width) };
  return { level, region: { y0: y.start, x0: x.start, y1: Math.max(y.end, y.start + 1), x1: Math.max(x.end, x.start + 1) } };
}

/** A coarse level may have been measured: what is not a number at the full size shows only here. */
function assertFinite(pixels: Float32Array, path: string): void {
  let sum = 0;
  for (let i = 0; i < pixels.length; i++) sum += pixels[i]!;
  if (Number.isFinite(sum)) return;
  const reason = "some of its pixels are NaN or infinite";
  throw new Problem(
    "UnsupportedImage",
    `Pixels must be finite numbers; in "${path}" ${reason}. Replace them, for example by the background value.`,
    {
      path,
      reason,
    },
  );
}
