import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { addConfusions, countConfusion, iouPerClass, pixelError } from "../../../core/label/confusion.ts";
import { apOf, f1Of, iouThresholds, matchByCentre, matchByIou } from "../../../core/label/match.ts";
import { measureImage, scoreMeasures } from "../../../core/label/metrics.ts";
import { countOverlaps } from "../../../core/label/overlap.ts";
import { scorePartition, segOf, sumSeg } from "../../../core/label/partition.ts";
import { thinBorders } from "../../../core/label/thin-borders.ts";
import { isProblem } from "../../../core/problem.ts";
import { fixturePath } from "../../support/data.ts";
import { anyPair, bytes, labels, toText } from "./text.ts";

const overlapsOf = (truth: string, predicted: string) => countOverlaps(labels(truth), labels(predicted));

/** The objects of an image as sets of visible pixels. */
function pixelSets({ data }: LabelImage, ignore?: Uint8Array): Map<number, Set<number>> {
  const sets = new Map<number, Set<number>>();
  data.forEach((id, i) => {
    if (id === 0 || ignore?.[i]) return;
    sets.set(id, (sets.get(id) ?? new Set()).add(i));
  });
  return sets;
}

const intersection = (a: Set<number>, b: Set<number>) => [...a].filter((i) => b.has(i)).length;
const iou = (a: Set<number>, b: Set<number>) => intersection(a, b) / (a.size + b.size - intersection(a, b));

/** The greatest number of pairs, by trying every choice. */
function bestMatching(truths: Set<number>[], predictions: Set<number>[], threshold: number): number {
  const [first, ...rest] = truths;
  if (first === undefined) return 0;
  const without = bestMatching(rest, predictions, threshold);
  const withOne = predictions
    .filter((p) => iou(first, p) >= threshold)
    .map(
      (p) =>
        1 +
        bestMatching(
          rest,
          predictions.filter((other) => other !== p),
          threshold,
        ),
    );
  return Math.max(without, ...withOne);
}

/** Rand and information scores from the definition, over all pairs of pixels; foreground predicted as background is alone. */
function partitionByPairs(truth: LabelImage, predicted: LabelImage, ignore: Uint8Array): { rand: number; info: number } {
  const pixels = [...truth.data.keys()].filter((i) => truth.data[i] !== 0 && !ignore[i]);
  const t = pixels.map((i) => `t${truth.data[i]}`);
  const s = pixels.map((i) => (predicted.data[i] === 0 ? `alone${i}` : `s${predicted.data[i]}`));
  const both = pixels.map((_, k) => `${t[k]} ${s[k]}`);
  const pairs = (names: string[]) => names.reduce((sum, a) => sum + names.filter((b) => a === b).length, 0);
  const entropy = (names: string[]) =>
    names.reduce((sum, a) => sum - Math.log(names.filter((b) => a === b).length / names.length) / names.length, 0);
  if (pixels.length === 0) return { rand: 1, info: 1 };
  const entropies = entropy(t) + entropy(s);
  return {
    rand: (2 * pairs(both)) / (pairs(t) + pairs(s)),
    info: entropies < 1e-9 ? 1 : (2 * (entropies - entropy(both))) / entropies,
  };
}

