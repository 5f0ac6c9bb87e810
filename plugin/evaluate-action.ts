// `evaluate` as hosts call it: two label images compared, or the two of every pair and all pooled.

import type { Job } from "../core/job.ts";
import { assertSameSize, toLabelImage } from "../core/label/check.ts";
import { type Scores as LabelScores, type Measures, measureImage, scoreMeasures } from "../core/label/metrics.ts";
import { openSource } from "../core/source/open.ts";
import type { Context, Image, Scores } from "./contract.ts";

export interface Pair {
  readonly predicted: Image;
  readonly truth: Image;
  readonly name: string;
}

/** Scores of predicted labels against true ones, objects pooled over all pairs. Throws Problem InvalidData and those of reading. */
export async function* evaluatePairs(pairs: readonly Pair[], { signal }: Context = {}): Job<Scores> {
  const measures: Measures[] = [];
  for (const { predicted, truth, name } of pairs) {
    yield { kind: "phase", name: `comparing ${name}`, done: measures.length, total: pairs.length };
    const [found, wanted] = await Promise.all([readLabels(predicted, signal), readLabels(truth, signal)]);
    assertSameSize("prediction", found, "truth", wanted, name);
    measures.push(measureImage({ labels: wanted }, { labels: found }));
  }
  return toFlatScores(scoreMeasures(measures));
}

async function readLabels(image: Image, signal: AbortSignal | undefined): Promise<ReturnType<typeof toLabelImage>> {
  const source = await openSource(image, { palette: "indices", signal });
  try {
    const { height, width, name } = source;
    return toLabelImage(await source.read({ y0: 0, x0: 0, y1: height, x1: width, signal }), name);
  } finally {
    source.dispose?.();
  }
}

/** Scores as numbers by name. */
function toFlatScores({ f1, f1Detection, ap, apMean, seg, rand, info, iou, pixelError, objects }: LabelScores): Scores {
  const apByThreshold = Object.fromEntries(ap.map((value, i) => [`ap${50 + 5 * i}`, value]));
  const iouByClass = Object.fromEntries(iou.flatMap((value, c) => (value === undefined ? [] : [[`iou${c}`, value]])));
  const counts = { objectsTrue: objects.truth, objectsPredicted: objects.predicted, objectsMatched: objects.matched };
  return { f1, f1Detection, ...apByThreshold, apMean, seg, rand, info, ...iouByClass, pixelError, ...counts };
}
