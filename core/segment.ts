// The story of `segment`, one call a chapter: measure the image's grey values, plan the tiles, predict them, join the classes
// to objects. Read train.ts for how a network comes to know them.

import type { ReadBands } from "./array/band.ts";
import { cropRows } from "./array/crop.ts";
import { mapBack, mapClassesBack } from "./array/map-back.ts";
import type { Box, Raster } from "./array/raster.ts";
import { softmax } from "./engine/loss.ts";
import { predictBytes } from "./engine/memory.ts";
import type { Network } from "./engine/network.ts";
import { type GridReader, openGrid } from "./image/read-grid.ts";
import type { Plane } from "./image/read-image.ts";
import { createClock, type Job } from "./job.ts";
import type { CountedLabels } from "./label/components.ts";
import { findObjects } from "./label/find-objects.ts";
import { labelBands } from "./label/label-bands.ts";
import type { ObjectRule } from "./label/object-rule.ts";
import type { DroppedPieces } from "./label/object-table.ts";
import { leastLead, toProbabilityBytes, writeClassesOfBytes, writeProbabilityBytes } from "./label/probability-bytes.ts";
import { describeTooLarge, splitObjects } from "./label/split-objects.ts";
import type { ImageSource } from "./source/source.ts";
import { averageOverSymmetries, type Symmetry } from "./symmetry.ts";
import { type Budget, type ChosenTile, chooseTile } from "./tile/choose.ts";
import { planTiles, type TilePlan } from "./tile/plan.ts";
import { runTiles } from "./tile/run.ts";
import type { UNetSpec } from "./unet/spec.ts";

export interface SegmentOptions extends ObjectRule {
  readonly plane: Plane;
  /** Pixels of the image, a side, for one that the network sees; default 1. Results have the image's own pixels. */
  readonly pixelsPerStep?: number | undefined;
  /** Input side of the network, or `auto`. */
  readonly tile: number | "auto";
  /** For `auto`. */
  readonly budget: Budget;
  /** True: keep the probabilities, 4 bytes a pixel and class. */
  readonly keepProbabilities: boolean;
  /** Over which views of a tile probabilities are averaged; default none. */
  readonly symmetry?: Symmetry | undefined;
  /** Number of the plane, in progress of kind `preview`; default 0. */
  readonly image?: number;
}

export interface Segmentation {
  /** Class of each pixel: the most probable one, or of two the one that the threshold says. */
  readonly classes: Raster<Uint8Array>;
  /** Of two classes the probability of the second, as bytes (probability-bytes.ts): `objectsFrom` makes objects of it by any rule. */
  readonly bytes?: Raster<Uint8Array>;
  /** Softmax, [height, width, classes]; only when asked for. */
  readonly probabilities?: Raster<Float32Array>;
  /** Objects of all classes but background, numbered in reading order. */
  readonly labels: CountedLabels;
  readonly plan: TilePlan;
  readonly findings: Findings;
}

/** Facts of a segmentation that explain why no object was found. */
export interface Findings {
  readonly dropped: DroppedPieces;
  /** Where every pixel is background: the largest probability that a pixel had of being an object. */
  readonly nearest?: number | undefined;
  /** True where all pixels that were read have one value. */
  readonly isFlat?: boolean | undefined;
}

/** Segments one plane of an image of any size with the networks, which hold the same weights and share the tiles. */
export async function* segment(
  source: ImageSource,
  spec: UNetSpec,
  networks: readonly Network[],
  options: SegmentOptions,
  signal?: AbortSignal,
): Job<Segmentation> {
  yield { kind: "phase", name: "measuring grey values", done: 0 };
  const { plane, pixelsPerStep } = options;
  const grid = await openGrid(source, { plane, channels: spec.channels, pixelsPerStep: pixelsPerStep ?? 1, signal });
  const plan = planImage(grid, spec, options);
  const { nearest, ...pixels } = yield* classify(source, grid, { spec, networks, plan }, options, signal);

  yield { kind: "phase", name: "finding objects", done: 0 };
  const { labels, tooLarge, dropped } = await toObjects(pixels.classes, options, signal);
  if (tooLarge.length > 0) yield { kind: "notice", done: 0, message: describeTooLarge(tooLarge) };
  const isFlat = grid.ranges.every(({ low, high }) => low === high);
  return { ...pixels, labels, plan, findings: { dropped, nearest, isFlat } };
}

type Size = { readonly height: number; readonly width: number };

/** The tile for an image: the one asked for, or that which computes least within the budget. Throws Problem OutOfMemory. */
export function planPrediction(
  { height, width }: Size,
  spec: UNetSpec,
  { tile, budget }: Pick<SegmentOptions, "tile" | "budget">,
): ChosenTile {
  const bytesOf = (side: number, keepFilters: boolean): number => predictBytes(spec, side, side, keepFilters);
  return chooseTile({ height, width, levels: spec.levels, budget, bytesOf, tile: tile === "auto" ? undefined : tile });
}

