// The rule by which objects are found best: tried on what networks predict of drawn images, from one prediction of each.

import type { LabelImage } from "../array/raster.ts";
import { addCounts, f1Of, iouThresholds, type MatchCounts, matchByIou } from "./match.ts";
import { type ObjectRule, plainRule } from "./object-rule.ts";
import { countOverlaps, type Overlaps } from "./overlap.ts";

/** What is tried for `splitDepthPx`, from most cuts to none. */
const splitDepthsPx = [0.5, 0.75, 1, 1.5, 2, 4, 0] as const;

/** What was best on the nuclei of docs/results.md. */
const usualDepthPx = 0.75;

/** What is tried for `threshold`, in networks of two classes. */
const thresholds = [0.3, 0.4, 0.5, 0.6] as const;

/** What networks make of a drawn image. */
export interface Predicted {
  readonly image: { readonly labels: LabelImage; readonly ignore?: Uint8Array | undefined };
  classesAt(threshold: number): Uint8Array;
  /** Its objects by a rule. What does not depend on the depth is found once. */
  find(rule: ObjectRule): Promise<LabelImage>;
}

/** Of `splitDepthsPx` the one at which the objects of all images are found best, and then of `thresholds` the one at that depth. */
export async function chooseQuickly(predicted: readonly Predicted[], classes: number, drawn: ObjectRule): Promise<ObjectRule> {
  const half = { ...drawn, threshold: plainRule.threshold };
  const objects = countObjects(predicted);
  const depths = { values: splitDepthsPx, usual: usualDepthPx, objects };
  const depth = await chooseBest(depths, (splitDepthPx) => scoreAt(predicted, { ...half, splitDepthPx }, iouThresholds.slice(0, 1)));
  const found = { ...half, splitDepthPx: depth.value };
  if (classes > 2) return found;
  // F1 at the least overlap hardly changes with the size of objects; at all overlaps together it does.
  const tried = { values: thresholds, usual: plainRule.threshold, objects };
  const best = await chooseBest(tried, (threshold) => scoreAt(predicted, { ...found, threshold }, iouThresholds));
  return { ...found, threshold: best.value };
}

/**
 * Whether holes are filled, then threshold and depth together, each pair of them tried, then the smallest size. Better is a higher F1,
 * at the least overlap and over all overlaps alike. Where the difference may be chance, what is usual stays: some dozens of objects
 * cannot tell rules apart that are good on others.
 */
export async function chooseTogether(predicted: readonly Predicted[], classes: number, given: ObjectRule): Promise<ObjectRule> {
  const scoreOf = async (rule: ObjectRule): Promise<number> =>
    0.5 * (await scoreAt(predicted, rule, iouThresholds.slice(0, 1))) + 0.5 * (await scoreAt(predicted, rule, iouThresholds));
  const asDrawn = { ...given, threshold: plainRule.threshold, splitDepthPx: usualDepthPx };
  const other = { ...asDrawn, fillHoles: !given.fillHoles };
  const drawn = (await scoreOf(other)) > (await scoreOf(asDrawn)) ? other : asDrawn;

  const objects = countObjects(predicted);
  const tried = { values: classes > 2 ? [plainRule.threshold] : thresholds, usual: plainRule.threshold, objects };
  const depths = new Map<number, number>();
  const threshold = await chooseBest<number>(tried, async (value) => {
    const depth = await chooseBest({ values: splitDepthsPx, usual: usualDepthPx, objects }, (splitDepthPx) =>
      scoreOf({ ...drawn, threshold: value, splitDepthPx }),
    );
    depths.set(value, depth.value);
    return depth.score;
  });
  const cut = { ...drawn, threshold: threshold.value, splitDepthPx: depths.get(threshold.value)! };
  const { minSizePx } = drawn;
  const sizes = [Math.floor(minSizePx / 2), minSizePx, Math.floor(1.5 * minSizePx)];
  const size = await chooseBest({ values: sizes, usual: minSizePx, objects }, (value) => scoreOf({ ...cut, minSizePx: value }));
  return { ...cut, minSizePx: size.value };
}

/** F1 of the objects of all images together, the mean over the overlaps (IoU) that count as found. */
async function scoreAt(predicted: readonly Predicted[], rule: ObjectRule, overlaps: readonly number[]): Promise<number> {
  const matches: MatchCounts[][] = overlaps.map(() => []);
  for (const one of predicted) {
    const counted = await overlapsOf(one, rule);
    for (const [k, overlap] of overlaps.entries()) matches[k]!.push(matchByIou(counted, overlap));
  }
  return matches.reduce((sum, ofImages) => sum + f1Of(addCounts(ofImages)), 0) / overlaps.length;
}

const counted = new WeakMap<Predicted, { readonly rule: string; readonly overlaps: Overlaps }>();

/** The overlaps by a rule, kept until another rule is asked for. */
async function overlapsOf(one: Predicted, rule: ObjectRule): Promise<Overlaps> {
  const name = JSON.stringify(rule);
  const known = counted.get(one);
  if (known?.rule === name) return known.overlaps;
  const overlaps = countOverlaps(one.image.labels, await one.find(rule), one.image.ignore);
  counted.set(one, { rule: name, overlaps });
  return overlaps;
}

interface Tried<T> {
  readonly values: readonly T[];
  /** What is taken where the drawn objects cannot tell. */
  readonly usual: T;
  /** Drawn objects. */
  readonly objects: number;
}

// F1 of n objects swings by about this over the root of n between rules that are as good: one in 25 is found by one of them only.
const swing = 0.2;
const mostSwing = 0.05;

/** By how much F1 of so many drawn objects differs between predictions that are as good. */
export function swingOf(objects: number): number {
  return swing / Math.sqrt(Math.max(1, objects));
}

/** Of the values that score as well as the best, but for chance, the one that is nearest to the usual one. */
async function chooseBest<T>(
  { values, usual, objects }: Tried<T>,
  scoreOf: (value: T) => Promise<number>,
): Promise<{ readonly value: T; readonly score: number }> {
  const scores: number[] = [];
  for (const value of values) scores.push(await scoreOf(value));
  const least = Math.max(...scores) - Math.min(mostSwing, swingOf(objects));
  const from = values.indexOf(usual);
  const good = values.map((value, i) => ({ value, score: scores[i]!, away: Math.abs(i - from) })).filter(({ score }) => score >= least);
  return good.reduce((best, one) => (one.away < best.away || (one.away === best.away && one.score > best.score) ? one : best));
}

function countObjects(predicted: readonly Predicted[]): number {
  return countDrawn(predicted.map(({ image }) => image));
}

/** The number of objects in all drawings together. */
export function countDrawn(images: readonly { readonly labels: LabelImage }[]): number {
  return images.reduce((sum, { labels }) => sum + new Set(labels.data).size - 1, 0);
}
