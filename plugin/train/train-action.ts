// `train` as hosts call it: samples opened and read, the plan made from the parameters, workers started, the story told, the
// model kept as the next version of its name. train-plan.ts makes the plan; keep-trained.ts keeps what was learnt; checkpoints let
// an ended training go on.

import { adaptWeights, describeAdaptation } from "../../core/engine/adapt-weights.ts";
import { gradientBytes } from "../../core/engine/memory.ts";
import { gatherNotices } from "../../core/gather-notices.ts";
import type { Job, Progress } from "../../core/job.ts";
import { assertModelName, type Model } from "../../core/model/model.ts";
import { describeError, isProblem, Problem } from "../../core/problem.ts";
import { describeMissing } from "../../core/source/gaps.ts";
import { lengthOf, type Schedule, type TrainingState, train } from "../../core/train.ts";
import { formatLengths } from "../../core/training/pace.ts";
import { readSamples, type SampleSource } from "../../core/training/read-samples.ts";
import { fingerprintSample } from "../../core/training/sample-fingerprint.ts";
import { learnFromDrawn, planValidation } from "../../core/training/validate.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { Context, Parameters, TrainResult } from "../contract.ts";
import { chooseBackend } from "../crew/backend-choice.ts";
import { type Crew, openCrew } from "../crew/compute.ts";
import { megabytes, planWorkers, shareMemory } from "../crew/crew-plan.ts";
import { describeFallback } from "../crew/describe-fallback.ts";
import { isRefusal } from "../library/library.ts";
import { loadModel, toReference } from "../library/load-model.ts";
import { assertOwnName } from "../library/starters.ts";
import type { Values } from "../parameter/parameter-table.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import type { Lock } from "../store/lock.ts";
import type { Workspace } from "../workspace.ts";
import { goOnValues } from "./begun-values.ts";
import { chooseStart } from "./choose-start.ts";
import { fitObjects } from "./fit-objects.ts";
import { holdAside, withHeldScores } from "./held-out.ts";
import { checkpointName, keepTrained, nameNetwork, pixelSizeOf } from "./keep-trained.ts";
import { matchSamples } from "./match-samples.ts";
import {
  assertConsistent,
  type MeasuredSchedule,
  measureSteps,
  planSchedule,
  planSpec,
  planWeights,
  type Split,
  splitSamples,
} from "./train-plan.ts";
import { chooseTrainingScale, describeTrainingScale } from "./training-scale.ts";
import { openTrainingState, readTrainingPlan, saveTrainingState, type TrainingPlan } from "./training-state.ts";

export interface TrainingSamples {
  readonly train: readonly SampleSource[];
  /** Empty: some of `train` are kept for validation. */
  readonly validate: readonly SampleSource[];
  /** Name of the dataset, for the record. */
  readonly title: string;
  /** What was told when they were opened. */
  readonly notices?: readonly string[];
}

export interface TrainContext extends Context {
  /** Name of the model in the library. */
  readonly name: string;
  /** The given parameters as they were resolved already. */
  readonly values?: Values<"train">;
}

/** Trains on samples and keeps the model. Throws Problem of many kinds, AbortError. */
export async function* trainOnSamples(
  samples: TrainingSamples,
  given: Parameters,
  workspace: Workspace,
  context: TrainContext,
): Job<TrainResult> {
  // Checked before the training, not after hours of it.
  assertModelName(context.name);
  assertOwnName(context.name, workspace.library.starters);
  const release = await takeName(workspace.lock, context.name);
  try {
    return yield* trainNamed(samples, given, workspace, context);
  } finally {
    release();
  }
}

/** Keeps the name for this training. Throws Problem StorageUnavailable, which says who trains it, where another does. */
export async function takeName(lock: Lock | undefined, name: string): Promise<() => void> {
  if (lock === undefined) return () => {};
  const release = await lock(`training ${name}`);
  if (release !== undefined) return release;
  const holder = await lock.holderOf?.(`training ${name}`);
  const reason = holder === undefined ? "it is being trained already, here or in another tab" : `${holder}, trains it`;
  const message = `A model is trained once at a time; "${name}": ${reason}. Wait, end that one, or give another name.`;
  throw new Problem("StorageUnavailable", message, { reason });
}

