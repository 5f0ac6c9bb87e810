// All measures of a segmentation in one go, and their pooling over images. Each measure has its own file:
// confusion.ts (pixels), match.ts (objects), partition.ts (Rand, information, SEG).

import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage } from "../array/raster.ts";
import { type AgreementCounts, addAgreements, judgeAgreement } from "./agreement.ts";
import { assertSameSize } from "./check.ts";
import { addConfusions, type Confusion, countConfusion, iouPerClass, pixelError } from "./confusion.ts";
import { addCounts, apOf, f1Of, iouThresholds, type MatchCounts, matchByCentre, matchByIou } from "./match.ts";
import { countOverlaps } from "./overlap.ts";
import { type PartitionScores, type SegSum, scorePartition, segOf, sumSeg } from "./partition.ts";
import { thinBorders } from "./thin-borders.ts";

/** What is counted in one image: plain data, to be pooled. */
export interface Measures {
  readonly confusion: Confusion;
  /** One entry for each of `iouThresholds`. */
  readonly matches: readonly MatchCounts[];
  readonly detections: MatchCounts;
  readonly seg: SegSum;
  readonly partition: PartitionScores;
  readonly agreement: AgreementCounts;
  /** V_rand with the prediction's borders thinned, where that was asked for. */
  readonly vRandThinned?: number;
}

/** The measures of one or several images, each from 0 to 1. */
export interface Scores {
  /** F1 of objects matched at IoU >= 0.5. */
  readonly f1: number;
  /** F1 of objects matched by centres at most 3 px apart. */
  readonly f1Detection: number;
  /** AP at each of `iouThresholds`, and their mean. */
  readonly ap: readonly number[];
  readonly apMean: number;
  readonly seg: number;
  readonly rand: number;
  readonly info: number;
  readonly vRand: number;
  /** V_rand with the prediction's borders thinned, as in ISBI 2012; undefined where no image was so measured. */
  readonly vRandThinned?: number;
  /** By class number; undefined for a class that is in no image. */
  readonly iou: readonly (number | undefined)[];
  readonly pixelError: number;
  /** True, predicted and matched (IoU >= 0.5) objects. */
  /** Objects that agree, and how others do not. */
  readonly agreement: AgreementCounts;
  readonly objects: { readonly truth: number; readonly predicted: number; readonly matched: number };
}

export interface Compared {
  /** Instances; class maps of objects go through `labelComponents` first. */
  readonly labels: LabelImage;
  /** Class numbers; without them every object is of class 1. */
  readonly classes?: Uint8Array;
}

/**
 * Counts what the measures need for one image. Pixels under `ignore` (non-zero) count for nothing. `classCount` is the number
 * of classes with background; `isThinned`: V_rand with thinned borders, too. Throws Problem InvalidData when the sizes differ.
 */
export function measureImage(
  truth: Compared,
  predicted: Compared,
  { classCount = 2, ignore, isThinned = false }: { classCount?: number; ignore?: Uint8Array | undefined; isThinned?: boolean } = {},
): Measures {
  assertSameSize("truth", truth.labels, "prediction", predicted.labels);
  const overlaps = countOverlaps(truth.labels, predicted.labels, ignore);
  return {
    confusion: countConfusion(classesOf(truth), classesOf(predicted), classCount, ignore),
    matches: iouThresholds.map((threshold) => matchByIou(overlaps, threshold)),
    detections: matchByCentre(truth.labels, predicted.labels, { ignore }),
    seg: sumSeg(overlaps),
    partition: scorePartition(overlaps),
    agreement: judgeAgreement(overlaps).counts,
    ...(isThinned && { vRandThinned: scoreThinned(truth.labels, predicted.labels, ignore) }),
  };
}

function scoreThinned(truth: LabelImage, predicted: LabelImage, ignore: Uint8Array | undefined): number {
  const seen = { ...predicted, data: hideIgnored(predicted.data, ignore) };
  return scorePartition(countOverlaps(truth, thinBorders(seen, truth.data), ignore)).vRand;
}

/** The measures of the objects of one class alone: all else is background on both sides. Class maps are needed on both. */
export function measureClass(
  truth: Required<Compared>,
  predicted: Required<Compared>,
  classNumber: number,
  options: { ignore?: Uint8Array | undefined; isThinned?: boolean } = {},
): Measures {
  const pick = ({ labels, classes }: Required<Compared>): Compared => ({
    labels: { ...labels, data: labels.data.map((id, i) => (classes[i] === classNumber ? id : 0)) },
  });
  return measureImage(pick(truth), pick(predicted), options);
}

/** The scores of a set of images: counts are added (every object weighs the same); Rand and information are means over images. */
export function scoreMeasures(measures: readonly Measures[]): Scores {
  const matches = iouThresholds.map((_, k) => addCounts(measures.map((image) => image.matches[k]!)));
  const ap = matches.map(apOf);
  const confusion = addConfusions(measures.map((image) => image.confusion));
  const seg = measures.reduce((sum, image) => ({ sum: sum.sum + image.seg.sum, objects: sum.objects + image.seg.objects }), {
    sum: 0,
    objects: 0,
  });
  const { tp, fp, fn } = matches[0]!;
  const thinned = measures.flatMap(({ vRandThinned }) => vRandThinned ?? []);
  return {
    f1: f1Of(matches[0]!),
    f1Detection: f1Of(addCounts(measures.map((image) => image.detections))),
    ap,
    apMean: mean(ap),
    seg: segOf(seg),
    rand: mean(measures.map((image) => image.partition.rand)),
    info: mean(measures.map((image) => image.partition.info)),
    vRand: mean(measures.map((image) => image.partition.vRand)),
    ...(thinned.length > 0 && { vRandThinned: mean(thinned) }),
    iou: iouPerClass(confusion),
    pixelError: pixelError(confusion),
    agreement: addAgreements(measures.map((image) => image.agreement)),
    objects: { truth: tp + fn, predicted: tp + fp, matched: tp },
  };
}

function classesOf({ labels, classes }: Compared): Uint8Array {
  if (classes !== undefined) return classes;
  const out = new Uint8Array(labels.data.length);
  for (let i = 0; i < out.length; i++) if (labels.data[i] !== 0) out[i] = 1;
  return out;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
