import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as oracle from "../../../core/kernel/oracle.ts";
import type { KernelReport } from "../../../core/kernel/register.ts";
import { builds, createRandom, openKernels, randomBlock, runKernel } from "./with-kernels.ts";

/** Where the definition gives no number, the kernel must not give one. Winograd may spread it to the rest of a tile. */
function expectNoInventedNumbers(actual: oracle.Block, expected: oracle.Block, what: string): void {
  let lost = 0;
  expected.data.forEach((value, i) => {
    if (!Number.isFinite(value) && Number.isFinite(actual.data[i]!)) lost++;
  });
  expect(lost, `${what}: numbers where there is none`).toBe(0);
}

describe.each(builds)("in the %s kernels", (build) => {
  let report: KernelReport;
  beforeAll(async () => {
    report = await openKernels(build);
  });
  afterAll(() => report.unregister());

  describe.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("%f comes out as NaN or infinity", (bad) => {
    const poison = (block: oracle.Block, at: number): oracle.Block => {
      const data = block.data.slice();
      data[Math.floor(at * data.length)] = bad;
      return { shape: block.shape, data };
    };

    it.each([
      [3, 5],
      [3, 1],
      [1, 5],
    ])("of a %ix convolution of %i channels", (side, channels) => {
      const random = createRandom(1);
      const attrs = { strides: [1, 1], pad: "valid", dilations: [1, 1], dataFormat: "NHWC" };
      const x = randomBlock([1, 13, 11, channels], random);
      const filter = randomBlock([side, side, channels, 6], random);
      const bias = randomBlock([6], random);
      for (const [name, inputs] of Object.entries({
        x: { x: poison(x, 0.4), filter, bias },
        filter: { x, filter: poison(filter, 0.6), bias },
        bias: { x, filter, bias: poison(bias, 0.5) },
      })) {
        for (const relu of [true, false]) {
          const y = oracle.convolve(inputs.x, inputs.filter, inputs.bias, 0, relu);
          expectNoInventedNumbers(runKernel("FusedConv2D", inputs, { ...attrs, activation: relu ? "relu" : "linear" })[0]!, y, name);
        }
        const dy = randomBlock([1, 14 - side, 12 - side, 6], random);
        for (const gradient of [dy, poison(dy, 0.7)]) {
          const expected = oracle.convolveBackward(inputs.x, inputs.filter, gradient, 0);
          const actual = runKernel(
            "OvertileConvBackward",
            { x: inputs.x, filter: inputs.filter, dy: gradient },
            { pad: "valid", inputGradient: true },
          );
          expected.forEach((each, i) => {
            expectNoInventedNumbers(actual[i]!, each, `${name}, gradient ${i}`);
          });
        }
      }
    });

    it("of an up-convolution, pooling and concatenation", () => {
      const random = createRandom(2);
      const x = poison(randomBlock([1, 6, 4, 7], random), 0.3);
      const filter = randomBlock([2, 2, 5, 7], random);
      const bias = randomBlock([5], random);
      expectNoInventedNumbers(
        runKernel("OvertileUpConv", { x, filter, bias }, { activation: "relu" })[0]!,
        oracle.upConvolve(x, filter, bias, true),
        "up",
      );
      const dy = poison(randomBlock([1, 12, 8, 5], random), 0.2);
      const expected = oracle.upConvolveBackward(x, filter, dy);
      runKernel("OvertileUpConvBackward", { x, dy, filter }).forEach((actual, i) => {
        expectNoInventedNumbers(actual, expected[i]!, `up, gradient ${i}`);
      });
      expectNoInventedNumbers(runKernel("MaxPool", { x }, { filterSize: 2, strides: 2, pad: "valid" })[0]!, oracle.maxPool(x), "pool");
      expectNoInventedNumbers(runKernel("OvertileCropConcat", { skip: x, x })[0]!, oracle.cropConcat(x, x), "concat");
    });
  });

  it("a gradient behind a closed ReLU does not count, not even NaN", () => {
    const random = createRandom(3);
    const x = randomBlock([1, 8, 8, 4], random);
    const filter = randomBlock([3, 3, 4, 8], random);
    const dy = { shape: [1, 6, 6, 8], data: new Float64Array(288).fill(Number.NaN) };
    const y = oracle.zeros([1, 6, 6, 8]);
    for (const gradient of runKernel("OvertileConvBackward", { x, dy, filter, y }, { pad: "valid", inputGradient: true })) {
      expect(gradient.data.every((value) => value === 0)).toBe(true);
    }
  });
});
