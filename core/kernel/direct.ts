// 3x3 convolutions of few input channels, where Winograd's transforms would cost more than they save: the nine taps of some
// pixels are gathered into rows of one plain product.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type ConvolutionShape, countOutputs, outputHeight, outputWidth, planDirectGradient, planProduct, roundUp } from "./blocks.ts";
import type { ConvolutionBackwardInputs, ConvolutionWork } from "./convolution-inputs.ts";
import type { KernelContext } from "./heap.ts";
import { copyFloats, zeroFloats } from "./product.ts";

/** Writes the convolution of `work.x` to `work.y`. */
export function runDirect(context: KernelContext, shape: ConvolutionShape, filter: TensorInfo, work: ConvolutionWork): void {
  const { heap, calls, filters } = context;
  const { outputs } = shape;
  const depth = 9 * shape.inputs;
  const plan = planProduct(countOutputs(shape), depth, outputs);
  const run = (packed: number, patches: number, product: number): void => {
    for (let first = 0; first < plan.rows; first += plan.block) {
      const rows = Math.min(plan.block, plan.rows - first);
      gatherPatches(calls, shape, work.x, first, rows, patches);
      calls.multiply({
        a: patches,
        aRow: 4 * depth,
        aStep: 0,
        b: packed,
        bPanel: 32 * depth,
        bStep: 0,
        c: product,
        cRow: plan.cRow,
        cStep: 0,
        batch: 1,
        rows,
        panels: Math.ceil(outputs / 8),
        depth,
        add: 0,
      });
      calls.finishRows({
        from: product,
        fromRow: plan.cRow,
        to: work.y + 4 * first * outputs,
        rows,
        columns: outputs,
        bias: work.bias,
        relu: Number(work.relu),
      });
    }
  };
  filters.withPrepared(
    filter,
    "direct",
    plan.bBytes,
    (to) => calls.pack({ from: heap.addressOf(filter), depthStep: 4 * outputs, columnStep: 4, depth, columns: outputs, to }),
    (packed) => heap.withScratch([plan.block * 4 * depth, plan.block * plan.cRow], (patches, product) => run(packed, patches!, product!)),
  );
}

// The nine taps of each of the output pixels [first, first + count).
function gatherPatches(calls: KernelContext["calls"], shape: ConvolutionShape, x: number, first: number, count: number, to: number): void {
  calls.gatherPatches({
    x,
    height: shape.height,
    width: shape.width,
    channels: shape.inputs,
    padding: shape.padding,
    outHeight: outputHeight(shape),
    outWidth: outputWidth(shape),
    first,
    count,
    to,
  });
}

/** Writes the gradients to the filter and to the bias at their addresses: patches, transposed, times their masked gradients. */
export function runDirectGradient(
  { heap, calls }: KernelContext,
  shape: ConvolutionShape,
  { x, dy, y }: ConvolutionBackwardInputs,
  filterGradient: number,
  biasGradient: number,
): void {
  const { outputs } = shape;
  const depth = 9 * shape.inputs;
  const columns = roundUp(outputs, 8);
  const pixels = countOutputs(shape);
  const { block, gRow, sizes } = planDirectGradient(shape);
  heap.withScratch(sizes, (patches, g, u, sums) => {
    zeroFloats(calls, sums!, columns);
    for (let first = 0; first < pixels; first += block) {
      const rows = Math.min(block, pixels - first);
      const at = 4 * first * outputs;
      gatherPatches(calls, shape, heap.addressOf(x), first, rows, patches!);
      calls.copyRows({
        from: heap.addressOf(dy) + at,
        fromRow: 4 * outputs,
        mask: y === undefined ? 0 : heap.addressOf(y) + at,
        to: g!,
        toRow: gRow,
        rows,
        columns: outputs,
        padded: columns,
      });
      calls.sumRows({ from: g!, fromRow: gRow, rows, columns: outputs, sums: sums! });
      calls.multiplyTransposed({
        a: patches!,
        aRow: 4 * depth,
        aStep: 0,
        b: g!,
        bRow: gRow,
        bStep: 0,
        c: u!,
        cRow: 4 * columns,
        cStep: 0,
        batch: 1,
        rows: depth,
        panels: columns / 8,
        depth: rows,
        add: Number(first > 0),
      });
    }
    calls.copyRows({
      from: u!,
      fromRow: 4 * columns,
      mask: 0,
      to: filterGradient,
      toRow: 4 * outputs,
      rows: depth,
      columns: outputs,
      padded: outputs,
    });
    copyFloats(calls, sums!, biasGradient, outputs);
  });
}
