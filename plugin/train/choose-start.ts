// What a training begins with where it is left to choose (from=auto): each candidate, random weights and the models that come with
// Overtile, trains the same few steps on a part of what is drawn, and the one that is the best on the rest is taken. The same images
// and seed give the same choice.

import { adaptWeights, type NamedNetwork } from "../../core/engine/adapt-weights.ts";
import { countValid } from "../../core/engine/loss.ts";
import type { Network } from "../../core/engine/network.ts";
import { followWork, type Job, runJob } from "../../core/job.ts";
import type { Model } from "../../core/model/model.ts";
import { describeError, isProblem } from "../../core/problem.ts";
import { noAugmentation } from "../../core/sample/draw.ts";
import { createExample } from "../../core/sample/example.ts";
import { type KeptAside, keepAside } from "../../core/sample/keep-aside.ts";
import type { Prepared } from "../../core/sample/prepare.ts";
import { type TrainRequest, train } from "../../core/train.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { Parameters } from "../contract.ts";
import type { Crew } from "../crew/compute.ts";
import type { Library } from "../library/library.ts";
import { modelTitle } from "../library/load-model.ts";
import type { StarterInfo } from "../library/starters.ts";
import type { Values } from "../parameter/parameter-table.ts";
import type { PlannedSchedule } from "./train-plan.ts";

/** Steps that each candidate is tried with. */
export const trialSteps = 20;
/** Examples by which it is judged. */
const judgedExamples = 8;
/** A training shorter than this is not worth a trial. */
const leastSteps = 2 * trialSteps;
const leastMinutes = 0.25;

export interface StartRequest {
  readonly values: Values<"train">;
  /** What was asked for by name. */
  readonly given: Parameters;
  readonly channels: number;
  readonly classes: number;
  readonly images: readonly Prepared[];
  readonly library: Pick<Library, "starters" | "load">;
  /** The plan of a training that begins with this model, or with random weights. */
  readonly plan: (base: Model | undefined) => { readonly network: NamedNetwork; readonly planned: PlannedSchedule };
  /** Starts workers for a network. */
  readonly open: (spec: UNetSpec, tile: number) => Promise<Crew>;
  readonly signal?: AbortSignal | undefined;
}

/** The model that the training begins with; undefined: random weights. Tells what was chosen, and why. Throws Problem of many kinds, AbortError. */
export async function* chooseStart(request: StartRequest): Job<Model | undefined> {
  const { values, given, channels, classes, library, signal } = request;
  const wanted = library.starters.list.filter((info) => !isContradicted(info, values, given));
  if (wanted.length === 0) return undefined;
  const fitting = wanted.filter(({ spec }) => spec.channels === channels && spec.classes === classes);
  if (fitting.length === 0) {
    yield tell(`No model that comes with Overtile reads ${describeKind(channels, classes)}: the training begins with random weights.`);
    return undefined;
  }
  const short = describeShort(values);
  if (short !== undefined) {
    yield tell(`${short} With from=${fitting[0]!.name} it goes on from a model that comes with Overtile.`);
    return undefined;
  }
  const models: Model[] = [];
  for (const info of fitting) {
    try {
      const model = yield* followWork((tell) => library.load(modelTitle(info), signal, tell));
      if (canPlan(request, model)) models.push(model);
    } catch (error) {
      if (!isProblem(error, "MissingFile") && !isProblem(error, "InvalidModel")) throw error;
      yield tell(`${describeError(error)} The training goes on without it.`);
    }
  }
  const parts = models.length > 0 ? keepAside(request.images) : undefined;
  if (parts === undefined) return undefined;
  return yield* tryAll([...models, undefined], parts, request);
}

/** False where what was asked for by name, a tile say, is not legal for the model's network. */
function canPlan({ plan }: StartRequest, model: Model): boolean {
  try {
    plan(model);
    return true;
  } catch (error) {
    if (isProblem(error, "InvalidParameter")) return false;
    throw error;
  }
}

