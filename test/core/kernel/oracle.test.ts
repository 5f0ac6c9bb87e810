import fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import * as oracle from "../../../core/kernel/oracle.ts";
import type { KernelReport } from "../../../core/kernel/register.ts";
import { builds, createRandom, expectClose, openKernels, randomBlock, runKernel } from "./with-kernels.ts";

const gemm = 1e-5;
const winograd = 1e-4;
// Sizes and channels that hit remainders more often than not; the oracle is slow, so the product of all is kept small.
const side = fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 17);
const channels = fc.oneof(fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17), fc.integer({ min: 1, max: 130 }));
const batch = fc.constantFrom(1, 1, 2, 3);
const seed = fc.integer({ min: 0, max: 1 << 20 });
const cost = (...factors: number[]): boolean => factors.reduce((product, factor) => product * factor, 9) < 1.5e6;
const runs = { seed: 20261122, numRuns: 40 };

describe.each(builds)("the %s kernels equal their definition:", (build) => {
  let report: KernelReport;
  beforeAll(async () => {
    report = await openKernels(build);
    report.keepFilters(false);
  });
  afterAll(() => report.unregister());

  it.each([1, 3] as const)("convolution %ix, forward and backward", (kernel) => {
    fc.assert(
      fc.property(
        batch,
        side,
        side,
        channels,
        channels,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        seed,
        (n, h, w, c, k, same, relu, masked, s) => {
          const lost = same ? 0 : kernel - 1;
          fc.pre(h > lost && w > lost && cost(n, h, w, c, k));
          const random = createRandom(s);
          const x = randomBlock([n, h, w, c], random);
          const filter = randomBlock([kernel, kernel, c, k], random);
          const bias = randomBlock([k], random);
          const padding = same ? (kernel - 1) / 2 : 0;
          const tolerance = kernel === 1 ? gemm : winograd;
          const attrs = {
            strides: [1, 1],
            pad: same ? "same" : "valid",
            dilations: [1, 1],
            dataFormat: "NHWC",
            activation: relu ? "relu" : "linear",
          };
          const y = oracle.convolve(x, filter, bias, padding, relu);
          expectClose(runKernel("FusedConv2D", { x, filter, bias }, attrs)[0]!, y, kernel === 3 && c < 4 ? gemm : tolerance, "y");

          const dy = randomBlock(y.shape, random);
          const mask = masked ? randomBlock(y.shape, random) : undefined;
          const expected = oracle.convolveBackward(x, filter, oracle.maskGradient(dy, mask), padding);
          const actual = runKernel("OvertileConvBackward", { x, dy, filter, y: mask }, { pad: attrs.pad, inputGradient: true });
          for (let i = 0; i < 3; i++)
            expectClose(actual[i]!, expected[i]!, tolerance, ["filterGradient", "biasGradient", "inputGradient"][i]!);
        },
      ),
      runs,
    );
  });

  it("up-convolution, forward and backward", () => {
    fc.assert(
      fc.property(
        batch,
        side,
        side,
        channels,
        channels,
        fc.boolean(),
        fc.boolean(),
        fc.integer({ min: 0, max: 5 }),
        seed,
        (n, h, w, c, k, relu, masked, before, s) => {
          fc.pre(cost(n, h, w, c, k));
          const random = createRandom(s);
          const x = randomBlock([n, h, w, c], random);
          const filter = randomBlock([2, 2, k, c], random);
          const bias = randomBlock([k], random);
          const y = oracle.upConvolve(x, filter, bias, relu);
          expectClose(runKernel("OvertileUpConv", { x, filter, bias }, { activation: relu ? "relu" : "linear" })[0]!, y, gemm, "y");

          const wide = randomBlock([n, 2 * h, 2 * w, before + k], random);
          const dy = { shape: y.shape, data: wide.data.filter((_, i) => i % (before + k) >= before) };
          const mask = masked ? randomBlock(y.shape, random) : undefined;
          const expected = oracle.upConvolveBackward(x, filter, oracle.maskGradient(dy, mask));
          const actual = runKernel("OvertileUpConvBackward", { x, dy: wide, filter, y: mask }, { channelOffset: before });
          for (let i = 0; i < 3; i++) expectClose(actual[i]!, expected[i]!, gemm, ["filterGradient", "biasGradient", "inputGradient"][i]!);
        },
      ),
      runs,
    );
  });

  it("max pooling, with ties, and its gradient, with the skip's", () => {
    fc.assert(
      fc.property(batch, side, side, channels, fc.boolean(), fc.integer({ min: 0, max: 3 }), seed, (n, h, w, c, skip, more, s) => {
        fc.pre(h > 1 && w > 1);
        const random = createRandom(s);
        const x = randomBlock([n, h, w, c], random);
        x.data.forEach((value, i) => {
          x.data[i] = Math.round(2 * value);
        });
        const y = oracle.maxPool(x);
        expectClose(runKernel("MaxPool", { x }, { filterSize: [2, 2], strides: [2, 2], pad: "valid" })[0]!, y, 0, "y");
        const dy = randomBlock(y.shape, random);
        const dConcat = skip ? randomBlock([n, Math.max(1, h - 2 * more), Math.max(1, w - 2), c + more], random) : undefined;
        expectClose(runKernel("OvertileMaxPoolBackward", { x, dy, dConcat })[0]!, oracle.maxPoolBackward(x, dy, dConcat), 1e-7, "dx");
      }),
      runs,
    );
  });

  it("crop and concatenate", () => {
    fc.assert(
      fc.property(batch, side, side, channels, channels, fc.integer({ min: 0, max: 5 }), seed, (n, h, w, c, k, crop, s) => {
        const random = createRandom(s);
        const skip = randomBlock([n, h + 2 * crop, w + crop, c], random);
        const x = randomBlock([n, h, w, k], random);
        expectClose(runKernel("OvertileCropConcat", { skip, x })[0]!, oracle.cropConcat(skip, x), 0, "y");
      }),
      runs,
    );
  });
});
