// Objects cut apart, each from its own runs alone: in any order, in any thread.

import { mergeSmallPieces } from "./merge-pieces.ts";
import { createSplitByDistance, type Pieces } from "./watershed.ts";

/** Some objects. Plain data. */
export interface CutRequest {
  readonly ids: Uint32Array;
  /** Of each object, how many numbers of `runs` are its own. */
  readonly lengths: Uint32Array;
  /** Row, start and end of each run in reading order, object by object. */
  readonly runs: Uint32Array;
  /** Of the image. */
  readonly width: number;
  /** As in `splitObjects`. */
  readonly minDepthPx: number;
  readonly smoothPx: number;
  readonly minSizePx: number;
}

/** An object that fell apart. Plain data. */
export interface Cut {
  readonly id: number;
  /** For each of its runs in reading order, where each part ends, and its piece: end, piece, end, piece... */
  readonly parts: Uint32Array;
  /** Pieces, at least two. */
  readonly count: number;
  /** Six numbers a piece; see `pieceOf`. */
  readonly pieces: Float64Array;
}

export interface PieceShape {
  /** The index of its first pixel in the image. */
  readonly first: number;
  readonly areaPx: number;
  /** The half-open box. */
  readonly y0: number;
  readonly x0: number;
  readonly y1: number;
  readonly x1: number;
}

/** Gives of each object that falls apart how; the others are left out. */
export type CutObjects = (request: CutRequest) => Promise<readonly Cut[]>;

const [first, areaPx, y0, x0, y1, x1] = [0, 1, 2, 3, 4, 5];
const fields = 6;

/** A piece by its number, from 1 on. */
export function pieceOf(pieces: Float64Array, piece: number): PieceShape {
  const at = (piece - 1) * fields;
  const get = (field: number): number => pieces[at + field]!;
  return { first: get(first), areaPx: get(areaPx), y0: get(y0), x0: get(x0), y1: get(y1), x1: get(x1) };
}

/** What cuts objects apart in this thread. */
export function createCutObjects(): CutObjects {
  const splitByDistance = createSplitByDistance();
  let mask = new Uint8Array(0); // of one object after another
  return async ({ ids, lengths, runs, ...options }) => {
    const cuts: Cut[] = [];
    let at = 0;
    for (const [i, id] of ids.entries()) {
      const own = runs.subarray(at, at + lengths[i]!);
      const box = boxOfRuns(own);
      const size = box.height * box.width;
      if (mask.length < size) mask = new Uint8Array(2 * size);
      fillMask(own, box, mask.fill(0, 0, size));
      const cut = cutObject(id, own, box, splitByDistance(mask, box.height, box.width, options.minDepthPx, options.smoothPx), options);
      if (cut !== undefined) cuts.push(cut);
      at += lengths[i]!;
    }
    return cuts;
  };
}

interface RunBox {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

function boxOfRuns(runs: Uint32Array): RunBox {
  const top = runs[0]!;
  let [left, right] = [runs[1]!, runs[2]!];
  for (let i = 3; i < runs.length; i += 3) {
    left = Math.min(left, runs[i + 1]!);
    right = Math.max(right, runs[i + 2]!);
  }
  return { top, left, height: runs[runs.length - 3]! + 1 - top, width: right - left };
}

function fillMask(runs: Uint32Array, { top, left, width }: RunBox, mask: Uint8Array): void {
  for (let i = 0; i < runs.length; i += 3) {
    const base = (runs[i]! - top) * width - left;
    const end = base + runs[i + 2]!;
    for (let at = base + runs[i + 1]!; at < end; at++) mask[at] = 1;
  }
}

function cutObject(
  id: number,
  runs: Uint32Array,
  box: RunBox,
  split: Pieces,
  { width, minSizePx }: Pick<CutRequest, "width" | "minSizePx">,
): Cut | undefined {
  if (split.count < 2) return undefined;
  const { count, data } = mergeSmallPieces(split, box.width, minSizePx);
  if (count < 2) return undefined;
  const parts: number[] = [];
  const pieces = new Float64Array(count * fields);
  for (let i = 0; i < runs.length; i += 3) {
    const [y, end] = [runs[i]!, runs[i + 2]!];
    const base = (y - box.top) * box.width - box.left;
    for (let x = runs[i + 1]!; x < end; ) {
      const piece = data[base + x]!;
      let to = x + 1;
      while (to < end && data[base + to] === piece) to++;
      parts.push(to, piece);
      addPart(pieces, (piece - 1) * fields, y, x, to, width);
      x = to;
    }
  }
  return { id, parts: Uint32Array.from(parts), count, pieces };
}

/** Parts must come in reading order. */
function addPart(pieces: Float64Array, at: number, y: number, start: number, end: number, width: number): void {
  if (pieces[at + areaPx] === 0) {
    pieces[at + first] = y * width + start;
    pieces[at + y0] = y;
    pieces[at + x0] = start;
  }
  pieces[at + areaPx]! += end - start;
  pieces[at + x0] = Math.min(pieces[at + x0]!, start);
  pieces[at + x1] = Math.max(pieces[at + x1]!, end);
  pieces[at + y1] = y + 1;
}