/** The tiles for an image. Throws Problem OutOfMemory. */
export function planImage(image: Size, spec: UNetSpec, options: Pick<SegmentOptions, "tile" | "budget">): TilePlan {
  const { tile } = planPrediction(image, spec, options);
  return planTiles({ height: image.height, width: image.width, levels: spec.levels, tileHeight: tile, tileWidth: tile });
}

interface Prediction {
  readonly spec: UNetSpec;
  readonly networks: readonly Network[];
  readonly plan: TilePlan;
}

/** Predicts every tile of the grid and keeps the class of each pixel of the image, and of two classes the probability. */
async function* classify(
  own: Size,
  { height, width, read }: GridReader,
  { spec, networks, plan }: Prediction,
  { threshold, keepProbabilities, symmetry = "none", image = 0 }: SegmentOptions,
  signal: AbortSignal | undefined,
): Job<Pick<Segmentation, "classes" | "bytes" | "probabilities"> & Pick<Findings, "nearest">> {
  const isTwo = spec.classes === 2;
  const classes = { height, width, channels: 1, data: new Uint8Array(height * width) };
  const bytes = { ...classes, data: new Uint8Array(isTwo ? height * width : 0) };
  const isOwnGrid = height === own.height && width === own.width;
  const isKept = keepProbabilities || !isOwnGrid;
  const kept = isKept ? height * width * spec.classes : 0;
  const probabilities = { height, width, channels: spec.classes, data: new Float32Array(kept) };
  const predictors = networks.map((network) => averageOverSymmetries(network.predict, symmetry, spec.classes));
  const total = plan.tiles.length;
  const secondsLeft = createClock(height * width);
  let done = 0;
  let pixelsDone = 0;
  const search = createSearch(spec.classes, isTwo ? leastLead(threshold) : 0);
  for await (const { tile, logits } of runTiles({ plan, channels: spec.channels, classes: spec.classes, read, predictors, signal })) {
    if (isTwo) writeTwoClasses(logits, tile.core, threshold, { bytes, classes });
    else writeClasses(logits, tile.core, classes);
    search.add(logits);
    if (isKept) writeProbabilities(logits, tile.core, probabilities);
    done = Math.min(total, done + 1); // a tile that was split for memory comes in parts
    pixelsDone += logits.length / spec.classes;
    const seen = mapClassesBack(tile.core, cropRows(classes.data, width, 1, tile.core), own, { height, width });
    yield { kind: "preview", done, total, image, ...seen };
    yield { kind: "tile", done, total, secondsLeft: secondsLeft(pixelsDone)! };
  }
  const nearest = search.nearest();
  if (isOwnGrid) return { classes, ...(isTwo && { bytes }), ...(keepProbabilities && { probabilities }), nearest };
  const mapped = mapBack({ ...probabilities, y0: 0, x0: 0 }, { y0: 0, x0: 0, y1: own.height, x1: own.width }, own, { height, width });
  const decided = decide(mapped, threshold);
  const toRaster = (data: Uint8Array): Raster<Uint8Array> => ({ height: own.height, width: own.width, channels: 1, data });
  return {
    classes: toRaster(decided.classes),
    ...(decided.bytes && { bytes: toRaster(decided.bytes) }),
    ...(keepProbabilities && { probabilities: mapped }),
    nearest,
  };
}

/** The class of each pixel of known probabilities: the most probable one, or of two classes the one that the threshold says, with its byte. */
export function decide(
  probabilities: Raster<Float32Array>,
  threshold: number,
): { readonly classes: Uint8Array; readonly bytes?: Uint8Array } {
  const { height, width, channels, data } = probabilities;
  const classes = { height, width, channels: 1, data: new Uint8Array(height * width) };
  if (channels !== 2) {
    writeClasses(data, { y0: 0, x0: 0, y1: height, x1: width }, classes);
    return { classes: classes.data };
  }
  const bytes = toProbabilityBytes(data);
  writeClassesOfBytes(bytes, threshold, classes.data);
  return { classes: classes.data, bytes };
}

/** Looks for the pixel that is nearest to an object, as long as every pixel is background. `leadOfObjects`: how far an object's logit leads. */
export function createSearch(classes: number, leadOfObjects = 0): { add(logits: Float32Array): void; nearest(): number | undefined } {
  let best = Number.NEGATIVE_INFINITY;
  let found = 0;
  return {
    add(logits) {
      if (best > leadOfObjects) return; // an object was found, and then nobody asks
      for (let i = 0; i < logits.length; i += classes) {
        let most = 1;
        for (let c = 2; c < classes; c++) if (logits[i + c]! > logits[i + most]!) most = c;
        const lead = logits[i + most]! - logits[i]!;
        if (lead <= best) continue;
        best = lead;
        let sum = 0;
        for (let c = 0; c < classes; c++) sum += Math.exp(logits[i + c]! - logits[i + most]!);
        found = 1 / sum;
        if (best > leadOfObjects) return;
      }
    },
    nearest: () => (best > leadOfObjects || best === Number.NEGATIVE_INFINITY ? undefined : found),
  };
}

