// tfjs's own tape as a second oracle of the backward walk: the same network written with differentiable ops, on random specs.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-layers"; // registers tfjs's gradients
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";
import type { Backend } from "../../../core/engine/backend.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { createNetwork, type Example } from "../../../core/engine/network.ts";
import { isWeighted, planLayers } from "../../../core/unet/layers.ts";
import { outputSide, smallestInput } from "../../../core/unet/shape.ts";
import { createSpec, type UNetSpec } from "../../../core/unet/spec.ts";
import { openTestBackend } from "../../support/engine.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openTestBackend("cpu", false);
});
afterAll(() => backend.dispose());

const specs = fc.record({
  levels: fc.integer({ min: 1, max: 2 }),
  features: fc.integer({ min: 1, max: 3 }),
  channels: fc.integer({ min: 1, max: 3 }),
  classes: fc.integer({ min: 2, max: 4 }),
});

describe("the backward walk", () => {
  it("gives the gradients of tf.variableGrads, for any network", async () => {
    await fc.assert(
      fc.asyncProperty(specs, fc.nat(1000), async (given, seed) => {
        const spec = createSpec({ ...given, dropout: 0 });
        const weights = initializeWeights(spec, seed).map((w, i) => w + 0.05 * Math.sin(i));
        const example = randomExample(spec, seed);
        const network = createNetwork(spec);
        await network.setWeights(weights);
        const found = await network.gradient(example, 1 / example.weight.length);
        network.dispose();

        const { loss, gradient } = await gradientByTape(spec, weights, example);
        expect(Math.abs(found.loss - loss)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
        const scale = gradient.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        const error = gradient.reduce((largest, value, i) => Math.max(largest, Math.abs(value - found.gradient[i]!)), 0);
        expect(error / scale).toBeLessThanOrEqual(1e-4);
      }),
      { numRuns: 4, seed: 11 },
    );
  });
});

function randomExample(spec: UNetSpec, seed: number): Example {
  const random = createRandom(seed, 77);
  const side = smallestInput(spec.levels) + 2 ** spec.levels;
  const outputs = outputSide(spec.levels, side) ** 2;
  return {
    height: side,
    width: side,
    data: Float32Array.from({ length: side * side * spec.channels }, () => random.normal()),
    target: Uint8Array.from({ length: outputs }, () => random.integer(spec.classes)),
    weight: Float32Array.from({ length: outputs }, () => random.uniform(0.2, 3)),
    seed,
    index: 0,
  };
}

/** Loss and flat gradient by tfjs's tape. */
async function gradientByTape(spec: UNetSpec, weights: Float32Array, example: Example): Promise<{ loss: number; gradient: Float32Array }> {
  const layers = planLayers(spec);
  const slots = layers.filter(isWeighted).flatMap(({ filter, bias }) => [filter, bias]);
  const variables = new Map(
    slots.map(({ name, offset, size, shape }) => [name, tf.variable(tf.tensor(weights.slice(offset, offset + size), [...shape]))]),
  );
  const { value, grads } = tf.variableGrads(() => tapeLoss(spec, variables, example));
  const gradient = new Float32Array(weights.length);
  for (const { name, offset } of slots) gradient.set(await grads[variables.get(name)!.name]!.data<"float32">(), offset);
  const loss = (await value.data())[0]!;
  tf.dispose([value, grads, [...variables.values()]]);
  return { loss, gradient };
}

function tapeLoss(spec: UNetSpec, variables: ReadonlyMap<string, tf.Tensor>, { height, width, data, target, weight }: Example): tf.Scalar {
  const skips: tf.Tensor4D[] = [];
  let x = tf.tensor4d(data, [1, height, width, spec.channels]);
  for (const layer of planLayers(spec)) {
    const filter = variables.get(`${layer.name}.weight`) as tf.Tensor4D;
    const bias = variables.get(`${layer.name}.bias`) as tf.Tensor1D;
    if (layer.kind === "conv") x = tf.relu(tf.add(tf.conv2d(x, filter, 1, "valid"), bias));
    if (layer.kind === "head") x = tf.add(tf.conv2d(x, filter, 1, "valid"), bias);
    if (layer.kind === "conv" && layer.skip) skips.push(x);
    if (layer.kind === "pool") x = tf.maxPool(x, 2, 2, "valid");
    if (layer.kind === "upconv") {
      const [, rows, columns] = x.shape;
      x = tf.relu(tf.add(tf.conv2dTranspose(x, filter, [1, 2 * rows, 2 * columns, layer.outputs], 2, "valid"), bias));
    }
    if (layer.kind === "concat") {
      const skip = skips.pop()!;
      const cropped = tf.slice(skip, [0, layer.crop, layer.crop, 0], [1, x.shape[1], x.shape[2], skip.shape[3]]);
      x = tf.concat([cropped, x], 3);
    }
  }
  const logits = tf.reshape(x, [-1, spec.classes]);
  const wanted = tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(tf.tensor1d([...target], "int32"), spec.classes)), 1);
  return tf.neg(tf.mean(tf.mul(wanted, tf.tensor1d(weight)))) as tf.Scalar;
}