async function* trainNamed(
  samples: TrainingSamples,
  given: Parameters,
  workspace: Workspace,
  { name, values: asGiven = resolveParameters("train", given), signal, stop, log, view }: TrainContext,
): Job<TrainResult> {
  const checkpoint = checkpointName(name);
  const begun = asGiven.resume ? await readTrainingPlan(workspace.checkpoints, checkpoint) : undefined;
  const wanted = begun === undefined ? given : goOnValues(begun, given);
  const values = wanted === given ? asGiven : resolveParameters("train", wanted);
  if (samples.train.length === 0) throw noSamples(samples);
  const from = findStart(values, begun);
  const asked = isLeft(from) ? undefined : yield* loadStart(from, begun, workspace, signal);
  assertConsistent(given, values, asked);
  for (const message of samples.notices ?? []) yield { kind: "notice", done: 0, message };
  const known = asked && { channels: asked.spec.channels, pixelSizeUm: asked.pixelSizeUm };
  const all = [...samples.train, ...samples.validate];
  yield { kind: "phase", name: "looking at the images", done: 0 };
  const { channels, firstChannels, planesOf, notices } = await matchSamples(all, values, { base: known, signal });
  for (const message of notices) yield { kind: "notice", done: 0, message };
  const read = yield* readSamples(all, {
    planesOf,
    channels,
    classes: values.classes,
    knownClasses: asked?.spec.classes,
    scaleFor: (areasPx) =>
      chooseTrainingScale(values, { base: asked, pixelSizeUm: pixelSizeOf(samples.train, values.pixel_size), areasPx }),
    weightsFor: (objects) => planWeights(values, { given: wanted, objects }),
    signal,
  });
  const { scale } = read;
  if (scale !== 1 && values.scale === "auto") yield { kind: "notice", done: 0, message: describeTrainingScale(scale, asked) };
  const missing = all.flatMap(({ image }) => {
    const message = describeMissing(image);
    return message === undefined ? [] : [{ name: image.name, message, isWithin: true }];
  });
  for (const message of gatherNotices(missing)) yield { kind: "notice", done: 0, message };
  // Every plane is an image of its own.
  const validating = samples.validate.reduce((sum, { image }) => sum + planesOf(image).length, 0);
  const whole = splitSamples(read.images, validating, values);
  const { classes, weights } = read;
  const plan = (base: Model | undefined) => {
    const spec = base ? { ...base.spec, channels, classes } : planSpec(values, { channels, classes, images: whole.train });
    const network = nameNetwork(spec, samples.train[0]!, firstChannels, base);
    const aside = asksToHold(values, whole) ? holdAside(whole.train, spec) : undefined;
    const images = (aside?.learnt ?? whole.train).map(({ prepared }) => prepared);
    return { network, aside, images, planned: planSchedule(values, spec, { given: wanted, images }) };
  };
  const { assets, spawn, checkpoints } = workspace;
  const open = async (spec: UNetSpec, tile: number, count: number, keepFilters = false): Promise<Crew> => {
    const prefer = await chooseBackend("train", { spec, tile, count, backend: values.backend }, workspace, { signal, log });
    return openCrew({ spec, count, assets, spawn, log, signal, backend: values.backend, prefer, useKernels: true, keepFilters });
  };
  const countFor = (spec: UNetSpec, tile: number): number => planWorkers(values, gradientBytes(spec, tile, tile), workspace);
  const began = performance.now();
  const base =
    from === "auto"
      ? yield* chooseStart({
          ...{ values, given, channels, classes, images: plan(undefined).images, library: workspace.library, plan, signal },
          open: (spec, tile) => open(spec, tile, countFor(spec, tile)),
        })
      : asked;
  // Minutes are minutes: what the trials took is theirs, but half of them at least is for what was chosen.
  const minutes = Math.max(values.minutes / 2, values.minutes - (performance.now() - began) / 60_000);
  const { network, planned, aside, images } = plan(base);
  const { spec } = network;
  for (const message of aside ? [aside.notice] : describeChoice(values, whole)) yield { kind: "notice", done: 0, message };
  const split = { ...whole, train: aside?.learnt ?? whole.train };
  const held = aside?.held ?? [];
  const judged = { ...split, validate: [...split.validate, ...held] };
  const names = (images: Split["train"]): readonly string[] => images.map((image) => image.name);
  const { channel, plane } = values;
  const contents = [...split.train, ...split.validate].map(fingerprintSample);
  const heldOut = aside?.record && { heldOut: aside.record };
  const data = {
    samples: names(split.train),
    validation: names(split.validate),
    contents,
    weights,
    channel,
    plane,
    ...heldOut,
    ...(scale !== 1 && { scale }),
  };
  const drawn = learnFromDrawn(split.train);
  for (const message of base ? describeAdaptation(base, network) : []) yield { kind: "notice", done: 0, message };
  const begunFrom = base ? toReference(from, base) : (begun?.from ?? "none");
  const bytesEach = gradientBytes(spec, planned.tile, planned.tile);
  const count = countFor(spec, planned.tile);
  // A validation may take what its worker has taken to train.
  const limits = { budget: { ...shareMemory({ ...values, workers: count }), takenBytes: bytesEach }, ...drawn };
  const keepFilters = planValidation(judged, spec, limits);

  yield { kind: "phase", name: "starting", done: 0 };
  const crew = await open(spec, planned.tile, count, keepFilters);
  try {
    const fallback = describeFallback(crew);
    if (fallback !== undefined) yield { kind: "notice", done: 0, message: fallback };
    const request = {
      spec,
      images,
      validation: split.validate,
      networks: crew.networks,
      limits,
      weights: base && adaptWeights(base, network, values.seed),
    };
    const saved = values.resume
      ? await openTrainingState(checkpoints, checkpoint, { spec, planned, data, takesRate: "learning_rate" in given })
      : undefined;
    yield { kind: "phase", name: "measuring the time of a step", done: 0 };
    const { schedule, seconds, clock } = saved
      ? goOn(saved, values)
      : await measureSteps(planned, { ...values, minutes }, { ...request, signal });
    if (saved)
      yield {
        kind: "notice",
        done: 0,
        message: `Going on after step ${saved.state.step} of ${lengthOf(saved, saved.state)}, with learning rate ${schedule.learningRate}.`,
      };
    const note = values.minutes > 0 || split.validate.length === 0 ? "" : ", and validation";
    yield describePlan(schedule, { note, seconds, crew: crew.backend, count: crew.networks.length, bytesEach, memory: values.memory });

    const outcome = yield* train({
      ...request,
      schedule,
      state: saved?.state,
      stopAt: values.stop_at === "auto" ? undefined : values.stop_at,
      clock,
      maxSeconds: values.minutes > 0 ? minutes * 60 * 1.1 : undefined,
      save: (state) =>
        saveTrainingState(checkpoints, checkpoint, { spec, schedule, data, from: begunFrom, state }).catch(
          tellRefusal(workspace, checkpoint, log),
        ),
      signal,
      stop,
      view: () => {
        const seen = view?.();
        const pixels = seen && read.images[seen.image]?.prepared.image;
        return pixels && { ...seen, pixels, scale };
      },
    });
    // Validation tells how objects are best found; without it, what was learnt from does.
    yield { kind: "phase", name: "finding how objects are best found", done: 0 };
    const { rule, scores } = await fitObjects(outcome, judged, spec, crew.networks, limits, signal);
    const { step } = outcome.state;
    const isJudged = held.length > 0 && scores["f1"] !== undefined;
    if (isJudged) yield { kind: "validation", done: step, total: step, scores, best: true };
    yield { kind: "phase", name: "saving the model", done: 0 };
    const { levels, features, dropout } = spec;
    const parameters = {
      ...values,
      ...{ levels, features, dropout, classes, border_weight: weights.w0, scale },
      ...toValues(schedule, outcome.state),
      from: begunFrom,
      hold_out: heldOut ? "objects" : "none", // as it came out, whatever was asked for
      workers: crew.networks.length,
      backend: crew.backendName,
      stop_at: outcome.state.step,
      resume: false, // all of it, from its first step
    };
    const steps = lengthOf({ schedule }, outcome.state);
    const { title, train: sources } = samples;
    return yield* keepTrained(
      {
        name,
        title,
        sources,
        data,
        network,
        outcome: isJudged ? withHeldScores(outcome, scores) : { ...outcome, scores },
        steps,
        parameters,
        learnt: rule,
        crew,
      },
      workspace,
      log,
    );
  } finally {
    crew.dispose();
  }
}

