// What a network reads of a source: one plane, its channels in the model's order, grey values measured over the whole plane, never
// over a tile. Both stories begin here, and read-grid.ts goes on.

import { createRanges, type Range } from "../array/normalize.ts";
import { takeTurn } from "../job.ts";
import { Problem } from "../problem.ts";
import { assertFound } from "../source/gaps.ts";
import type { ImageSource } from "../source/source.ts";
import { describeStack } from "./describe-planes.ts";

/** Which pixels of a source: one plane, and its channels in the order that the network knows. */
export interface Plane {
  readonly z: number;
  readonly t: number;
  /** Zero-based. */
  readonly channels: readonly number[];
}

// Rows that are measured at a time.
const stripRows = 512;

// Images of more pixels are measured at a coarser level of their pyramid, of this many pixels at least.
const largestMeasuredPx = 2 ** 26;
const leastMeasuredPx = 2 ** 20;

/** The ranges of the plane's channels: of all its pixels, or of a coarse level where there are many and there is one. Throws Problem InvalidParameter, UnsupportedImage (NaN or infinite pixels). */
export async function measurePlane(source: ImageSource, plane: Plane, channels: number, signal?: AbortSignal): Promise<readonly Range[]> {
  assertPlane(source, plane, channels);
  const level = chooseMeasuredLevel(source);
  const { height, width } = source.levels[level] ?? source;
  const measured = createRanges(source.dtype, channels);
  do {
    for (let y0 = 0; y0 < height; y0 += stripRows) {
      const box = { y0, x0: 0, y1: Math.min(height, y0 + stripRows), x1: width };
      measured.add(await source.read({ ...box, ...plane, level, signal }));
      await takeTurn(signal);
    }
  } while (measured.endPass());
  // Of a stack, an absent plane may be a dark one.
  if (source.sizeZ * source.sizeT === 1) assertFound(source);
  return measured.result(source.name);
}

/** The level by which a plane is judged as a whole: the full size, or a coarse one of large images. */
export function chooseMeasuredLevel({ height, width, levels }: Pick<ImageSource, "height" | "width" | "levels">): number {
  const isLarge = height * width > largestMeasuredPx;
  return Math.max(0, isLarge ? levels.findLastIndex((level) => level.height * level.width >= leastMeasuredPx) : 0);
}

/** Throws Problem InvalidParameter for planes that the image does not have. */
export function assertPlanes(source: ImageSource, planes: readonly Pick<Plane, "z" | "t">[]): void {
  const outside = planes.find(({ z, t }) => z >= source.sizeZ || t >= source.sizeT || z < 0 || t < 0);
  if (!outside) return;
  const { z, t } = outside;
  throw new Problem(
    "InvalidParameter",
    `"${source.name}" has planes z 0 to ${source.sizeZ - 1} and t 0 to ${source.sizeT - 1}; got z=${z}, t=${t}. Choose one with "plane".`,
    { parameter: "plane", value: `z=${z},t=${t}` },
  );
}

function assertPlane(source: ImageSource, plane: Plane, wanted: number): void {
  const { channels } = plane;
  assertPlanes(source, [plane]);
  const has = source.channels.length;
  if (channels.length === wanted && channels.every((c) => c >= 0 && c < has)) return;
  const stack = has < wanted ? describeStack(source) : undefined;
  const planes =
    stack === undefined ? "" : ` It has ${stack}; save them as channels where they are (axes CYX in tifffile, a composite in ImageJ).`;
  const example = Array.from({ length: wanted }, (_, i) => Math.min(i + 1, has)).join(",");
  const names = wanted === 1 ? "1 channel" : `${wanted} channels`;
  throw new Problem(
    "InvalidParameter",
    `The network reads ${names}; "${source.name}" has ${has}, and ${channels.map((c) => c + 1).join(",")} was chosen. Choose ${names} with "channel", for example ${example}.${planes}`,
    { parameter: "channel", value: channels.map((c) => c + 1) },
  );
}
