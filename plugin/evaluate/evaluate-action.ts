// `evaluate` as hosts call it: two images of labels or classes compared, or the two of every pair and all pooled.

import type { LabelImage, Raster } from "../../core/array/raster.ts";
import { gatherNotices, type NamedNotice } from "../../core/gather-notices.ts";
import { planWork } from "../../core/image/plan-work.ts";
import { type Job, type Progress, takeTurn } from "../../core/job.ts";
import { assertSamePlanes, assertSameSize, describeLikeness, toLabelImage } from "../../core/label/check.ts";
import { type Scores as LabelScores, type Measures, measureImage, scoreMeasures } from "../../core/label/metrics.ts";
import { assertExact, describeSmoothing, isSmoothed } from "../../core/label/smoothing.ts";
import { Problem } from "../../core/problem.ts";
import { readAsGrey } from "../../core/source/grey-source.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Context, Image, Parameters, Scores } from "../contract.ts";
import { resolveParameters } from "../parameter/parameters.ts";
import { choosePlanes } from "../parameter/planes.ts";
import { type ClassMeasures, listNumbers, measureClassPair, type PairReading, type RasterPair, readPairNumbers } from "./class-pairs.ts";

export interface Pair {
  readonly predicted: Image;
  readonly truth: Image;
  readonly name: string;
}

/**
 * Scores of predicted labels or classes against true ones, objects pooled over all pairs and the planes of their stacks. Throws
 * Problem InvalidData, InvalidParameter and those of reading, AbortError.
 */
export async function* evaluatePairs(pairs: readonly Pair[], given: Parameters = {}, { signal }: Context = {}): Job<Scores> {
  const { compare, classes } = resolveParameters("evaluate", given);
  if (compare === "classes") return yield* evaluateClasses(pairs, classes, signal);
  if (classes !== "auto") throw takesNoClasses(classes);
  const measures: Measures[] = [];
  const told: NamedNotice[] = [];
  for await (const step of readPairs(pairs, signal)) {
    if ("kind" in step) {
      yield step;
      continue;
    }
    const labels = toLabelImage(step.truth, step.files.truth);
    const found = toLabelImage(step.predicted, step.files.predicted);
    told.push(...describeMasks("truth", labels, step.name), ...describeMasks("prediction", found, step.name));
    measures.push(measureImage({ labels }, { labels: found }, { isThinned: true }));
  }
  for (const message of gatherNotices(told)) yield { kind: "notice", done: pairs.length, message };
  return toFlatScores(scoreMeasures(measures));
}

/** Class images are read twice: what their numbers mean is known when all were seen. */
async function* evaluateClasses(pairs: readonly Pair[], wanted: number | "auto", signal: AbortSignal | undefined): Job<Scores> {
  const truths: ReadonlySet<number>[] = [];
  const predictions: ReadonlySet<number>[] = [];
  for await (const step of readPairs(pairs, signal)) {
    if ("kind" in step) {
      yield step;
      continue;
    }
    truths.push(listNumbers(step.truth));
    predictions.push(listNumbers(step.predicted));
  }
  const reading: PairReading = readPairNumbers(truths, predictions, wanted);
  for (const message of reading.truth.notices) yield { kind: "notice", done: 0, message: `Truth: ${message}` };
  for (const message of reading.predicted.notices) yield { kind: "notice", done: 0, message: `Prediction: ${message}` };
  const measures: ClassMeasures[] = [];
  for await (const step of readPairs(pairs, signal)) {
    if (!("kind" in step)) measures.push(measureClassPair(step, reading));
    else if (step.kind !== "notice") yield step; // told already
  }
  const all = toFlatScores(scoreMeasures(measures.map((one) => one.all)));
  const byClass = Array.from({ length: reading.count - 1 }, (_, c) => scoreMeasures(measures.map((one) => one.byClass[c]!)));
  return Object.assign({}, all, ...byClass.map((scores, c) => toClassScores(scores, c + 1)));
}

function takesNoClasses(classes: number): Problem<"InvalidParameter"> {
  const message = `"classes" is for class images (compare=classes); got ${classes} with labels. Leave it out, or compare classes.`;
  return new Problem("InvalidParameter", message, { parameter: "classes", value: classes });
}

