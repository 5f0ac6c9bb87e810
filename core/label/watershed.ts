// Objects that touch, cut apart where they are narrow: a watershed of the distance to the background (Vincent and Soille 1991,
// in the form of union-find by descending height), with peaks that stand out too little merged into higher ones. The distance may be
// smoothed first: notches of an outline make small peaks, which are no objects.

import { createEnvelopeRoom, type EnvelopeRoom, squareRow } from "../array/distance.ts";
import { gaussianKernel, smoothInPlace } from "../array/gaussian.ts";

export interface Pieces {
  readonly count: number;
  /** Of each pixel its piece, 1 to `count` in the reading order of first pixels; 0 outside. Of one piece it is the mask. */
  readonly data: Uint8Array | Uint32Array;
}

/** Splits one object after another. `smoothPx`: standard deviation of the Gaussian that smooths the distance; 0 (the default): none. */
export type SplitByDistance = (mask: Uint8Array, height: number, width: number, minDepthPx: number, smoothPx?: number) => Pieces;

/**
 * What gives the pieces of one object, `mask` 1 inside and 0 outside: each is 4-connected and has a peak of the distance to the
 * background that lies `minDepthPx` or more above every way to a higher peak. What lies beyond the mask is background. Objects use
 * the same memory one after another: most are so small that memory of their own would take longer than the work.
 */
export function createSplitByDistance(): SplitByDistance {
  let room = createRoom(0, 0);
  return (mask, height, width, minDepthPx, smoothPx = 0) => {
    if (room.columns.length < (height + 2) * (width + 2) || room.width < width + 2) {
      room = createRoom(Math.max(room.columns.length, 2 * (height + 2) * (width + 2)), Math.max(room.width, 2 * (width + 2)));
    }
    measureHeights(mask, height, width, room);
    const distanceOf = smoothPx === 0 ? Math.sqrt : smoothHeights(height, width, smoothPx, room);
    // The middle of the shorter side is as far as a pixel can be from the border.
    const farthest = Math.ceil(Math.min(height, width) / 2);
    const count = sortDown(height, width, smoothPx === 0 ? farthest ** 2 : farthest * levelsPerPx, room);
    if (flood(count, width + 2, minDepthPx, distanceOf, room) < 2) return { count: Math.min(1, count), data: mask };
    return numberPieces(mask, height, width, count, room);
  };
}

/**
 * Heights are whole numbers, of each pixel of the object's box and of a border around it, where they are 0: squared distances, or
 * smoothed distances in steps of 1 / `levelsPerPx`.
 */
interface Room {
  readonly width: number;
  readonly columns: Int32Array;
  readonly heights: Int32Array;
  readonly envelope: EnvelopeRoom;
  readonly smooth: Float64Array;
  /** Of each height, where its pixels begin among those inside, from the highest down. */
  readonly starts: Int32Array;
  /** The pixels inside, from the highest down. */
  readonly pixels: Int32Array;
  /** Of each pixel its place among those inside; beyond all places outside. */
  readonly ranks: Int32Array;
  /** Of each place a place that is not lower, of the same basin; a peak has its own. */
  readonly parents: Int32Array;
}

const noRank = 0x7fffffff;
const levelsPerPx = 64;

function createRoom(pixels: number, width: number): Room {
  const column = (): Int32Array => new Int32Array(pixels);
  return {
    width,
    columns: column(),
    heights: column(),
    envelope: createEnvelopeRoom(width),
    smooth: new Float64Array(pixels),
    starts: new Int32Array(pixels + 1 + levelsPerPx * Math.ceil(Math.sqrt(pixels) / 2 + 1)),
    pixels: column(),
    ranks: column(),
    parents: column(),
  };
}

function measureHeights(mask: Uint8Array, height: number, width: number, { columns, heights, envelope }: Room): void {
  const stride = width + 2;
  columns.fill(0, 0, stride);
  columns.fill(0, (height + 1) * stride, (height + 2) * stride);
  for (let y = 0; y < height; y++) {
    const base = (y + 1) * stride + 1;
    columns[base - 1] = columns[base + width] = 0;
    for (let x = 0; x < width; x++) columns[base + x] = mask[y * width + x] === 0 ? 0 : columns[base + x - stride]! + 1;
  }
  heights.fill(0, 0, (height + 2) * stride);
  for (let y = height; y > 0; y--) {
    const base = y * stride;
    for (let i = base; i < base + stride; i++) {
      const below = columns[i + stride]! + 1;
      if (below < columns[i]!) columns[i] = below;
    }
    squareRow(columns, base, base + stride, heights, envelope);
  }
}

