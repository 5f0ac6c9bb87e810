// What a training leaves behind: the model with its record in the library, the last one beside it where another was the best,
// and no checkpoint once there is nothing left to go on with.

import type { NamedNetwork } from "../../core/engine/adapt-weights.ts";
import type { Job } from "../../core/job.ts";
import type { ObjectRule } from "../../core/label/object-rule.ts";
import type { Model } from "../../core/model/model.ts";
import type { Problem } from "../../core/problem.ts";
import { toPlainName } from "../../core/source/plain-text.ts";
import type { CurvePoint, TrainOutcome } from "../../core/train.ts";
import type { SampleSource } from "../../core/training/read-samples.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import type { Context, Parameters, TrainResult } from "../contract.ts";
import type { Crew } from "../crew/compute.ts";
import { modelTitle } from "../library/load-model.ts";
import { createTestTensors } from "../library/model-test.ts";
import type { Workspace } from "../workspace.ts";
import type { PlannedData } from "./training-state.ts";

export interface Trained {
  /** Name of the model in the library. */
  readonly name: string;
  /** Name of the dataset. */
  readonly title: string;
  readonly sources: readonly SampleSource[];
  readonly data: PlannedData;
  readonly network: NamedNetwork;
  readonly outcome: TrainOutcome;
  /** Length of the schedule. */
  readonly steps: number;
  /** As resolved. */
  readonly parameters: Parameters;
  /** What `segment` takes for "auto". */
  readonly learnt: ObjectRule;
  readonly crew: Crew;
}

/** Under which the last model of a training is kept, where another was the best. */
function lastName(name: string): string {
  return `${name.slice(0, 95)}-last`;
}

/** The name of a training's state in the store of checkpoints. */
export function checkpointName(name: string): string {
  return `${name}.checkpoint`;
}

/** Keeps what was learnt and returns it, also where the storage refuses it. */
export async function* keepTrained(trained: Trained, { library, checkpoints }: Workspace, log: Context["log"]): Job<TrainResult> {
  const { name, outcome, steps, parameters, crew } = trained;
  const { state, scores, ended, last } = outcome;
  const refused: string[] = [];
  const onRefused = ({ message }: Problem, keptAt?: string): void => {
    const where = keptAt === undefined ? "The model is in the result; save its file." : `The model is kept as ${keptAt}: move it soon.`;
    refused.push(`${message} ${where}`);
  };
  const best = await describeModel(trained, outcome.weights, { scores, rule: trained.learnt });
  const { model, archive } = await library.add({ ...best, name }, { onRefused });
  for (const message of refused) yield { kind: "notice", done: 0, message };
  // One that was to end early, by stop_at, can still go on.
  if (state.step === steps || ended === "patience") {
    if (last !== undefined && refused.length === 0) {
      const which = `; its last weights, the best are those of "${name}" after step ${state.best!.step}`;
      const lastScores = state.curve.at(-1)?.scores ?? {};
      const { splitDepthPx = trained.learnt.splitDepthPx, threshold = trained.learnt.threshold } = lastScores;
      const rule = { ...trained.learnt, splitDepthPx, threshold };
      const lastModel = await describeModel(trained, last, { scores: lastScores, rule }, which);
      const tell = ({ message }: Problem): void => log?.(`The last model is not kept beside the best: ${message}`);
      await library.add({ ...lastModel, name: lastName(name) }, { onRefused: tell });
    }
    await checkpoints.remove(checkpointName(name));
  }
  const blob = new Blob([archive as Uint8Array<ArrayBuffer>], { type: "application/zip" });
  return { model: modelTitle(model), archive: blob, scores, curve: thinCurve(state.curve), ended, parameters, backend: crew.backend };
}

/** The model of these weights, with its record and its test image. */
async function describeModel(
  { title, sources, data, network, outcome, parameters, crew }: Trained,
  weights: Float32Array,
  { scores, rule }: { readonly scores: Readonly<Record<string, number>>; readonly rule: ObjectRule },
  which = "",
): Promise<Omit<Model, "name" | "version">> {
  const { step, best, curve } = outcome.state;
  const { spec, classNames, channelNames } = network;
  return {
    description: `U-Net trained on ${title}: ${data.samples.length} images, ${step} steps${which}.`,
    spec,
    weights,
    classNames,
    channelNames,
    normalization: { kind: "scale_range", percentiles: [1, 99.8], eps: 1e-6 },
    ...seenPixelSize(sources, parameters),
    training: {
      // Archives are handed on: the dataset's name, not where it lies.
      parameters: { ...parameters, dataset: title },
      samples: data.samples,
      validation: data.validation,
      ...(data.heldOut && { heldOut: { ...data.heldOut, images: [...data.heldOut.images] } }),
      steps: step,
      bestStep: best?.step ?? step,
      ended: outcome.ended,
      scores: { ...scores },
      ...rule,
      curve: thinCurve(curve).map((point) => ({ ...point })),
      backend: crew.backend,
    },
    created: new Date().toISOString(),
    ...(await createTestTensors(spec, weights, crew.networks[0]!)),
  };
}

/**
 * The network with its names: those of the model that it goes on from, for the classes that this one knows and for as many channels;
 * else those of the first sample, of which it reads `firstChannels`.
 */
export function nameNetwork(spec: UNetSpec, first: SampleSource, firstChannels: readonly number[], base?: NamedNetwork): NamedNetwork {
  const channelNames = base?.spec.channels === spec.channels ? base.channelNames : nameChannels(first, firstChannels);
  return { spec, channelNames, classNames: nameClasses(spec.classes, base?.classNames) };
}

function nameClasses(count: number, known: readonly string[] = []): readonly string[] {
  return Array.from({ length: count }, (_, c) => known[c] ?? (c === 0 ? "background" : count === 2 ? "object" : `class ${c}`));
}

function nameChannels({ image }: SampleSource, chosen: readonly number[]): readonly string[] {
  return chosen.map(
    (c) =>
      toPlainName(image.channels[c]?.name ?? "")
        .replace(/[[\]'"=]/g, "")
        .trim() || `channel ${c + 1}`,
  );
}

/** The size of the pixels that the network saw. */
function seenPixelSize(samples: readonly SampleSource[], { pixel_size, scale }: Parameters): { readonly pixelSizeUm?: number } {
  const own = pixelSizeOf(samples, Number(pixel_size));
  return own === undefined ? {} : { pixelSizeUm: scale === 1 ? own : Number((own / Number(scale)).toPrecision(6)) };
}

/** The pixel size that was given (not 0), or else that of the images where all agree on it. */
export function pixelSizeOf(samples: readonly SampleSource[], given: number): number | undefined {
  if (given > 0) return given;
  const [first, ...others] = samples.map(({ image }) => image.pixelSizeUm);
  const agree = first !== undefined && others.every((size) => size !== undefined && Math.abs(size - first) < 1e-3 * first);
  return agree ? first : undefined;
}

const curvePoints = 1000;

/** At most about a thousand points of the curve; validated steps are all kept. */
function thinCurve(curve: readonly CurvePoint[]): readonly CurvePoint[] {
  const every = Math.ceil(curve.length / curvePoints);
  return curve.filter((point, i) => i % every === 0 || point.scores !== undefined || i === curve.length - 1);
}
