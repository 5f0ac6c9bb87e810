import { beforeAll, describe, expect, it } from "vitest";
import type { ConvolutionShape } from "../../../core/kernel/blocks.ts";
import { convolve3x3, convolve3x3Backward } from "../../../core/kernel/convolution.ts";
import { cropConcat, maxPool2x2, maxPool2x2Backward } from "../../../core/kernel/map.ts";
import * as oracle from "../../../core/kernel/oracle.ts";
import { kernelScratchBytes } from "../../../core/kernel/plan.ts";
import { convolve1x1, convolve1x1Backward } from "../../../core/kernel/pointwise.ts";
import { upConvolve, upConvolveBackward } from "../../../core/kernel/up-convolution.ts";
import { createGuardedWorkspace, type GuardedWorkspace } from "./guarded-workspace.ts";
import { builds, createRandom, expectClose, randomBlock } from "./with-kernels.ts";

const gemm = 1e-5;
const winograd = 1e-4;

/** Forward and backward of one convolution, checked against the oracle and against the planned scratch. */
function checkConvolution(workspace: GuardedWorkspace, side: 1 | 3, shape: ConvolutionShape, seed: number): void {
  const random = createRandom(seed);
  const { batch, height, width, inputs, outputs, padding } = shape;
  const x = randomBlock([batch, height, width, inputs], random);
  const filter = randomBlock([side, side, inputs, outputs], random);
  const bias = randomBlock([outputs], random);
  const y = oracle.convolve(x, filter, bias, padding, true);
  const dy = randomBlock(y.shape, random);
  const what = `${side}x${side} ${JSON.stringify(shape)}`;
  const tolerance = side === 1 ? gemm : winograd;
  const [forward, backward, kind] =
    side === 1 ? ([convolve1x1, convolve1x1Backward, "conv1x1"] as const) : ([convolve3x3, convolve3x3Backward, "conv3x3"] as const);

  const [xIn, filterIn, biasIn] = [x, filter, bias].map((block) => workspace.put(block));
  const out = forward(workspace, shape, { x: xIn!, filter: filterIn!, bias: biasIn! }, "relu");
  expectClose(workspace.take(out), y, tolerance, `${what} forward`);
  expect(workspace.scratchPeak(), `${what} scratch`).toBeLessThanOrEqual(kernelScratchBytes({ kind, shape }));
  workspace.reset();

  const again = [x, filter, dy, y].map((block) => workspace.put(block));
  const gradients = backward(workspace, shape, { x: again[0]!, filter: again[1]!, dy: again[2]!, y: again[3]! }, true);
  const expected = oracle.convolveBackward(x, filter, oracle.maskGradient(dy, y), padding);
  gradients.forEach((gradient, i) => {
    expectClose(workspace.take(gradient), expected[i]!, tolerance, `${what} gradient ${i}`);
  });
  for (const [i, block] of [x, filter, dy, y].entries())
    expect(workspace.take(again[i]!).data, `${what} input ${i} unchanged`).toEqual(Float64Array.from(block.data, Math.fround));
  expect(workspace.scratchPeak(), `${what} backward scratch`).toBeLessThanOrEqual(kernelScratchBytes({ kind: `${kind}-backward`, shape }));
  workspace.reset();
}

function checkUpConvolution(
  workspace: GuardedWorkspace,
  shape: { batch: number; height: number; width: number; inputs: number; outputs: number },
  seed: number,
): void {
  const random = createRandom(seed);
  const { batch, height, width, inputs, outputs } = shape;
  const x = randomBlock([batch, height, width, inputs], random);
  const filter = randomBlock([2, 2, outputs, inputs], random);
  const bias = randomBlock([outputs], random);
  const y = oracle.upConvolve(x, filter, bias, true);
  const dy = randomBlock(y.shape, random);
  const what = `up ${JSON.stringify(shape)}`;
  const out = upConvolve(workspace, shape, { x: workspace.put(x), filter: workspace.put(filter), bias: workspace.put(bias) }, "relu");
  expectClose(workspace.take(out), y, gemm, `${what} forward`);
  expect(workspace.scratchPeak(), what).toBeLessThanOrEqual(kernelScratchBytes({ kind: "upconv", shape }));
  workspace.reset();
  const inputsOf = { x: workspace.put(x), filter: workspace.put(filter), dy: workspace.put(dy), y: workspace.put(y) };
  const expected = oracle.upConvolveBackward(x, filter, oracle.maskGradient(dy, y));
  upConvolveBackward(workspace, shape, inputsOf, 0).forEach((gradient, i) => {
    expectClose(workspace.take(gradient), expected[i]!, gemm, `${what} gradient ${i}`);
  });
  expect(workspace.scratchPeak(), what).toBeLessThanOrEqual(kernelScratchBytes({ kind: "upconv-backward", shape }));
  workspace.reset();
}

