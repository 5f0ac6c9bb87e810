// Measures of how well an image was parted into objects, without matching any two.
// Rand and information scores: Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142 (ISBI 2012), foreground-restricted:
// only pixels that are not background in the truth count. `rand` and `info` take each such pixel that was predicted as background for
// a segment of its own; `vRand` takes all of them for one segment, as scikit-image's adapted_rand_error does. SEG: Maska et al. 2014 (Cell Tracking Challenge), doi:10.1093/bioinformatics/btu080.

import type { Overlaps } from "./overlap.ts";

export interface PartitionScores {
  /** V_Rand, 0 to 1: share of pixel pairs on which both agree, split and merge errors in equal parts. */
  readonly rand: number;
  /** The same, with what was predicted as background as one segment more: 2 sum(p_ij^2) / (sum(s_i^2) + sum(t_j^2)). */
  readonly vRand: number;
  /** V_Info, 0 to 1: mutual information over the mean entropy. */
  readonly info: number;
}

/** The foreground-restricted scores; all 1 where the truth has no foreground. */
export function scorePartition({ truth, predicted, pairs }: Overlaps): PartitionScores {
  const inside = pairs.filter((pair) => pair.truth >= 0);
  const n = inside.reduce((sum, { pixels }) => sum + pixels, 0);
  if (n === 0) return { rand: 1, vRand: 1, info: 1 };
  const predictedAreas = new Float64Array(predicted.areas.length);
  const joint = { squares: 0, entropy: 0 };
  const missed = { squares: 0, entropy: 0 };
  let singles = 0;
  for (const { predicted: p, pixels } of inside) {
    if (p < 0) {
      singles += pixels;
      add(missed, pixels / n);
    } else {
      predictedAreas[p]! += pixels;
      add(joint, pixels / n);
    }
  }
  // A segment of one pixel meets one object in that one pixel: it adds the same to the prediction as to the pairs.
  const alone = { squares: singles / n / n, entropy: (singles / n) * Math.log(n) };
  const t = { squares: 0, entropy: 0 };
  const objects = { squares: 0, entropy: 0 };
  for (const area of truth.areas) add(t, area / n);
  for (const area of predictedAreas) add(objects, area / n);
  const s = { squares: objects.squares + alone.squares, entropy: objects.entropy + alone.entropy };
  const information = t.entropy + s.entropy - (joint.entropy + alone.entropy);
  const entropies = t.entropy + s.entropy;
  return {
    rand: (2 * (joint.squares + alone.squares)) / (t.squares + s.squares),
    vRand: (2 * (joint.squares + missed.squares)) / (t.squares + objects.squares + (singles / n) ** 2),
    // One segment in each: no information is needed to tell them apart. Rounding may leave a trace below 0 or above 1.
    info: entropies < 1e-12 ? 1 : Math.min(1, Math.max(0, (2 * information) / entropies)),
  };
}

function add(sums: { squares: number; entropy: number }, p: number): void {
  if (p === 0) return;
  sums.squares += p * p;
  sums.entropy -= p * Math.log(p);
}

/** SEG as a sum over true objects, so that images are pooled by adding: the score is `sum / objects`. */
export interface SegSum {
  readonly sum: number;
  readonly objects: number;
}

/** For each true object the IoU with the predicted one that covers more than half of it; 0 where there is none. */
export function sumSeg({ truth, predicted, pairs }: Overlaps): SegSum {
  let sum = 0;
  for (const { truth: t, predicted: p, pixels } of pairs) {
    if (t < 0 || p < 0 || 2 * pixels <= truth.areas[t]!) continue;
    sum += pixels / (truth.areas[t]! + predicted.areas[p]! - pixels);
  }
  return { sum, objects: truth.areas.length };
}

/** The SEG score, 0 to 1; 1 where there was no object to find. */
export function segOf({ sum, objects }: SegSum): number {
  return objects === 0 ? 1 : sum / objects;
}
