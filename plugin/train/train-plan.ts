// From parameters to the plan of a training: network, weights of pixels, schedule, and which samples validate.

import { createRandom } from "../../core/array/random.ts";
import { initializeWeights } from "../../core/engine/initialize.ts";
import { type Job, runJob } from "../../core/job.ts";
import type { Model } from "../../core/model/model.ts";
import { isProblem, Problem } from "../../core/problem.ts";
import { type AugmentationOptions, defaultAugmentation } from "../../core/sample/draw.ts";
import type { Prepared } from "../../core/sample/prepare.ts";
import type { WeightOptions } from "../../core/sample/weight-map.ts";
import { type Schedule, type TrainOutcome, type TrainRequest, train } from "../../core/train.ts";
import { type Length, parseLengths } from "../../core/training/pace.ts";
import { countedObjects, type SamplePlane } from "../../core/training/read-samples.ts";
import { type ValidationImage, validate } from "../../core/training/validate.ts";
import { assertLegalInput } from "../../core/unet/shape.ts";
import { createSpec, type UNetSpec } from "../../core/unet/spec.ts";
import type { Parameters } from "../contract.ts";
import { presets, type Values } from "../parameter/parameter-table.ts";
import { chooseLevels, chooseSmallestTile, chooseTrainingTile } from "./plan-network.ts";

type TrainValues = Values<"train">;

// What a network is, which a training that goes on from a model cannot change.
const traits = ["levels", "features", "dropout"] as const;

/**
 * Throws Problem InvalidParameter for words that contradict each other: a length in steps and in minutes, or a network other than
 * that of the model to go on from. What only presets and defaults say contradicts nothing.
 */
export function assertConsistent(given: Parameters, values: TrainValues, base: Pick<Model, "spec"> | undefined): void {
  const { steps, minutes } = values;
  if ("steps" in given && steps !== "auto" && minutes > 0) {
    const message = `A training must be as long as "steps" or as "minutes" say; got both, ${steps} steps and ${minutes} minutes. Leave one out: minutes=0 trains by steps, steps=auto by minutes.`;
    throw new Problem("InvalidParameter", message, { parameter: "steps", value: steps });
  }
  if (values.lengths !== "" && minutes > 0) {
    const message = `A training by "minutes" plans its "lengths" itself; got both, ${minutes} minutes and ${values.lengths}. Leave one out.`;
    throw new Problem("InvalidParameter", message, { parameter: "lengths", value: values.lengths });
  }
  if (base === undefined) return;
  for (const name of traits) {
    const [value, known] = [values[name], base.spec[name]];
    if (!(name in given) || String(value) === "auto" || value === known) continue;
    const message = `"${name}" must be that of the model to go on from, ${known}; got ${value}. Leave it out, or train without "from".`;
    throw new Problem("InvalidParameter", message, { parameter: name, value, nearest: [known] });
  }
}

/** The network of a new training; `images` are what is drawn. */
export function planSpec(
  { levels, features, dropout }: Pick<TrainValues, "levels" | "features" | "dropout">,
  { images, ...found }: Pick<UNetSpec, "channels" | "classes"> & { readonly images: readonly Pick<ValidationImage, "labels">[] },
): UNetSpec {
  return createSpec({ ...found, levels: levels === "auto" ? chooseLevels(images) : levels, features, dropout });
}

// Where few objects are drawn, their borders are much of what is drawn: at ten times the weight of the rest, a network with random
// weights learns borders first, and in few steps no objects. Why 2, and below how many objects: docs/decisions.md.
const gentleBorderWeight = 2;

/** The weights of pixels. Where few objects are drawn, a quick training from random weights whose border weight nobody named takes a lower one. */
export function planWeights(
  values: TrainValues,
  { given, objects }: { readonly given: Parameters; readonly objects: number } = { given: {}, objects: Number.POSITIVE_INFINITY },
): WeightOptions {
  const { weight_map: form, border_weight, border_sigma: sigmaPx } = values;
  const isGentle =
    objects < countedObjects && values.preset === "quick" && ["none", ""].includes(values.from) && !("border_weight" in given);
  const w0 = isGentle ? Math.min(gentleBorderWeight, border_weight) : border_weight;
  if (form === "falk2019") return { form, w0, sigmaPx, backgroundWeight: values.background, smoothnessSigmaPx: values.smoothness };
  return { form, w0, sigmaPx, balance: values.class_balance === "equal" };
}

