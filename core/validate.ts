// Validation: whole images through the same tiles as `segment`, never tile by tile, measured against their annotation.
// Loss with the weights of training; IoU, F1 and AP of the objects. Ignored pixels count for nothing.

import { cropRows } from "./array/crop.ts";
import type { LabelImage } from "./array/raster.ts";
import { countValid, softmaxCrossEntropy } from "./engine/loss.ts";
import type { Network } from "./engine/network.ts";
import { addCounts, f1Of, iouThresholds, type MatchCounts, matchByIou } from "./label/match.ts";
import { type Measures, measureImage, type Scores, scoreMeasures } from "./label/metrics.ts";
import { type ObjectRule, plainRule } from "./label/object-rule.ts";
import { listObjects } from "./label/objects.ts";
import { countOverlaps } from "./label/overlap.ts";
import { writeClassesOfBytes, writeProbabilityBytes } from "./label/probability-bytes.ts";
import { ringArea } from "./label/shape/outline.ts";
import { traceOutlines } from "./label/shape/trace-outlines.ts";
import { isProblem } from "./problem.ts";
import type { Prepared } from "./sample/prepare.ts";
import { findObjectsToCut, planImage, planPrediction, writeClasses } from "./segment.ts";
import type { Budget } from "./tile/choose.ts";
import { type ReadBox, runTiles } from "./tile/run.ts";
import type { UNetSpec } from "./unet/spec.ts";

/** An annotated image, ready to be measured. */
export interface ValidationImage {
  readonly name: string;
  readonly prepared: Prepared;
  /** What is to be found, as the user annotated it: objects not cut apart. */
  readonly labels: LabelImage;
  readonly classes?: Uint8Array | undefined;
  readonly ignore?: Uint8Array | undefined;
}

export interface Validation extends Scores {
  /** Weighted cross-entropy, as in training. */
  readonly loss: number;
  /** What the best model is chosen by: F1 of objects; mean IoU of the foreground classes where there are several. */
  readonly score: number;
  /** Depth at which its objects were cut apart: of `splitDepthsPx` the one that finds most. */
  readonly splitDepthPx: number;
  /** Probability above which a pixel was called an object: of `thresholds` the one that finds most. */
  readonly threshold: number;
}

/** What is tried for `splitDepthPx`, from most cuts to none. */
export const splitDepthsPx = [0.75, 1, 1.5, 2, 4, 0] as const;

/** What is tried for `threshold`, in networks of two classes. */
export const thresholds = [0.3, 0.4, 0.5, 0.6] as const;

/** What `segment` will be asked for, too. */
export interface ValidationLimits extends Pick<ObjectRule, "minSizePx" | "fillHoles" | "smoothPx"> {
  /** For the tiles. */
  readonly budget: Budget;
}

/** The smoothing of the distance by which objects are cut apart: as much as the notches of an outline need. */
const smoothPx = 1;

/** What the drawn objects say of objects: their smallest size, and whether they have holes. */
export function learnFromDrawn(images: readonly Pick<ValidationImage, "labels">[]): Omit<ValidationLimits, "budget"> {
  return { minSizePx: smallestObjectPx(images), fillHoles: !haveHoles(images), smoothPx };
}

/** Half the area of the smallest of the objects that are drawn, leaving out the smallest hundredth. Smaller objects will be dropped. */
export function smallestObjectPx(images: readonly Pick<ValidationImage, "labels">[]): number {
  const areas = images.flatMap(({ labels }) => listObjects(labels).map(({ areaPx }) => areaPx)).sort((a, b) => a - b);
  return areas.length === 0 ? 0 : Math.floor(areas[Math.floor(areas.length / 100)]! / 2);
}

/** Holes that are smaller than this share of their object are slips of the pen. */
const holeShare = 0.02;

