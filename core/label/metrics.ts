// All measures of a segmentation in one go, and their pooling over images. Each measure has its own file:
// confusion.ts (pixels), match.ts (objects), partition.ts (Rand, information, SEG).

import type { LabelImage } from "../array/raster.ts";
import { assertSameSize } from "./check.ts";
import { addConfusions, type Confusion, countConfusion, iouPerClass, pixelError } from "./confusion.ts";
import { addCounts, apOf, f1Of, iouThresholds, type MatchCounts, matchByCentre, matchByIou } from "./match.ts";
import { countOverlaps } from "./overlap.ts";
import { type PartitionScores, type SegSum, scorePartition, segOf, sumSeg } from "./partition.ts";

/** What is counted in one image: plain data, to be pooled. */
export interface Measures {
  readonly confusion: Confusion;
  /** One entry for each of `iouThresholds`. */
  readonly matches: readonly MatchCounts[];
  readonly detections: MatchCounts;
  readonly seg: SegSum;
  readonly partition: PartitionScores;
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
  /** By class number; undefined for a class that is in no image. */
  readonly iou: readonly (number | undefined)[];
  readonly pixelError: number;
  /** True, predicted and matched (IoU >= 0.5) objects. */
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
 * of classes with background. Throws Problem InvalidData when the sizes differ.
 */
export function measureImage(
  truth: Compared,
  predicted: Compared,
  { classCount = 2, ignore }: { classCount?: number; ignore?: Uint8Array | undefined } = {},
): Measures {
  assertSameSize("truth", truth.labels, "prediction", predicted.labels);
  const overlaps = countOverlaps(truth.labels, predicted.labels, ignore);
  return {
    confusion: countConfusion(classesOf(truth), classesOf(predicted), classCount, ignore),
    matches: iouThresholds.map((threshold) => matchByIou(overlaps, threshold)),
    detections: matchByCentre(truth.labels, predicted.labels, { ignore }),
    seg: sumSeg(overlaps),
    partition: scorePartition(overlaps),
  };
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
  return {
    f1: f1Of(matches[0]!),
    f1Detection: f1Of(addCounts(measures.map((image) => image.detections))),
    ap,
    apMean: mean(ap),
    seg: segOf(seg),
    rand: mean(measures.map((image) => image.partition.rand)),
    info: mean(measures.map((image) => image.partition.info)),
    iou: iouPerClass(confusion),
    pixelError: pixelError(confusion),
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
