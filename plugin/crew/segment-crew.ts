// What images in memory and slides begin alike: what the model says of scale, and the workers that hold its weights.

import { predictBytes } from "../../core/engine/memory.ts";
import { describeReadPlane } from "../../core/image/describe-planes.ts";
import { matchImage } from "../../core/image/match-image.ts";
import { choosePixelsPerStep, type LearntScale, type Scaled } from "../../core/image/object-scale.ts";
import { planWork, type Work } from "../../core/image/plan-work.ts";
import { assertPlanes, type Plane } from "../../core/image/read-image.ts";
import type { Job, Progress } from "../../core/job.ts";
import type { Model } from "../../core/model/model.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { ChosenTile } from "../../core/tile/choose.ts";
import type { Context } from "../contract.ts";
import type { Values } from "../parameter/parameter-table.ts";
import { choosePlanes, parseChannels } from "../parameter/planes.ts";
import type { Workspace } from "../workspace.ts";
import { chooseBackend } from "./backend-choice.ts";
import { type Crew, openCrew } from "./compute.ts";
import { planWorkers } from "./crew-plan.ts";
import { describeFallback } from "./describe-fallback.ts";

type Notice = Extract<Progress, { kind: "notice" }>;

/** Starts the workers for tiles of this kind and gives them the weights. Whoever gets the crew disposes of it. */
export async function* startSegmentCrew(
  { spec, weights }: Pick<Model, "spec" | "weights">,
  { tile, keepFilters }: ChosenTile,
  values: Values<"segment">,
  workspace: Workspace,
  { signal, log }: { readonly signal: AbortSignal | undefined; readonly log: Context["log"] | undefined },
): Job<Crew> {
  yield { kind: "phase", name: "starting", done: 0 };
  const count = planWorkers(values, predictBytes(spec, tile, tile, keepFilters), workspace);
  const { assets, spawn } = workspace;
  const prefer = await chooseBackend("segment", { spec, tile, count, backend: values.backend }, workspace, { signal, log });
  const crew = await openCrew({ spec, count, assets, spawn, log, signal, backend: values.backend, prefer, useKernels: true, keepFilters });
  let isReady = false;
  try {
    const fallback = describeFallback(crew);
    if (fallback !== undefined) yield { kind: "notice", done: 0, message: fallback };
    await Promise.all(crew.networks.map((network) => network.setWeights(weights)));
    isReady = true;
    return crew;
  } finally {
    if (!isReady) crew.dispose();
  }
}

/** The planes that are read, with their channels; notices are what was chosen for the user. */
export interface ChosenPlanes {
  readonly planes: readonly Plane[];
  readonly notices: readonly Notice[];
}

export interface MatchPlanesOptions {
  /** True: one plane is read. */
  readonly isSlide: boolean;
  /** Pixels of the image, a side, for one that the network sees. */
  readonly pixelsPerStep: number;
  /** What is read of each plane, where it is not all. */
  readonly part?: Pick<Work, "level" | "region">;
  readonly signal: AbortSignal | undefined;
}

/**
 * The planes that the parameters mean, matched with the model. Throws Problem InvalidParameter, and UnsupportedImage before anything is read
 * where that would take unreasonably long.
 */
export async function matchPlanes(
  source: ImageSource,
  { spec, pixelSizeUm }: Pick<Model, "spec" | "pixelSizeUm">,
  values: Pick<Values<"segment">, "channel" | "plane" | "scale">,
  { isSlide, pixelsPerStep, part, signal }: MatchPlanesOptions,
): Promise<ChosenPlanes> {
  const planes = choosePlanes(source, values, spec.channels);
  const named = parseChannels(values.channel);
  assertPlanes(source, planes);
  const learnt = { channels: spec.channels, pixelSizeUm };
  const slow = await planWork(source, { planes: planes.length, channels: planes[0]!.channels, ...part });
  const isScaled = values.scale !== "auto" || pixelsPerStep !== 1;
  const { channels, told, doubts } = await matchImage(source, learnt, { planes, named, isScaled, signal });
  const left = values.plane.trim() === "" ? describeReadPlane(source, planes[0]!, { canReadAll: !isSlide }) : undefined;
  const messages = [
    ...(source.notices ?? []),
    ...(slow === undefined ? [] : [slow]),
    ...(left === undefined ? [] : [left]),
    ...told,
    ...doubts,
  ];
  return {
    planes: planes.map((plane) => ({ ...plane, channels })),
    notices: messages.map((message) => ({ kind: "notice", done: 0, message })),
  };
}

/** What a model knows of the size of objects. */
export function learntScale({ pixelSizeUm, training }: Pick<Model, "pixelSizeUm" | "training">): LearntScale {
  const { scale } = (training["parameters"] ?? {}) as { readonly scale?: unknown };
  return { ...(pixelSizeUm !== undefined && { pixelSizeUm }), scale: typeof scale === "number" && scale > 0 ? scale : 1 };
}

/** The scale on which a model sees an image, and what is to be told of it. Throws Problem InvalidParameter. */
export function chooseScale(
  { scale }: Pick<Values<"segment">, "scale">,
  model: Pick<Model, "pixelSizeUm" | "training">,
  image: Scaled,
): { readonly pixelsPerStep: number; readonly notices: readonly Notice[] } {
  const pixelsPerStep = choosePixelsPerStep(scale, learntScale(model), image);
  const message = scale === "auto" ? describeScale(model, image, pixelsPerStep) : undefined;
  return { pixelsPerStep, notices: message === undefined ? [] : [{ kind: "notice", done: 0, message }] };
}

/** Returns notices about pixel sizes; an unknown size is reported, not guessed. */
function describeScale(model: Pick<Model, "pixelSizeUm" | "training">, { pixelSizeUm }: Scaled, ratio: number): string | undefined {
  const { pixelSizeUm: wanted, scale } = learntScale(model);
  const isKnown = wanted !== undefined && pixelSizeUm !== undefined;
  if (ratio !== 1 && isKnown)
    return `The image has pixels of ${pixelSizeUm} µm, the model learnt from ${wanted} µm: it is resampled on the fly.`;
  if (ratio !== 1) return `The image is seen at ${scale} times its size, as those that the model learnt from (scale).`;
  if (wanted === undefined || pixelSizeUm !== undefined) return undefined;
  return `The model learnt from pixels of ${wanted} µm; the image does not say its own. It is taken as it is; give its pixel size, or a scale, if you know it.`;
}
