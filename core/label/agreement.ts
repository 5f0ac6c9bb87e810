// How found objects agree with drawn ones, in words that say what to do: which are right, missed, invented, merged, split.
// Two objects belong together where one lies by more than half in the other; they match where their IoU is above 0.5, so that each
// has one partner at most.

import type { Overlaps } from "./overlap.ts";

export type DrawnVerdict = "matched" | "missed" | "merged" | "split";
export type FoundVerdict = "matched" | "extra" | "merged" | "split";

/** The verdict of each object, in the order of `Overlaps`. */
export interface Agreement {
  /**
   * matched: has a partner. merged: lies by more than half in a found object that holds more than half of another drawn one, too. split:
   * holds more than half of each of several found ones. missed: none of these.
   */
  readonly drawn: readonly DrawnVerdict[];
  /** merged: holds more than half of each of several drawn objects. split: one of several pieces of a drawn one. extra: none of these. */
  readonly found: readonly FoundVerdict[];
  readonly counts: AgreementCounts;
}

/** Counts that add up over images. */
export interface AgreementCounts {
  /** Pairs. */
  readonly matched: number;
  /** Drawn objects that nothing found stands for. */
  readonly missed: number;
  /** Found objects that stand for nothing drawn. */
  readonly extra: number;
  /** Found objects that stand for several drawn ones. */
  readonly merged: number;
  /** Drawn objects for which several found ones stand. */
  readonly split: number;
}

/** Judges every object of a table of overlaps. Exchanging the two sides exchanges missed with extra and merged with split. */
export function judgeAgreement({ truth, predicted, pairs }: Overlaps): Agreement {
  const sharing = pairs.filter((pair) => pair.truth >= 0 && pair.predicted >= 0);
  const matchedDrawn = new Set<number>();
  const matchedFound = new Set<number>();
  // Of each found object the drawn ones that lie in it by more than half, and of each drawn one the found ones.
  const inFound = new Map<number, number[]>();
  const inDrawn = new Map<number, number[]>();
  const put = (lists: Map<number, number[]>, key: number, value: number): void => {
    const list = lists.get(key);
    if (list) list.push(value);
    else lists.set(key, [value]);
  };
  for (const { truth: t, predicted: p, pixels } of sharing) {
    const [drawnArea, foundArea] = [truth.areas[t]!, predicted.areas[p]!];
    if (2 * pixels > drawnArea + foundArea - pixels) {
      matchedDrawn.add(t);
      matchedFound.add(p);
    }
    if (2 * pixels > drawnArea) put(inFound, p, t);
    if (2 * pixels > foundArea) put(inDrawn, t, p);
  }
  const several = (lists: ReadonlyMap<number, number[]>): (readonly [number, readonly number[]])[] =>
    [...lists].filter(([, list]) => list.length > 1);
  const merging = several(inFound);
  const splitting = several(inDrawn);
  const drawn = label<DrawnVerdict>(truth.areas.length, "missed", [
    ["merged", merging.flatMap(([, list]) => list)],
    ["split", splitting.map(([t]) => t)],
    ["matched", matchedDrawn],
  ]);
  const found = label<FoundVerdict>(predicted.areas.length, "extra", [
    ["split", splitting.flatMap(([, list]) => list)],
    ["merged", merging.map(([p]) => p)],
    ["matched", matchedFound],
  ]);
  const counts = {
    matched: matchedDrawn.size,
    missed: drawn.filter((verdict) => verdict === "missed").length,
    extra: found.filter((verdict) => verdict === "extra").length,
    merged: merging.length,
    split: splitting.length,
  };
  return { drawn, found, counts };
}

/** The counts of several images together. */
export function addAgreements(counts: readonly AgreementCounts[]): AgreementCounts {
  const sum = (name: keyof AgreementCounts): number => counts.reduce((total, one) => total + one[name], 0);
  return { matched: sum("matched"), missed: sum("missed"), extra: sum("extra"), merged: sum("merged"), split: sum("split") };
}

/** The counts among scores; undefined where these lack some. */
export function agreementIn({ matched, missed, extra, merged, split }: Readonly<Record<string, number>>): AgreementCounts | undefined {
  if (matched === undefined || missed === undefined || extra === undefined || merged === undefined || split === undefined) return undefined;
  return { matched, missed, extra, merged, split };
}

/** For instance "12 matched, 1 missed, 2 extra, 1 merged, 0 split". */
export function describeAgreement({ matched, missed, extra, merged, split }: AgreementCounts): string {
  return `${matched} matched, ${missed} missed, ${extra} extra, ${merged} merged, ${split} split`;
}

/** The verdict of each number: the last that it is listed under. */
function label<V>(count: number, otherwise: V, lists: readonly (readonly [V, Iterable<number>])[]): V[] {
  const verdicts = new Array<V>(count).fill(otherwise);
  for (const [verdict, numbers] of lists) for (const number of numbers) verdicts[number] = verdict;
  return verdicts;
}
