// The state of a training in the store: read back whole, and only under the plan that it was begun with.

import { expect, test } from "vitest";
import type { TrainingState } from "../../../core/train.ts";
import { fingerprintSample } from "../../../core/training/sample-fingerprint.ts";
import { countParameters, planLayers } from "../../../core/unet/layers.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import { planSchedule, planWeights } from "../../../plugin/train/train-plan.ts";
import { openTrainingState, saveTrainingState } from "../../../plugin/train/training-state.ts";
import { randomNumbers } from "../../core/model/sample-model.ts";

const given = { levels: 1, features: 2, tile: 44, steps: 50 };
const values = resolveParameters("train", given);
const spec = createSpec({ levels: 1, features: 2 });
const planned = planSchedule(values, spec, { given, images: [] });
const schedule = { ...planned, steps: 50, validationInterval: 5 };
const data = { samples: ["a", "b"], validation: ["c"], weights: planWeights(values), channel: "", plane: "" };
const size = countParameters(planLayers(spec));
const array = (seed: number): Float32Array => randomNumbers(size, seed);

const state: TrainingState = {
  step: 12,
  weights: array(1),
  average: array(2),
  optimizer: { step: 12, moments: [array(3), array(4)] },
  best: { step: 10, score: 0.5, scores: { f1: 0.5 }, weights: array(5) },
  waited: 1,
  curve: [
    { step: 1, loss: 0.7 },
    { step: 10, loss: 0.5, scores: { f1: 0.5 } },
  ],
};
const asked = { spec, planned, data, takesRate: false };

test("what is saved is read back, array by array", async () => {
  const files = createMemoryFiles();
  const byClock = { ...state, lengths: [{ from: 5, steps: 60 }], seconds: 12.5 };
  for (const one of [state, byClock, { ...state, average: undefined, best: undefined, optimizer: { step: 12, moments: [array(6)] } }]) {
    await saveTrainingState(files, "t", { spec, schedule, data, state: one });
    const opened = await openTrainingState(files, "t", asked);
    expect(opened.state).toEqual(one);
    expect(opened.schedule).toEqual(schedule);
  }
});

test("another plan is refused, and what differs is named", async () => {
  const files = createMemoryFiles();
  await saveTrainingState(files, "t", { spec, schedule, data, state });
  const others = [
    [{ ...asked, spec: { ...spec, features: 4 } }, "features"],
    [{ ...asked, planned: { ...planned, tile: 60 } }, "tile"],
    [{ ...asked, planned: { ...planned, seed: 2 } }, "seed"],
    [{ ...asked, data: { ...data, samples: ["a"] } }, "samples"],
  ] as const;
  for (const [other, word] of others) {
    await expect(openTrainingState(files, "t", other)).rejects.toMatchObject({
      kind: "InvalidParameter",
      message: expect.stringContaining(word),
    });
  }
  await expect(openTrainingState(files, "none", asked)).rejects.toMatchObject({ details: { parameter: "resume" } });
});

test("other pixels or drawings under the same names are refused and named; a checkpoint that knows none goes on", async () => {
  const files = createMemoryFiles();
  const open = (contents?: readonly string[]) =>
    openTrainingState(files, "t", { ...asked, data: { ...data, ...(contents && { contents }) } });
  await saveTrainingState(files, "t", { spec, schedule, data: { ...data, contents: ["1", "2", "3"] }, state });
  expect((await open(["1", "2", "3"])).state).toEqual(state);
  await expect(open(["1", "0", "3"])).rejects.toThrow("different are the pixels or drawings of b. Use the same");
  await expect(open(["0", "2", "0"])).rejects.toThrow("different are the pixels or drawings of a (and 1 more).");
  // As an older build saved it.
  await saveTrainingState(files, "t", { spec, schedule, data, state });
  expect((await open(["1", "2", "3"])).state).toEqual(state);
});

test("a fingerprint tells pixels, drawings and sizes from others, and nothing else", () => {
  const sample = (values: readonly number[], ids: readonly number[], [height, width] = [2, 3] as readonly [number, number]) => {
    const image = { height, width, channels: 1, data: Float32Array.from(values) };
    const labels = { height, width, data: Uint32Array.from(ids) };
    return fingerprintSample({ name: "", labels, prepared: { image } as never });
  };
  const [values, ids] = [
    [1, 2, 3, 4, 5, 6],
    [0, 0, 1, 1, 2, 2],
  ] as const;
  const first = sample(values, ids);
  expect(sample([...values], [...ids])).toBe(first);
  const others = [sample([1, 2, 3, 4, 5, 7], ids), sample(values, [0, 0, 1, 1, 2, 0]), sample(values, ids, [3, 2])];
  expect(new Set([first, ...others]).size).toBe(4);
});

test("a cut or changed file is InvalidModel, never a crash", async () => {
  const files = createMemoryFiles();
  await saveTrainingState(files, "t", { spec, schedule, data, state });
  const bytes = (await files.read("t"))!;
  for (let cut = 0; cut < bytes.length; cut += Math.ceil(bytes.length / 40)) {
    await files.write("t", bytes.slice(0, cut));
    await expect(openTrainingState(files, "t", asked)).rejects.toMatchObject({ kind: "InvalidModel" });
  }
});
