// The 2x2 up-convolution, stride 2: each input pixel makes four output pixels, so forward and backward are plain products over
// pixels, with a scatter or gather of the 2x2 outputs. Filters are [2, 2, outputs, inputs].

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { planPixelGradient, planProduct, roundUp, type UpConvolutionShape } from "./blocks.ts";
import type { Activation } from "./convolution-inputs.ts";
import type { KernelContext } from "./heap.ts";
import { copyFloats, multiplyDeep, withBias, zeroFloats } from "./product.ts";

/** y [batch, 2 height, 2 width, outputs], with bias and activation. */
export function upConvolve(
  context: KernelContext,
  shape: UpConvolutionShape,
  { x, filter, bias }: { readonly x: TensorInfo; readonly filter: TensorInfo; readonly bias: TensorInfo },
  activation: Activation,
): TensorInfo {
  const { heap, calls, filters } = context;
  const { batch, height, width, inputs, outputs } = shape;
  const y = heap.createOutput([batch, 2 * height, 2 * width, outputs]);
  const slot = roundUp(outputs, 8);
  const plan = planProduct(batch * height * width, inputs, 4 * slot);
  const prepare = (to: number): void => {
    for (let tap = 0; tap < 4; tap++) {
      calls.pack({
        from: heap.addressOf(filter) + 4 * tap * outputs * inputs,
        depthStep: 4,
        columnStep: 4 * inputs,
        depth: inputs,
        columns: outputs,
        to: to + 4 * tap * slot * inputs,
      });
    }
  };
  withBias(context, bias, outputs, (biasAddress) => {
    filters.withPrepared(filter, "upconv", plan.bBytes, prepare, (packed) => {
      heap.withScratch([plan.block * plan.cRow], (product) => {
        for (let first = 0; first < plan.rows; first += plan.block) {
          const count = Math.min(plan.block, plan.rows - first);
          multiplyDeep(context, {
            a: heap.addressOf(x) + 4 * first * inputs,
            aRow: 4 * inputs,
            b: packed,
            depth: inputs,
            c: product!,
            cRow: plan.cRow,
            rows: count,
            columns: 4 * slot,
          });
          calls.scatterUpConvolution({
            product: product!,
            productRow: plan.cRow,
            slot,
            y: heap.addressOf(y),
            mask: 0,
            yChannels: outputs,
            channelOffset: 0,
            width,
            channels: outputs,
            first,
            count,
            bias: biasAddress,
            relu: Number(activation === "relu"),
          });
        }
      });
    });
  });
  return y;
}

/** Inputs of the gradient. dy may be wider than y: its channels [channelOffset, channelOffset + outputs) are taken. */
export interface UpConvolutionBackwardInputs {
  readonly x: TensorInfo;
  readonly dy: TensorInfo;
  readonly filter: TensorInfo;
  readonly y?: TensorInfo | undefined;
}

/** Gradients [filter, bias, input]. With `y`, the ReLU's output, a gradient counts only where y > 0. */
export function upConvolveBackward(
  context: KernelContext,
  shape: UpConvolutionShape,
  { x, dy, filter, y }: UpConvolutionBackwardInputs,
  channelOffset: number,
): TensorInfo[] {
  const { heap, calls } = context;
  const { batch, height, width, inputs, outputs } = shape;
  const filterGradient = heap.createOutput([2, 2, outputs, inputs]);
  const biasGradient = heap.createOutput([outputs]);
  const dx = heap.createOutput([batch, height, width, inputs]);
  const columns = 4 * outputs;
  const wide = roundUp(inputs, 8);
  const plan = planPixelGradient(batch * height * width, inputs, columns, columns);
  const { block, gRow, xRow, dxRow, rows: pixels } = plan;
  heap.withScratch(plan.sizes, (g, xCopy, dxCopy, u, sums, packed) => {
    zeroFloats(calls, sums!, roundUp(columns, 8));
    calls.pack({ from: heap.addressOf(filter), depthStep: 4 * inputs, columnStep: 4, depth: columns, columns: inputs, to: packed! });
    for (let first = 0; first < pixels; first += block) {
      const count = Math.min(block, pixels - first);
      calls.gatherUpConvolution({
        product: g!,
        productRow: gRow,
        slot: outputs,
        y: heap.addressOf(dy),
        mask: y === undefined ? 0 : heap.addressOf(y),
        yChannels: dy.shape[3]!,
        channelOffset,
        width,
        channels: outputs,
        first,
        count,
        bias: 0,
        relu: 0,
      });
      calls.sumRows({ from: g!, fromRow: gRow, rows: count, columns, sums: sums! });
      calls.copyRows({
        from: heap.addressOf(x) + 4 * first * inputs,
        fromRow: 4 * inputs,
        mask: 0,
        to: xCopy!,
        toRow: xRow,
        rows: count,
        columns: inputs,
        padded: wide,
      });
      calls.multiplyTransposed({
        a: g!,
        aRow: gRow,
        aStep: 0,
        b: xCopy!,
        bRow: xRow,
        bStep: 0,
        c: u!,
        cRow: 4 * wide,
        cStep: 0,
        batch: 1,
        rows: columns,
        panels: wide / 8,
        depth: count,
        add: Number(first > 0),
      });
      multiplyDeep(context, { a: g!, aRow: gRow, b: packed!, depth: columns, c: dxCopy!, cRow: dxRow, rows: count, columns: inputs });
      calls.copyRows({
        from: dxCopy!,
        fromRow: dxRow,
        mask: 0,
        to: heap.addressOf(dx) + 4 * first * inputs,
        toRow: 4 * inputs,
        rows: count,
        columns: inputs,
        padded: inputs,
      });
    }
    calls.copyRows({
      from: u!,
      fromRow: 4 * wide,
      mask: 0,
      to: heap.addressOf(filterGradient),
      toRow: 4 * inputs,
      rows: columns,
      columns: inputs,
      padded: inputs,
    });
    // The bias is shared by the four taps.
    const tap = 4 * outputs;
    for (let i = 1; i < 4; i++) calls.sumRows({ from: sums! + i * tap, fromRow: tap, rows: 1, columns: outputs, sums: sums! });
    copyFloats(calls, sums!, heap.addressOf(biasGradient), outputs);
  });
  return [filterGradient, biasGradient, dx];
}
