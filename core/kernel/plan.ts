// What the kernels take of memory beside the tensors, by walking the blocks that they will run: scratch of one call, and prepared
// filters that inference keeps. The planner of tiles and workers counts with it; a test holds it against the real allocations.

import { planLayers } from "../unet/layers.ts";
import type { UNetSpec } from "../unet/spec.ts";
import {
  type ConvolutionShape,
  countOutputs,
  inputGradientShape,
  oddLines,
  planDirectGradient,
  planPixelGradient,
  planProduct,
  planWinograd,
  planWinogradGradient,
  roundUp,
  type UpConvolutionShape,
  usesWinograd,
} from "./blocks.ts";

/** Which kernel, for `kernelScratchBytes`. */
export type KernelWork =
  | { readonly kind: "conv3x3" | "conv1x1"; readonly shape: ConvolutionShape; readonly keptFilter?: boolean }
  | { readonly kind: "conv3x3-backward" | "conv1x1-backward"; readonly shape: ConvolutionShape; readonly inputGradient?: boolean }
  | { readonly kind: "upconv"; readonly shape: UpConvolutionShape; readonly keptFilter?: boolean }
  | { readonly kind: "upconv-backward"; readonly shape: UpConvolutionShape };

/** The most bytes that a kernel has allocated at one time beside its inputs, its outputs and kept filters. */
export function kernelScratchBytes(work: KernelWork): number {
  const slack = 2048; // cache lines that allocations are rounded up to
  switch (work.kind) {
    case "conv3x3": {
      const { shape, keptFilter = false } = work;
      if (usesWinograd(shape)) return winogradScratch(shape, keptFilter) + slack;
      const depth = 9 * shape.inputs;
      const plan = planProduct(countOutputs(shape), depth, shape.outputs);
      return plan.block * (4 * depth + plan.cRow) + (keptFilter ? 0 : plan.bBytes) + 4 * roundUp(shape.outputs, 8) + slack;
    }
    case "conv3x3-backward": {
      const { shape, inputGradient = true } = work;
      const plan = planWinogradGradient(shape);
      const columns = roundUp(shape.outputs, 8);
      const filter = usesWinograd(shape)
        ? plan.vBytes + plan.dBytes + plan.uBytes + plan.tmpBytes + 8 * columns
        : planDirectGradient(shape).sizes.reduce((sum, bytes) => sum + bytes, 0);
      return Math.max(filter, inputGradient ? winogradScratch(inputGradientShape(shape), false) : 0) + slack;
    }
    case "conv1x1": {
      const { shape, keptFilter = false } = work;
      const plan = planProduct(shape.batch * shape.height * shape.width, shape.inputs, shape.outputs);
      return plan.block * plan.cRow + (keptFilter ? 0 : plan.bBytes) + 4 * roundUp(shape.outputs, 8) + slack;
    }
    case "conv1x1-backward": {
      const { shape } = work;
      return pixelGradientScratch(shape.batch * shape.height * shape.width, shape.inputs, shape.outputs, shape.outputs) + slack;
    }
    case "upconv": {
      const { shape, keptFilter = false } = work;
      const slot = roundUp(shape.outputs, 8);
      const plan = planProduct(shape.batch * shape.height * shape.width, shape.inputs, 4 * slot);
      return plan.block * plan.cRow + (keptFilter ? 0 : plan.bBytes) + 4 * slot + slack;
    }
    case "upconv-backward": {
      const { shape } = work;
      return pixelGradientScratch(shape.batch * shape.height * shape.width, shape.inputs, 4 * shape.outputs, 4 * shape.outputs) + slack;
    }
  }
}

function winogradScratch(shape: ConvolutionShape, keptFilter: boolean): number {
  const plan = planWinograd(shape, keptFilter);
  return plan.vBytes + plan.mBytes + plan.tmpBytes + (keptFilter ? 0 : plan.uBytes) + 4 * roundUp(shape.outputs, 8);
}

function pixelGradientScratch(rows: number, inputs: number, columns: number, sumColumns: number): number {
  return planPixelGradient(rows, inputs, columns, sumColumns).sizes.reduce((sum, bytes) => sum + bytes + 64, 0);
}

/** Bytes of a 3x3 filter prepared for the forward pass. */
export function preparedFilterBytes(inputs: number, outputs: number): number {
  const columns = roundUp(outputs, 8);
  return usesWinograd({ inputs }) ? 36 * oddLines(4 * inputs * columns) : 4 * 9 * inputs * columns;
}

/** Bytes of all prepared filters of a network in inference: 452 MB for the 3x3 ones of the paper's. */
export function filterCacheBytesFor(spec: UNetSpec): number {
  let bytes = 0;
  for (const layer of planLayers(spec)) {
    if (layer.kind === "conv") bytes += preparedFilterBytes(layer.inputs, layer.outputs) + 64;
    if (layer.kind === "upconv") bytes += 4 * layer.inputs * 4 * roundUp(layer.outputs, 8) + 64;
    if (layer.kind === "head") bytes += 4 * layer.inputs * roundUp(layer.outputs, 8) + 64;
  }
  return bytes;
}