/** One plane of both images of a pair. */
interface PlanePair extends RasterPair {
  readonly name: string;
  /** Pairs before this one. */
  readonly done: number;
}

/**
 * Reads plane after plane of all pairs, with the progress between them. Of images that take long to read the first is told at once, the
 * others together at the end. Throws Problem InvalidData and those of reading, AbortError. */
async function* readPairs(pairs: readonly Pair[], signal: AbortSignal | undefined): AsyncGenerator<PlanePair | Progress> {
  const slow: NamedNotice[] = [];
  let isTold = false;
  for (const [done, { predicted, truth, name }] of pairs.entries()) {
    yield { kind: "phase", name: `comparing ${name}`, done, total: pairs.length };
    const opened: ImageSource[] = [];
    try {
      for (const image of [truth, predicted]) opened.push(readAsGrey(await openSource(image, { palette: "indices", signal })));
      const [wanted, found] = opened as [ImageSource, ImageSource];
      assertExact("predicted labels", found, name);
      assertExact("true labels", wanted, name);
      assertSameSize("prediction", found, "truth", wanted, name);
      assertSamePlanes("prediction", found, "truth", wanted, name);
      const planes = wanted.sizeZ * wanted.sizeT;
      for (const source of opened) {
        const message = await planWork(source, { planes, isMeasured: false });
        if (message === undefined) continue;
        if (isTold) slow.push({ name: source.name, message });
        else yield { kind: "notice", done, message };
        isTold = true;
      }
      for (const { z, t } of choosePlanes(wanted, { channel: "", plane: "all" })) {
        const [drawn, made] = await Promise.all(opened.map((source) => readPlane(source, { z, t, signal })));
        yield { truth: drawn!, predicted: made!, name, files: { truth: wanted.name, predicted: found.name }, done };
        await takeTurn(signal);
      }
    } finally {
      for (const source of opened) source.dispose?.();
    }
  }
  for (const message of gatherNotices(slow)) yield { kind: "notice", done: pairs.length, message };
}

/** Returns a sentence for each fault that makes scores meaningless: a mask or classes in place of labels, smoothed numbers. */
function describeMasks(which: string, labels: LabelImage, name: string): readonly NamedNotice[] {
  const notices = [...describeLikeness(labels), ...(isSmoothed(labels) ? [describeSmoothing("labels")] : [])];
  return notices.map((notice) => ({ name, message: `${name}, ${which}: ${notice}` }));
}

function readPlane(
  source: ImageSource,
  at: { readonly z: number; readonly t: number; readonly signal: AbortSignal | undefined },
): Promise<Raster> {
  return source.read({ y0: 0, x0: 0, y1: source.height, x1: source.width, ...at });
}

/** Scores of one class. */
function toClassScores({ f1, ap, vRand, vRandThinned, pixelError }: LabelScores, c: number): Scores {
  const thinned = vRandThinned === undefined ? {} : { [`vRandThinnedClass${c}`]: vRandThinned };
  return { [`f1Class${c}`]: f1, [`ap50Class${c}`]: ap[0]!, [`vRandClass${c}`]: vRand, ...thinned, [`pixelErrorClass${c}`]: pixelError };
}

/** Scores as numbers by name. */
function toFlatScores(scores: LabelScores): Scores {
  const { f1, f1Detection, ap, apMean, seg, rand, info, vRand, vRandThinned, iou, pixelError, objects, agreement } = scores;
  const thinned = vRandThinned === undefined ? {} : { vRandThinned };
  const apByThreshold = Object.fromEntries(ap.map((value, i) => [`ap${50 + 5 * i}`, value]));
  const iouByClass = Object.fromEntries(iou.flatMap((value, c) => (value === undefined ? [] : [[`iou${c}`, value]])));
  const counts = { objectsTrue: objects.truth, objectsPredicted: objects.predicted, objectsMatched: objects.matched };
  const { missed, extra, merged, split } = agreement;
  const others = { objectsMissed: missed, objectsExtra: extra, objectsMerged: merged, objectsSplit: split };
  return { f1, f1Detection, ...apByThreshold, apMean, seg, rand, info, vRand, ...thinned, ...iouByClass, pixelError, ...counts, ...others };
}
