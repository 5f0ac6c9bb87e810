// The term of the weight map that makes the network learn the gaps: w0 exp(-(d1 + d2)^2 / (2 sigma^2)), where d1 and d2 are
// the distances to the nearest and second nearest object. Where d1 + d2 > 6 sigma it is below 2e-8 w0 and taken as 0.
//
// Both distances in one go, for any number of objects: going down and up the columns finds, for each pixel, the two nearest
// objects of its column. The two nearest of all are among those of the columns near by, since of any one column only its own
// two nearest can be among them. Columns are tried from the pixel outwards until none can be near enough.

import type { LabelImage } from "../array/raster.ts";

const reachInSigmas = 6;
const none = 65535;
/** The square of no distance: beyond any reach, and small enough to be added to. */
const never = 2 ** 30;
const longestReach = 16000;

/** Adds the ridge of weight `w0` and width `sigmaPx` to the background pixels of `out`. Nothing where there are not two objects. */
export function addRidgeInPlace(labels: LabelImage, { w0, sigmaPx }: { w0: number; sigmaPx: number }, out: Float32Array): void {
  const reach = Math.min(longestReach, Math.floor(reachInSigmas * sigmaPx));
  if (w0 === 0 || reach < 2) return;
  const { height, width, data } = labels;
  const below = findBelow(labels, reach);
  const above = createRow(width);
  const column = createColumns(width);
  const scale = -1 / (2 * sigmaPx * sigmaPx);
  for (let y = 0; y < height; y++) {
    const start = y * width;
    if (!mergeRow({ labels, y, reach, below, above }, column)) continue;
    for (let x = 0; x < width; x++) {
      if (data[start + x] !== 0) continue;
      const sum = sumOfDistances(column, x, width, Math.min(longestReach, reachInSigmas * sigmaPx));
      if (sum < Number.POSITIVE_INFINITY) out[start + x]! += w0 * Math.exp(sum * sum * scale);
    }
  }
}

/** The nearest and the nearest other object, straight below each pixel (its own included), as row distances; `none` beyond reach. */
interface Below {
  readonly first: Uint16Array;
  readonly second: Uint16Array;
}

function findBelow({ height, width, data }: LabelImage, reach: number): Below {
  const first = new Uint16Array(height * width).fill(none);
  const second = new Uint16Array(height * width).fill(none);
  for (let i = height * width - 1; i >= 0; i--) {
    const next = i + width;
    const d1 = next < data.length && first[next]! < reach ? first[next]! + 1 : none;
    const d2 = next < data.length && second[next]! < reach ? second[next]! + 1 : none;
    const id = data[i]!;
    if (id === 0) {
      first[i] = d1;
      second[i] = d2;
    } else {
      first[i] = 0;
      second[i] = d1 !== none && data[i + d1 * width] === id ? d2 : d1;
    }
  }
  return { first, second };
}

/** For one row: the two last objects met in each column on the way down, and the rows in which they were. */
interface Row {
  readonly id1: Uint32Array;
  readonly id2: Uint32Array;
  readonly y1: Int32Array;
  readonly y2: Int32Array;
}

function createRow(width: number): Row {
  return { id1: new Uint32Array(width), id2: new Uint32Array(width), y1: new Int32Array(width), y2: new Int32Array(width) };
}

/** For one row: the two nearest objects of each column, above or below, and their squared distances (`never` for none). */
interface Columns {
  readonly id1: Uint32Array;
  readonly id2: Uint32Array;
  readonly d1: Int32Array;
  readonly d2: Int32Array;
}

function createColumns(width: number): Columns {
  return { id1: new Uint32Array(width), id2: new Uint32Array(width), d1: new Int32Array(width), d2: new Int32Array(width) };
}

/** Moves `above` on to row y and leaves in `out` the two nearest objects of each column; false when no column has one. */
function mergeRow(at: { labels: LabelImage; y: number; reach: number; below: Below; above: Row }, out: Columns): boolean {
  const { labels, y, reach, below, above } = at;
  const { width, data } = labels;
  let found = false;
  for (let x = 0; x < width; x++) {
    const i = y * width + x;
    const id = data[i]!;
    if (id !== 0) {
      if (id !== above.id1[x]) {
        above.id2[x] = above.id1[x]!;
        above.y2[x] = above.y1[x]!;
        above.id1[x] = id;
      }
      above.y1[x] = y;
    }
    let id1 = 0;
    let d1 = none;
    let id2 = 0;
    let d2 = none;
    if (above.id1[x] !== 0 && y - above.y1[x]! <= reach) {
      id1 = above.id1[x]!;
      d1 = y - above.y1[x]!;
      if (above.id2[x] !== 0 && y - above.y2[x]! <= reach) {
        id2 = above.id2[x]!;
        d2 = y - above.y2[x]!;
      }
    }
    for (let k = 0; k < 2; k++) {
      const d = k === 0 ? below.first[i]! : below.second[i]!;
      if (d >= d2) break;
      const candidate = data[i + d * width]!;
      if (candidate === id1) d1 = Math.min(d1, d);
      else if (d < d1) {
        id2 = id1;
        d2 = d1;
        id1 = candidate;
        d1 = d;
      } else {
        id2 = candidate;
        d2 = d;
      }
    }
    out.id1[x] = id1;
    out.id2[x] = id2;
    out.d1[x] = d1 === none ? never : d1 * d1;
    out.d2[x] = d2 === none ? never : d2 * d2;
    if (id1 !== 0) found = true;
  }
  return found;
}

/** d1 + d2 of pixel x of the row that `columns` describes; Infinity when that is above `reach`. */
function sumOfDistances({ id1, id2, d1, d2 }: Columns, x: number, width: number, reach: number): number {
  const limit = Math.floor(reach * reach);
  // d1 <= d2, so an object counts as the nearest only up to half the reach.
  const nearLimit = Math.floor(limit / 4);
  let nearest = 0;
  let best = limit + 1;
  let second = limit + 1;
  for (let dx = 0, squared = 0; squared < second; dx++, squared = dx * dx) {
    if (squared > nearLimit && best > nearLimit) return Number.POSITIVE_INFINITY;
    for (let c = x - dx; c <= x + dx; c += dx === 0 ? 1 : 2 * dx) {
      if (c < 0 || c >= width) continue;
      const near = d1[c]! + squared;
      if (near >= second) continue;
      const id = id1[c]!;
      if (id === nearest) {
        if (near < best) best = near;
      } else if (near < best) {
        // The former nearest is second now; before there was one, both are at the limit.
        second = best;
        best = near;
        nearest = id;
      } else second = near;
      const far = d2[c]! + squared;
      if (far < second && id2[c] !== nearest) second = far;
    }
  }
  const sum = Math.sqrt(best) + Math.sqrt(second);
  return second <= limit && sum <= reach ? sum : Number.POSITIVE_INFINITY;
}
