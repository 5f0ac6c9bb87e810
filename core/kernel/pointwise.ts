// The 1x1 convolution, forward and backward: plain products over pixels.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type ConvolutionShape, planPixelGradient, planProduct, roundUp } from "./blocks.ts";
import type { Activation, ConvolutionBackwardInputs, ConvolutionInputs } from "./convolution-inputs.ts";
import type { KernelContext } from "./heap.ts";
import { copyFloats, multiplyDeep, withBias, zeroFloats } from "./product.ts";

/** y [batch, height, width, outputs] of a 1x1 convolution with bias and activation. */
export function convolve1x1(
  context: KernelContext,
  shape: ConvolutionShape,
  inputs: ConvolutionInputs,
  activation: Activation,
): TensorInfo {
  const { heap, calls, filters } = context;
  const { batch, height, width, outputs } = shape;
  const y = heap.createOutput([batch, height, width, outputs]);
  const plan = planProduct(batch * height * width, shape.inputs, outputs);
  const columns = roundUp(outputs, 8);
  withBias(context, inputs.bias, outputs, (bias) => {
    filters.withPrepared(
      inputs.filter,
      "product",
      plan.bBytes,
      (to) =>
        calls.pack({
          from: heap.addressOf(inputs.filter),
          depthStep: 4 * outputs,
          columnStep: 4,
          depth: shape.inputs,
          columns: outputs,
          to,
        }),
      (packed) => {
        heap.withScratch([plan.block * plan.cRow], (product) => {
          for (let first = 0; first < plan.rows; first += plan.block) {
            const rows = Math.min(plan.block, plan.rows - first);
            calls.multiply({
              a: heap.addressOf(inputs.x) + 4 * first * shape.inputs,
              aRow: 4 * shape.inputs,
              aStep: 0,
              b: packed,
              bPanel: 32 * shape.inputs,
              bStep: 0,
              c: product!,
              cRow: plan.cRow,
              cStep: 0,
              batch: 1,
              rows,
              panels: columns / 8,
              depth: shape.inputs,
              add: 0,
            });
            calls.finishRows({
              from: product!,
              fromRow: plan.cRow,
              to: heap.addressOf(y) + 4 * first * outputs,
              rows,
              columns: outputs,
              bias,
              relu: Number(activation === "relu"),
            });
          }
        });
      },
    );
  });
  return y;
}

/** Gradients [filter, bias, input?] of a 1x1 convolution. */
export function convolve1x1Backward(
  context: KernelContext,
  shape: ConvolutionShape,
  { x, dy, filter, y }: ConvolutionBackwardInputs,
  inputGradient: boolean,
): TensorInfo[] {
  const { heap, calls } = context;
  const { batch, height, width, inputs, outputs } = shape;
  const filterGradient = heap.createOutput([1, 1, inputs, outputs]);
  const biasGradient = heap.createOutput([outputs]);
  const dx = inputGradient ? heap.createOutput([batch, height, width, inputs]) : undefined;
  const mask = y === undefined ? 0 : heap.addressOf(y);
  const plan = planPixelGradient(batch * height * width, inputs, outputs, outputs);
  const { block, gRow, xRow, dxRow, rows: pixels } = plan;
  const columns = roundUp(outputs, 8);
  heap.withScratch(plan.sizes, (g, xCopy, dxCopy, u, sums, packed) => {
    zeroFloats(calls, sums!, columns);
    if (dx)
      calls.pack({ from: heap.addressOf(filter), depthStep: 4, columnStep: 4 * outputs, depth: outputs, columns: inputs, to: packed! });
    for (let first = 0; first < pixels; first += block) {
      const rows = Math.min(block, pixels - first);
      const at = 4 * first * outputs;
      calls.copyRows({
        from: heap.addressOf(dy) + at,
        fromRow: 4 * outputs,
        mask: mask === 0 ? 0 : mask + at,
        to: g!,
        toRow: gRow,
        rows,
        columns: outputs,
        padded: columns,
      });
      calls.sumRows({ from: g!, fromRow: gRow, rows, columns: outputs, sums: sums! });
      calls.copyRows({
        from: heap.addressOf(x) + 4 * first * inputs,
        fromRow: 4 * inputs,
        mask: 0,
        to: xCopy!,
        toRow: xRow,
        rows,
        columns: inputs,
        padded: inputs,
      });
      calls.multiplyTransposed({
        a: xCopy!,
        aRow: xRow,
        aStep: 0,
        b: g!,
        bRow: gRow,
        bStep: 0,
        c: u!,
        cRow: 4 * columns,
        cStep: 0,
        batch: 1,
        rows: inputs,
        panels: columns / 8,
        depth: rows,
        add: Number(first > 0),
      });
      if (dx) {
        multiplyDeep(context, { a: g!, aRow: gRow, b: packed!, depth: outputs, c: dxCopy!, cRow: dxRow, rows, columns: inputs });
        calls.copyRows({
          from: dxCopy!,
          fromRow: dxRow,
          mask: 0,
          to: heap.addressOf(dx) + 4 * first * inputs,
          toRow: 4 * inputs,
          rows,
          columns: inputs,
          padded: inputs,
        });
      }
    }
    calls.copyRows({
      from: u!,
      fromRow: 4 * columns,
      mask: 0,
      to: heap.addressOf(filterGradient),
      toRow: 4 * outputs,
      rows: inputs,
      columns: outputs,
      padded: outputs,
    });
    copyFloats(calls, sums!, heap.addressOf(biasGradient), outputs);
  });
  return dx ? [filterGradient, biasGradient, dx] : [filterGradient, biasGradient];
}
