// From class maps to objects. Objects are 4-connected everywhere: pixels that touch only at a corner are two objects.
// Two passes with union-find (Rosenfeld and Pfaltz 1966); the smaller root always wins, so that ids come out in reading order.

import type { LabelImage, TypedArray } from "../array/raster.ts";

/** A label image whose ids are 1 to `count`, in the reading order of each object's first pixel. */
export interface CountedLabels extends LabelImage {
  readonly count: number;
}

/** A map of one number a pixel, 0 = background: class numbers or instance ids. */
export interface LabelMap {
  readonly height: number;
  readonly width: number;
  readonly data: TypedArray;
}

/** The 4-connected components of equal non-zero numbers: one object each. */
export function labelComponents({ height, width, data }: LabelMap): CountedLabels {
  const out = new Uint32Array(height * width);
  const forest = createForest();
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = data[i]!;
      if (value === 0) continue;
      const left = x > 0 && data[i - 1] === value ? out[i - 1]! : 0;
      const above = y > 0 && data[i - width] === value ? out[i - width]! : 0;
      if (left === 0) out[i] = above === 0 ? forest.plant() : above;
      else out[i] = above === 0 || above === left ? left : forest.unite(left, above);
    }
  }
  const { ids, count } = forest.number();
  for (let i = 0; i < out.length; i++) if (out[i] !== 0) out[i] = ids[out[i]!]!;
  return { height, width, data: out, count };
}

/** Disjoint sets of the numbers 1, 2, 3...; the root of a set is its smallest number. */
interface Forest {
  /** Adds the next number, as a set of its own, and returns it. */
  plant(): number;
  /** Makes one set of those of `a` and `b`, and returns its root. */
  unite(a: number, b: number): number;
  /** Numbers the sets from 1 by their roots: `ids[n]` is the number of the set of n. */
  number(): { ids: Uint32Array; count: number };
}

function createForest(): Forest {
  let parents = new Uint32Array(1024);
  let size = 1;
  const rootOf = (n: number): number => {
    let root = n;
    while (parents[root] !== root) root = parents[root]!;
    for (let k = n; k !== root; ) {
      const next = parents[k]!;
      parents[k] = root;
      k = next;
    }
    return root;
  };
  return {
    plant: () => {
      if (size === parents.length) {
        const larger = new Uint32Array(2 * size);
        larger.set(parents);
        parents = larger;
      }
      parents[size] = size;
      return size++;
    },
    unite: (a, b) => {
      const p = rootOf(a);
      const q = rootOf(b);
      if (p < q) {
        parents[q] = p;
        return p;
      }
      parents[p] = q;
      return q;
    },
    number: () => {
      const ids = new Uint32Array(size);
      let count = 0;
      // A parent is never larger than its child, so its id is known by then.
      for (let n = 1; n < size; n++) ids[n] = parents[n] === n ? ++count : ids[parents[n]!]!;
      return { ids, count };
    },
  };
}
