// The 3x3 convolution, stride 1: forward, and the gradients to filter, bias and input; by Winograd (winograd.ts) or, for few input
// channels, directly (direct.ts). The arithmetic is in assembly/, its definition in oracle.ts.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type ConvolutionShape, inputGradientShape, outputHeight, outputWidth, usesWinograd } from "./blocks.ts";
import type { Activation, ConvolutionBackwardInputs, ConvolutionInputs } from "./convolution-inputs.ts";
import { runDirect, runDirectGradient } from "./direct.ts";
import type { KernelContext } from "./heap.ts";
import { withBias } from "./product.ts";
import { runWinograd, runWinogradGradient } from "./winograd.ts";

/** y [batch, height', width', outputs] of a 3x3 convolution with bias and activation. */
export function convolve3x3(
  context: KernelContext,
  shape: ConvolutionShape,
  inputs: ConvolutionInputs,
  activation: Activation,
): TensorInfo {
  const { heap } = context;
  const y = heap.createOutput([shape.batch, outputHeight(shape), outputWidth(shape), shape.outputs]);
  const { x, filter, bias } = inputs;
  withBias(context, bias, shape.outputs, (biasAddress) => {
    const work = { x: heap.addressOf(x), mask: 0, bias: biasAddress, y: heap.addressOf(y), relu: activation === "relu" };
    if (usesWinograd(shape)) runWinograd(context, shape, filter, false, work);
    else runDirect(context, shape, filter, work);
  });
  return y;
}

/** Gradients [filter, bias, input?] of a 3x3 convolution. */
export function convolve3x3Backward(
  context: KernelContext,
  shape: ConvolutionShape,
  inputs: ConvolutionBackwardInputs,
  inputGradient: boolean,
): TensorInfo[] {
  const { heap } = context;
  const filterGradient = heap.createOutput([3, 3, shape.inputs, shape.outputs]);
  const biasGradient = heap.createOutput([shape.outputs]);
  const run = usesWinograd(shape) ? runWinogradGradient : runDirectGradient;
  run(context, shape, inputs, heap.addressOf(filterGradient), heap.addressOf(biasGradient));
  if (!inputGradient) return [filterGradient, biasGradient];
  const dx = heap.createOutput([shape.batch, shape.height, shape.width, shape.inputs]);
  withBias(context, undefined, shape.inputs, (bias) => {
    runWinograd(context, inputGradientShape(shape), inputs.filter, true, {
      x: heap.addressOf(inputs.dy),
      mask: inputs.y === undefined ? 0 : heap.addressOf(inputs.y),
      bias,
      y: heap.addressOf(dx),
      relu: false,
    });
  });
  return [filterGradient, biasGradient, dx];
}