/** Returns the start of the training: the one asked for, or, where a training with a free choice goes on, the one chosen when it was begun. */
function findStart({ from, resume }: Values<"train">, begun: TrainingPlan | undefined): string {
  if (from === "") return "none"; // as texts of older builds have it
  return from === "auto" && resume ? (begun?.from ?? "none") : from;
}

/** The model that a training begins with. One that goes on has its weights in the checkpoint: it goes on where that model is gone. */
async function* loadStart(
  from: string,
  begun: TrainingPlan | undefined,
  workspace: Workspace,
  signal: AbortSignal | undefined,
): Job<Model | undefined> {
  try {
    return yield* loadModel(from, workspace, signal);
  } catch (error) {
    if (begun === undefined || !isProblem(error, "MissingFile")) throw error;
    const message = `${describeError(error)} What was learnt from it is in the checkpoint: the training goes on without it.`;
    yield { kind: "notice", done: 0, message };
    return undefined;
  }
}

function isLeft(from: string): boolean {
  return from === "auto" || from === "none";
}

function noSamples({ title, validate }: TrainingSamples): Problem<"InvalidData"> {
  const reason = validate.length === 0 ? "there is none" : `all ${validate.length} are for validation`;
  return new Problem(
    "InvalidData",
    `Training needs an annotated image at least; in ${title} ${reason}. Annotate one, or use it to train.`,
    {
      reason,
    },
  );
}