describe("measures of objects", () => {
  it("a perfect prediction scores 1 in everything, whatever its numbers", () => {
    const truth = labels("11.22/11.22/...../33333");
    const [scores] = [scoreMeasures([measureImage({ labels: truth }, { labels: labels("77.33/77.33/...../11111") })])];
    expect(scores).toMatchObject({ f1: 1, f1Detection: 1, apMean: 1, seg: 1, pixelError: 0, iou: [1, 1] });
    expect(scores!.rand).toBeCloseTo(1, 12);
    expect(scores!.info).toBeCloseTo(1, 12);
    expect(scores!.objects).toEqual({ truth: 3, predicted: 3, matched: 3 });
  });

  it.each([
    ["merged objects: one is found, one is missed", "1122", "1111", 0.5, { tp: 1, fp: 0, fn: 1 }],
    ["IoU of exactly the threshold counts", "11..", "1...", 0.5, { tp: 1, fp: 0, fn: 0 }],
    ["an object in two halves matches one of them", "11", "12", 0.5, { tp: 1, fp: 1, fn: 0 }],
    ["3 of 5 pixels are 0.6, not less", "11111", "111..", 0.6, { tp: 1, fp: 0, fn: 0 }],
    ["halves are shared out so that most objects match", "1122", "3114", 0.3, { tp: 2, fp: 1, fn: 0 }],
    ["the better partner is given up where that lets one more match", "111111222", "2..111111", 0.15, { tp: 2, fp: 0, fn: 0 }],
    ["nothing there, nothing found", "..", "..", 0.5, { tp: 0, fp: 0, fn: 0 }],
  ])("%s", (_, truth, predicted, threshold, expected) => {
    expect(matchByIou(overlapsOf(truth, predicted), threshold)).toEqual(expected);
  });

  it("F1 and AP by hand; nothing to find and nothing found is 1", () => {
    expect(f1Of({ tp: 3, fp: 1, fn: 2 })).toBeCloseTo(6 / 9);
    expect(apOf({ tp: 3, fp: 1, fn: 2 })).toBeCloseTo(3 / 6);
    expect([f1Of({ tp: 0, fp: 0, fn: 0 }), apOf({ tp: 0, fp: 0, fn: 0 }), f1Of({ tp: 0, fp: 2, fn: 0 })]).toEqual([1, 1, 0]);
  });

  it("matches are the greatest number of pairs with IoU >= threshold, by brute force", () => {
    fc.assert(
      fc.property(anyPair(10), fc.constantFrom(0.2, ...iouThresholds), ({ truth, predicted, ignore }, threshold) => {
        const t = [...pixelSets(truth, ignore).values()];
        const p = [...pixelSets(predicted, ignore).values()];
        const tp = bestMatching(t, p, threshold);
        expect(matchByIou(countOverlaps(truth, predicted, ignore), threshold)).toEqual({ tp, fp: p.length - tp, fn: t.length - tp });
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it("centres match up to 3 px", () => {
    const row = (x: number) => ({ height: 1, width: 12, data: Uint32Array.from({ length: 12 }, (_, i) => (i === x ? 5 : 0)) });
    expect(matchByCentre(row(2), row(5))).toEqual({ tp: 1, fp: 0, fn: 0 });
    expect(matchByCentre(row(2), row(6))).toEqual({ tp: 0, fp: 1, fn: 1 });
    expect(matchByCentre(labels("1....2"), labels("..12.."))).toEqual({ tp: 2, fp: 0, fn: 0 });
  });

  it("SEG by hand: only what covers more than half of an object counts", () => {
    expect(sumSeg(overlapsOf("1111..", "111..."))).toEqual({ sum: 0.75, objects: 1 });
    expect(sumSeg(overlapsOf("1111..", "11...."))).toEqual({ sum: 0, objects: 1 });
    expect(segOf({ sum: 1.5, objects: 2 })).toBe(0.75);
    expect(sumSeg(overlapsOf("11.22", "11111"))).toEqual({ sum: 0.8, objects: 2 });
  });

  it("SEG by brute force", () => {
    fc.assert(
      fc.property(anyPair(), ({ truth, predicted, ignore }) => {
        const p = [...pixelSets(predicted, ignore).values()];
        const t = [...pixelSets(truth, ignore).values()];
        const wanted = t.reduce((sum, object) => {
          const match = p.find((other) => intersection(object, other) > object.size / 2);
          return sum + (match ? iou(object, match) : 0);
        }, 0);
        const found = sumSeg(countOverlaps(truth, predicted, ignore));
        expect(found.sum).toBeCloseTo(wanted, 9);
        expect(found.objects).toBe(t.length);
      }),
      { seed: 4 },
    );
  });

  it("Rand and information scores by hand", () => {
    // Merged: pairs of T: 2 * 2^2 = 8, of S: 4^2 = 16, of both: 8. No information is shared.
    const merged = scorePartition(overlapsOf("1122", "1111"));
    expect(merged.rand).toBeCloseTo((2 * 8) / 24, 12);
    expect(merged.info).toBeCloseTo(0, 12);
    // Background of the truth does not count.
    expect(scorePartition(overlapsOf("11..", "1133"))).toEqual({ rand: 1, vRand: 1, info: 1 });
    // Everything predicted as background: four segments of one pixel.
    expect(scorePartition(overlapsOf("1111", "....")).rand).toBeCloseTo((2 * 4) / (16 + 4), 12);
  });

  it("Rand and information scores are those of all pairs of pixels", () => {
    fc.assert(
      fc.property(anyPair(10), ({ truth, predicted, ignore }) => {
        const found = scorePartition(countOverlaps(truth, predicted, ignore));
        const wanted = partitionByPairs(truth, predicted, ignore);
        expect(found.rand).toBeCloseTo(wanted.rand, 9);
        expect(found.info).toBeCloseTo(wanted.info, 9);
      }),
      { seed: 5, numRuns: 60 },
    );
  });

  it("different sizes are a Problem that names them", () => {
    try {
      countOverlaps(labels("11"), labels("1/1"));
      expect.unreachable();
    } catch (error) {
      expect(isProblem(error, "InvalidData") && error.message).toContain("truth has 2 x 1 pixels, prediction 1 x 2");
    }
  });
});

describe("V_rand", () => {
  const vRand = (truth: LabelImage, predicted: LabelImage) => scorePartition(countOverlaps(truth, predicted)).vRand;

  it("by hand: background that was predicted in cells is one segment more", () => {
    expect(vRand(labels("1122"), labels("1111"))).toBeCloseTo((2 * 8) / (16 + 8), 12);
    expect(vRand(labels("1111"), labels("...."))).toBe(1);
    expect(vRand(labels("1111"), labels("1..2"))).toBeCloseTo((2 * (1 + 4 + 1)) / (16 + 6), 12);
    expect(vRand(labels("1.22"), labels("1333"))).toBeCloseTo((2 * (1 + 4)) / (1 + 4 + 5), 12);
    expect([vRand(labels("...."), labels("12.3")), vRand(labels("12"), labels("21"))]).toEqual([1, 1]);
  });

  it("is that of NumPy and scikit-image, with borders thinned that of SciPy's distances", () => {
    for (const one of JSON.parse(readFileSync(fixturePath("reference/rand.json"), "utf8"))) {
      const { height, width, pixels: n } = one;
      const [truth, found] = [one.truth, one.found].map((ids) => ({ height, width, data: Uint32Array.from(ids) })) as [
        LabelImage,
        LabelImage,
      ];
      const { partition, vRandThinned } = measureImage({ labels: truth }, { labels: found }, { isThinned: true });
      expect(partition.vRand).toBeCloseTo(one.vRand, 10);
      expect(vRandThinned).toBeCloseTo(one.vRandThinned, 10);
      // scikit-image's adapted Rand F leaves out the pairs of a pixel with itself, n on every side.
      const inside = countOverlaps(
        truth,
        { ...found, data: found.data.map((id) => id + 1) },
        truth.data.length > 0 ? Uint8Array.from(truth.data, (id) => +(id === 0)) : undefined,
      );
      const squares = [...inside.truth.areas, ...inside.predicted.areas].reduce((sum, area) => sum + area ** 2, 0);
      expect((partition.vRand * squares - 2 * n) / (squares - 2 * n)).toBeCloseTo(one.adaptedRandF, 10);
    }
  });

  it("borders are thinned where the truth has objects: each pixel joins the nearest object, the left one of two", () => {
    expect(toText(thinBorders(labels("1....2"), bytes("111111")))).toBe("111222");
    expect(toText(thinBorders(labels("1...2/....."), bytes("11101/00000")))).toBe("111.2/.....");
    expect(toText(thinBorders(labels("1/././2"), bytes("1/1/1/1")))).toBe("1/1/2/2");
    expect(toText(thinBorders(labels("..."), bytes("111")))).toBe("...");
    const { vRandThinned, partition } = measureImage({ labels: labels("111222") }, { labels: labels("1....2") }, { isThinned: true });
    expect(partition.vRand).toBeLessThan(0.8);
    expect(vRandThinned).toBe(1);
  });

  it("laws: other numbers change nothing, a perfect match is 1, split and merge weigh the same", () => {
    fc.assert(
      fc.property(anyPair(12), ({ truth, predicted, ignore }) => {
        const renumber = (image: LabelImage) => ({ ...image, data: image.data.map((id) => (id === 0 ? 0 : 1000 - 7 * id)) });
        const score = (t: LabelImage, p: LabelImage) => {
          const { partition, vRandThinned } = measureImage({ labels: t }, { labels: p }, { ignore, isThinned: true });
          return [partition.vRand, vRandThinned!];
        };
        const wanted = score(truth, predicted);
        for (const [i, value] of score(renumber(truth), renumber(predicted)).entries()) expect(value).toBeCloseTo(wanted[i]!, 12);
        for (const value of score(truth, renumber(truth))) expect(value).toBeCloseTo(1, 12);
        for (const value of wanted) expect(value).toBeGreaterThan(0);
        // Without background, prediction and truth may change places.
        const [t, p] = [truth, predicted].map((image) => ({ ...image, data: image.data.map((id) => id + 1) })) as [LabelImage, LabelImage];
        expect(vRand(t, p)).toBeCloseTo(vRand(p, t), 12);
      }),
      { seed: 7, numRuns: 60 },
    );
  });
});

describe("measures of pixels", () => {
  it("IoU and error by hand; a class that is nowhere has none", () => {
    const confusion = countConfusion(bytes("0011"), bytes("0111"), 3);
    expect(iouPerClass(confusion)).toEqual([1 / 2, 2 / 3, undefined]);
    expect(pixelError(confusion)).toBe(1 / 4);
    expect(iouPerClass(addConfusions([confusion, countConfusion(bytes("22"), bytes("20"), 3)]))).toEqual([1 / 3, 2 / 3, 1 / 2]);
    expect(pixelError(countConfusion(bytes("1"), bytes("0"), 2, bytes("1")))).toBe(0);
  });
});

describe("ignored pixels", () => {
  it("what is written under them, in truth or prediction, changes no measure", () => {
    fc.assert(
      fc.property(anyPair(), ({ truth, predicted, ignore, noise }) => {
        const scribble = (image: LabelImage, shift: number) => ({
          ...image,
          data: image.data.map((id, i) => (ignore[i] ? (noise[i]! + shift) % 10 : id)),
        });
        const wanted = scoreMeasures([measureImage({ labels: truth }, { labels: predicted }, { ignore })]);
        const found = scoreMeasures([measureImage({ labels: scribble(truth, 0) }, { labels: scribble(predicted, 3) }, { ignore })]);
        expect(found.objects).toEqual(wanted.objects);
        expect(found.ap).toEqual(wanted.ap);
        expect(found.iou).toEqual(wanted.iou);
        for (const key of ["f1", "f1Detection", "seg", "rand", "info", "pixelError"] as const)
          expect(found[key]).toBeCloseTo(wanted[key], 12);
      }),
      { seed: 6 },
    );
  });

  it("pooled scores are those of all objects together", () => {
    const one = measureImage({ labels: labels("11.22") }, { labels: labels("11...") });
    const two = measureImage({ labels: labels("1....") }, { labels: labels("1....") });
    expect(scoreMeasures([one, two]).f1).toBeCloseTo((2 * 2) / (2 * 2 + 0 + 1), 12);
    expect(scoreMeasures([one, two]).objects).toEqual({ truth: 3, predicted: 2, matched: 2 });
  });
});
