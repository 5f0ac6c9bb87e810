// Memory beside the maps, for our kernels: what one needs while it runs, and the prepared filters that stay as long as the
// weights do (in prediction only: training has new weights at every step).

import { filterCacheBytesFor, kernelScratchBytes } from "../kernel/plan.ts";
import type { ShapedLayer } from "../unet/shape.ts";
import type { UNetSpec } from "../unet/spec.ts";

/** predict: filters are kept; forward and backward: a training step. */
export type Pass = "predict" | "forward" | "backward";

/** Bytes that the kernel of a layer has at one time beside its inputs and outputs. */
export function scratchBytes({ layer, input: [height, width] }: ShapedLayer, pass: Pass, needsInputGradient = true): number {
  if (!("filter" in layer)) return 0;
  const { inputs, outputs } = layer;
  const size = { batch: 1, height, width, inputs, outputs };
  const keptFilter = pass === "predict";
  switch (layer.kind) {
    case "conv":
    case "head": {
      const shape = { ...size, padding: 0 };
      const side = layer.kind === "conv" ? "conv3x3" : "conv1x1";
      return pass === "backward"
        ? kernelScratchBytes({ kind: `${side}-backward`, shape, inputGradient: needsInputGradient })
        : kernelScratchBytes({ kind: side, shape, keptFilter });
    }
    case "upconv":
      return pass === "backward"
        ? kernelScratchBytes({ kind: "upconv-backward", shape: size })
        : kernelScratchBytes({ kind: "upconv", shape: size, keptFilter });
  }
}

/** Bytes that stay until the weights go. */
export function standingBytes(spec: UNetSpec, pass: Pass): number {
  return pass === "predict" ? filterCacheBytesFor(spec) : 0;
}
