// The story of `train`, one call a chapter: begin (or go on), then step by step: draw examples, ask the networks for
// gradients, update the weights, now and then validate and save; keep the best. Read segment.ts for what is learnt here.
// Everything that decides (rate, examples, validation, best) depends on the step's number only, so that a training that was
// stopped and resumed ends with the same bytes.

import { initializeWeights } from "./engine/initialize.ts";
import type { Network } from "./engine/network.ts";
import { averageWeights, createOptimizer, learningRateAt, normOf, type OptimizerState } from "./engine/optimizer.ts";
import { createClock, type Job, joinSignals, takeTurn } from "./job.ts";
import { countDrawn, swingOf } from "./label/fit-rule.ts";
import { isProblem } from "./problem.ts";
import type { AugmentationOptions } from "./sample/draw.ts";
import type { Prepared } from "./sample/prepare.ts";
import { adviseAfterDivergence, assertSound, describeExplosion, isExploding } from "./training/divergence.ts";
import { createPace, type Length, lengthAt } from "./training/pace.ts";
import { createPreviewClock, type PixelView, type Preview, predictView } from "./training/preview.ts";
import { askGradients, createExampleQueue, type ExampleQueue } from "./training/training-batch.ts";
import { type Validation, type ValidationImage, type ValidationLimits, validate } from "./training/validate.ts";
import type { UNetSpec } from "./unet/spec.ts";

/** How a training goes: every number that its result depends on, beside images and weights. */
export interface Schedule {
  /** Input side of the network. */
  readonly tile: number;
  /** Length of the schedule; the rate falls to 0 there. */
  readonly steps: number;
  /** Other lengths, each from a step on, as a training by the clock came to them. */
  readonly lengths?: readonly Length[];
  /** Tiles a step. */
  readonly batch: number;
  readonly optimizer: "sgd" | "adam";
  readonly momentum: number;
  readonly learningRate: number;
  readonly rateSchedule: "constant" | "cosine";
  /** Decay of the averaged weights; 0 = none. */
  readonly averaging: number;
  readonly augmentation: AugmentationOptions;
  readonly seed: number;
  /** Steps between validations, and between saves. */
  readonly validationInterval: number;
  /** Validations without a better score before it ends; 0 = never. */
  readonly patience: number;
}

/** All that a training knows between two steps: numbers and arrays, so that it can be saved and gone on with. Its arrays are written by the next step. */
export interface TrainingState {
  readonly step: number;
  readonly weights: Float32Array;
  readonly average?: Float32Array | undefined;
  readonly optimizer: OptimizerState;
  readonly best?: BestModel | undefined;
  /** Validations since the best one. */
  readonly waited: number;
  readonly curve: readonly CurvePoint[];
  /** Of a training by the clock: its lengths so far, before the schedule's, and the seconds that it took. */
  readonly lengths?: readonly Length[] | undefined;
  readonly seconds?: number | undefined;
}

export interface BestModel {
  readonly step: number;
  /** Smoothed score by which it was chosen. */
  readonly score: number;
  readonly scores: Readonly<Record<string, number>>;
  /** A copy, which no step writes. */
  readonly weights: Float32Array;
}

/** Record of a step: the loss of its batch, and the scores where it was validated. */
export interface CurvePoint {
  readonly step: number;
  readonly loss?: number;
  readonly scores?: Readonly<Record<string, number>>;
}

export interface TrainRequest {
  readonly spec: UNetSpec;
  readonly schedule: Schedule;
  readonly images: readonly Prepared[];
  /** May be empty: then the last model is the best. */
  readonly validation: readonly ValidationImage[];
  /** Hold the same weights and share the tiles of a batch. */
  readonly networks: readonly Network[];
  /** For validation. */
  readonly limits: ValidationLimits;
  /** Begin with these weights (fine-tuning) instead of random ones. */
  readonly weights?: Float32Array | undefined;
  /** Go on from here. The training takes its arrays over. */
  readonly state?: TrainingState | undefined;
  /** Ends after this step, though the schedule is longer. */
  readonly stopAt?: number | undefined;
  /** Ends after this time, seconds from now. */
  readonly maxSeconds?: number | undefined;
  /** Plans the length anew, so that it ends when these seconds are over, of which some are spent already. */
  readonly clock?: { readonly seconds: number; readonly spent: number; readonly validationSeconds?: number | undefined } | undefined;
  /** What somebody looks at now: its prediction is told as progress of kind `preview`. It changes nothing of what is learnt. */
  readonly view?: (() => PixelView | undefined) | undefined;
  /** Saves a state: at every interval, at the end, and before an error leaves the job; never one that is diverging. Copies what it keeps. */
  readonly save?: ((state: TrainingState) => Promise<void>) | undefined;
  /** Cancels: the job throws AbortError. */
  readonly signal?: AbortSignal | undefined;
  /** Ends early and keeps what was learnt. */
  readonly stop?: AbortSignal | undefined;
}