/** True where objects with holes make up more than a twentieth of what is drawn. */
function haveHoles(images: readonly Pick<ValidationImage, "labels">[]): boolean {
  let [all, pierced] = [0, 0];
  for (const { polygons } of images.flatMap(({ labels }) => traceOutlines(labels))) {
    for (const [outer, ...holes] of polygons) {
      const area = ringArea(outer);
      all += area;
      if (holes.some((hole) => -ringArea(hole) >= holeShare * area)) pierced += area;
    }
  }
  return pierced > all / 20;
}

// Whoever ends a training waits for this: some seconds, on a processor.
const calibrationPx = 2 ** 20;

/** What a validation finds best for objects. */
export type Calibration = Pick<ObjectRule, "splitDepthPx" | "threshold">;

/**
 * How objects are best found, where nothing is kept to validate with: the first of the training images tell, a million pixels at most.
 * Objects stay whole where the first is larger, or memory does not suffice. The networks hold the weights in question. Throws AbortError.
 */
export async function calibrate(
  images: readonly ValidationImage[],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<Calibration> {
  const some = chooseCalibration(images);
  const { splitDepthPx, threshold } = plainRule;
  if (some.length === 0) return { splitDepthPx, threshold };
  try {
    const found = await validate(some, spec, networks, limits, signal);
    // What was learnt by heart is surer than what comes: no threshold is chosen on it.
    return { splitDepthPx: found.splitDepthPx, threshold };
  } catch (error) {
    if (isProblem(error, "OutOfMemory")) return { splitDepthPx, threshold };
    throw error;
  }
}

function chooseCalibration<T extends Pick<ValidationImage, "labels">>(images: readonly T[]): readonly T[] {
  let pixels = 0;
  return images.filter(({ labels }) => {
    pixels += labels.data.length;
    return pixels <= calibrationPx;
  });
}

/**
 * True when memory suffices to keep filters prepared between the tiles of all that a training will predict: of its validation, or
 * of what its calibration takes. Throws Problem OutOfMemory, before hours of training, when it does not suffice at all.
 */
export function planValidation(
  { train, validate: validation }: { readonly train: readonly ValidationImage[]; readonly validate: readonly ValidationImage[] },
  spec: UNetSpec,
  { budget }: Pick<ValidationLimits, "budget">,
): boolean {
  const images = validation.length > 0 ? validation : chooseCalibration(train);
  const plans = images.map(({ prepared }) => planPrediction(prepared.image, spec, { tile: "auto", budget }));
  return plans.every(({ keepFilters }) => keepFilters);
}

/** Measures the networks, which hold the same weights, on `images`. Throws AbortError. */
export async function validate(
  images: readonly ValidationImage[],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<Validation> {
  const predicted: Predicted[] = [];
  for (const image of images) predicted.push(await predictOne(image, spec, networks, limits, signal));
  const { splitDepthPx, threshold } = await chooseRule(predicted, spec.classes);
  const measures: Measures[] = [];
  for (const one of predicted) {
    const { labels, classes: drawn, ignore } = one.image;
    const truth = drawn === undefined ? { labels } : { labels, classes: drawn };
    const found = await one.find(threshold)(splitDepthPx);
    measures.push(measureImage(truth, { labels: found, classes: one.classesAt(threshold) }, { classCount: spec.classes, ignore }));
  }
  const scores = scoreMeasures(measures);
  const loss = predicted.reduce((sum, image) => sum + image.loss, 0);
  const valid = images.reduce((sum, { prepared }) => sum + countValid(prepared.weight), 0);
  const score = spec.classes > 2 ? meanForegroundIou(scores) : scores.f1;
  return { ...scores, splitDepthPx, threshold, loss: valid === 0 ? 0 : loss / valid, score };
}

/** What the networks make of an image. */
interface Predicted {
  readonly image: ValidationImage;
  readonly loss: number;
  classesAt(threshold: number): Uint8Array;
  /** Its objects at a threshold, cut apart at a depth. */
  find(threshold: number): (splitDepthPx: number) => Promise<LabelImage>;
}

async function predictOne(
  image: ValidationImage,
  spec: UNetSpec,
  networks: readonly Network[],
  { budget, ...rule }: ValidationLimits,
  signal: AbortSignal | undefined,
): Promise<Predicted> {
  const { image: pixels, target, weight } = image.prepared;
  const { height, width, channels } = pixels;
  const plan = planImage(pixels, spec, { tile: "auto", budget });
  const predictors = networks.map((network) => network.predict);
  const read: ReadBox = async (box) => cropRows(pixels.data, width, channels, box);
  const found = { height, width, channels: 1, data: new Uint8Array(height * width) };
  const write = spec.classes === 2 ? writeProbabilityBytes : writeClasses;
  let loss = 0;
  for await (const { tile, logits } of runTiles({ plan, channels, classes: spec.classes, read, predictors, signal })) {
    write(logits, tile.core, found);
    const part = { target: cropRows(target, width, 1, tile.core), weight: cropRows(weight, width, 1, tile.core) };
    loss += softmaxCrossEntropy(logits, spec.classes, part, 1).loss;
  }
  const classesAt = (threshold: number): Uint8Array => {
    if (spec.classes > 2) return found.data;
    const classes = new Uint8Array(found.data.length);
    writeClassesOfBytes(found.data, threshold, classes);
    return classes;
  };
  const find: Predicted["find"] = (threshold) => {
    // Found when first asked for: a promise that nobody waits for yet would end the process when the validation is cancelled.
    let cutting: ReturnType<typeof findObjectsToCut> | undefined;
    return async (splitDepthPx) => {
      cutting ??= findObjectsToCut({ ...found, data: classesAt(threshold) }, rule, signal);
      return (await (await cutting)({ splitDepthPx, smoothPx: rule.smoothPx })).labels;
    };
  };
  return { image, loss, classesAt, find };
}

/** Of `splitDepthsPx` the one at which the objects of all images are found best, and then of `thresholds` the one at that depth. */
async function chooseRule(predicted: readonly Predicted[], classes: number): Promise<Calibration> {
  const half = predicted.map((one) => one.find(plainRule.threshold));
  const splitDepthPx = await chooseBest(splitDepthsPx, (depth) => scoreObjects(predicted, (i) => half[i]!(depth)));
  if (classes > 2) return { splitDepthPx, threshold: plainRule.threshold };
  // F1 at the least overlap hardly changes with the size of objects; at all overlaps together it does.
  const threshold = await chooseBest(thresholds, (value) =>
    scoreObjects(predicted, (i) => predicted[i]!.find(value)(splitDepthPx), iouThresholds),
  );
  return { splitDepthPx, threshold };
}

/** F1 of the objects of all images together, the mean over the overlaps (IoU) that count as found. */
async function scoreObjects(
  predicted: readonly Predicted[],
  find: (image: number) => Promise<LabelImage>,
  overlaps: readonly number[] = iouThresholds.slice(0, 1),
): Promise<number> {
  const matches: MatchCounts[][] = overlaps.map(() => []);
  for (const [i, { image }] of predicted.entries()) {
    const counted = countOverlaps(image.labels, await find(i), image.ignore);
    for (const [k, overlap] of overlaps.entries()) matches[k]!.push(matchByIou(counted, overlap));
  }
  return matches.reduce((sum, ofImages) => sum + f1Of(addCounts(ofImages)), 0) / overlaps.length;
}

/** The value with the highest score. Few objects cannot tell values apart: the middle one of equal ones is the least likely to be wrong on others. */
async function chooseBest<T>(values: readonly T[], scoreOf: (value: T) => Promise<number>): Promise<T> {
  const scores: number[] = [];
  for (const value of values) scores.push(await scoreOf(value));
  const most = Math.max(...scores);
  const good = values.filter((_, i) => scores[i] === most);
  return good[Math.floor(good.length / 2)]!;
}

function meanForegroundIou({ iou }: Scores): number {
  const known = iou.slice(1).filter((value) => value !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
