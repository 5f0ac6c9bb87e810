// Which predicted object is which true one: by IoU (segmentation) or by the distance of centres (detection). Counts are
// kept as sums, so that images are pooled by adding: F1 and AP of a set are those of all its objects together.
// AP = TP / (TP + FP + FN), as in the Data Science Bowl 2018 and StarDist.

import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage } from "../array/raster.ts";
import { listObjects } from "./objects.ts";
import type { Overlaps } from "./overlap.ts";

/** True positives, false positives, false negatives. */
export interface MatchCounts {
  readonly tp: number;
  readonly fp: number;
  readonly fn: number;
}

/** IoU 0.5 to 0.9 in steps of 0.05. */
export const iouThresholds = [0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9] as const;

/** Objects matched where IoU >= `threshold`, each with one other at most, in the greatest possible number. */
export function matchByIou({ truth, predicted, pairs }: Overlaps, threshold: number): MatchCounts {
  const edges = pairs
    .filter((pair) => pair.truth >= 0 && pair.predicted >= 0)
    .map((pair) => ({ ...pair, iou: pair.pixels / (truth.areas[pair.truth]! + predicted.areas[pair.predicted]! - pair.pixels) }))
    .filter(({ iou }) => iou >= threshold)
    .sort((a, b) => b.iou - a.iou);
  return toCounts(countMatches(edges, truth.areas.length), truth.areas.length, predicted.areas.length);
}

/**
 * Objects matched where the centres of mass are at most `radiusPx` apart, each with one other at most, in the greatest
 * possible number, nearest first. Pixels under `ignore` belong to no object.
 */
export function matchByCentre(
  truth: LabelImage,
  predicted: LabelImage,
  { radiusPx = 3, ignore }: { radiusPx?: number; ignore?: Uint8Array | undefined } = {},
): MatchCounts {
  const centresOf = (labels: LabelImage) => listObjects({ ...labels, data: hideIgnored(labels.data, ignore) }).map(({ centre }) => centre);
  const truths = centresOf(truth);
  const predictions = centresOf(predicted);
  const cells = new Map<string, number[]>();
  const cellOf = (position: number) => Math.floor(position / Math.max(radiusPx, 1));
  predictions.forEach(({ y, x }, i) => {
    const key = `${cellOf(y)},${cellOf(x)}`;
    cells.set(key, [...(cells.get(key) ?? []), i]);
  });
  const edges = truths
    .flatMap(({ y, x }, t) =>
      [-1, 0, 1]
        .flatMap((dy) => [-1, 0, 1].flatMap((dx) => cells.get(`${cellOf(y) + dy},${cellOf(x) + dx}`) ?? []))
        .map((p) => ({ truth: t, predicted: p, distance: Math.hypot(predictions[p]!.y - y, predictions[p]!.x - x) })),
    )
    .filter(({ distance }) => distance <= radiusPx)
    .sort((a, b) => a.distance - b.distance);
  return toCounts(countMatches(edges, truths.length), truths.length, predictions.length);
}

/** The counts of several images together. */
export function addCounts(counts: readonly MatchCounts[]): MatchCounts {
  return counts.reduce((sum, { tp, fp, fn }) => ({ tp: sum.tp + tp, fp: sum.fp + fp, fn: sum.fn + fn }), { tp: 0, fp: 0, fn: 0 });
}

/** 2 TP / (2 TP + FP + FN), from 0 to 1; 1 where there was nothing to find and nothing was found. */
export function f1Of({ tp, fp, fn }: MatchCounts): number {
  return tp + fp + fn === 0 ? 1 : (2 * tp) / (2 * tp + fp + fn);
}

/** TP / (TP + FP + FN), from 0 to 1; 1 where there was nothing to find and nothing was found. */
export function apOf({ tp, fp, fn }: MatchCounts): number {
  return tp + fp + fn === 0 ? 1 : tp / (tp + fp + fn);
}

function toCounts(tp: number, truths: number, predictions: number): MatchCounts {
  return { tp, fp: predictions - tp, fn: truths - tp };
}

/** Size of the greatest matching: augmenting paths (Kuhn), which at IoU >= 0.5 are short: only halves are ambiguous. */
function countMatches(edges: readonly { truth: number; predicted: number }[], truths: number): number {
  const candidates: number[][] = Array.from({ length: truths }, () => []);
  for (const { truth, predicted } of edges) candidates[truth]!.push(predicted);
  const partners = new Map<number, number>();
  const find = (truth: number, visited: Set<number>): boolean =>
    candidates[truth]!.some((predicted) => {
      if (visited.has(predicted)) return false;
      visited.add(predicted);
      const partner = partners.get(predicted);
      if (partner !== undefined && !find(partner, visited)) return false;
      partners.set(predicted, truth);
      return true;
    });
  return candidates.filter((list, truth) => list.length > 0 && find(truth, new Set())).length;
}