export interface TrainOutcome {
  readonly state: TrainingState;
  /** The best model where it was validated, else the last one (averaged where averages are kept). */
  readonly weights: Float32Array;
  /** The last model, where it is not `weights` and did not diverge. */
  readonly last?: Float32Array | undefined;
  readonly scores: Readonly<Record<string, number>>;
  readonly ended: "steps" | "time" | "patience" | "stopped";
}

/** Trains until the schedule ends, time is up, patience is lost, or it is stopped. What diverges is neither saved nor returned. Throws Problem Diverged, AbortError. */
export async function* train(request: TrainRequest): Job<TrainOutcome> {
  const { schedule, stopAt = Number.POSITIVE_INFINITY, maxSeconds = Number.POSITIVE_INFINITY, clock, save, signal, stop } = request;
  let state = request.state ?? beginTraining(request);
  const first = state.step;
  const totalOf = (one: TrainingState): number => Math.min(stopAt, lengthOf(request, one));
  const interval = request.validation.length > 0 ? schedule.validationInterval : 0;
  const pace = clock && createPace({ ...clock, seconds: clock.seconds - clock.spent, interval });
  const secondsLeft = createClock(totalOf(state) - first);
  const progressOf = (one: TrainingState) => {
    const left = pace === undefined ? secondsLeft(one.step - first) : pace.secondsLeft();
    return { done: one.step, total: totalOf(one), ...(left !== undefined && { secondsLeft: left }) };
  };
  const startedAt = performance.now();
  const examples = createExampleQueue({ ...schedule, images: request.images, levels: request.spec.levels });
  const either = joinSignals(signal, stop);
  const previews = createPreviewClock();
  let ended: TrainOutcome["ended"] = "steps";
  let saved = request.state;
  const keep = async (): Promise<void> => {
    if (save === undefined || saved === state || isExploding(state)) return;
    if (clock !== undefined) state = { ...state, seconds: clock.spent + (performance.now() - startedAt) / 1000 };
    await save(state);
    saved = state;
  };
  try {
    // A training that was ended in the middle of a validation begins with it again.
    while (state.step < totalOf(state) || isValidationDue(request, state)) {
      const began = performance.now();
      if (!isValidationDue(request, state)) {
        const made = await makeStep(request, state, examples, either.signal);
        state = made.state;
        yield { kind: "step", ...progressOf(state), loss: made.loss, learningRate: made.learningRate };
        pace?.heard("step", performance.now() - began); // with what its listener did
      }
      const planned = pace?.plan(state.step, lengthOf(request, state));
      if (planned !== undefined) {
        state = { ...state, lengths: [...(state.lengths ?? []), { from: state.step, steps: planned }] };
        await keep(); // before it acts
      }
      if (isValidationDue(request, state)) {
        yield { kind: "phase", name: "validating", done: 0 };
        const validating = performance.now();
        const { state: validated, scores } = await validateState(request, state, either.signal);
        state = validated;
        pace?.heard("validation", performance.now() - validating);
        yield { kind: "validation", ...progressOf(state), scores, best: state.best?.step === state.step };
        if (schedule.patience > 0 && state.waited >= schedule.patience) {
          ended = "patience";
          break;
        }
      }
      if (state.step % schedule.validationInterval === 0) await keep();
      const view = previews.isDue() ? request.view?.() : undefined;
      if (view !== undefined) {
        const showing = performance.now();
        const shown = await previewState(request, state, view, either.signal);
        if (shown !== undefined) yield { kind: "preview", done: state.step, total: totalOf(state), ...shown };
        previews.took(performance.now() - showing);
      }
      if (performance.now() - startedAt > 1000 * maxSeconds) {
        ended = "time";
        break;
      }
    }
  } catch (error) {
    // The step before was finite, but hardly any good: what was saved before it stays.
    if (isProblem(error, "Diverged")) throw adviseAfterDivergence(error, schedule, saved?.step);
    await keep();
    if (signal?.aborted === true || stop?.aborted !== true) throw error;
    ended = "stopped";
  } finally {
    either.release();
  }
  await keep();
  const isLost = isExploding(state);
  if (isLost && state.best === undefined) throw adviseAfterDivergence(describeExplosion(state), schedule, saved?.step);
  const last = state.average ?? state.weights;
  const { best = { step: state.step, scores: {}, weights: last } } = state;
  return { state, weights: best.weights, ...(best.step !== state.step && !isLost && { last }), scores: best.scores, ended };
}

/** The length of the training as it is known at this state. */
export function lengthOf({ schedule }: Pick<TrainRequest, "schedule">, { step, lengths }: Pick<TrainingState, "step" | "lengths">): number {
  return lengthAt(step, schedule.steps, lengths ?? schedule.lengths);
}

