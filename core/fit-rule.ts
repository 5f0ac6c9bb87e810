// The rule by which objects are found best: tried on what networks predict of drawn images, from one prediction of each.

import type { LabelImage } from "./array/raster.ts";
import { addCounts, f1Of, iouThresholds, type MatchCounts, matchByIou } from "./label/match.ts";
import { type ObjectRule, plainRule } from "./label/object-rule.ts";
import { countOverlaps, type Overlaps } from "./label/overlap.ts";

/** What is tried for `splitDepthPx`, from most cuts to none. */
export const splitDepthsPx = [0.5, 0.75, 1, 1.5, 2, 4, 0] as const;

/** What is tried for `threshold`, in networks of two classes. */
export const thresholds = [0.3, 0.4, 0.5, 0.6] as const;

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
  const depth = await chooseBest(splitDepthsPx, (splitDepthPx) => scoreAt(predicted, { ...half, splitDepthPx }, iouThresholds.slice(0, 1)));
  const found = { ...half, splitDepthPx: depth.value };
  if (classes > 2) return found;
  // F1 at the least overlap hardly changes with the size of objects; at all overlaps together it does.
  const best = await chooseBest(thresholds, (threshold) => scoreAt(predicted, { ...found, threshold }, iouThresholds));
  return { ...found, threshold: best.value };
}

// In the middle of what is tried: where holes are judged.
const usualDepthPx = 1;

/**
 * Whether holes are filled, then threshold and depth together, each pair of them tried, then the smallest size. Better is a higher F1,
 * at the least overlap and over all overlaps alike; where it is the same, what the drawn objects say stays.
 */
export async function chooseTogether(predicted: readonly Predicted[], classes: number, given: ObjectRule): Promise<ObjectRule> {
  const scoreOf = async (rule: ObjectRule): Promise<number> =>
    0.5 * (await scoreAt(predicted, rule, iouThresholds.slice(0, 1))) + 0.5 * (await scoreAt(predicted, rule, iouThresholds));
  const asDrawn = { ...given, threshold: plainRule.threshold, splitDepthPx: usualDepthPx };
  const other = { ...asDrawn, fillHoles: !given.fillHoles };
  const drawn = (await scoreOf(other)) > (await scoreOf(asDrawn)) ? other : asDrawn;

  const tried = classes > 2 ? [plainRule.threshold] : thresholds;
  const depths = new Map<number, number>();
  const threshold = await chooseBest(tried, async (value) => {
    const depth = await chooseBest(splitDepthsPx, (splitDepthPx) => scoreOf({ ...drawn, threshold: value, splitDepthPx }));
    depths.set(value, depth.value);
    return depth.score;
  });
  const cut = { ...drawn, threshold: threshold.value, splitDepthPx: depths.get(threshold.value)! };
  const { minSizePx } = drawn;
  const sizes = [Math.floor(minSizePx / 2), minSizePx, Math.floor(1.5 * minSizePx)];
  const size = await chooseBest(sizes, (value) => scoreOf({ ...cut, minSizePx: value }));
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

/** The value with the highest score. Few objects cannot tell values apart: the middle one of equal ones is the least likely to be wrong on others. */
async function chooseBest<T>(
  values: readonly T[],
  scoreOf: (value: T) => Promise<number>,
): Promise<{ readonly value: T; readonly score: number }> {
  const scores: number[] = [];
  for (const value of values) scores.push(await scoreOf(value));
  const score = Math.max(...scores);
  const good = values.filter((_, i) => scores[i] === score);
  return { value: good[Math.floor(good.length / 2)]!, score };
}
