// Predicted memory of a run, by walking the layer list as the engine does and counting what is alive. The planner of tiles
// keeps it under the budget; bench/memory.ts holds it against measured peaks.

import { shapeSize } from "../unet/cost.ts";
import { countParameters, planLayers } from "../unet/layers.ts";
import { type ShapedLayer, shapeLayers } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { scratchBytes, standingBytes } from "./scratch.ts";

const floatBytes = 4;

/** Peak bytes on the backend while it predicts a tile of `height` x `width`, weights and the filters that it keeps prepared included. */
export function predictBytes(spec: UNetSpec, height: number, width: number, keepFilters = true): number {
  // Without kept filters a prediction takes what the forward walk of a training step takes.
  const pass = keepFilters ? "predict" : "forward";
  const layers = shapeLayers(spec, height, width);
  const skips = new Map<number, number>();
  const imageBytes = bytesOf(layers[0]!.input);
  let live = imageBytes;
  let peak = 0;
  let xBytes = 0; // what may be freed after the layer that reads it
  for (const shaped of layers) {
    const { layer } = shaped;
    if (layer.kind === "dropout") continue;
    const yBytes = bytesOf(shaped.output);
    live += yBytes;
    peak = Math.max(peak, live + scratchBytes(shaped, pass));
    live -= xBytes;
    xBytes = yBytes;
    if (layer.kind === "concat") live -= skips.get(layer.level)!;
    if (layer.kind === "conv" && layer.skip) {
      skips.set(layer.level, yBytes);
      xBytes = 0;
    }
  }
  return peak + weightsBytes(spec) + standingBytes(spec, pass);
}

/** Peak bytes on the backend during one training step on a tile of `height` x `width`, weights included. */
export function gradientBytes(spec: UNetSpec, height: number, width: number): number {
  const layers = shapeLayers(spec, height, width);
  const maskBytes = layers.reduce((sum, { layer, output }) => sum + (layer.kind === "dropout" ? bytesOf(output) : 0), 0);
  let live = bytesOf(layers[0]!.input) + maskBytes;
  let peak = 0;
  for (const shaped of layers) {
    live += bytesOf(shaped.output);
    peak = Math.max(peak, live + scratchBytes(shaped, "forward"));
  }
  const concats = new Map<number, number>();
  let dyBytes = bytesOf(layers.at(-1)!.output);
  live += dyBytes;
  for (const shaped of layers.toReversed()) {
    const { layer, input, output } = shaped;
    const isFirst = shaped === layers[0];
    // A concatenation's gradient is read in place by the up-convolution and the pooling that it comes from.
    const made = isFirst || layer.kind === "concat" ? 0 : bytesOf(input);
    live += made;
    peak = Math.max(peak, live + weightGradientBytes(shaped) + scratchBytes(shaped, "backward", !isFirst));
    if (layer.kind === "concat") concats.set(layer.level, dyBytes);
    else if (layer.kind !== "upconv") live -= dyBytes;
    if (layer.kind === "pool") {
      live -= concats.get(layer.level - 1)!;
      concats.delete(layer.level - 1);
    }
    live -= bytesOf(output);
    if (layer.kind !== "concat") dyBytes = made;
  }
  return peak + weightsBytes(spec) + standingBytes(spec, "forward");
}

function bytesOf(shape: ShapedLayer["input"]): number {
  return floatBytes * shapeSize(shape);
}

function weightsBytes(spec: UNetSpec): number {
  return floatBytes * countParameters(planLayers(spec));
}

function weightGradientBytes({ layer }: ShapedLayer): number {
  return "filter" in layer ? floatBytes * (layer.filter.size + layer.bias.size) : 0;
}