/** Writes of two classes the probability of the second, and where it is above the threshold; both images have one size. */
export function writeTwoClasses(
  logits: Float32Array,
  core: Box,
  threshold: number,
  { bytes, classes }: { readonly bytes: Raster<Uint8Array>; readonly classes: Raster<Uint8Array> },
): void {
  writeProbabilityBytes(logits, core, bytes);
  for (let y = core.y0; y < core.y1; y++) {
    const row = y * bytes.width;
    writeClassesOfBytes(bytes.data, threshold, classes.data, { from: row + core.x0, to: row + core.x1 });
  }
}

/** Writes the class with the largest logit of each pixel of the core; the first of equal ones. */
export function writeClasses(logits: Float32Array, core: Box, out: Raster<Uint8Array>): void {
  const pixels = (core.y1 - core.y0) * (core.x1 - core.x0);
  const count = logits.length / pixels;
  const { data, width } = out;
  let at = 0;
  for (let y = core.y0; y < core.y1; y++) {
    const end = y * width + core.x1;
    if (count === 2) {
      // Without a branch, which processors cannot foresee in noise: several times as fast.
      for (let i = y * width + core.x0; i < end; i++, at += 2) data[i] = +(logits[at + 1]! > logits[at]!);
      continue;
    }
    for (let i = y * width + core.x0; i < end; i++, at += count) {
      let best = 0;
      for (let c = 1; c < count; c++) if (logits[at + c]! > logits[at + best]!) best = c;
      data[i] = best;
    }
  }
}

/** Writes the softmax of the core's logits. */
export function writeProbabilities(logits: Float32Array, core: Box, out: Raster<Float32Array>): void {
  const probabilities = new Float32Array(logits.length);
  softmax(logits, out.channels, probabilities);
  const rowLength = (core.x1 - core.x0) * out.channels;
  for (let y = core.y0; y < core.y1; y++) {
    const from = (y - core.y0) * rowLength;
    out.data.set(probabilities.subarray(from, from + rowLength), (y * out.width + core.x0) * out.channels);
  }
}

export interface FoundObjects {
  readonly labels: CountedLabels;
  /** Of those, which were too large to be looked at for necks. */
  readonly tooLarge: readonly number[];
  readonly dropped: DroppedPieces;
}

/**
 * Objects of two classes by any rule, from the bytes of a prediction: nothing is predicted again. The same as `segment` finds by
 * that rule, and as a slide's run finds from its blocks.
 */
export async function objectsFrom(
  bytes: Raster<Uint8Array>,
  { threshold, ...rule }: ObjectRule,
  signal?: AbortSignal,
): Promise<FoundObjects> {
  const classes = new Uint8Array(bytes.data.length);
  writeClassesOfBytes(bytes.data, threshold, classes);
  return toObjects({ ...bytes, data: classes }, rule, signal);
}

/**
 * Classes to objects: 4-connected components of each class but background, holes filled and small ones dropped where asked, then
 * cut apart where they grew together.
 */
export async function toObjects(
  classes: Raster<Uint8Array>,
  { splitDepthPx, smoothPx, ...options }: Omit<ObjectRule, "threshold">,
  signal?: AbortSignal,
): Promise<FoundObjects> {
  const cut = await findObjectsToCut(classes, options, signal);
  return cut({ splitDepthPx, smoothPx });
}

/** The same, found once and cut apart in several ways. */
export async function findObjectsToCut(
  { height, width, data }: Raster<Uint8Array>,
  options: Pick<ObjectRule, "minSizePx" | "fillHoles">,
  signal?: AbortSignal,
): Promise<(how: Pick<ObjectRule, "splitDepthPx" | "smoothPx">) => Promise<FoundObjects>> {
  const read: ReadBands = async function* () {
    yield { y0: 0, height, width, data };
  };
  const found = await findObjects(read, { height, width, ...options, signal });
  return async ({ splitDepthPx, smoothPx }) => {
    const cuts = { minDepthPx: splitDepthPx, smoothPx, minSizePx: options.minSizePx, signal };
    const { table, tooLarge } = splitDepthPx === 0 ? { table: found, tooLarge: [] } : await splitObjects(read, found, cuts);
    const labels = new Uint32Array(height * width);
    for await (const band of labelBands(read, table, signal)) labels.set(band.data, band.y0 * width);
    return { labels: { height, width, data: labels, count: table.count }, tooLarge, dropped: table.dropped };
  };
}
