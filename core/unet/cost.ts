// What a run costs in multiply-adds, from the layer list alone. The `info` table reads it.

import type { Layer } from "./layers.ts";
import { type Shape, shapeLayers } from "./shape.ts";
import type { UNetSpec } from "./spec.ts";

/** Multiply-adds of one forward pass over an input of `height` x `width`: 150.4e9 for the paper's network at 572. */
export function countMultiplyAdds(spec: UNetSpec, height: number, width: number = height): number {
  return shapeLayers(spec, height, width).reduce((sum, { layer, input, output }) => sum + layerMultiplyAdds(layer, input, output), 0);
}

/** Multiply-adds of one layer. */
export function layerMultiplyAdds(layer: Layer, input: Shape, output: Shape): number {
  switch (layer.kind) {
    case "conv":
      return output[0] * output[1] * 9 * layer.inputs * layer.outputs;
    case "upconv":
      return input[0] * input[1] * 4 * layer.inputs * layer.outputs;
    case "head":
      return output[0] * output[1] * layer.inputs * layer.outputs;
    default:
      return 0;
  }
}

/** Numbers in a map. */
export function shapeSize([height, width, channels]: Shape): number {
  return height * width * channels;
}
