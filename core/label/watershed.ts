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
  const { basins, rootOf } = flood(heights, inner.width, minDepthPx);
  const data = new Uint32Array(height * width);
  if (basins < 2) {
    for (let i = 0; i < data.length; i++) data[i] = mask[i] === 0 ? 0 : 1;
    return { count: basins, data };
  }
  const numbers = new Uint32Array(heights.length);
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      const root = rootOf((y + 1) * inner.width + x + 1);
      if (numbers[root] === 0) numbers[root] = ++count;
      data[y * width + x] = numbers[root]!;
    }
  }
  return { count, data };
}

interface Flooded {
  readonly basins: number;
  /** The basin of a pixel above 0, by the index of its peak. */
  readonly rootOf: (pixel: number) => number;
}

/** Pixels join from the highest to the lowest. */
function flood(squares: Float64Array, width: number, minDepth: number): Flooded {
  let basins = 0;
  const parents = new Int32Array(squares.length).fill(-1);
  const rootOf = (pixel: number): number => {
    let root = pixel;
    while (parents[root] !== root) root = parents[root]!;
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
      basins++;
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
      basins--;
    }
    parents[pixel] = basin;
  }
  return { basins, rootOf };
}

/** Pixels above 0, the highest first; of equal ones in reading order. Squared distances are whole numbers: they are counted. */
function sortDown(squares: Float64Array): Int32Array {
  let most = 0;
  for (let i = 0; i < squares.length; i++) if (squares[i]! > most) most = squares[i]!;
  // Where pixels of each square begin: those of a higher one lie before.
  const starts = new Int32Array(most + 1);
  for (let i = 0; i < squares.length; i++) starts[most - squares[i]!]!++;
  let count = 0;
  for (let k = 0; k < most; k++) {
    const here = starts[k]!;
    starts[k] = count;
    count += here;
  }
  const pixels = new Int32Array(count);
  for (let i = 0; i < squares.length; i++) if (squares[i]! > 0) pixels[starts[most - squares[i]!]!++] = i;
  return pixels;
}
