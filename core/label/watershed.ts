// Objects that touch, cut apart where they are narrow: a watershed of the distance to the background (Vincent and Soille 1991,
// in the form of union-find by descending height), with peaks that stand out too little merged into higher ones.

import { squaredDistances } from "../array/distance.ts";

export interface Pieces {
  readonly count: number;
  /** Of each pixel its piece, 1 to `count` in the reading order of first pixels; 0 outside. */
  readonly data: Uint32Array;
}

/**
 * The pieces of one object, `mask` non-zero: each is 4-connected and has a peak of the distance to the background that lies
 * `minDepthPx` or more above every way to a higher peak. What lies beyond the mask is background.
 */
export function splitByDistance(mask: Uint8Array, height: number, width: number, minDepthPx: number): Pieces {
  const inner = { height: height + 2, width: width + 2 };
  const outside = new Uint8Array(inner.height * inner.width).fill(1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (mask[y * width + x] !== 0) outside[(y + 1) * inner.width + x + 1] = 0;
  }
  const heights = squaredDistances(outside, inner.height, inner.width);
  const roots = flood(heights, inner.width, minDepthPx);
  const data = new Uint32Array(height * width);
  const numbers = new Map<number, number>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const root = roots((y + 1) * inner.width + x + 1);
      if (root < 0) continue;
      if (!numbers.has(root)) numbers.set(root, numbers.size + 1);
      data[y * width + x] = numbers.get(root)!;
    }
  }
  return { count: numbers.size, data };
}

/** The basin of each pixel by the index of its peak, -1 where the squared height is 0: pixels join from the highest to the lowest. */
function flood(squares: Float64Array, width: number, minDepth: number): (pixel: number) => number {
  const parents = new Int32Array(squares.length).fill(-1);
  const rootOf = (pixel: number): number => {
    let root = pixel;
    while (root >= 0 && parents[root] !== root) root = parents[root]!;
    for (let k = pixel; k !== root; ) {
      const next = parents[k]!;
      parents[k] = root;
      k = next;
    }
    return root;
  };
  // A basin's root is its peak: the first of its highest pixels.
  const isHigher = (a: number, b: number) => squares[a]! > squares[b]! || (squares[a] === squares[b] && a < b);
  const around = [-width, -1, 1, width];
  for (const pixel of sortDown(squares)) {
    let steepest = -1;
    for (const step of around) {
      const other = pixel + step;
      if (parents[other] !== -1 && (steepest < 0 || isHigher(other, steepest))) steepest = other;
    }
    if (steepest < 0) {
      parents[pixel] = pixel;
      continue;
    }
    // The pixel joins the basin of its highest neighbour. Other basins meet that one here: the lower of two is a part of the
    // other where it stands out too little.
    let basin = rootOf(steepest);
    for (const step of around) {
      if (parents[pixel + step] === -1) continue;
      const other = rootOf(pixel + step);
      if (other === basin) continue;
      const [high, low] = isHigher(other, basin) ? [other, basin] : [basin, other];
      if (Math.sqrt(squares[low]!) - Math.sqrt(squares[pixel]!) >= minDepth) continue;
      parents[low] = high;
      basin = high;
    }
    parents[pixel] = basin;
  }
  return (pixel) => (parents[pixel] === -1 ? -1 : rootOf(pixel));
}

/** Pixels above 0, the highest first; of equal ones in reading order. */
function sortDown(squares: Float64Array): Int32Array {
  const most = squares.reduce((a, b) => Math.max(a, b), 0);
  const pixels: number[] = [];
  for (const [i, square] of squares.entries()) if (square > 0) pixels.push((most - square) * squares.length + i);
  return Int32Array.from(Float64Array.from(pixels).sort(), (key) => key % squares.length);
}
