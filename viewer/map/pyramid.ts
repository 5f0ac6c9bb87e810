// Tiles of any image at any zoom: from the levels that the file has, and by taking every n-th pixel where it has none.

import type { Raster } from "../../core/array/raster.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Plane } from "../model/plane.ts";
import { readEvery } from "../read/read-every.ts";

export const displayTileSide = 256;

/** One zoom step: pixels of the image per pixel of the tile, the level to read, and the step between pixels taken of it. */
export interface ZoomStep {
  readonly resolution: number;
  readonly level: number;
  readonly stride: number;
}

/** The zoom steps of an image, coarsest first; the coarsest fits into one tile or four. */
export function planZoomSteps(source: Pick<ImageSource, "width" | "height" | "levels">): ZoomStep[] {
  const steps: ZoomStep[] = [];
  for (const [level, { width, height }] of source.levels.entries()) {
    // The mean of both sides: levels are rounded to whole pixels.
    const resolution = Math.max(1, (source.width / width + source.height / height) / 2);
    if (level === 0 || resolution > steps.at(-1)!.resolution * 1.2)
      steps.push({ resolution: level === 0 ? 1 : resolution, level, stride: 1 });
  }
  const last = steps.at(-1)!;
  for (let stride = 2; Math.max(source.width, source.height) / (last.resolution * stride) > displayTileSide; stride *= 2) {
    steps.push({ resolution: last.resolution * stride, level: last.level, stride });
  }
  return steps.reverse();
}

/** The pixels of one tile as floats, padded with zeros at the right and bottom: `data[(y * 256 + x) * channels + c]`. */
export async function readDisplayTile(
  source: ImageSource,
  plane: Plane,
  step: ZoomStep,
  column: number,
  row: number,
  channels: readonly number[],
  signal?: AbortSignal,
): Promise<Float32Array> {
  const out = new Float32Array(displayTileSide * displayTileSide * channels.length);
  const level = source.levels[step.level]!;
  const side = displayTileSide * step.stride;
  const box = {
    y0: row * side,
    x0: column * side,
    y1: Math.min(level.height, (row + 1) * side),
    x1: Math.min(level.width, (column + 1) * side),
  };
  if (box.y1 <= box.y0 || box.x1 <= box.x0) return out;
  const request = { ...box, level: step.level, z: plane.z, t: plane.t, channels, signal };
  const raster = await readEvery(source, request, step.stride);
  const { data } = raster;
  const width = raster.width * channels.length;
  for (let y = 0; y * width < data.length; y++) out.set(data.subarray(y * width, (y + 1) * width), y * displayTileSide * channels.length);
  // What is no number is drawn as the lowest value; graphics processors differ in what they make of it.
  if (data instanceof Float32Array || data instanceof Float64Array)
    for (let i = 0; i < out.length; i++) if (Number.isNaN(out[i]!)) out[i] = lowestFloat;
  return out;
}

const lowestFloat = -3.4e38;

const reduced = new WeakMap<ImageSource, { readonly key: string; readonly raster: Promise<Raster> }>();

/**
 * A plane, all channels, made smaller so that no side is over `side` by much. Levels of the file are used where it has them.
 * The last one of each source is kept: histogram and overview of a large image are read once.
 */
export function readReduced(source: ImageSource, plane: Plane, side: number): Promise<Raster> {
  const key = `${plane.z}/${plane.t}/${side}`;
  const known = reduced.get(source);
  if (known?.key === key) return known.raster;
  const index = source.levels.findLastIndex(
    ({ width, height }) => Math.max(width, height) >= Math.min(side, Math.max(source.width, source.height)),
  );
  const level = Math.max(0, index);
  const { width, height } = source.levels[level]!;
  const stride = Math.max(1, Math.round(Math.max(width, height) / side));
  const raster = readEvery(source, { y0: 0, x0: 0, y1: height, x1: width, level, z: plane.z, t: plane.t }, stride);
  reduced.set(source, { key, raster });
  raster.catch(() => reduced.delete(source));
  return raster;
}