describe.each(builds)("the %s kernels, with NaN around every tensor,", (build) => {
  let workspace: GuardedWorkspace;
  beforeAll(async () => {
    workspace = await createGuardedWorkspace(build);
  });

  it("neither read nor write beyond one, in 50 runs on a dirty heap", () => {
    const random = createRandom(7);
    const pick = (most: number): number => 1 + Math.floor((random() / 2 + 0.5) * most);
    for (let run = 0; run < 50; run++) {
      const shape = { batch: pick(2), height: 2 + pick(9), width: 2 + pick(9), inputs: pick(20), outputs: pick(20), padding: 0 };
      checkConvolution(workspace, 3, { ...shape, padding: run % 2 }, run);
      checkConvolution(workspace, 1, shape, run);
      checkUpConvolution(workspace, shape, run);
      const x = randomBlock([shape.batch, shape.height, shape.width, shape.inputs], random);
      const xIn = workspace.put(x);
      const y = oracle.maxPool(x);
      expectClose(workspace.take(maxPool2x2(workspace, xIn)), y, 0, "pool");
      expectClose(
        workspace.take(maxPool2x2Backward(workspace, { x: xIn, dy: workspace.put(y) })),
        oracle.maxPoolBackward(x, y),
        0,
        "pool backward",
      );
      expectClose(workspace.take(cropConcat(workspace, xIn, workspace.put(y))), oracle.cropConcat(x, y), 0, "concat");
      workspace.reset();
    }
  });

  it("are right for every remainder of the product's blocks", () => {
    for (let pixels = 1; pixels <= 13; pixels++) {
      for (const inputs of [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13]) {
        for (const outputs of [1, 7, 8, 9, 16, 17]) {
          checkConvolution(workspace, 1, { batch: 1, height: 1, width: pixels, inputs, outputs, padding: 0 }, pixels);
        }
      }
    }
  });

  it("are right for every remainder of a tile, padded and not", () => {
    for (let side = 1; side <= 9; side++) {
      for (const [inputs, outputs] of [
        [4, 8],
        [5, 3],
        [8, 12],
      ] as const) {
        checkConvolution(workspace, 3, { batch: 1, height: side, width: 3, inputs, outputs, padding: 1 }, side);
        if (side >= 3) checkConvolution(workspace, 3, { batch: 2, height: 4, width: side, inputs, outputs, padding: 0 }, side);
      }
    }
  });

  it("are right where a plan cuts into blocks and pieces", () => {
    checkConvolution(workspace, 3, { batch: 1, height: 68, width: 66, inputs: 4, outputs: 5, padding: 0 }, 1);
    checkConvolution(workspace, 3, { batch: 1, height: 4, width: 3, inputs: 352, outputs: 344, padding: 0 }, 2);
    checkConvolution(workspace, 1, { batch: 1, height: 31, width: 33, inputs: 5, outputs: 3, padding: 0 }, 3);
    checkConvolution(workspace, 3, { batch: 1, height: 3, width: 1000, inputs: 1, outputs: 2, padding: 0 }, 4);
    checkUpConvolution(workspace, { batch: 1, height: 2, width: 2, inputs: 530, outputs: 140 }, 5);
    checkUpConvolution(workspace, { batch: 1, height: 32, width: 31, inputs: 3, outputs: 2 }, 6);
  });
});

it("addresses above 2 GiB work", async () => {
  const workspace = await createGuardedWorkspace("simd", { start: 2 ** 31 - 4096, megabytes: 8 });
  checkConvolution(workspace, 3, { batch: 1, height: 9, width: 7, inputs: 5, outputs: 6, padding: 1 }, 1);
  checkConvolution(workspace, 1, { batch: 1, height: 9, width: 7, inputs: 5, outputs: 6, padding: 0 }, 2);
  checkUpConvolution(workspace, { batch: 1, height: 3, width: 5, inputs: 9, outputs: 4 }, 3);
});
