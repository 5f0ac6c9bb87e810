// Objects that touch, cut apart where they are narrow: a watershed of the distance to the background (Vincent and Soille 1991,
// in the form of union-find by descending height), with peaks that stand out too little merged into higher ones.

import { squaredDistances } from "../array/distance.ts";

export interface Pieces {
  readonly count: number;
  /** Of each pixel its piece, 1 to `count` in the reading order of first pixels; 0 outside. */
  readonly data: Uint32Array;
}

/**
 * The pieces of one object, `mask` 1 inside and 0 outside: each is 4-connected and has a peak of the distance to the background
 * that lies `minDepthPx` or more above every way to a higher peak. What lies beyond the mask is background.
 */
export function splitByDistance(mask: Uint8Array, height: number, width: number, minDepthPx: number): Pieces {
  const inner = { height: height + 2, width: width + 2 };
  const outside = new Uint8Array(inner.height * inner.width).fill(1);
  for (let y = 0; y < height; y++) {
    const base = (y + 1) * inner.width + 1;
    for (let x = 0; x < width; x++) outside[base + x] = 1 - mask[y * width + x]!;
  }
  const order = sortDown(squaredDistances(outside, inner.height, inner.width));
  const basins = flood(order, inner.width, minDepthPx);
  if (basins.count < 2) return { count: basins.count, data: new Uint32Array(mask) };
  const data = new Uint32Array(height * width);
  const numbers = new Uint32Array(order.pixels.length);
  let count = 0;
  for (let y = 0; y < height; y++) {
    const base = (y + 1) * inner.width + 1;
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      const root = basins.rootOf(order.ranks[base + x]!);
      if (numbers[root] === 0) numbers[root] = ++count;
      data[y * width + x] = numbers[root]!;
    }
  }
  return { count, data };
}

/** The pixels above 0, from the highest down. */
interface Order {
  readonly pixels: Int32Array;
  /** Squared heights of these. */
  readonly squares: Float64Array;
  /** Of each pixel of the image its place among them; beyond all places where it is 0. */
  readonly ranks: Int32Array;
}

const noRank = 0x7fffffff;

/** The highest first; of equal ones in reading order. Squared distances are whole numbers: they are counted. */
function sortDown(heights: Float64Array): Order {
  let most = 0;
  for (let i = 0; i < heights.length; i++) if (heights[i]! > most) most = heights[i]!;
  // Where pixels of each height begin, behind those of higher ones.
  const starts = new Int32Array(most + 1);
  for (let i = 0; i < heights.length; i++) starts[most - heights[i]!]!++;
  let count = 0;
  for (let k = 0; k < most; k++) {
    const here = starts[k]!;
    starts[k] = count;
    count += here;
  }
  const pixels = new Int32Array(count);
  const squares = new Float64Array(count);
  const ranks = new Int32Array(heights.length).fill(noRank);
  for (let i = 0; i < heights.length; i++) {
    const height = heights[i]!;
    if (height === 0) continue;
    const rank = starts[most - height]!++;
    pixels[rank] = i;
    squares[rank] = height;
    ranks[i] = rank;
  }
  return { pixels, squares, ranks };
}

interface Basins {
  readonly count: number;
  /** The basin of the pixel of a rank, by the rank of its peak: the least of the basin. */
  readonly rootOf: (rank: number) => number;
}

/** Pixels join from the highest to the lowest. */
function flood({ pixels, squares, ranks }: Order, width: number, minDepth: number): Basins {
  const parents = new Int32Array(pixels.length);
  const around = [-width, -1, 1, width];
  let count = 0;
  const rootOf = (rank: number): number => {
    let root = rank;
    while (parents[root] !== root) root = parents[root]!;
    for (let k = rank; k !== root; ) {
      const next = parents[k]!;
      parents[k] = root;
      k = next;
    }
    return root;
  };
  for (let rank = 0; rank < pixels.length; rank++) {
    const pixel = pixels[rank]!;
    const highest = Math.min(ranks[pixel - width]!, ranks[pixel - 1]!, ranks[pixel + 1]!, ranks[pixel + width]!);
    if (highest > rank) {
      parents[rank] = rank;
      count++;
      continue;
    }
    // The pixel joins the basin of its highest neighbour. Other basins meet that one here: the lower of two is a part of the
    // other where it stands out too little.
    let basin = rootOf(highest);
    for (const step of around) {
      const neighbour = ranks[pixel + step]!;
      if (neighbour > rank || neighbour === highest) continue;
      const other = rootOf(neighbour);
      if (other === basin) continue;
      const high = Math.min(other, basin);
      const low = Math.max(other, basin);
      if (Math.sqrt(squares[low]!) - Math.sqrt(squares[rank]!) >= minDepth) continue;
      parents[low] = high;
      basin = high;
      count--;
    }
    parents[rank] = basin;
  }
  return { count, rootOf };
}
