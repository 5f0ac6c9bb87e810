// How much each object of one label image covers each object of another: the sparse table from which the measures of
// objects are computed. Pixels under `ignore` (non-zero) are not counted, so what is written under them changes nothing.

import type { LabelImage } from "../array/raster.ts";
import { assertSameSize } from "./check.ts";

/** Objects are numbered 0, 1, 2... by where they first appear; `id` leads back. Background is in the table, as object -1. */
export interface Overlaps {
  readonly truth: ObjectAreas;
  readonly predicted: ObjectAreas;
  /** Every pair that shares a pixel, background included. */
  readonly pairs: readonly Pair[];
}

export interface ObjectAreas {
  readonly ids: readonly number[];
  /** Pixels that are not ignored, object by object. */
  readonly areas: readonly number[];
}

export interface Pair {
  /** Number of the object, -1 for background. */
  readonly truth: number;
  readonly predicted: number;
  readonly pixels: number;
}

/** Counts the pixels of each pair of objects. Throws Problem InvalidData when the sizes differ. */
export function countOverlaps(truth: LabelImage, predicted: LabelImage, ignore?: Uint8Array): Overlaps {
  assertSameSize("truth", truth, "prediction", predicted);
  const rows = createNumbering();
  const columns = createNumbering();
  const counts = new Map<number, number>();
  const length = truth.data.length;
  // Neighbouring pixels mostly show the same pair, so the maps are asked once a run.
  for (let from = 0; from < length; ) {
    if (ignore?.[from]) {
      from++;
      continue;
    }
    const t = truth.data[from]!;
    const p = predicted.data[from]!;
    let to = from + 1;
    while (to < length && truth.data[to] === t && predicted.data[to] === p && !ignore?.[to]) to++;
    const key = rows.add(t, to - from) * 0x4000000 + columns.add(p, to - from);
    counts.set(key, (counts.get(key) ?? 0) + to - from);
    from = to;
  }
  const pairs = Array.from(counts, ([key, count]) => ({
    truth: Math.floor(key / 0x4000000) - 1,
    predicted: (key % 0x4000000) - 1,
    pixels: count,
  }));
  return { truth: rows.objects, predicted: columns.objects, pairs };
}

/** Numbers ids from 1 in the order in which they come (0 for background), and sums their areas. */
function createNumbering() {
  const numbers = new Map<number, number>();
  const ids: number[] = [];
  const areas: number[] = [];
  return {
    objects: { ids, areas },
    add(id: number, pixels: number): number {
      if (id === 0) return 0;
      let number = numbers.get(id);
      if (number === undefined) {
        number = ids.push(id);
        areas.push(0);
        numbers.set(id, number);
      }
      areas[number - 1]! += pixels;
      return number;
    },
  };
}
