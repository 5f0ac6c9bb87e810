// Shape arithmetic of the network: which input sizes are legal, what comes out, what each layer sees. Pure integers.
// A size is legal when every pooling meets an even size and something is left at the end: 188 + 16k for 4 levels.

import { Problem } from "../problem.ts";
import { type Layer, planLayers } from "./layers.ts";
import type { UNetSpec } from "./spec.ts";

/** Height, width, channels. */
export type Shape = readonly [height: number, width: number, channels: number];

/** A layer with the shapes of what goes in and what comes out. */
export interface ShapedLayer {
  readonly layer: Layer;
  readonly input: Shape;
  readonly output: Shape;
}

/** Pixels of context at each side of the output: 92 for 4 levels. */
export function marginPx(levels: number): number {
  return levels === 0 ? 2 : 2 * marginPx(levels - 1) + 4;
}

/** Tiles must start at multiples of this to share one pooling grid, and legal sizes are this far apart: 16 for 4 levels. */
export function alignmentPx(levels: number): number {
  return 2 ** levels;
}

/** The smallest legal input side: 188 for 4 levels. Its output may be smaller than the alignment. */
export function smallestInput(levels: number): number {
  return 2 * marginPx(levels) + (levels === 1 ? 2 : 4);
}

/** The smallest input side whose output covers one step of the pooling grid: 204 for 4 levels. */
export function smallestUsableInput(levels: number): number {
  return nearestLegalInput(levels, 2 * marginPx(levels) + alignmentPx(levels));
}

export function isLegalInput(levels: number, side: number): boolean {
  const smallest = smallestInput(levels);
  return Number.isInteger(side) && side >= smallest && (side - smallest) % alignmentPx(levels) === 0;
}

/** The smallest legal input side that is at least `side`. */
export function nearestLegalInput(levels: number, side: number): number {
  const smallest = smallestInput(levels);
  const step = alignmentPx(levels);
  return smallest + Math.max(0, Math.ceil((side - smallest) / step)) * step;
}

/** Throws Problem InvalidParameter, with the nearest legal sizes, when `side` is not a legal input. */
export function assertLegalInput(levels: number, side: number, parameter = "tile"): void {
  if (isLegalInput(levels, side)) return;
  const above = nearestLegalInput(levels, Number.isFinite(side) ? side : 0);
  const below = above - alignmentPx(levels);
  const nearest = below >= smallestInput(levels) && below < side ? [below, above] : [above];
  throw new Problem(
    "InvalidParameter",
    `"${parameter}" must be ${smallestInput(levels)} + a multiple of ${alignmentPx(levels)} for ${levels} levels; got ${side}. Use ${nearest.join(" or ")}.`,
    { parameter, value: side, nearest },
  );
}

/** Output side of a legal input side. */
export function outputSide(levels: number, input: number): number {
  return input - 2 * marginPx(levels);
}

/** Every layer with its shapes for an input of `height` x `width`. Throws Problem InvalidParameter for sizes that are not legal. */
export function shapeLayers(spec: UNetSpec, height: number, width: number = height): readonly ShapedLayer[] {
  assertLegalInput(spec.levels, height);
  assertLegalInput(spec.levels, width);
  let shape: Shape = [height, width, spec.channels];
  return planLayers(spec).map((layer) => {
    const input = shape;
    shape = outputShape(layer, input);
    return { layer, input, output: shape };
  });
}

function outputShape(layer: Layer, [height, width, channels]: Shape): Shape {
  switch (layer.kind) {
    case "conv":
      return [height - 2, width - 2, layer.outputs];
    case "pool":
      return [height / 2, width / 2, channels];
    case "dropout":
      return [height, width, channels];
    case "upconv":
      return [2 * height, 2 * width, layer.outputs];
    case "concat":
      return [height, width, 2 * channels];
    case "head":
      return [height, width, layer.outputs];
  }
}
