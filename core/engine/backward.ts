// The backward walk: the layer list from its end to its beginning, without a tape. Each step calls one layer's gradient and
// frees the map and the gradient that no earlier layer needs: the peak is the forward's maps plus little.

import type { Tensor4D } from "@tensorflow/tfjs-core";
import { takeTurn } from "../job.ts";
import type { Layer, WeightedLayer } from "../unet/layers.ts";
import type { Trace } from "./forward.ts";
import { applyMask, convolveBackward, type LayerGradients, maxPoolBackward, upConvolveBackward } from "./ops.ts";
import type { NetworkWeights } from "./weights.ts";

/**
 * Hands the gradients of every weighted layer to `take`, last layer first, given the gradient of the loss to the logits.
 * Consumes `trace` (its maps are freed, the input and the mask are not) and `dLogits`. Throws AbortError; nothing is left over then.
 */
export async function backward(
  layers: readonly Layer[],
  weights: NetworkWeights,
  trace: Trace,
  dLogits: Tensor4D,
  take: (layer: WeightedLayer, gradients: Pick<LayerGradients, "filter" | "bias">) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { maps, mask } = trace;
  const dConcats = new Map<number, Tensor4D>();
  let dy = dLogits;
  try {
    for (let i = layers.length - 1; i >= 0; i--) {
      const layer = layers[i]!;
      const x = maps[i]!;
      const y = maps[i + 1]!;
      const dx = layerBackward(layer, weights, { x, y, dy, mask, isFirst: i === 0 }, dConcats, take);
      // The gradient of a concatenation is read once more, by the pooling of its skip.
      if (layer.kind !== "concat" && layer.kind !== "upconv") dy.dispose();
      maps.pop();
      y.dispose();
      if (dx === undefined) return;
      dy = dx;
      await takeTurn(signal);
    }
  } finally {
    for (const left of [...dConcats.values(), ...maps.slice(1), dy]) if (!left.isDisposed) left.dispose();
  }
}

interface Step {
  readonly x: Tensor4D;
  readonly y: Tensor4D;
  readonly dy: Tensor4D;
  readonly mask: Tensor4D | undefined;
  readonly isFirst: boolean;
}

/** The gradient to the layer's input; undefined at the image, which needs none. A concatenation leaves dy in `dConcats` for its skip. */
function layerBackward(
  layer: Layer,
  weights: NetworkWeights,
  { x, y, dy, mask, isFirst }: Step,
  dConcats: Map<number, Tensor4D>,
  take: (layer: WeightedLayer, gradients: LayerGradients) => void,
): Tensor4D | undefined {
  switch (layer.kind) {
    case "conv":
    case "head": {
      const gradients = convolveBackward(x, layer.kind === "head" ? undefined : y, dy, weights.of(layer).filter, !isFirst);
      take(layer, gradients);
      return gradients.input;
    }
    case "upconv": {
      const gradients = upConvolveBackward(x, y, dy, weights.of(layer).filter); // dy is the concatenation's
      take(layer, gradients);
      return gradients.input;
    }
    case "dropout":
      return applyMask(dy, mask!);
    case "concat":
      dConcats.set(layer.level, dy);
      return dy;
    case "pool": {
      // The pooled map is the skip of the level above.
      const dConcat = dConcats.get(layer.level - 1)!;
      const dx = maxPoolBackward(x, y, dy, dConcat);
      dConcat.dispose();
      dConcats.delete(layer.level - 1);
      return dx;
    }
  }
}
