// Merged objects cut apart, between the two walks: one more walk collects the pixels of each object until it is complete, and
// keeps of those that fall apart where the cuts are.

import type { ReadBands } from "../array/band.ts";
import { Problem } from "../problem.ts";
import { labelRuns } from "./label-bands.ts";
import { mergeSmallPieces } from "./merge-pieces.ts";
import { boxOf, type ObjectTable, type Splits } from "./object-table.ts";
import type { Region } from "./region/region.ts";
import { createRegionMask } from "./region/region-mask.ts";
import type { RunBand } from "./run-band.ts";
import { splitByDistance } from "./watershed.ts";

export interface SplitOptions {
  /** How far a peak of the distance to the background must stand out to be an object of its own: more gives fewer cuts. */
  readonly minDepthPx?: number;
  /** A cut that makes a piece of fewer pixels is not made. */
  readonly minSizePx?: number;
  /** Objects whose box has more pixels stay whole: memory is a few times as many bytes. */
  readonly maxBoxPx?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface SplitResult {
  /** The table for the second walk, ids anew in reading order. */
  readonly table: ObjectTable;
  /** Ids, in the new table, of objects that were too large to be looked at. */
  readonly tooLarge: readonly number[];
}

/** An object that fell apart. */
interface Cut {
  readonly id: number;
  /** For each of its runs in reading order, where each part ends, and its piece: end, piece, end, piece... */
  readonly parts: Uint32Array;
  readonly pieces: readonly PieceShape[];
}

interface PieceShape {
  /** The index of its first pixel in the image. */
  first: number;
  area: number;
  y0: number;
  x0: number;
  y1: number;
  x1: number;
}

/** What is told of objects that stay whole. */
export function describeTooLarge(ids: readonly number[]): string {
  const more = ids.length > 20 ? ", ..." : "";
  return `${ids.length} objects are too large to be cut apart: ${ids.slice(0, 20).join(", ")}${more}`;
}

/**
 * The objects of `table` cut apart by a watershed of their distance to the background. The same for any bands.
 * Throws Problem InvalidParameter for a depth that is not above 0, InvalidData for a table that was split before.
 */
export async function splitObjects(
  read: ReadBands,
  table: ObjectTable,
  { minDepthPx = 1, minSizePx = 0, maxBoxPx = 2 ** 20, signal }: SplitOptions = {},
): Promise<SplitResult> {
  if (!(minDepthPx > 0)) {
    const message = `"minDepthPx" must be above 0; got ${minDepthPx}. 1 cuts where a neck is clear.`;
    throw new Problem("InvalidParameter", message, { parameter: "minDepthPx", value: minDepthPx });
  }
  if (table.splits !== undefined) {
    const reason = "objects were split before";
    throw new Problem("InvalidData", `Objects are split once; these ${reason}. Find them again.`, { reason });
  }
  const isLarge = (id: number) => (table.y1[id]! - table.y0[id]!) * (table.x1[id]! - table.x0[id]!) > maxBoxPx;
  const firsts = new Float64Array(table.count + 1).fill(-1);
  const open = new Map<number, number[]>();
  const cuts: Cut[] = [];
  for await (const runs of labelRuns(read, table, signal)) {
    forEachRun(runs, (id, y, start, end) => {
      if (firsts[id]! < 0) firsts[id] = y * table.width + start;
      if (isLarge(id) || table.areasPx[id]! < 2 * minSizePx) return; // one of two pieces would be too small
      const known = open.get(id);
      if (known === undefined) open.set(id, [y, start, end]);
      else known.push(y, start, end);
    });
    for (const [id, pixels] of open) {
      if (table.y1[id]! > runs.y0 + runs.height) continue;
      open.delete(id);
      const cut = cutObject(table, id, pixels, { minDepthPx, minSizePx });
      if (cut !== undefined) cuts.push(cut);
    }
  }
  return renumber(table, cuts, firsts, isLarge);
}

function forEachRun(
  { y0, height, rows, starts, ends, ids }: RunBand,
  visit: (id: number, y: number, start: number, end: number) => void,
): void {
  for (let y = 0; y < height; y++) {
    for (let run = rows[y]!; run < rows[y + 1]!; run++) visit(ids[run]!, y0 + y, starts[run]!, ends[run]!);
  }
}

/** `runs`: row, start, end of each of the object's runs. */
function cutObject(
  table: ObjectTable,
  id: number,
  runs: readonly number[],
  { minDepthPx, minSizePx }: Required<Pick<SplitOptions, "minDepthPx" | "minSizePx">>,
): Cut | undefined {
  const { y0, x0, y1, x1 } = boxOf(table, id);
  const width = x1 - x0;
  const mask = new Uint8Array((y1 - y0) * width);
  for (let i = 0; i < runs.length; i += 3) {
    const base = (runs[i]! - y0) * width - x0;
    mask.fill(1, base + runs[i + 1]!, base + runs[i + 2]!);
  }
  const split = splitByDistance(mask, y1 - y0, width, minDepthPx);
  if (split.count < 2) return undefined;
  const { count, data } = mergeSmallPieces(split, width, minSizePx);
  if (count < 2) return undefined;
  const parts: number[] = [];
  const pieces: PieceShape[] = [];
  for (let i = 0; i < runs.length; i += 3) {
    const [y, end] = [runs[i]!, runs[i + 2]!];
    const base = (y - y0) * width - x0;
    for (let x = runs[i + 1]!; x < end; ) {
      const piece = data[base + x]!;
      let to = x + 1;
      while (to < end && data[base + to] === piece) to++;
      parts.push(to, piece);
      pieces[piece - 1] ??= { first: y * table.width + x, area: 0, y0: y, x0: x, y1: y, x1: to };
      const shape = pieces[piece - 1]!;
      shape.area += to - x;
      shape.x0 = Math.min(shape.x0, x);
      shape.x1 = Math.max(shape.x1, to);
      shape.y1 = y + 1;
      x = to;
    }
  }
  return { id, parts: Uint32Array.from(parts), pieces };
}

/** The table of all pieces in the reading order of their first pixels. */
function renumber(table: ObjectTable, cuts: readonly Cut[], firsts: Float64Array, isLarge: (id: number) => boolean): SplitResult {
  const cutOf = new Map(cuts.map((cut) => [cut.id, cut]));
  const count = table.count + cuts.reduce((sum, { pieces }) => sum + pieces.length - 1, 0);
  // Entries of the new table: an object of the old one, and one of its pieces or 0.
  const added = cuts.flatMap(({ id, pieces }) => pieces.slice(1).map(({ first }, i) => ({ first, id, piece: i + 2 })));
  added.sort((a, b) => a.first - b.first);
  const columns = {
    classes: new Uint8Array(count + 1),
    areasPx: new Float64Array(count + 1),
    y0: new Uint32Array(count + 1),
    x0: new Uint32Array(count + 1),
    y1: new Uint32Array(count + 1),
    x1: new Uint32Array(count + 1),
  };
  const ofObject = new Uint32Array(count + 1);
  const newIds = new Uint32Array(table.count + 1);
  const pieceIds = new Map(cuts.map(({ id, pieces }) => [id, new Uint32Array(pieces.length + 1)]));
  const tooLarge: number[] = [];
  const regionAt = table.regions && createRegionFinder(table.regions.regions, table.width);
  let next = 1;
  const put = (id: number, piece: number) => {
    const shape = cutOf.get(id)?.pieces[Math.max(0, piece - 1)];
    columns.classes[next] = table.classes[id]!;
    columns.areasPx[next] = shape?.area ?? table.areasPx[id]!;
    for (const edge of ["y0", "x0", "y1", "x1"] as const) columns[edge][next] = shape?.[edge] ?? table[edge][id]!;
    ofObject[next] = shape !== undefined && regionAt !== undefined ? regionAt(shape.first) : (table.regions?.ofObject[id] ?? 0);
    if (piece <= 1) newIds[id] = next;
    if (shape !== undefined) pieceIds.get(id)![Math.max(1, piece)] = next;
    if (isLarge(id)) tooLarge.push(next);
    next++;
  };
  let at = 0;
  for (let id = 1; id <= table.count; id++) {
    for (; at < added.length && added[at]!.first < firsts[id]!; at++) put(added[at]!.id, added[at]!.piece);
    put(id, 0);
  }
  for (; at < added.length; at++) put(added[at]!.id, added[at]!.piece);
  const parts = new Map<number, Uint32Array>();
  for (const { id, parts: pieces } of cuts) {
    const ids = pieceIds.get(id)!;
    parts.set(
      id,
      pieces.map((value, i) => (i % 2 === 0 ? value : ids[value]!)),
    );
  }
  const splits: Splits = { ids: newIds, parts, tooLarge };
  const regions = table.regions && { ...table.regions, ofObject };
  return { table: { ...table, ...columns, count, splits, ...(regions && { regions }) }, tooLarge };
}

/** The region of a pixel, by its index in the image. Pixels must come in reading order. */
function createRegionFinder(regions: readonly Region[], width: number): (pixel: number) => number {
  const mask = createRegionMask(regions, width);
  let row = -1;
  let ofPixel: Uint32Array = new Uint32Array(0);
  return (pixel) => {
    const y = Math.floor(pixel / width);
    if (y !== row) ofPixel = mask.readRow(y);
    row = y;
    return ofPixel[pixel % width]!;
  };
}
