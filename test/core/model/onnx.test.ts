// The exported ONNX in onnxruntime-web against our own engine: the same logits, for networks of any kind and inputs of any legal size.
// ONNX ends in a softmax, so logits are compared by their differences to the first class's, which are what a softmax keeps.

import fc from "fast-check";
import * as web from "onnxruntime-web";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Backend } from "../../../core/engine/backend.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { createNetwork } from "../../../core/engine/network.ts";
import { writeOnnx } from "../../../core/model/onnx.ts";
import { outputSide, smallestInput } from "../../../core/unet/shape.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { openTestBackend } from "../../support/engine.ts";
import { randomNumbers } from "./sample-model.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openTestBackend();
  expect(backend.title).toMatch(/ kernels\)$/);
  web.env.wasm.numThreads = 1;
});
afterAll(() => backend.dispose());

const cases = fc.integer({ min: 1, max: 4 }).chain((levels) =>
  fc.record({
    levels: fc.constant(levels),
    features: fc.integer({ min: 1, max: 6 }),
    channels: fc.integer({ min: 1, max: 3 }),
    classes: fc.integer({ min: 2, max: 4 }),
    height: fc.nat(3).map((k) => smallestInput(levels) + k * 2 ** levels),
    width: fc.nat(3).map((k) => smallestInput(levels) + k * 2 ** levels),
    seed: fc.nat(1000),
  }),
);

it("gives the logits of our own engine within 1e-4 of the largest", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ height, width, seed, ...given }) => {
      const spec = createSpec({ ...given, dropout: 0 });
      const { channels, classes, levels } = spec;
      const weights = initializeWeights(spec, seed);
      const data = randomNumbers(height * width * channels, seed);
      const network = createNetwork(spec);
      await network.setWeights(weights);
      const logits = await network.predict({ height, width, data });
      network.dispose();

      const session = await web.InferenceSession.create(writeOnnx(spec, weights));
      const { output } = await session.run({ input: new web.Tensor("float32", data, [1, height, width, channels]) });
      expect(output!.dims).toEqual([1, outputSide(levels, height), outputSide(levels, width), classes]);
      const found = output!.data as Float32Array;
      const first = (i: number): number => i - (i % classes);
      const wanted = logits.map((value, i) => value - logits[first(i)]!);
      const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeGreaterThan(0.01);
      const furthest = wanted.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - Math.log(found[i]!) + Math.log(found[first(i)]!))),
        0,
      );
      expect(furthest / largest).toBeLessThan(1e-4);
      await session.release();
    }),
    { seed: 13, numRuns: 16 },
  );
});
