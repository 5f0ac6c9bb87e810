// The forward walk: the layer list, from image to logits, one op a layer, a turn for the event loop after each.
// `predict` frees each map as soon as no later layer needs it; `forward` keeps them all for the backward walk.

import type { Tensor4D } from "@tensorflow/tfjs-core";
import { takeTurn } from "../job.ts";
import type { ConcatLayer, Layer } from "../unet/layers.ts";
import { applyMask, convolve, cropConcat, maxPool, upConvolve } from "./ops.ts";
import type { NetworkWeights } from "./weights.ts";

/** Logits [1, height, width, classes] of `input` [1, height, width, channels]. The input is left to the caller. Throws AbortError. */
export async function predict(layers: readonly Layer[], weights: NetworkWeights, input: Tensor4D, signal?: AbortSignal): Promise<Tensor4D> {
  const skips = new Map<number, Tensor4D>();
  let x = input;
  try {
    for (const layer of layers) {
      if (layer.kind === "dropout") continue;
      const y = runLayer(layer, weights, x, skips);
      if (x !== input && ![...skips.values()].includes(x)) x.dispose();
      if (layer.kind === "concat") takeSkip(skips, layer).dispose();
      if (layer.kind === "conv" && layer.skip) skips.set(layer.level, y);
      x = y;
      await takeTurn(signal);
    }
    return x;
  } catch (error) {
    for (const map of new Set([x, ...skips.values()])) if (map !== input) map.dispose();
    throw error;
  }
}

/** The input and the output of every layer, kept by the forward walk for the backward walk. */
export interface Trace {
  /** maps[0] is the input, maps[i + 1] the output of layer i. */
  readonly maps: Tensor4D[];
  /** The dropout mask, where the network drops. */
  readonly mask?: Tensor4D | undefined;
}

/** Runs all layers and keeps every map. The trace owns what it holds, except the input and the mask. Throws AbortError. */
export async function forward(
  layers: readonly Layer[],
  weights: NetworkWeights,
  input: Tensor4D,
  mask: Tensor4D | undefined,
  signal?: AbortSignal,
): Promise<Trace> {
  const maps = [input];
  const skips = new Map<number, Tensor4D>();
  try {
    for (const layer of layers) {
      const x = maps.at(-1)!;
      const y = layer.kind === "dropout" ? applyMask(x, mask!) : runLayer(layer, weights, x, skips);
      maps.push(y);
      if (layer.kind === "conv" && layer.skip) skips.set(layer.level, y);
      await takeTurn(signal);
    }
    return { maps, mask };
  } catch (error) {
    for (const map of maps) if (map !== input) map.dispose();
    throw error;
  }
}

function runLayer(
  layer: Exclude<Layer, { kind: "dropout" }>,
  weights: NetworkWeights,
  x: Tensor4D,
  skips: Map<number, Tensor4D>,
): Tensor4D {
  switch (layer.kind) {
    case "conv":
    case "head": {
      const { filter, bias } = weights.of(layer);
      return convolve(x, filter, bias, layer.kind === "head" ? "linear" : "relu");
    }
    case "pool":
      return maxPool(x);
    case "upconv": {
      const { filter, bias } = weights.of(layer);
      return upConvolve(x, filter, bias);
    }
    case "concat":
      return cropConcat(skips.get(layer.level)!, x);
  }
}

function takeSkip(skips: Map<number, Tensor4D>, layer: ConcatLayer): Tensor4D {
  const skip = skips.get(layer.level)!;
  skips.delete(layer.level);
  return skip;
}