/** A schedule whose number of steps may still wait for the clock. */
export type PlannedSchedule = Omit<Schedule, "steps" | "validationInterval"> & { readonly steps?: number };

/** `given`: what was asked for by name. Throws Problem InvalidParameter for a tile that is not legal. */
export function planSchedule(
  values: TrainValues,
  spec: UNetSpec,
  { given, images }: { readonly given: Parameters; readonly images: readonly Prepared[] },
): PlannedSchedule {
  const preset = presets[values.preset];
  const isAsked = "tile" in given && values.tile !== "auto";
  const most = Number(preset["tile"]);
  const choose = () => (values.preset === "quick" ? chooseTrainingTile(most, spec, images) : chooseSmallestTile(most, spec.levels, images));
  const tile = isAsked ? Number(values.tile) : choose();
  assertLegalInput(spec.levels, tile);
  const steps = values.steps === "auto" ? Number(preset["steps"]) : values.steps;
  return {
    tile,
    ...(values.minutes > 0 ? {} : { steps }),
    ...(values.lengths !== "" && { lengths: readLengths(values.lengths) }),
    batch: values.batch,
    optimizer: values.optimizer,
    momentum: values.momentum,
    learningRate: values.learning_rate,
    rateSchedule: values.schedule,
    averaging: values.averaging,
    augmentation: planAugmentation(values),
    seed: values.seed,
    patience: values.patience,
  };
}

function readLengths(text: string): readonly Length[] {
  const lengths = parseLengths(text);
  if (lengths !== undefined) return lengths;
  const message = `"lengths" must be pairs of a step and a length that is no less, steps rising, as 40:300,80:280; got "${text}". Copy it from the record, or leave it out.`;
  throw new Problem("InvalidParameter", message, { parameter: "lengths", value: text });
}

// At strength 1, on normalised grey values and pixels.
export const imagingChanges = { noise: 0.05, gain: 0.5, gamma: 0.5, blurPx: 1 } as const;

/** Parameters that are off are left out or 0, as they always were: plans are compared with those of older checkpoints. */
function planAugmentation({ elastic, grey_values: strength, imaging, scale_range: factor }: TrainValues): AugmentationOptions {
  const { black, white, slope, noise } = defaultAugmentation.intensity;
  const changed = { black: strength * black, white: strength * white, slope: strength * slope, noise: strength * noise };
  const { gain, gamma, blurPx } = imagingChanges;
  const between = { noise: imaging * imagingChanges.noise, gain: imaging * gain, gamma: imaging * gamma, blurPx: imaging * blurPx };
  const intensity = imaging === 0 ? changed : { ...changed, ...between };
  return { ...defaultAugmentation, scale: factor - 1, elasticSigmaPx: elastic, intensity };
}

const validationsInTraining = 20;

// Steps that are timed: the first ones are slower, and a short training should not wait long for its plan.
const timedSteps = 20;
const timedShare = 0.1;

// Steps that are timed only to tell how long a training will take, where that is long enough to be worth telling.
const glimpsedSteps = 3;
const shortTraining = 50;

export interface MeasuredSchedule {
  readonly schedule: Schedule;
  /** What the steps will take without their validations, seconds; undefined for short trainings. */
  readonly seconds?: number;
  /** For a training by the clock: all of its seconds, those that are spent, and what a validation takes. */
  readonly clock?: TrainRequest["clock"];
}

/** The schedule with its steps: those given, or as many as fit the minutes, by timing throw-away steps and one validation. */
export async function measureSteps(
  planned: PlannedSchedule,
  { minutes, interval }: TrainValues,
  request: Omit<TrainRequest, "schedule">,
): Promise<MeasuredSchedule> {
  if (planned.steps === undefined) {
    const began = performance.now();
    const { validationSeconds, ...fitted } = await fitSteps(planned, { seconds: minutes * 60, interval }, request);
    const clock = { seconds: minutes * 60, spent: (performance.now() - began) / 1000, validationSeconds };
    return { schedule: { ...planned, ...fitted }, seconds: minutes * 60, clock };
  }
  const { steps } = planned;
  const validationInterval = interval === "auto" ? Math.max(1, Math.round(steps / validationsInTraining)) : interval;
  const schedule = { ...planned, steps, validationInterval };
  if (steps < shortTraining) return { schedule };
  const times = await timeSteps(planned, glimpsedSteps, request);
  return { schedule, seconds: steps * Math.min(...times) };
}

