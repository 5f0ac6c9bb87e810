// What a training shows of itself: the prediction of a part of one of its images with the weights of the moment. It takes a
// small share of the time and changes nothing: what is learnt is the same, byte by byte, with previews and without.

import { cropRows } from "../array/crop.ts";
import { mapClassesBack } from "../array/map-back.ts";
import type { Box, Raster } from "../array/raster.ts";
import type { Network } from "../engine/network.ts";
import type { Progress } from "../job.ts";
import { writeClasses } from "../segment.ts";
import type { TilePlan } from "../tile/plan.ts";
import { runTiles } from "../tile/run.ts";
import { alignmentPx, marginPx, nearestLegalInput } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";

/** The view of the user: a box of a training image. */
export interface View {
  /** Number of the image, in the order in which they were given. */
  readonly image: number;
  readonly box: Box;
}

/** A view with the normalised pixels of its image. */
export interface PixelView extends View {
  readonly pixels: Raster<Float32Array>;
  /** How the pixels are magnified against the image of the box; default 1. */
  readonly scale?: number;
}

export type Preview = Pick<Extract<Progress, { kind: "preview" }>, "image" | "box" | "classes">;

// The longest side of a preview, and what all of them together may take of the time.
const largestSidePx = 512;
const share = 0.05;
const pauseMs = 2000;

/** Tells when a preview is due: a while after the last one, longer where they take long. */
export function createPreviewClock(now: () => number = () => performance.now()): { isDue(): boolean; took(ms: number): void } {
  let next = now() + pauseMs;
  return {
    isDue: () => now() >= next,
    took: (ms) => {
      next = now() + Math.max(pauseMs, ms / share);
    },
  };
}

/** Predicts the middle of the view with a network that holds the weights; undefined where the view lies beside the image. */
export async function predictView(
  { image, box, pixels, scale = 1 }: PixelView,
  { levels, classes }: UNetSpec,
  network: Network,
  signal?: AbortSignal,
): Promise<Preview | undefined> {
  const { height, width, channels, data } = pixels;
  const step = alignmentPx(levels);
  const [y0, y1] = cutSide(box.y0 * scale, box.y1 * scale, height, step);
  const [x0, x1] = cutSide(box.x0 * scale, box.x1 * scale, width, step);
  if (y1 <= y0 || x1 <= x0) return undefined;

  const margin = marginPx(levels);
  const tileHeight = nearestLegalInput(levels, y1 - y0 + 2 * margin);
  const tileWidth = nearestLegalInput(levels, x1 - x0 + 2 * margin);
  const core = { y0, x0, y1, x1 };
  const input = { y0: y0 - margin, x0: x0 - margin, y1: y0 - margin + tileHeight, x1: x0 - margin + tileWidth };
  const plan: TilePlan = { height, width, levels, marginPx: margin, tileHeight, tileWidth, tiles: [{ index: 0, core, input }] };
  const found = { height: y1 - y0, width: x1 - x0, channels: 1, data: new Uint8Array((y1 - y0) * (x1 - x0)) };
  const read = async (part: Box): Promise<Float32Array> => cropRows(data, width, channels, part);
  for await (const { tile, logits } of runTiles({ plan, channels, classes, read, predictors: [network.predict], signal })) {
    const at = tile.core;
    writeClasses(logits, { y0: at.y0 - y0, x0: at.x0 - x0, y1: at.y1 - y0, x1: at.x1 - x0 }, found);
  }
  const own = { height: Math.round(height / scale), width: Math.round(width / scale) };
  return { image, ...mapClassesBack(core, found.data, own, { height, width }) };
}

/** A side of the view inside the image: at most so long, around its middle, beginning on the pooling grid as every tile does. */
function cutSide(start: number, end: number, side: number, step: number): readonly [start: number, end: number] {
  const from = Math.max(0, Math.floor(start));
  const to = Math.min(side, Math.ceil(end));
  const long = Math.min(to - from, largestSidePx);
  const first = Math.floor((from + (to - from - long) / 2) / step) * step;
  return [first, Math.min(to, first + largestSidePx)];
}
