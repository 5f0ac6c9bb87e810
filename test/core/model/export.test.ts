// The exported networks in other programs: TensorFlow.js Layers and ONNX Runtime, against PyTorch's numbers.

import { readFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { io } from "@tensorflow/tfjs-core";
import { loadLayersModel } from "@tensorflow/tfjs-layers";
import fc from "fast-check";
import { strFromU8, unzipSync } from "fflate";
import * as native from "onnxruntime-node";
import * as web from "onnxruntime-web";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { writeModel } from "../../../core/model/archive.ts";
import { roundToHalves } from "../../../core/model/float16.ts";
import { planTiling } from "../../../core/model/model.ts";
import { createModelJson } from "../../../core/model/model-json.ts";
import { readNpy } from "../../../core/model/npy.ts";
import { writeOnnx } from "../../../core/model/onnx.ts";
import { countParameters, planLayers, weightSlots } from "../../../core/unet/layers.ts";
import { createSpec, type UNetSpec } from "../../../core/unet/spec.ts";
import { sharedPath } from "../../support/data.ts";
import { createModel, randomNumbers } from "./sample-model.ts";

interface Golden extends Pick<UNetSpec, "levels" | "features" | "channels" | "classes"> {
  readonly input: { shape: readonly number[]; data: readonly number[] };
  readonly logits: { shape: readonly number[]; data: readonly number[] };
  readonly weights: Readonly<Record<string, { data: readonly number[] }>>;
}
type Run = (input: Float32Array, shape: readonly number[]) => Promise<{ data: Float32Array; shape: readonly number[] }>;

const runners: Readonly<Record<string, (spec: UNetSpec, weights: Float32Array) => Promise<Run>>> = {
  async "TensorFlow.js Layers"(spec, weights) {
    const { modelTopology, weightsManifest } = createModelJson(spec);
    const weightSpecs = weightsManifest[0]!.weights as unknown as io.WeightsManifestEntry[];
    const artifacts = { modelTopology, weightSpecs, weightData: weights.slice().buffer } as io.ModelArtifacts;
    const model = await loadLayersModel({ load: async () => artifacts });
    return async (input, shape) => {
      const output = tf.tidy(() => model.predict(tf.tensor(input, [...shape])) as tf.Tensor);
      return { data: (await output.data()) as Float32Array, shape: output.shape };
    };
  },
  async "onnxruntime-node"(spec, weights) {
    const session = await native.InferenceSession.create(writeOnnx(spec, weights), { graphOptimizationLevel: "disabled" });
    return async (input, shape) => {
      const { output } = await session.run({ input: new native.Tensor("float32", input, [...shape]) });
      return { data: output!.data as Float32Array, shape: output!.dims };
    };
  },
  async "onnxruntime-web (WASM)"(spec, weights) {
    web.env.wasm.numThreads = 1;
    const session = await web.InferenceSession.create(writeOnnx(spec, weights));
    return async (input, shape) => {
      const { output } = await session.run({ input: new web.Tensor("float32", input, [...shape]) });
      return { data: output!.data as Float32Array, shape: output!.dims };
    };
  },
};

describe.each(["unet-levels1-features4", "unet-levels2-features4", "unet-levels4-features2"])("%s, exported", (file) => {
  const path = sharedPath(`reference/golden/${file}.json`);
  for (const [program, load] of Object.entries(runners)) {
    it.skipIf(!path)(`gives PyTorch's probabilities in ${program}`, async () => {
      const golden = JSON.parse(readFileSync(path!, "utf8")) as Golden;
      const spec = createSpec({ levels: golden.levels, features: golden.features, channels: golden.channels, classes: golden.classes });
      const weights = new Float32Array(countParameters(planLayers(spec)));
      for (const { name, offset } of weightSlots(planLayers(spec))) weights.set(golden.weights[name]!.data, offset);
      const run = await load(spec, weights);
      const { data, shape } = await run(Float32Array.from(golden.input.data), [1, ...golden.input.shape]);
      expect(shape).toEqual([1, ...golden.logits.shape]);
      expect(largestDifference(data, softmaxOf(golden.logits.data, golden.classes))).toBeLessThan(1e-4);
    });
  }
});

it("weights in half precision are float32 again in TensorFlow.js, as they were rounded", async () => {
  const weights = roundToHalves(createModel().weights);
  const files = unzipSync(await writeModel(createModel({}, { weights }), { precision: "float16" }));
  const inner = unzipSync(files["weights.tfjs.zip"]!);
  const { weightsManifest } = JSON.parse(strFromU8(inner["model.json"]!));
  const listed: readonly { readonly name: string }[] = weightsManifest[0].weights;
  const tensors = tf.io.decodeWeights(inner["group1-shard1of1.bin"]!.slice().buffer, weightsManifest[0].weights);
  const read = await Promise.all(listed.map(({ name }) => tensors[name]!.data()));
  expect(read.flatMap((values) => [...values])).toEqual([...weights]);
});

describe("exported networks of any kind, on inputs of any legal size", () => {
  let runs: (typeof runners)[string][];
  beforeAll(() => {
    runs = Object.values(runners);
  });
  it("give the same in TensorFlow.js Layers, onnxruntime-node and onnxruntime-web", async () => {
    const specs = fc.record({
      channels: fc.integer({ min: 1, max: 3 }),
      classes: fc.integer({ min: 2, max: 4 }),
      levels: fc.integer({ min: 1, max: 3 }),
      features: fc.integer({ min: 1, max: 4 }),
    });
    const steps = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 2 }));
    await fc.assert(
      fc.asyncProperty(specs, steps, async (given, [down, across, batch]) => {
        const spec = createSpec(given);
        const { least, step, offset } = planTiling(spec.levels);
        const weights = randomNumbers(countParameters(planLayers(spec)), 5).map((w) => 0.5 * w);
        const shape = [batch, least + down * step, least + across * step, spec.channels];
        const input = randomNumbers(shape.reduce((a, b) => a * b, 1), 9); // biome-ignore format: one step
        const results = await Promise.all(runs.map(async (load) => (await load(spec, weights))(input, shape)));
        for (const { shape: found } of results) expect(found).toEqual([batch, shape[1]! + offset, shape[2]! + offset, spec.classes]);
        expect(largestDifference(results[0]!.data, results[1]!.data)).toBeLessThan(1e-4);
        expect(largestDifference(results[0]!.data, results[2]!.data)).toBeLessThan(1e-4);
      }),
      { seed: 6, numRuns: 8 },
    );
  });
});

