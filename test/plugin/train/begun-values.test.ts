// What a training that goes on takes from the one that was begun, and what it is asked for anew.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Schedule } from "../../../core/train.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import type { Parameters } from "../../../plugin/contract.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { goOnValues, toGivenValues } from "../../../plugin/train/begun-values.ts";
import { planSchedule, planSpec, planWeights } from "../../../plugin/train/train-plan.ts";
import type { TrainingPlan } from "../../../plugin/train/training-state.ts";

/** The plan as a checkpoint has it. */
function plan(given: Parameters): TrainingPlan {
  const values = resolveParameters("train", given);
  const spec = planSpec(values, { channels: 1, classes: 2, images: [] });
  const planned = planSchedule(values, spec, { given, images: [] });
  const schedule: Schedule = { ...planned, steps: Number(values.steps), validationInterval: Number(values.interval) };
  const data = { samples: ["a"], validation: [], weights: planWeights(values), channel: "", plane: "" };
  return JSON.parse(JSON.stringify({ spec, schedule, data }));
}

// As the build of 2026-11-30 wrote it into the checkpoint of a training by `quick`, four levels and all.
const older: TrainingPlan = JSON.parse(
  '{"spec":{"channels":1,"classes":2,"levels":4,"features":16,"dropout":0},"schedule":{"tile":412,"steps":1200,"batch":2,"optimizer":"adam","momentum":0.99,"learningRate":0.001,"rateSchedule":"cosine","averaging":0.99,"augmentation":{"rotationDegrees":180,"flips":true,"scale":0,"elasticSigmaPx":10,"intensity":{"black":0.05,"white":0.05,"slope":0.25,"noise":0},"foreground":0.5},"seed":1,"patience":0,"validationInterval":60},"data":{"samples":["a"],"validation":[],"weights":{"form":"ronneberger2015","w0":10,"sigmaPx":5,"balance":false},"channel":"","plane":""}}',
);

describe("a training that goes on", () => {
  it("has the plan of the one that was begun, whatever that was", () => {
    const anyGiven = fc.record({
      preset: fc.constantFrom("quick", "ronneberger2015", "falk2019"),
      levels: fc.integer({ min: 1, max: 3 }),
      features: fc.integer({ min: 1, max: 64 }),
      dropout: fc.constantFrom(0, 0.3),
      tile: fc.constant(92),
      steps: fc.integer({ min: 1, max: 9999 }),
      interval: fc.integer({ min: 1, max: 99 }),
      batch: fc.integer({ min: 1, max: 8 }),
      optimizer: fc.constantFrom("sgd", "adam"),
      schedule: fc.constantFrom("constant", "cosine"),
      learning_rate: fc.double({ min: 1e-6, max: 1, noNaN: true }),
      averaging: fc.constantFrom(0, 0.98),
      seed: fc.nat(),
      patience: fc.nat(9),
      weight_map: fc.constantFrom("ronneberger2015", "falk2019"),
      class_balance: fc.constantFrom("none", "equal"),
      elastic: fc.double({ min: 0, max: 100, noNaN: true }),
      grey_values: fc.constantFrom(0, 0.3, 1, 3.7),
      imaging: fc.constantFrom(0, 0.3, 1, 3.7),
      scale_range: fc.constantFrom(1, 1.3, 1.5, 2, 3.7),
    });
    fc.assert(
      fc.property(anyGiven, ({ levels, ...given }) => {
        const begun = plan({ ...given, levels, tile: { 1: 60, 2: 60, 3: 92 }[levels]! });
        expect(plan(goOnValues(begun, {}))).toEqual(begun);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it("of an older build goes on as it was, though `quick` is another recipe now: by itself, and where `quick` is named", () => {
    for (const given of [{}, { preset: "quick" }, { preset: "quick", levels: "auto", tile: "auto", steps: "auto", interval: "auto" }])
      expect(plan(goOnValues(older, given))).toEqual(older);
    expect(JSON.stringify(plan(goOnValues(older, {})).schedule.augmentation)).toBe(JSON.stringify(older.schedule.augmentation));
  });

  it("of few objects keeps the border weight that it was begun with, also where `quick` is named", () => {
    const gentle = { ...older, data: { ...older.data, weights: { ...older.data.weights, w0: 2 } } };
    for (const given of [{}, { preset: "quick" }]) expect(goOnValues(gentle, given)["border_weight"]).toBe(2);
    expect(goOnValues(gentle, { border_weight: 7 })["border_weight"]).toBe(7);
  });

  it("is asked for what is given by name, and for what the paper whose preset is named says", () => {
    expect(goOnValues(older, { tile: 60, seed: 4 })).toMatchObject({ tile: 60, seed: 4, levels: 4 });
    expect(goOnValues(older, { preset: "ronneberger2015" })).toMatchObject({ optimizer: "sgd", features: 64 });
    expect(toGivenValues(older)).toMatchObject({ levels: 4, class_balance: "none", imaging: 0, scale_range: 1, grey_values: 1 });
  });

  it("has the numbers of a network that a checkpoint tells", () => {
    expect(createSpec(older.spec)).toEqual(older.spec);
  });
});
