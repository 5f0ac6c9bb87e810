// 3x3 convolutions by Winograd: blocks of tiles are transformed, multiplied by the transformed filter at 36 positions, and
// transformed back. The same with dy and the turned filter is the gradient to the input; the gradient to the filter sums over tiles.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { type ConvolutionShape, outputHeight, outputWidth, planWinograd, planWinogradGradient, roundUp } from "./blocks.ts";
import type { ConvolutionBackwardInputs, ConvolutionWork } from "./convolution-inputs.ts";
import type { KernelContext } from "./heap.ts";
import { copyFloats, panelDepth, zeroFloats } from "./product.ts";

/** Writes the convolution of `work.x` to `work.y`; with `turned`, by the filter that carries a gradient back to its input. */
export function runWinograd(
  context: KernelContext,
  shape: ConvolutionShape,
  filter: TensorInfo,
  turned: boolean,
  work: ConvolutionWork,
): void {
  const { heap, calls, filters } = context;
  const form = turned ? "turned" : "winograd";
  const kept = filters.keeps(filter, form);
  const plan = planWinograd(shape, kept);
  const { tiles, block, piece, vRow, vStep, mRow, mStep, uStep, tileRows, tileColumns } = plan;
  const { inputs, outputs, padding } = shape;
  const transform = (to: number, scratch: number, first: number, count: number): void =>
    calls.winogradFilter({
      filter: heap.addressOf(filter),
      inputs: turned ? outputs : inputs,
      outputs: turned ? inputs : outputs,
      turned: Number(turned),
      first,
      count,
      to,
      toStep: uStep,
      scratch,
    });
  const run = (u: number, v: number, m: number, scratch: number, inPieces: boolean): void => {
    for (let first = 0; first < tiles; first += block) {
      const count = Math.min(block, tiles - first);
      calls.winogradInput({
        tileRows,
        tileColumns,
        first,
        count,
        scratch,
        x: work.x,
        mask: work.mask,
        height: shape.height,
        width: shape.width,
        channels: inputs,
        padTop: padding,
        padLeft: padding,
        to: v,
        toRow: vRow,
        toStep: vStep,
        sums: 0,
      });
      for (let channel = 0; channel < outputs; channel += piece) {
        const channels = Math.min(piece, outputs - channel);
        if (inPieces) transform(u, scratch, channel, channels);
        // A panel of B as deep as this stays in the L1 cache.
        for (let k = 0; k < inputs; k += panelDepth) {
          calls.multiply({
            a: v + 4 * k,
            aRow: vRow,
            aStep: vStep,
            b: u + 32 * k,
            bPanel: 32 * inputs,
            bStep: uStep,
            c: m,
            cRow: mRow,
            cStep: mStep,
            batch: 36,
            rows: count,
            panels: Math.ceil(channels / 8),
            depth: Math.min(panelDepth, inputs - k),
            add: Number(k > 0),
          });
        }
        calls.winogradOutput({
          tileRows,
          tileColumns,
          first,
          count,
          scratch,
          m,
          mRow,
          mStep,
          y: work.y + 4 * channel,
          height: outputHeight(shape),
          width: outputWidth(shape),
          channels,
          yChannels: outputs,
          bias: work.bias + 4 * channel,
          relu: Number(work.relu),
        });
      }
    }
  };
  if (piece < roundUp(outputs, 8)) {
    heap.withScratch([plan.uBytes, plan.vBytes, plan.mBytes, plan.tmpBytes], (u, v, m, tmp) => run(u!, v!, m!, tmp!, true));
    return;
  }
  heap.withScratch([plan.vBytes, plan.mBytes, plan.tmpBytes], (v, m, tmp) => {
    filters.withPrepared(
      filter,
      form,
      plan.uBytes,
      (u) => transform(u, tmp!, 0, outputs),
      (u) => run(u, v!, m!, tmp!, false),
    );
  });
}

/** Writes the gradients to the filter and to the bias at their addresses. */
export function runWinogradGradient(
  { heap, calls }: KernelContext,
  shape: ConvolutionShape,
  { x, dy, y }: ConvolutionBackwardInputs,
  filterGradient: number,
  biasGradient: number,
): void {
  const plan = planWinogradGradient(shape);
  const { tiles, block, piece, vRow, vStep, dRow, dStep, uRow, uStep, tileRows, tileColumns } = plan;
  const { inputs, outputs } = shape;
  const sumBytes = 4 * roundUp(outputs, 8);
  heap.withScratch([plan.uBytes, plan.vBytes, plan.dBytes, plan.tmpBytes, sumBytes, sumBytes], (u, v, d, scratch, sums, blockSums) => {
    zeroFloats(calls, sums!, sumBytes / 4);
    for (let first = 0; first < tiles; first += block) {
      const count = Math.min(block, tiles - first);
      calls.winogradInput({
        tileRows,
        tileColumns,
        first,
        count,
        scratch: scratch!,
        x: heap.addressOf(x),
        mask: 0,
        height: shape.height,
        width: shape.width,
        channels: inputs,
        padTop: shape.padding,
        padLeft: shape.padding,
        to: v!,
        toRow: vRow,
        toStep: vStep,
        sums: 0,
      });
      zeroFloats(calls, blockSums!, sumBytes / 4);
      calls.winogradGradient({
        tileRows,
        tileColumns,
        first,
        count,
        scratch: scratch!,
        x: heap.addressOf(dy),
        mask: y === undefined ? 0 : heap.addressOf(y),
        height: outputHeight(shape),
        width: outputWidth(shape),
        channels: outputs,
        padTop: 0,
        padLeft: 0,
        to: d!,
        toRow: dRow,
        toStep: dStep,
        sums: blockSums!,
      });
      calls.sumRows({ from: blockSums!, fromRow: sumBytes, rows: 1, columns: sumBytes / 4, sums: sums! });
      const last = first + count === tiles;
      for (let channel = 0; channel < inputs; channel += piece) {
        const channels = Math.min(piece, inputs - channel);
        calls.multiplyTransposed({
          a: v! + 4 * channel,
          aRow: vRow,
          aStep: vStep,
          b: d!,
          bRow: dRow,
          bStep: dStep,
          c: u!,
          cRow: uRow,
          cStep: uStep,
          batch: 36,
          rows: channels,
          panels: Math.ceil(outputs / 8),
          depth: count,
          add: Number(first > 0),
        });
        if (last) {
          calls.winogradFilterGradient({
            u: u!,
            uRow,
            uStep,
            filter: filterGradient,
            inputs,
            outputs,
            first: channel,
            count: channels,
            scratch: scratch!,
          });
        }
      }
    }
    copyFloats(calls, sums!, biasGradient, outputs);
  });
}
