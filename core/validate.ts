// Validation: whole images through the same tiles as `segment`, never tile by tile, measured against their annotation.
// Loss with the weights of training; IoU, F1 and AP of the objects. Ignored pixels count for nothing.

import { cropRows } from "./array/crop.ts";
import type { LabelImage } from "./array/raster.ts";
import { countValid, softmaxCrossEntropy } from "./engine/loss.ts";
import type { Network } from "./engine/network.ts";
import { addCounts, f1Of, iouThresholds, type MatchCounts, matchByIou } from "./label/match.ts";
import { type Measures, measureImage, type Scores, scoreMeasures } from "./label/metrics.ts";
import { listObjects } from "./label/objects.ts";
import { countOverlaps } from "./label/overlap.ts";
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
}

/** What is tried for `splitDepthPx`, from most cuts to none. */
export const splitDepthsPx = [1, 2, 3, 4, 6, 0] as const;

/** What `segment` will be asked for, too. */
export interface ValidationLimits {
  /** For the tiles. */
  readonly budget: Budget;
  /** Objects of fewer pixels count as background. */
  readonly minSizePx: number;
}

/** Half the area of the smallest of the objects that are drawn, leaving out the smallest hundredth: what is smaller is none. */
export function smallestObjectPx(images: readonly Pick<ValidationImage, "labels">[]): number {
  const areas = images.flatMap(({ labels }) => listObjects(labels).map(({ areaPx }) => areaPx)).sort((a, b) => a - b);
  return areas.length === 0 ? 0 : Math.floor(areas[Math.floor(areas.length / 100)]! / 2);
}

// Whoever ends a training waits for this: some seconds, on a processor.
const calibrationPx = 2 ** 20;

/**
 * At which depth objects are best cut apart, where nothing is kept to validate with: told by the first of the training images,
 * a million pixels at most; 0 where the first is larger, or memory does not suffice. The networks hold the weights in question. Throws AbortError.
 */
export async function calibrateSplit(
  images: readonly ValidationImage[],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<number> {
  const some = chooseCalibration(images);
  if (some.length === 0) return 0;
  try {
    return (await validate(some, spec, networks, limits, signal)).splitDepthPx;
  } catch (error) {
    if (isProblem(error, "OutOfMemory")) return 0;
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
  const splitDepthPx = await chooseDepth(predicted);
  const measures: Measures[] = [];
  for (const { image, classes, cut } of predicted) {
    const { labels, classes: drawn, ignore } = image;
    const truth = drawn === undefined ? { labels } : { labels, classes: drawn };
    const found = await cut(splitDepthPx);
    measures.push(measureImage(truth, { labels: found.labels, classes }, { classCount: spec.classes, ignore }));
  }
  const scores = scoreMeasures(measures);
  const loss = predicted.reduce((sum, image) => sum + image.loss, 0);
  const valid = images.reduce((sum, { prepared }) => sum + countValid(prepared.weight), 0);
  const score = spec.classes > 2 ? meanForegroundIou(scores) : scores.f1;
  return { ...scores, splitDepthPx, loss: valid === 0 ? 0 : loss / valid, score };
}

/** What the networks make of an image. */
interface Predicted {
  readonly image: ValidationImage;
  readonly classes: Uint8Array;
  readonly loss: number;
  /** Its objects, cut apart at a depth. */
  readonly cut: Awaited<ReturnType<typeof findObjectsToCut>>;
}

async function predictOne(
  image: ValidationImage,
  spec: UNetSpec,
  networks: readonly Network[],
  { budget, minSizePx }: ValidationLimits,
  signal: AbortSignal | undefined,
): Promise<Predicted> {
  const { image: pixels, target, weight } = image.prepared;
  const { height, width, channels } = pixels;
  const plan = planImage(pixels, spec, { tile: "auto", budget });
  const predictors = networks.map((network) => network.predict);
  const read: ReadBox = async (box) => cropRows(pixels.data, width, channels, box);
  const classes = { height, width, channels: 1, data: new Uint8Array(height * width) };
  let loss = 0;
  for await (const { tile, logits } of runTiles({ plan, channels, classes: spec.classes, read, predictors, signal })) {
    writeClasses(logits, tile.core, classes);
    const part = { target: cropRows(target, width, 1, tile.core), weight: cropRows(weight, width, 1, tile.core) };
    loss += softmaxCrossEntropy(logits, spec.classes, part, 1).loss;
  }
  return { image, classes: classes.data, loss, cut: await findObjectsToCut(classes, { minSizePx, fillHoles: false }, signal) };
}

/** Of `splitDepthsPx` the one at which the objects of all images are found best. */
async function chooseDepth(images: readonly Predicted[]): Promise<number> {
  const scores: number[] = [];
  for (const depth of splitDepthsPx) {
    const matches: MatchCounts[] = [];
    for (const { image, cut } of images) {
      const { labels } = await cut(depth);
      matches.push(matchByIou(countOverlaps(image.labels, labels, image.ignore), iouThresholds[0]));
    }
    scores.push(f1Of(addCounts(matches)));
  }
  const most = Math.max(...scores);
  const good = splitDepthsPx.filter((_, i) => scores[i] === most);
  // Few objects cannot tell depths apart: the middle one is the least likely to be wrong on others.
  return good[Math.floor(good.length / 2)]!;
}

function meanForegroundIou({ iou }: Scores): number {
  const known = iou.slice(1).filter((value) => value !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
