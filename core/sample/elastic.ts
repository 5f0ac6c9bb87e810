// Elastic deformation: random displacements of 3x3 control points (corners, mid-edges and centre of the input tile), and a
// smooth field between them by Catmull-Rom splines, edges repeated. Ronneberger et al. 2015, section 3.1.

import type { Random } from "../array/random.ts";

/** Displacements in pixels of the nine control points, in reading order. */
export interface Displacements {
  readonly dy: readonly number[];
  readonly dx: readonly number[];
}

/** Normally distributed displacements of standard deviation `sigmaPx`. */
export function drawDisplacements(random: Random, sigmaPx: number): Displacements {
  const draw = () => Array.from({ length: 9 }, () => 0 + sigmaPx * random.normal());
  return { dy: draw(), dx: draw() };
}

/**
 * How much each of three control points counts at each of `length` pixels between the first and the last: [length, 3],
 * rows sum to 1. A row of control points becomes a row of pixels by these weights, and so do the columns.
 */
export function splineWeights(length: number): Float64Array {
  const out = new Float64Array(3 * length);
  for (let i = 0; i < length; i++) {
    const u = length === 1 ? 1 : (2 * i) / (length - 1);
    const left = Math.min(1, Math.floor(u));
    catmullRom(u - left).forEach((weight, k) => {
      const point = Math.min(2, Math.max(0, left - 1 + k));
      out[3 * i + point]! += weight;
    });
  }
  return out;
}

/** Weights of the points at -1, 0, 1, 2 at position t from 0 to 1. Catmull and Rom 1974. */
function catmullRom(t: number): readonly [number, number, number, number] {
  const t2 = t * t;
  const t3 = t2 * t;
  return [(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2];
}