/** True for a starter that is another network than was asked for by name. */
function isContradicted({ spec }: StarterInfo, values: Values<"train">, given: Parameters): boolean {
  const asked = (["levels", "features", "dropout", "classes"] as const).filter((name) => name in given && String(values[name]) !== "auto");
  return asked.some((name) => Number(values[name]) !== spec[name]);
}

function describeKind(channels: number, classes: number): string {
  return `${channels} channel${channels === 1 ? "" : "s"} and knows ${classes} classes`;
}

/** Why no trial is worth its time; undefined where one is. */
function describeShort({ minutes, steps }: Values<"train">): string | undefined {
  if (minutes > 0 ? minutes >= leastMinutes : steps === "auto" || steps >= leastSteps) return undefined;
  const length = minutes > 0 ? `${minutes} minutes` : `${steps} step${steps === 1 ? "" : "s"}`;
  return `A training of ${length} begins with random weights: to try others first would take longer.`;
}

async function* tryAll(candidates: readonly (Model | undefined)[], parts: KeptAside, request: StartRequest): Job<Model | undefined> {
  const losses: number[] = [];
  for (const [i, base] of candidates.entries()) {
    yield { kind: "phase", name: `trying ${base ? modelTitle(base) : "random weights"}`, done: i, total: candidates.length };
    losses.push(await tryOne(base, parts, request));
  }
  const best = losses.indexOf(Math.min(...losses));
  const chosen = candidates[best];
  const others = candidates.flatMap((base, i) => (i === best ? [] : [`${nameStart(base)} ${losses[i]!.toFixed(3)}`]));
  const title = chosen ? modelTitle(chosen) : "random weights";
  yield tell(
    `Begins with ${title}: after ${trialSteps} steps a loss of ${losses[best]!.toFixed(3)} on pixels kept aside (${others.join(", ")}).`,
  );
  return chosen;
}

function nameStart(base: Model | undefined): string {
  return base ? modelTitle(base) : "random weights";
}

/** The loss on what was kept aside, after the steps of the trial; infinite where it diverged. */
async function tryOne(base: Model | undefined, { learnt, kept }: KeptAside, request: StartRequest): Promise<number> {
  const { plan, open, signal, values } = request;
  const { network, planned } = plan(base);
  const { spec } = network;
  const crew = await open(spec, planned.tile);
  try {
    const { lengths: _, ...others } = planned;
    const schedule = { ...others, steps: trialSteps, validationInterval: trialSteps + 1, patience: 0 };
    const weights = base && adaptWeights(base, network, values.seed);
    const { networks } = crew;
    const job = train({ spec, schedule, images: learnt, validation: [], networks, limits: noLimits, weights, signal });
    const outcome = await runJob(job);
    return await judge(networks[0]!, outcome.weights, kept, { spec, tile: planned.tile, seed: values.seed, signal });
  } catch (error) {
    if (!isProblem(error, "Diverged")) throw error;
    return Number.POSITIVE_INFINITY;
  } finally {
    crew.dispose();
  }
}

/** For validations, of which a trial has none. */
const noLimits: TrainRequest["limits"] = { budget: { memoryBytes: 0, shares: [1] }, minSizePx: 0, fillHoles: false, smoothPx: 0 };

interface JudgeOptions {
  readonly spec: UNetSpec;
  readonly tile: number;
  readonly seed: number;
  readonly signal: AbortSignal | undefined;
}

/** The mean loss over the same examples of the images, as they are, half of them over objects. */
async function judge(
  network: Network,
  weights: Float32Array,
  images: readonly Prepared[],
  { spec, tile, seed, signal }: JudgeOptions,
): Promise<number> {
  const augmentation = { ...noAugmentation, foreground: 0.5 };
  const size = { tileHeight: tile, tileWidth: tile, levels: spec.levels, augmentation };
  await network.setWeights(weights);
  let [sum, valid] = [0, 0];
  for (let index = 0; index < judgedExamples; index++) {
    const { input, target, weight } = createExample(seed, index, images, size);
    const { loss } = await network.gradient({ height: tile, width: tile, data: input, target, weight, seed, index }, 1, signal);
    sum += loss;
    valid += countValid(weight);
  }
  return sum / valid;
}

function tell(message: string) {
  return { kind: "notice", done: 0, message } as const;
}
