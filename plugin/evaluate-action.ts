// `evaluate` as hosts call it: two label images compared, or the two of every pair and all pooled.

import type { LabelImage } from "../core/array/raster.ts";
import { type Job, takeTurn } from "../core/job.ts";
import { assertSamePlanes, assertSameSize, describeLikeness, toLabelImage } from "../core/label/check.ts";
import { type Scores as LabelScores, type Measures, measureImage, scoreMeasures } from "../core/label/metrics.ts";
import { assertExact, describeSmoothing, isSmoothed } from "../core/label/smoothing.ts";
import { planWork } from "../core/plan-work.ts";
import { openSource } from "../core/source/open.ts";
import type { ImageSource } from "../core/source/source.ts";
import type { Context, Image, Scores } from "./contract.ts";
import { choosePlanes } from "./planes.ts";

export interface Pair {
  readonly predicted: Image;
  readonly truth: Image;
  readonly name: string;
}

/**
 * Scores of predicted labels against true ones, objects pooled over all pairs and the planes of their stacks. Throws Problem
 * InvalidData and those of reading, AbortError.
 */
export async function* evaluatePairs(pairs: readonly Pair[], { signal }: Context = {}): Job<Scores> {
  const measures: Measures[] = [];
  const told: string[] = [];
  for (const [done, { predicted, truth, name }] of pairs.entries()) {
    yield { kind: "phase", name: `comparing ${name}`, done, total: pairs.length };
    await withSource(truth, signal, (wanted) =>
      withSource(predicted, signal, async (found) => {
        assertExact("predicted labels", found, name);
        assertExact("true labels", wanted, name);
        assertSameSize("prediction", found, "truth", wanted, name);
        assertSamePlanes("prediction", found, "truth", wanted, name);
        const planes = wanted.sizeZ * wanted.sizeT;
        for (const source of [wanted, found]) told.push(...toList(await planWork(source, { planes, isMeasured: false })));
        for (const { z, t } of choosePlanes(wanted, { channel: "", plane: "all" })) {
          const [labels, other] = await Promise.all([wanted, found].map((source) => readLabels(source, { z, t, signal })));
          for (const [which, drawn] of [
            ["truth", labels!],
            ["prediction", other!],
          ] as const)
            told.push(...describeMasks(which, drawn, name));
          measures.push(measureImage({ labels: labels! }, { labels: other! }));
          await takeTurn(signal);
        }
      }),
    );
    for (const message of told.splice(0)) yield { kind: "notice", done, message };
  }
  return toFlatScores(scoreMeasures(measures));
}

/** What makes scores of a label image mean nothing: a mask or classes in its place, smoothed numbers. One sentence each. */
function describeMasks(which: string, labels: LabelImage, name: string): readonly string[] {
  const notices = [...describeLikeness(labels), ...(isSmoothed(labels) ? [describeSmoothing("labels")] : [])];
  return notices.map((notice) => `${name}, ${which}: ${notice}`);
}

function toList(sentence: string | undefined): readonly string[] {
  return sentence === undefined ? [] : [sentence];
}

async function withSource(image: Image, signal: AbortSignal | undefined, use: (source: ImageSource) => Promise<void>): Promise<void> {
  const source = await openSource(image, { palette: "indices", signal });
  try {
    await use(source);
  } finally {
    source.dispose?.();
  }
}

async function readLabels(
  source: ImageSource,
  at: { readonly z: number; readonly t: number; readonly signal: AbortSignal | undefined },
): Promise<ReturnType<typeof toLabelImage>> {
  const { height, width, name } = source;
  return toLabelImage(await source.read({ y0: 0, x0: 0, y1: height, x1: width, ...at }), name);
}

/** Scores as numbers by name. */
function toFlatScores({ f1, f1Detection, ap, apMean, seg, rand, info, iou, pixelError, objects }: LabelScores): Scores {
  const apByThreshold = Object.fromEntries(ap.map((value, i) => [`ap${50 + 5 * i}`, value]));
  const iouByClass = Object.fromEntries(iou.flatMap((value, c) => (value === undefined ? [] : [[`iou${c}`, value]])));
  const counts = { objectsTrue: objects.truth, objectsPredicted: objects.predicted, objectsMatched: objects.matched };
  return { f1, f1Detection, ...apByThreshold, apMean, seg, rand, info, ...iouByClass, pixelError, ...counts };
}