/** Random weights, or those to fine-tune, before the first step. */
function beginTraining({ spec, schedule, weights: given }: TrainRequest): TrainingState {
  const weights = given?.slice() ?? initializeWeights(spec, schedule.seed);
  const optimizer = createOptimizer(schedule.optimizer, schedule.momentum).init(weights.length);
  return { step: 0, weights, average: schedule.averaging > 0 ? weights.slice() : undefined, optimizer, waited: 0, curve: [] };
}

interface StepResult {
  readonly state: TrainingState;
  readonly loss: number;
  readonly learningRate: number;
}

async function makeStep(request: TrainRequest, state: TrainingState, queue: ExampleQueue, signal: AbortSignal): Promise<StepResult> {
  const { schedule, networks } = request;
  const { optimizer: name, momentum, learningRate: rate, rateSchedule, averaging } = schedule;
  const steps = lengthOf(request, state);
  const asked = askGradients(networks, state.weights, queue.take(state.step), signal);
  asked.catch(() => {}); // awaited below; it may fail while the next batch is drawn
  await takeTurn();
  if (state.step + 1 < steps) queue.prepare(state.step + 1);
  const { loss, gradient } = await asked;
  assertSound(state, "loss", loss);
  assertSound(state, "gradient", normOf(gradient));

  const learningRate = learningRateAt(state.step, { rate, steps, schedule: rateSchedule });
  // Nothing waits from here on: a step is made wholly or not at all.
  const updated = createOptimizer(name, momentum).update(state.weights, gradient, state.optimizer, learningRate);
  if (state.average) averageWeights(state.average, state.weights, state.step, averaging);
  const step = state.step + 1;
  return { state: { ...state, step, optimizer: updated, curve: [...state.curve, { step, loss }] }, loss, learningRate };
}

// Weight of the newest score: single validations swing.
const scoreSmoothing = 0.5;

/** True when the state is to be validated and was not. */
function isValidationDue(request: TrainRequest, state: TrainingState): boolean {
  const { schedule, validation } = request;
  const { step, curve } = state;
  if (validation.length === 0 || step === 0 || curve.at(-1)!.scores !== undefined) return false;
  return step % schedule.validationInterval === 0 || step === lengthOf(request, state);
}

/**
 * Validates the (averaged) weights, and keeps them where their smoothed score is the best so far, or lower by chance alone: of weights
 * that few drawn objects cannot tell apart, those that learnt longer are better on other images.
 */
async function validateState(
  { spec, validation, networks, limits }: TrainRequest,
  state: TrainingState,
  signal: AbortSignal,
): Promise<{ readonly state: TrainingState; readonly scores: Readonly<Record<string, number>> }> {
  const weights = state.average ?? state.weights;
  await Promise.all(networks.map((network) => network.setWeights(weights)));
  const validated = await validate(validation, spec, networks, limits, signal);

  const scores = { ...pickScores(validated), smoothed: smoothScore(state, validated.score) };
  const curve = [...state.curve.slice(0, -1), { ...state.curve.at(-1)!, scores }];
  const most = Math.max(Number.NEGATIVE_INFINITY, ...state.curve.map((point) => point.scores?.["smoothed"] ?? Number.NEGATIVE_INFINITY));
  const isKept = !isExploding(state) && (state.best === undefined || scores.smoothed > most - chanceOf(validation, spec));
  const best = isKept ? { step: state.step, score: scores.smoothed, scores, weights: weights.slice() } : state.best;
  return { state: { ...state, curve, best, waited: scores.smoothed > most ? 0 : state.waited + 1 }, scores };
}

// Of mean IoU, which counts pixels.
const chanceOfIou = 0.01;
const mostChance = 0.1;

/** By how much the scores of weights that are as good differ. */
function chanceOf(validation: readonly ValidationImage[], { classes }: UNetSpec): number {
  return classes > 2 ? chanceOfIou : Math.min(mostChance, swingOf(countDrawn(validation)));
}

/** The prediction of a view with the (averaged) weights. */
async function previewState(
  { spec, networks: [network] }: TrainRequest,
  state: TrainingState,
  view: PixelView,
  signal: AbortSignal,
): Promise<Preview | undefined> {
  await network!.setWeights(state.average ?? state.weights);
  return predictView(view, spec, network!, signal);
}

function smoothScore({ curve }: TrainingState, score: number): number {
  const last = curve.findLast((point) => point.scores !== undefined)?.scores?.["smoothed"];
  return last === undefined ? score : (1 - scoreSmoothing) * last + scoreSmoothing * score;
}

/** Scores as numbers by name. */
export function pickScores({
  loss,
  score,
  f1,
  f1Detection,
  apMean,
  ap,
  iou,
  pixelError,
  splitDepthPx,
  threshold,
  agreement,
}: Validation): Record<string, number> {
  const byClass = Object.fromEntries(iou.flatMap((value, c) => (value === undefined ? [] : [[`iou${c}`, value]])));
  return { loss, score, f1, f1Detection, ap50: ap[0]!, apMean, pixelError, ...byClass, ...agreement, splitDepthPx, threshold };
}
