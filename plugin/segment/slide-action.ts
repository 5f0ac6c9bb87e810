// A slide: model and image opened, blocks planned on the network's grid, workers started, the story told block by block into a
// store. What is made of the store (labels, outlines, tables) needs no network any more.

import type { Box } from "../../core/array/raster.ts";
import { chooseGridPart, openGrid } from "../../core/image/read-grid.ts";
import type { Plane } from "../../core/image/read-image.ts";
import type { Job } from "../../core/job.ts";
import { plainRule } from "../../core/label/object-rule.ts";
import type { DroppedPieces } from "../../core/label/object-table.ts";
import type { Model } from "../../core/model/model.ts";
import { hashSha256 } from "../../core/model/sha256.ts";
import { Problem } from "../../core/problem.ts";
import { planPrediction } from "../../core/segment.ts";
import { openBlockStore } from "../../core/sink/block-store.ts";
import type { SlideRecord } from "../../core/sink/slide-record.ts";
import type { ChunkStore } from "../../core/sink/store.ts";
import { type EmptyBlocks, findEmptyBlocks } from "../../core/slide/empty-blocks.ts";
import { type BlockSink, type SlideRun, segmentSlide } from "../../core/slide/segment-slide.ts";
import { fileNameOf } from "../../core/source/file-name.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Symmetry } from "../../core/symmetry.ts";
import { type Block, planSlide, type SlidePlan, standardBlockPx } from "../../core/tile/slide-plan.ts";
import type { Context, Parameters } from "../contract.ts";
import { shareMemory } from "../crew/crew-plan.ts";
import { chooseScale, matchPlanes, startSegmentCrew } from "../crew/segment-crew.ts";
import { loadModel, modelTitle, toReference } from "../library/load-model.ts";
import { assertThreshold, chooseRule, learntRule } from "../parameter/choose-rule.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import { choosePlanes } from "../parameter/planes.ts";
import type { Workspace } from "../workspace.ts";
import { describeNothing } from "./nothing-found.ts";

export interface SlideOptions {
  /** Only these pixels; the others are background. */
  readonly region?: Box | undefined;
  /** Micrometres a pixel side, where the image does not say or says it wrong. */
  readonly pixelSizeUm?: number | undefined;
  readonly skipEmpty: boolean;
  /** Every `count`-th block, from `index` (0-based) on. */
  readonly shard?: { readonly index: number; readonly count: number } | undefined;
  readonly keepProbabilities?: "uint8" | "float32" | undefined;
  /** How the run calls the image: path or address. */
  readonly path: string;
  /** Called before each block is kept: what is to be told of the pixels read so far is kept with it. */
  readonly beforeBlock?: (() => Promise<void>) | undefined;
  /** Called before the first tile, with what `auto` became. */
  readonly onStart?: ((resolved: Parameters) => Promise<void>) | undefined;
}

export interface SlideResult {
  readonly run: SlideRun;
  readonly record: SlideRecord;
  /** Why its objects, once they are joined, are none. */
  readonly describeNothing: (dropped: DroppedPieces, minSizePx: number) => string;
  /** The parameters as resolved. */
  readonly parameters: Parameters;
  readonly backend: string;
}

/** Predicts what `store` has not yet of a slide. Throws Problem of many kinds, AbortError. */
export async function* classifySlide(
  source: ImageSource,
  store: ChunkStore,
  given: Parameters,
  options: SlideOptions,
  workspace: Workspace,
  { signal, log }: Context = {},
): Job<SlideResult> {
  const values = resolveParameters("segment", given);
  const model = yield* loadModel(values.model, workspace, signal);
  const { spec } = model;
  assertThreshold(values, model);
  const { threshold: wanted } = chooseRule(values, learntRule(model));
  const fingerprint = await source.fingerprint?.(signal);
  onePlane(choosePlanes(source, values, spec.channels));
  const pixelSizeUm = options.pixelSizeUm ?? source.pixelSizeUm;
  const { height, width } = source;
  const { pixelsPerStep: ratio, notices: ofScale } = chooseScale(values, model, { name: source.name, height, width, pixelSizeUm });
  const part = chooseGridPart(source, ratio, options.region);
  const { planes, notices } = await matchPlanes(source, model, values, { isSlide: true, pixelsPerStep: ratio, part, signal });
  const plane = onePlane(planes);
  yield* notices;
  yield* ofScale;
  yield { kind: "phase", name: "measuring grey values", done: 0 };
  const grid = await openGrid(source, { plane, channels: spec.channels, pixelsPerStep: ratio, signal });
  const side = { height: Math.min(standardBlockPx, grid.height), width: Math.min(standardBlockPx, grid.width) };
  const chosen = planPrediction(side, spec, { tile: values.tile, budget: shareMemory(values) });
  const { tile } = chosen;
  const { levels } = spec;
  const whole = planSlide({ height, width, gridHeight: grid.height, gridWidth: grid.width, levels, tile, region: options.region });

  const crew = yield* startSegmentCrew(model, chosen, values, workspace, { signal, log });
  try {
    const { backend } = crew;
    const record = await toRecord(source, model, whole, {
      ...options,
      plane,
      tile,
      pixelSizeUm,
      ratio,
      backend,
      ranges: grid.ranges,
      fingerprint,
      threshold: wanted,
      symmetry: values.symmetry,
    });
    const blocks = await openBlockStore(store, record);
    const { threshold = plainRule.threshold, symmetry } = blocks.record; // a run that goes on keeps that which it was begun with
    const { shard, beforeBlock } = options;
    const isMine = ({ index }: Block): boolean => shard === undefined || index % shard.count === shard.index;
    const plan: SlidePlan = { ...whole, blocks: whole.blocks.filter(isMine) };
    const empty = options.skipEmpty ? await findEmptyBlocks(source, plane, plan, signal) : undefined;
    if (options.skipEmpty) yield { kind: "notice", done: 0, message: describeEmpty(empty, plan) };

    const room = describeRoom(plan, blocks.record);
    if (room !== undefined) yield { kind: "notice", done: 0, message: room };

    const resolved = { tile, workers: crew.networks.length, backend: crew.backendName, model: toReference(values.model, model) };
    const parameters = { ...values, ...resolved };
    await options.onStart?.(parameters);
    const write: BlockSink["write"] = async (block, result) => {
      await beforeBlock?.();
      await blocks.write(block, result);
    };
    const sink: BlockSink = { has: blocks.has, write };
    const keepProbabilities = options.keepProbabilities !== undefined;
    const how = { keepProbabilities, threshold, symmetry, isEmpty: empty?.isEmpty };
    const request = { plan, grid, spec, networks: crew.networks, sink, ...how, signal };
    const run = yield* segmentSlide(request);
    if (run.found > 0 && run.found === plan.blocks.length && shard === undefined) yield { kind: "notice", done: 0, message: allThere };
    // Of blocks that were done before, the probabilities are not known.
    const nearest = run.found === 0 && shard === undefined ? run.nearest : undefined;
    const isFlat = grid.ranges.every(({ low, high }) => low === high);
    const isSkipped = run.skipped > 0 && run.skipped === plan.blocks.length;
    const facts = { image: source, model, planes, pixelSizeUm, isScaled: true, isSkipped };
    const describe = (dropped: DroppedPieces, minSizePx: number): string =>
      describeNothing({ ...facts, minSizePx, findings: { dropped, nearest, isFlat } });
    return { run, record, parameters, backend, describeNothing: describe };
  } finally {
    crew.dispose();
  }
}

