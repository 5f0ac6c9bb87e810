// The small pieces that every kernel is made of: a product cut to the L1 cache, a padded bias, zeros and copies.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { roundUp } from "./blocks.ts";
import type { KernelContext } from "./heap.ts";

/** Rows of a panel of B that stay in the L1 cache beside those of A. */
export const panelDepth = 512;

/** A product whose depth is cut so that a panel stays in the L1 cache; `columns` are rounded up to whole panels. */
export function multiplyDeep(
  { calls }: KernelContext,
  product: { a: number; aRow: number; b: number; depth: number; c: number; cRow: number; rows: number; columns: number },
): void {
  const { a, aRow, b, depth, c, cRow, rows, columns } = product;
  for (let k = 0; k < depth; k += panelDepth) {
    calls.multiply({
      a: a + 4 * k,
      aRow,
      aStep: 0,
      b: b + 32 * k,
      bPanel: 32 * depth,
      bStep: 0,
      c,
      cRow,
      cStep: 0,
      batch: 1,
      rows,
      panels: Math.ceil(columns / 8),
      depth: Math.min(panelDepth, depth - k),
      add: Number(k > 0),
    });
  }
}

/** Runs `use` with the address of the bias (zeros where there is none), padded with zeros to a multiple of 8. */
export function withBias(
  { heap, calls }: KernelContext,
  bias: TensorInfo | undefined,
  outputs: number,
  use: (address: number) => void,
): void {
  const padded = roundUp(outputs, 8);
  heap.withScratch([4 * padded], (address) => {
    calls.copyRows({
      from: bias === undefined ? 0 : heap.addressOf(bias),
      fromRow: 0,
      mask: 0,
      to: address!,
      toRow: 0,
      rows: 1,
      columns: bias === undefined ? 0 : outputs,
      padded,
    });
    use(address!);
  });
}

/** Sets `count` floats to 0. */
export function zeroFloats(calls: KernelContext["calls"], to: number, count: number): void {
  calls.copyRows({ from: 0, fromRow: 0, mask: 0, to, toRow: 0, rows: 1, columns: 0, padded: count });
}

/** Copies `count` floats. */
export function copyFloats(calls: KernelContext["calls"], from: number, to: number, count: number): void {
  calls.copyRows({ from, fromRow: 0, mask: 0, to, toRow: 0, rows: 1, columns: count, padded: count });
}