/** Reports a checkpoint that the storage refuses, and the one that is left to go on from; the training continues. */
function tellRefusal({ checkpoints }: Workspace, name: string, log: Context["log"]): (error: unknown) => Promise<void> {
  return async (error) => {
    if (!isRefusal(error)) throw error;
    const isThere = (await checkpoints.list().catch((): readonly string[] => [])).includes(name);
    const loss = isThere ? "This training can be resumed from where it was last saved only" : "This training cannot be resumed later";
    log?.(`${loss}: ${error.message}`);
  };
}

interface PlanCosts {
  readonly crew: string;
  readonly count: number;
  readonly bytesEach: number;
  /** Budget in MB. */
  readonly memory: number;
  readonly seconds?: number | undefined;
  /** What the time does not count. */
  readonly note: string;
}

/** Describes the planned training, and about how long it takes. */
function describePlan({ steps, tile, batch }: Schedule, { crew, count, bytesEach, memory, seconds, note }: PlanCosts): Notice {
  const workers = count === 1 ? "1 worker" : `${count} workers`;
  const over = count * bytesEach > memory * 1e6 ? `, more than the budget of ${memory} MB` : "";
  const time =
    seconds === undefined ? "" : ` About ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`}${note}.`;
  const message = `${steps} steps of ${batch} tile${batch === 1 ? "" : "s"} of ${tile} px on ${crew}, ${workers}, about ${megabytes(bytesEach)} MB each${over}.${time}`;
  return { kind: "notice", done: 0, message };
}

type Notice = Extract<Progress, { kind: "notice" }>;

/** True where nothing validates and drawn objects may. `validate=0` asks for no scores at all. */
function asksToHold({ hold_out, validate }: Values<"train">, { validate: images }: Split): boolean {
  return hold_out === "objects" && images.length === 0 && Number(validate) > 0;
}

/** Tells users what they may not expect: that nothing is kept to validate with. */
function describeChoice(values: Values<"train">, split: Split): readonly string[] {
  const notices: string[] = [];
  if (split.validate.length === 0 && Number(values.validate) > 0) {
    notices.push(
      `None of ${split.train.length} images is kept to validate with (a share of ${values.validate}): there will be no scores, and the last weights are kept. Raise "validate", or give a dataset.`,
    );
  }
  return notices;
}

/** The schedule of a training that goes on; by the clock where it was begun so, with the time that is left of the minutes. */
function goOn(
  { schedule, state }: { readonly schedule: Schedule; readonly state: TrainingState },
  { minutes }: Values<"train">,
): MeasuredSchedule {
  if (minutes === 0 || state.seconds === undefined) return { schedule };
  return { schedule, clock: { seconds: minutes * 60, spent: state.seconds } };
}

/** The schedule by the names of the parameters, for record and replay, with the lengths that the clock made. */
function toValues(schedule: Schedule, { lengths = schedule.lengths }: TrainingState): Parameters {
  const { tile, steps, validationInterval } = schedule;
  return { tile, steps, lengths: formatLengths(lengths), interval: validationInterval, minutes: 0 };
}
