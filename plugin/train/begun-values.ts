// A training that goes on takes what nobody asked for by name from the plan that it was begun with, whatever presets and defaults
// say today: a later build's recipe changes no training that an earlier one began.

import { defaultAugmentation } from "../../core/sample/draw.ts";
import { formatLengths } from "../../core/training/pace.ts";
import type { Parameters } from "../contract.ts";
import { presets } from "../parameter/parameter-table.ts";
import { imagingChanges } from "./train-plan.ts";
import type { TrainingPlan } from "./training-state.ts";

/** The plan by the names of the parameters. */
export function toGivenValues({ spec, schedule, data: { weights, heldOut, scale = 1 } }: TrainingPlan): Parameters {
  const { augmentation } = schedule;
  return {
    ...{ levels: spec.levels, features: spec.features, dropout: spec.dropout },
    ...{
      tile: schedule.tile,
      steps: schedule.steps,
      lengths: formatLengths(schedule.lengths),
      interval: schedule.validationInterval,
      batch: schedule.batch,
    },
    ...{ optimizer: schedule.optimizer, momentum: schedule.momentum, averaging: schedule.averaging },
    ...{ learning_rate: schedule.learningRate, schedule: schedule.rateSchedule, seed: schedule.seed, patience: schedule.patience },
    ...{ weight_map: weights.form, border_weight: weights.w0, border_sigma: weights.sigmaPx },
    ...(weights.form === "falk2019"
      ? { background: weights.backgroundWeight, smoothness: weights.smoothnessSigmaPx }
      : { class_balance: weights.balance ? "equal" : "none" }),
    elastic: augmentation.elasticSigmaPx,
    grey_values: augmentation.intensity.slope / defaultAugmentation.intensity.slope,
    scale_range: augmentation.scale + 1,
    scale,
    hold_out: heldOut === undefined ? "none" : "objects",
    imaging: (augmentation.intensity.gain ?? 0) / imagingChanges.gain,
  };
}

// What `quick` sets anew since December 2026: who names it does not ask for these of a training that was begun before.
const revised = [
  "levels",
  "tile",
  "batch",
  "steps",
  "averaging",
  "learning_rate",
  "imaging",
  "scale_range",
  "hold_out",
  "border_weight",
  "scale",
];

/** Returns the values of a training that goes on: the given ones, those of a preset given by name, and for the rest those it was begun with. */
export function goOnValues(begun: TrainingPlan, given: Parameters): Parameters {
  const asked = Object.entries(given).filter(([, value]) => value !== "auto" && value !== undefined);
  const { preset } = given;
  const named = Object.entries(isPreset(preset) ? presets[preset] : {}).filter(([name]) => preset !== "quick" || !revised.includes(name));
  return { ...toGivenValues(begun), ...Object.fromEntries(named), ...Object.fromEntries(asked) };
}

function isPreset(value: unknown): value is keyof typeof presets {
  return typeof value === "string" && Object.hasOwn(presets, value);
}