// Of the time that is left, validations may take this share: of large sets there are fewer.
const validationShare = 0.2;

type Fitted = Pick<Schedule, "steps" | "validationInterval">;

/** As many steps as fit the time, validations included; `auto`: 20 of these, or as many as fit their share, and one at least. */
async function fitSteps(
  planned: PlannedSchedule,
  { seconds, interval }: { readonly seconds: number; readonly interval: number | "auto" },
  request: Omit<TrainRequest, "schedule">,
): Promise<Fitted & { readonly validationSeconds: number }> {
  const began = performance.now();
  const elapsed = (): number => (performance.now() - began) / 1000;
  const durations = await timeSteps(planned, timedSteps, { ...request, maxSeconds: timedShare * seconds });
  const step = durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)]!;

  const beforeValidation = elapsed();
  const { spec, validation, networks, limits, weights, signal } = request;
  if (validation.length > 0) {
    const some = weights ?? initializeWeights(spec, planned.seed);
    await Promise.all(networks.map((network) => network.setWeights(some)));
    await validate(validation, spec, networks, limits, signal);
  }
  const validationSeconds = validation.length > 0 ? elapsed() - beforeValidation : 0;
  return { ...fitSchedule({ seconds: seconds - elapsed(), step, validation: validationSeconds, interval }), validationSeconds };
}

/** Steps and interval for the seconds that are left, where a step and a validation take so long. */
export function fitSchedule({
  seconds,
  step,
  validation,
  interval,
}: {
  readonly seconds: number;
  readonly step: number;
  readonly validation: number;
  readonly interval: number | "auto";
}): Fitted {
  if (interval !== "auto")
    return { steps: Math.max(1, Math.floor(seconds / (step + validation / interval))), validationInterval: interval };
  const count = Math.min(validationsInTraining, Math.max(1, Math.floor((validationShare * seconds) / validation)));
  const steps = Math.max(1, Math.floor((seconds - count * validation) / step));
  return { steps, validationInterval: Math.max(1, Math.ceil(steps / count)) };
}

/** Seconds of each of so many steps, on a copy: the training's own weights are made later, and nothing of this is kept. */
async function timeSteps(planned: PlannedSchedule, steps: number, request: Omit<TrainRequest, "schedule">): Promise<readonly number[]> {
  const { lengths: _, ...others } = planned;
  const schedule: Schedule = { ...others, steps, validationInterval: steps + 1 };
  const job: Job<TrainOutcome> = train({ ...request, schedule, validation: [] });
  const times: number[] = [performance.now()];
  await runJob(job, ({ kind }) => {
    if (kind === "step") times.push(performance.now());
  }).catch((error: unknown) => {
    // A training may yet come back from where these few steps left it; one that does not will say so itself.
    if (!isProblem(error, "Diverged") || times.length === 1) throw error;
  });
  return times.slice(1).map((time, i) => (time - times[i]!) / 1000);
}

export interface Split {
  readonly train: readonly SamplePlane[];
  readonly validate: readonly SamplePlane[];
}

/**
 * Which images train and which validate: the last `validating` ones where some were given for it, else a seeded share of the
 * samples, planes of one stack together. Throws Problem InvalidParameter.
 */
export function splitSamples(
  images: readonly SamplePlane[],
  validating: number,
  { validate: share, seed }: Pick<TrainValues, "validate" | "seed">,
): Split {
  if (validating > 0) return { train: images.slice(0, -validating), validate: images.slice(-validating) };
  const part = Number(share);
  if (!(part >= 0 && part < 1)) {
    throw new Problem("InvalidParameter", `"validate" must be a share from 0 to below 1, or a dataset; got "${share}". Use 0.1.`, {
      parameter: "validate",
      value: share,
      nearest: [0.1],
    });
  }
  const random = createRandom(seed, splitStream);
  const samples = [...new Set(images.map(({ sample }) => sample))];
  const order = samples.map((sample) => ({ sample, rank: random.uniform() })).toSorted((a, b) => a.rank - b.rank);
  const kept = new Set(order.slice(0, Math.floor(part * samples.length)).map(({ sample }) => sample));
  return { train: images.filter(({ sample }) => !kept.has(sample)), validate: images.filter(({ sample }) => kept.has(sample)) };
}

const splitStream = 0x59117;
