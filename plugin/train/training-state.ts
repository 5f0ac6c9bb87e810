// A training's state in the store of checkpoints. It goes on only with the plan that it was begun with: network, schedule and
// samples, down to their pixels; a training with another plan is another training. The learning rate alone may be changed, where that is asked for:
// it is the way on for a training that diverged.

import { lookUp } from "../../core/json.ts";
import { readCheckpoint, writeCheckpoint } from "../../core/model/checkpoint.ts";
import { Problem } from "../../core/problem.ts";
import type { WeightOptions } from "../../core/sample/weight-map.ts";
import type { CurvePoint, Schedule, TrainingState } from "../../core/train.ts";
import type { Length } from "../../core/training/pace.ts";
import { countParameters, planLayers } from "../../core/unet/layers.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { Files } from "../store/files.ts";
import type { HeldRecord } from "./held-out.ts";
import type { PlannedSchedule } from "./train-plan.ts";

/** The training data, as far as parameters name them. */
export interface PlannedData {
  readonly samples: readonly string[];
  readonly validation: readonly string[];
  /** What tells each of `samples` and then of `validation` from others of its name; absent in what older builds saved. */
  readonly contents?: readonly string[];
  readonly weights: WeightOptions;
  readonly channel: string;
  readonly plane: string;
  /** Drawn objects held out; absent where none are. */
  readonly heldOut?: HeldRecord;
  /** How images were magnified; absent where they were not. */
  readonly scale?: number;
}

/** How a training was begun. */
export interface TrainingPlan {
  readonly spec: UNetSpec;
  readonly schedule: Schedule;
  readonly data: PlannedData;
  /** What it began with: "none", name@version, or a file; absent in what older builds saved. */
  readonly from?: string;
}

/** Everything of a state that is no array. */
interface SavedState {
  readonly step: number;
  readonly optimizerStep: number;
  readonly waited: number;
  readonly curve: readonly CurvePoint[];
  readonly best?: { readonly step: number; readonly score: number; readonly scores: Readonly<Record<string, number>> };
  /** Of a training by the clock, and of builds since December 2026. */
  readonly lengths?: readonly Length[];
  readonly seconds?: number;
}

export async function saveTrainingState(
  files: Files,
  name: string,
  { spec, schedule, data, from, state }: TrainingPlan & { readonly state: TrainingState },
): Promise<void> {
  const { step, optimizer, waited, curve, best, weights, average, lengths, seconds } = state;
  const chosen = best && { step: best.step, score: best.score, scores: best.scores };
  const saved: SavedState = {
    step,
    optimizerStep: optimizer.step,
    waited,
    curve,
    ...(chosen && { best: chosen }),
    ...(lengths && { lengths }),
    ...(seconds !== undefined && { seconds }),
  };
  const moments = Object.fromEntries(optimizer.moments.map((moment, i) => [`moment${i}`, moment]));
  const arrays = { weights, ...(average && { average }), ...(best && { best: best.weights }), ...moments };
  await files.write(
    name,
    writeCheckpoint({
      plan: JSON.stringify({ spec, schedule, data, ...(from !== undefined && { from }) } satisfies TrainingPlan),
      state: saved,
      arrays,
    }),
  );
}

/** The plan of the training that was ended; undefined where there is none. Throws Problem InvalidModel. */
export async function readTrainingPlan(files: Files, name: string): Promise<TrainingPlan | undefined> {
  const bytes = await files.read(name);
  return bytes && (JSON.parse(readCheckpoint(bytes, name).plan) as TrainingPlan);
}

export interface OpenTrainingOptions {
  readonly spec: UNetSpec;
  readonly planned: PlannedSchedule;
  readonly data: PlannedData;
  /** True: the planned learning rate was asked for by name, and is taken even where the training began with another. */
  readonly takesRate: boolean;
}

/** The saved state and its schedule. Throws Problem InvalidParameter when there is none, or it belongs to another plan; InvalidModel. */
export async function openTrainingState(
  files: Files,
  name: string,
  { spec, planned, data, takesRate }: OpenTrainingOptions,
): Promise<{ readonly state: TrainingState; readonly schedule: Schedule }> {
  const bytes = await files.read(name);
  if (bytes === undefined) {
    throw new Problem(
      "InvalidParameter",
      `"resume" must find the checkpoint of a training that was ended; there is none for "${name}". Train without "resume".`,
      { parameter: "resume" },
    );
  }
  const { plan, state, arrays } = readCheckpoint(bytes, name);
  const begun = JSON.parse(plan) as TrainingPlan;
  const learningRate = takesRate ? planned.learningRate : begun.schedule.learningRate;
  const before = { ...begun.spec, ...begun.schedule, ...begun.data };
  const { contents: _, ...named } = data;
  const asked = { ...spec, ...planned, ...named, ...(takesRate && { learningRate: begun.schedule.learningRate }) };
  const differences = [...compare(before, asked), ...compareContents(begun.data, data)];
  if (differences.length > 0) {
    throw new Problem(
      "InvalidParameter",
      `"resume" must go on with the parameters and images that the training was begun with; different are ${differences.join(", ")}. Use the same, or begin a new training with "from".`,
      { parameter: "resume", value: differences },
    );
  }
  const saved = state as SavedState;
  const size = countParameters(planLayers(spec));
  const moments = Object.keys(arrays)
    .filter((key) => key.startsWith("moment"))
    .sort();
  for (const [key, array] of Object.entries(arrays)) {
    if (array.length !== size)
      throw new Problem("InvalidModel", `Expected ${size} numbers in "${key}" of ${name}; got ${array.length}. Delete it and train anew.`, {
        path: name,
        reason: key,
      });
  }
  return {
    schedule: { ...begun.schedule, learningRate },
    state: {
      step: saved.step,
      weights: arrays["weights"]!,
      average: arrays["average"],
      optimizer: { step: saved.optimizerStep, moments: moments.map((key) => arrays[key]!) },
      best: saved.best && { ...saved.best, weights: arrays["best"]! },
      waited: saved.waited,
      curve: saved.curve,
      ...(saved.lengths && { lengths: saved.lengths }),
      ...(saved.seconds !== undefined && { seconds: saved.seconds }),
    },
  };
}

// How a user knows what the plan calls otherwise.
const titles: Readonly<Record<string, string>> = {
  learningRate: "learning_rate",
  rateSchedule: "schedule",
  augmentation: "elastic, grey_values, imaging or scale_range",
  weights: "the weight map",
  samples: "the samples",
  heldOut: "hold_out",
};

/** The samples of the same names whose pixels or drawings are others. */
function compareContents({ samples, validation, contents: before }: PlannedData, { contents: now }: PlannedData): readonly string[] {
  if (before === undefined || now === undefined) return [];
  const others = [...samples, ...validation].filter((_, i) => before[i] !== now[i]);
  const [first] = others;
  if (first === undefined || before.length !== now.length) return [];
  return [`the pixels or drawings of ${first}${others.length > 1 ? ` (and ${others.length - 1} more)` : ""}`];
}

/** Lists the values that differ from those the training was begun with, in the user's words: "tile (92, not 60)". */
function compare(begun: object, asked: object): readonly string[] {
  const before = begun as Readonly<Record<string, unknown>>;
  return Object.entries(asked).flatMap(([key, value]) => {
    if (JSON.stringify(before[key]) === JSON.stringify(value)) return [];
    const values = typeof value === "object" ? "" : ` (${String(value)}, not ${String(before[key])})`;
    return [`${lookUp(titles, key) ?? key}${values}`];
  });
}