/** Replaces squared distances by smoothed ones. Returns the distance of a height. Beyond the box the distance is 0. */
function smoothHeights(height: number, width: number, smoothPx: number, { heights, smooth }: Room): (height: number) => number {
  const size = (height + 2) * (width + 2);
  for (let i = 0; i < size; i++) smooth[i] = Math.sqrt(heights[i]!);
  smoothInPlace(smooth, { height: height + 2, width: width + 2 }, gaussianKernel(smoothPx));
  for (let i = 0; i < size; i++) if (heights[i] !== 0) heights[i] = Math.max(1, Math.round(smooth[i]! * levelsPerPx));
  return (level) => level / levelsPerPx;
}

/** Ranks pixels, the highest first; of equal ones in reading order. Returns how many there are. Heights are counted, none above `most`. */
function sortDown(height: number, width: number, most: number, { heights, starts, pixels, ranks }: Room): number {
  const size = (height + 2) * (width + 2);
  starts.fill(0, 0, most + 1);
  for (let i = 0; i < size; i++) starts[heights[i]!]!++;
  let count = 0;
  for (let k = most; k > 0; k--) {
    const here = starts[k]!;
    starts[k] = count;
    count += here;
  }
  for (let i = 0; i < size; i++) {
    const here = heights[i]!;
    if (here === 0) ranks[i] = noRank;
    else {
      const rank = starts[here]!++;
      pixels[rank] = i;
      ranks[i] = rank;
    }
  }
  return count;
}

/** Pixels join from the highest to the lowest. Returns how many basins they make. */
function flood(
  size: number,
  width: number,
  minDepth: number,
  distanceOf: (height: number) => number,
  { heights, pixels, ranks, parents }: Room,
): number {
  let count = 0;
  for (let rank = 0; rank < size; rank++) {
    const pixel = pixels[rank]!;
    const up = ranks[pixel - width]!;
    const left = ranks[pixel - 1]!;
    const right = ranks[pixel + 1]!;
    const down = ranks[pixel + width]!;
    const highest = Math.min(up, left, right, down);
    if (highest > rank) {
      parents[rank] = rank;
      count++;
      continue;
    }
    // The pixel joins the basin of its highest neighbour. Other basins meet that one here: the lower of two is a part of the
    // other where it stands out too little.
    let basin = rootOf(highest, parents);
    for (let side = 0; side < 4; side++) {
      const neighbour = side === 0 ? up : side === 1 ? left : side === 2 ? right : down;
      if (neighbour > rank || neighbour === highest) continue;
      const other = rootOf(neighbour, parents);
      if (other === basin) continue;
      const high = Math.min(other, basin);
      const low = Math.max(other, basin);
      if (distanceOf(heights[pixels[low]!]!) - distanceOf(heights[pixel]!) >= minDepth) continue;
      parents[low] = high;
      basin = high;
      count--;
    }
    parents[rank] = basin;
  }
  return count;
}

/** The basin of a place, by the place of its peak: the first of the basin. */
function rootOf(rank: number, parents: Int32Array): number {
  let root = rank;
  while (parents[root] !== root) root = parents[root]!;
  for (let k = rank; k !== root; ) {
    const next = parents[k]!;
    parents[k] = root;
    k = next;
  }
  return root;
}

function numberPieces(mask: Uint8Array, height: number, width: number, size: number, { pixels: numbers, ranks, parents }: Room): Pieces {
  const data = new Uint32Array(height * width);
  numbers.fill(0, 0, size); // the order is not needed any more
  let count = 0;
  for (let y = 0; y < height; y++) {
    const base = (y + 1) * (width + 2) + 1;
    for (let x = 0; x < width; x++) {
      if (mask[y * width + x] === 0) continue;
      const root = rootOf(ranks[base + x]!, parents);
      if (numbers[root] === 0) numbers[root] = ++count;
      data[y * width + x] = numbers[root]!;
    }
  }
  return { count, data };
}
