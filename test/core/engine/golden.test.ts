// The network against PyTorch: logits, loss, every gradient, and three steps of each optimiser. The numbers come from
// tools/reference.py.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, BackendName } from "../../../core/engine/backend.ts";
import { createNetwork, type Example } from "../../../core/engine/network.ts";
import { createAdam, createSgd, type Optimizer } from "../../../core/engine/optimizer.ts";
import type { KernelBuild } from "../../../core/kernel/register.ts";
import { planLayers, weightSlots } from "../../../core/unet/layers.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { fixturePath, sharedPath } from "../../support/data.ts";
import { openTestBackend } from "../../support/engine.ts";

interface GoldenArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Golden {
  readonly levels: number;
  readonly features: number;
  readonly channels: number;
  readonly classes: number;
  readonly input: GoldenArray;
  readonly target: GoldenArray;
  readonly weight: GoldenArray;
  readonly logits: GoldenArray;
  readonly loss: number;
  readonly weights: Readonly<Record<string, GoldenArray>>;
  readonly gradients: Readonly<Record<string, GoldenArray>>;
  readonly threeSteps: Readonly<
    Record<"momentum" | "adam", { readonly learningRate: number; readonly losses: readonly number[]; readonly logits: GoldenArray }>
  >;
}

/** Our own fixtures, and those of ../shared where they are at hand. */
const ownFiles = ["unet-levels1-features4", "unet-levels2-features3", "unet-levels4-features1"];
const sharedFiles = ["unet-levels1-features4", "unet-levels2-features4", "unet-levels4-features2"];

interface Engine {
  readonly title: string;
  readonly backendName: BackendName;
  readonly useKernels: boolean;
  readonly build?: KernelBuild;
}
const engines: readonly Engine[] = [
  { title: "wasm with our relaxed kernels", backendName: "wasm", useKernels: true, build: "relaxed-simd" },
  { title: "wasm with our plain kernels", backendName: "wasm", useKernels: true, build: "simd" },
  { title: "wasm with stock kernels", backendName: "wasm", useKernels: false },
  { title: "cpu", backendName: "cpu", useKernels: false },
];

for (const { title, backendName, useKernels, build } of engines) {
  describe(`the network on ${title} gives PyTorch's numbers`, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await openTestBackend(backendName, useKernels, build);
      if (build !== undefined) expect(backend.title).toBe(`wasm (${build} kernels)`);
    });
    afterAll(() => backend.dispose());

    for (const file of ownFiles) {
      // Slow on the CPU backend, which the two smaller ones already prove.
      if (backendName === "cpu" && file.includes("levels4")) continue;
      it(file, () => checkGolden(fixturePath(`reference/${file}.json`), backend));
    }
    if (useKernels) {
      for (const file of sharedFiles) {
        const path = sharedPath(`reference/golden/${file}.json`);
        it.skipIf(path === undefined)(`${file} of the shared data`, () => checkGolden(path!, backend));
      }
    }
  });
}

async function checkGolden(path: string, backend: Backend): Promise<void> {
  const golden: Golden = JSON.parse(readFileSync(path, "utf8"));
  const spec = createSpec({ ...pick(golden), dropout: 0 });
  const slots = weightSlots(planLayers(spec));
  const weights = new Float32Array(slots.reduce((sum, slot) => sum + slot.size, 0));
  for (const { name, offset, shape } of slots) {
    expect(golden.weights[name]!.shape).toEqual(shape);
    weights.set(golden.weights[name]!.data, offset);
  }
  const [height, width] = golden.input.shape as [number, number, number];
  const example: Example = {
    height,
    width,
    data: Float32Array.from(golden.input.data),
    target: Uint8Array.from(golden.target.data),
    weight: Float32Array.from(golden.weight.data),
    seed: 0,
    index: 0,
  };
  const scale = 1 / example.weight.length;
  const before = backend.tensorCount();
  const network = createNetwork(spec);

  await network.setWeights(weights);
  expectNear(await network.predict(example), golden.logits.data, "logits");
  const { loss, gradient } = await network.gradient(example, scale);
  expectNear([loss], [golden.loss], "loss");
  for (const { name, offset, size } of slots) {
    expectNear(gradient.subarray(offset, offset + size), golden.gradients[name]!.data, `gradient of ${name}`);
  }

  const optimizers: Record<"momentum" | "adam", Optimizer> = { momentum: createSgd({ momentum: 0.99 }), adam: createAdam() };
  for (const kind of ["momentum", "adam"] as const) {
    const { learningRate, losses, logits } = golden.threeSteps[kind];
    const optimizer = optimizers[kind];
    let state = optimizer.init(weights.length);
    const current = weights.slice();
    const found: number[] = [];
    for (let step = 0; step < 3; step++) {
      await network.setWeights(current);
      const result = await network.gradient(example, scale);
      found.push(result.loss);
      state = optimizer.update(current, result.gradient, state, learningRate);
    }
    await network.setWeights(current);
    expectNear(found, losses, `losses of ${kind}`);
    expectNear(await network.predict(example), logits.data, `logits after ${kind}`);
  }
  network.dispose();
  expect(backend.tensorCount()).toBe(before);
}

function pick({ levels, features, channels, classes }: Golden): Pick<Golden, "levels" | "features" | "channels" | "classes"> {
  return { levels, features, channels, classes };
}

/** Within 1e-4 of the largest wanted value. */
function expectNear(found: ArrayLike<number>, wanted: readonly number[], what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const scale = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const error = wanted.reduce((largest, value, i) => Math.max(largest, Math.abs(found[i]! - value)), 0);
  expect(error / scale, what).toBeLessThanOrEqual(1e-4);
}