describe("an archive in the hands of another tool", () => {
  it("gives its test output: rdf.yaml says how to prepare the test input, ONNX Runtime does the rest", async () => {
    const spec = createSpec({ levels: 2, features: 3, channels: 2, classes: 3 });
    const { least, offset } = planTiling(spec.levels);
    const weights = randomNumbers(countParameters(planLayers(spec)), 21).map((w) => 0.6 * w);
    const data = randomNumbers(least * least * 2, 22).map((v, i) => 1000 * v + 5000 * (i % 2));
    const run = await runners["TensorFlow.js Layers"]!(spec, weights);
    const output = await run(scaleRange(data, 2, 1, 99.8, 1e-6), [1, least, least, 2]);
    const model = createModel(spec, {
      weights,
      testInput: { data, shape: [least, least, 2] },
      testOutput: { data: output.data, shape: output.shape.slice(1) },
    });

    const zip = unzipSync(await writeModel(model));
    const rdf = parse(strFromU8(zip["rdf.yaml"]!));
    const [{ axes, preprocessing, test_tensor }] = rdf.inputs;
    expect(axes.map(({ id, type }: { id?: string; type: string }) => id ?? type)).toEqual(["batch", "y", "x", "channel"]);
    const { axes: over, min_percentile, max_percentile, eps } = preprocessing[1].kwargs;
    expect([preprocessing[1].id, over]).toEqual(["scale_range", ["y", "x"]]);
    const input = readNpy(zip[test_tensor.source]!);
    const session = await native.InferenceSession.create(zip[rdf.weights.onnx.source]!);
    const scaled = scaleRange(input.data, 2, min_percentile, max_percentile, eps);
    const { output: found } = await session.run({ input: new native.Tensor("float32", scaled, [...input.shape]) });
    const expected = readNpy(zip[rdf.outputs[0].test_tensor.source]!);
    expect(found!.dims).toEqual(expected.shape);
    expect(expected.shape[1]).toBe(least + rdf.outputs[0].axes[1].size.offset);
    expect(offset).toBe(rdf.outputs[0].axes[1].size.offset);
    expect(largestDifference(found!.data as Float32Array, expected.data)).toBeLessThan(1e-4);
  });
});

/** bioimage.io's scale_range over y and x, percentiles by linear interpolation as NumPy does. */
function scaleRange(data: Float32Array, channels: number, low: number, high: number, eps: number): Float32Array {
  const ranges = Array.from({ length: channels }, (_, c) => {
    const sorted = data.filter((_, i) => i % channels === c).sort();
    return [low, high].map((percent) => {
      const at = (percent / 100) * (sorted.length - 1);
      const below = sorted[Math.floor(at)]!;
      return below + (at % 1) * (sorted[Math.ceil(at)]! - below);
    }) as [number, number];
  });
  return data.map((value, i) => (value - ranges[i % channels]![0]) / (ranges[i % channels]![1] - ranges[i % channels]![0] + eps));
}

function softmaxOf(logits: readonly number[], classes: number): Float32Array {
  return Float32Array.from(logits, (logit, index) => {
    const pixel = logits.slice(index - (index % classes), index - (index % classes) + classes);
    return Math.exp(logit) / pixel.reduce((sum, other) => sum + Math.exp(other), 0);
  });
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}
