// Validation: whole images through the same tiles as `segment`, never tile by tile, measured against their annotation.
// Loss with the weights of training; IoU, F1 and AP of the objects. Ignored pixels count for nothing.

import { cropRows } from "../array/crop.ts";
import type { LabelImage } from "../array/raster.ts";
import { countValid, softmaxCrossEntropy } from "../engine/loss.ts";
import type { Network } from "../engine/network.ts";
import { chooseQuickly, chooseTogether, type Predicted } from "../label/fit-rule.ts";
import { type Measures, measureImage, type Scores, scoreMeasures } from "../label/metrics.ts";
import { type ObjectRule, plainRule } from "../label/object-rule.ts";
import { listObjects } from "../label/objects.ts";
import { writeClassesOfBytes, writeProbabilityBytes } from "../label/probability-bytes.ts";
import { ringArea } from "../label/shape/outline.ts";
import { traceOutlines } from "../label/shape/trace-outlines.ts";
import { isProblem } from "../problem.ts";
import type { Prepared } from "../sample/prepare.ts";
import { findObjectsToCut, planImage, planPrediction, writeClasses } from "../segment.ts";
import type { Budget } from "../tile/choose.ts";
import { type ReadBox, runTiles } from "../tile/run.ts";
import type { UNetSpec } from "../unet/spec.ts";

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
  /** Depth at which its objects were cut apart (label/fit-rule.ts). */
  readonly splitDepthPx: number;
  /** Probability above which a pixel was called an object. */
  readonly threshold: number;
}

/** Limits of a validation, the same that `segment` will be asked for. */
export interface ValidationLimits extends Pick<ObjectRule, "minSizePx" | "fillHoles" | "smoothPx"> {
  /** For the tiles. */
  readonly budget: Budget;
}

/** The smoothing of the distance by which objects are cut apart: as much as the notches of an outline need. */
const smoothPx = 1;

/** Reads the smallest size of the drawn objects, and whether they have holes. */
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
const calibrationPx = { train: 2 ** 20, validate: 2 ** 21 };

/** How objects are best found after a training. */
export interface Calibration {
  readonly rule: ObjectRule;
  /** What the validation says of that rule; absent where no image is kept for it. */
  readonly validation?: Validation | undefined;
}

/**
 * The rule that finds most of what was drawn: threshold, depth of cuts, smallest size and holes together on the images that validate,
 * two million pixels of them at most. Where there are none, the first of the training images tell the depth, a million pixels at
 * most; objects stay whole where the first is larger. Undefined where the validation images are too large for this, or memory does not
 * suffice. The networks hold the weights in question. Throws AbortError.
 */
export async function calibrate(
  { train, validate: validation }: { readonly train: readonly ValidationImage[]; readonly validate: readonly ValidationImage[] },
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<Calibration | undefined> {
  const { budget: _, ...learnt } = limits;
  const drawn = { ...plainRule, ...learnt };
  const isValidated = validation.length > 0;
  const telling = isValidated ? firstOf(validation, calibrationPx.validate) : firstOf(train, calibrationPx.train);
  if (telling.length === 0) return isValidated ? undefined : { rule: drawn };
  try {
    const predicted = await predictAll(isValidated ? validation : telling, spec, networks, limits, signal);
    if (!isValidated) {
      const { splitDepthPx } = await chooseQuickly(predicted, spec.classes, drawn);
      // What was learnt by heart is surer than what comes: no threshold is chosen on it.
      return { rule: { ...drawn, splitDepthPx } };
    }
    const told = predicted.filter(({ image }) => telling.includes(image));
    const rule = await chooseTogether(told, spec.classes, drawn);
    return { rule, validation: await measureAll(predicted, spec, rule) };
  } catch (error) {
    if (isProblem(error, "OutOfMemory")) return undefined;
    throw error;
  }
}

/** The first images that have so many pixels together. */
function firstOf<T extends Pick<ValidationImage, "labels">>(images: readonly T[], mostPx: number): readonly T[] {
  let pixels = 0;
  return images.filter(({ labels }) => {
    pixels += labels.data.length;
    return pixels <= mostPx;
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
  const images = validation.length > 0 ? validation : firstOf(train, calibrationPx.train);
  const plans = images.map(({ prepared }) => planPrediction(prepared.image, spec, { tile: "auto", budget }));
  return plans.every(({ keepFilters }) => keepFilters);
}

/** Measures the networks, which hold the same weights, on `images`, by a rule that is found quickly. Throws AbortError. */
export async function validate(
  images: readonly ValidationImage[],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal?: AbortSignal,
): Promise<Validation> {
  const predicted = await predictAll(images, spec, networks, limits, signal);
  const { budget: _, ...drawn } = limits;
  return measureAll(predicted, spec, await chooseQuickly(predicted, spec.classes, { ...plainRule, ...drawn }));
}

interface PredictedImage extends Predicted {
  readonly image: ValidationImage;
  readonly loss: number;
}

/** Scores of what a rule finds. */
async function measureAll(predicted: readonly PredictedImage[], spec: UNetSpec, rule: ObjectRule): Promise<Validation> {
  const { splitDepthPx, threshold } = rule;
  const measures: Measures[] = [];
  for (const one of predicted) {
    const { labels, classes: drawn, ignore } = one.image;
    const truth = drawn === undefined ? { labels } : { labels, classes: drawn };
    const found = { labels: await one.find(rule), classes: one.classesAt(threshold) };
    measures.push(measureImage(truth, found, { classCount: spec.classes, ignore }));
  }
  const scores = scoreMeasures(measures);
  const loss = predicted.reduce((sum, image) => sum + image.loss, 0);
  const valid = predicted.reduce((sum, { image }) => sum + countValid(image.prepared.weight), 0);
  const score = spec.classes > 2 ? meanForegroundIou(scores) : scores.f1;
  return { ...scores, splitDepthPx, threshold, loss: valid === 0 ? 0 : loss / valid, score };
}

async function predictAll(
  images: readonly ValidationImage[],
  spec: UNetSpec,
  networks: readonly Network[],
  limits: ValidationLimits,
  signal: AbortSignal | undefined,
): Promise<readonly PredictedImage[]> {
  const predicted: PredictedImage[] = [];
  for (const image of images) predicted.push(await predictOne(image, spec, networks, limits, signal));
  return predicted;
}

async function predictOne(
  image: ValidationImage,
  spec: UNetSpec,
  networks: readonly Network[],
  { budget }: ValidationLimits,
  signal: AbortSignal | undefined,
): Promise<PredictedImage> {
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
  // Of the rules that are tried one after the other, what has not changed is kept. It is found when first asked for: a promise that
  // nobody waits for yet would end the process when the validation is cancelled.
  let cutting: { readonly name: string; readonly cut: ReturnType<typeof findObjectsToCut> } | undefined;
  const find = async ({ threshold, minSizePx, fillHoles, ...how }: ObjectRule): Promise<LabelImage> => {
    const name = JSON.stringify([threshold, minSizePx, fillHoles]);
    if (cutting?.name !== name) {
      cutting = { name, cut: findObjectsToCut({ ...found, data: classesAt(threshold) }, { minSizePx, fillHoles }, signal) };
    }
    return (await (await cutting.cut)(how)).labels;
  };
  return { image, loss, classesAt, find };
}

function meanForegroundIou({ iou }: Scores): number {
  const known = iou.slice(1).filter((value) => value !== undefined);
  return known.length === 0 ? 0 : known.reduce((sum, value) => sum + value, 0) / known.length;
}