const allThere = "Every block was predicted before: nothing is predicted again, objects are made from what was kept.";

interface RecordOptions extends SlideOptions, Pick<SlideRecord, "plane" | "tile" | "backend" | "ranges"> {
  readonly ratio: number;
  readonly threshold: number;
  readonly symmetry: Symmetry;
  readonly fingerprint: string | undefined;
}

async function toRecord(
  { name, height, width, dtype }: ImageSource,
  model: Model,
  { levels, blockPx, gridHeight, gridWidth }: SlidePlan,
  { path, plane, tile, backend, ranges, region, keepProbabilities, pixelSizeUm, skipEmpty, ...how }: RecordOptions,
): Promise<SlideRecord> {
  const { ratio, fingerprint, threshold, symmetry } = how;
  const { buffer, byteOffset, byteLength } = model.weights;
  const { threshold: _, ...learnt } = learntRule(model, ratio);
  return {
    ...{ path, name: fileNameOf(name), height, width, dtype, plane },
    ...{ model: modelTitle(model), weights: await hashSha256(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength)) },
    ...{ classNames: model.classNames, levels, tile, blockPx, gridHeight, gridWidth, backend, ranges },
    ...(region && { region }),
    ...(keepProbabilities && { probabilityType: keepProbabilities }),
    ...(pixelSizeUm !== undefined && { pixelSizeUm }),
    ...(fingerprint !== undefined && { source: fingerprint }),
    ...{ skipEmpty, ...learnt },
    // Runs of older builds, which knew no other, say nothing.
    ...(threshold !== plainRule.threshold && { threshold }),
    ...(symmetry !== "none" && { symmetry }),
    ...(model.spec.classes === 2 && { keepsBytes: true }),
  };
}

function onePlane(planes: readonly Plane[]): Plane {
  if (planes.length === 1) return planes[0]!;
  const { z, t } = planes.at(-1)!;
  throw new Problem(
    "InvalidParameter",
    `"plane" must be one plane of a slide; got ${planes.length}. Write for example plane=z=${z},t=${t}.`,
    {
      parameter: "plane",
      value: "all",
    },
  );
}

/** Returns the notice about blocks that are left out, before the run. */
function describeEmpty(empty: EmptyBlocks | undefined, { blocks, blockPx }: SlidePlan): string {
  if (empty === undefined) return "No block is skipped: the image has no level small enough to tell which are empty.";
  const { isEmpty, isBright } = empty;
  const count = blocks.filter(isEmpty).length;
  return `${count} of ${blocks.length} blocks of ${blockPx} px are empty (${isBright ? "bright as glass" : "dark"}) and skipped.`;
}

// Bytes a pixel: measured on probabilities of nuclei (0.29) and their classes (0.04), with room for harder ones.
const usualBytes = { classes: 0.05, bytes: 0.35, probabilities: 0.35 };

/** How much storage the blocks take until the results are written, where it is more than a few megabytes. */
function describeRoom({ blocks }: SlidePlan, { keepsBytes, probabilityType, classNames }: SlideRecord): string | undefined {
  const pixels = blocks.reduce((sum, { box: { y0, x0, y1, x1 } }) => sum + (y1 - y0) * (x1 - x0), 0);
  const size = probabilityType === "float32" ? 4 : 1;
  const planes = probabilityType === undefined ? 0 : classNames.length * size;
  const kept = keepsBytes === true ? 1 : 0;
  const usual = pixels * (usualBytes.classes + usualBytes.bytes * kept + usualBytes.probabilities * planes);
  const most = pixels * (1 + kept + planes);
  if (usual < 10e6) return undefined;
  const format = (bytes: number): string => (bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
  return `What is predicted is kept block by block until the results are written: about ${format(usual)}, ${format(most)} at most.`;
}
