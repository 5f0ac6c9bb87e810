// How much each pixel counts in the loss. Two forms: equation (2) of Ronneberger et al. 2015, and that of the Fiji plugin
// (Falk et al. 2019). Neither cuts touching objects apart: `separate` does, before. Weight 0 means ignored.

import { squaredDistances } from "../array/distance.ts";
import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage } from "../array/raster.ts";
import { addRidgeInPlace } from "./ridge.ts";

/** Equation (2): w_c + w0 exp(-(d1 + d2)^2 / (2 sigma^2)), the second term on background. */
export interface PaperWeights {
  readonly form: "ronneberger2015";
  readonly w0: number;
  readonly sigmaPx: number;
  /** w_c = N / (K N_c) over the pixels not ignored, K classes; else 1. */
  readonly balance: boolean;
}

/**
 * Foreground 1; background v + the sum over the foreground classes of
 * w0 exp(-(d1 + d2)^2 / (2 sigma^2)) + (1 - v) exp(-d1^2 / (2 smoothness^2)).
 */
export interface FalkWeights {
  readonly form: "falk2019";
  readonly w0: number;
  readonly sigmaPx: number;
  /** v, the weight of background far from any object. */
  readonly backgroundWeight: number;
  /** sigma1, over which the weight falls to v around an object. */
  readonly smoothnessSigmaPx: number;
}

export type WeightOptions = PaperWeights | FalkWeights;

/** The published parameters of both papers. */
export const ronneberger2015Weights: PaperWeights = { form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: true };
export const falk2019Weights: FalkWeights = { form: "falk2019", w0: 50, sigmaPx: 6, backgroundWeight: 0.1, smoothnessSigmaPx: 10 };

export interface Annotation {
  /** Instances, 0 = background. */
  readonly labels: LabelImage;
  /** Class numbers, 0 exactly where `labels` is 0; without them every object is of class 1. */
  readonly classes?: Uint8Array | undefined;
  /** Number of classes with background; default 2. */
  readonly classCount?: number;
  /** Non-zero = ignored: weight 0, and what is written there changes nothing. */
  readonly ignore?: Uint8Array | undefined;
}

/** One weight a pixel, from 0 up. */
export function weightMap(annotation: Annotation, options: WeightOptions): Float32Array {
  const seen = hideUnderIgnore(annotation);
  const weights = options.form === "falk2019" ? falkWeights(seen, options) : paperWeights(seen, options);
  const { ignore } = annotation;
  if (ignore !== undefined) for (let i = 0; i < weights.length; i++) if (ignore[i]) weights[i] = 0;
  return weights;
}

/** An annotation with background under the ignored pixels, and classes at hand. */
interface Seen {
  readonly labels: LabelImage;
  readonly classes: Uint8Array;
  readonly classCount: number;
  readonly ignore: Uint8Array | undefined;
}

function hideUnderIgnore({ labels, classes, classCount = 2, ignore }: Annotation): Seen {
  const data = hideIgnored(labels.data, ignore);
  const seenClasses = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) seenClasses[i] = classes === undefined ? 1 : classes[i]!;
  return { labels: { ...labels, data }, classes: seenClasses, classCount, ignore };
}

function paperWeights({ labels, classes, classCount, ignore }: Seen, { w0, sigmaPx, balance }: PaperWeights): Float32Array {
  const weights = new Float32Array(classes.length).fill(1);
  if (balance) {
    const weightOf = balanceClasses(classes, classCount, ignore);
    for (let i = 0; i < weights.length; i++) weights[i] = weightOf[classes[i]!]!;
  }
  addRidgeInPlace(labels, { w0, sigmaPx }, weights);
  return weights;
}

/** N / (K N_c) for each of the K classes, over the pixels not ignored; for a class without pixels as if it had one. */
function balanceClasses(classes: Uint8Array, classCount: number, ignore?: Uint8Array): Float64Array {
  const counts = new Float64Array(classCount);
  let total = 0;
  for (let i = 0; i < classes.length; i++) {
    if (ignore?.[i]) continue;
    counts[classes[i]!]!++;
    total++;
  }
  return counts.map((count) => total / (classCount * Math.max(1, count)));
}

function falkWeights({ labels, classes, classCount }: Seen, options: FalkWeights): Float32Array {
  const { backgroundWeight: v, smoothnessSigmaPx } = options;
  const { height, width } = labels;
  const weights = new Float32Array(classes.length);
  for (let i = 0; i < weights.length; i++) weights[i] = classes[i] === 0 ? v : 1;
  const scale = -1 / (2 * smoothnessSigmaPx * smoothnessSigmaPx);
  // The ridge is set on the background of the objects it is given: collected apart, then added where no class is.
  for (let c = 1; c < classCount; c++) {
    if (!classes.includes(c)) continue;
    const mask = new Uint8Array(classes.length);
    const own = new Uint32Array(classes.length);
    for (let i = 0; i < mask.length; i++) {
      if (classes[i] !== c) continue;
      mask[i] = 1;
      own[i] = labels.data[i]!;
    }
    const squared = squaredDistances(mask, height, width);
    const ridge = new Float32Array(weights.length);
    addRidgeInPlace({ height, width, data: own }, options, ridge);
    const limit = (5 * smoothnessSigmaPx) ** 2;
    for (let i = 0; i < weights.length; i++) {
      if (classes[i] !== 0) continue;
      weights[i]! += ridge[i]! + (squared[i]! <= limit ? (1 - v) * Math.exp(squared[i]! * scale) : 0);
    }
  }
  return weights;
}
