// Merged objects cut apart, between the two walks: one more walk collects the pixels of each object until it is complete, and
// keeps of those that fall apart where the cuts are.

import type { ReadBands } from "../array/band.ts";
import { Problem } from "../problem.ts";
import { type Cut, type CutObjects, createCutObjects, pieceOf } from "./cut-objects.ts";
import { labelRuns } from "./label-bands.ts";
import type { ObjectTable, Splits } from "./object-table.ts";
import type { Region } from "./region/region.ts";
import { createRegionMask } from "./region/region-mask.ts";
import type { RunBand } from "./run-band.ts";

export interface SplitOptions {
  /** How far a peak of the distance to the background must stand out to be an object of its own: more gives fewer cuts. */
  readonly minDepthPx?: number;
  /** Standard deviation of the Gaussian that smooths the distance first, so that notches make no peaks; 0: none. */
  readonly smoothPx?: number;
  /** A cut that makes a piece of fewer pixels is not made. */
  readonly minSizePx?: number;
  /** Objects whose box has more pixels stay whole: memory is a few times as many bytes. */
  readonly maxBoxPx?: number;
  /** Cuts objects apart; default: in this thread. */
  readonly cut?: CutObjects;
  readonly signal?: AbortSignal | undefined;
}

export interface SplitResult {
  /** The table for the second walk, ids anew in reading order. */
  readonly table: ObjectTable;
  /** Ids, in the new table, of objects that were too large to be looked at. */
  readonly tooLarge: readonly number[];
}

/** What is told of objects that stay whole. */
export function describeTooLarge(ids: readonly number[]): string {
  const more = ids.length > 20 ? ", ..." : "";
  return `${ids.length} objects are too large to be cut apart: ${ids.slice(0, 20).join(", ")}${more}`;
}

// Large enough that handing it to another thread is nothing beside its work.
const batchNumbers = 1 << 15;

const batchesAtOnce = 8;

/**
 * The objects of `table` cut apart by a watershed of their distance to the background. The same for any bands.
 * Throws Problem InvalidParameter for a depth that is not above 0, InvalidData for a table that was split before.
 */
export async function splitObjects(
  read: ReadBands,
  table: ObjectTable,
  { minDepthPx = 1, smoothPx = 0, minSizePx = 0, maxBoxPx = 2 ** 20, cut = createCutObjects(), signal }: SplitOptions = {},
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
  const running: Promise<readonly Cut[]>[] = [];
  let batch: [id: number, runs: readonly number[]][] = [];
  let batchLength = 0;
  const sendBatch = (): void => {
    const ids = Uint32Array.from(batch, ([id]) => id);
    const lengths = Uint32Array.from(batch, ([, runs]) => runs.length);
    const all = new Uint32Array(batchLength);
    let at = 0;
    for (const [, runs] of batch) {
      all.set(runs, at);
      at += runs.length;
    }
    const result = cut({ ids, lengths, runs: all, width: table.width, minDepthPx, smoothPx, minSizePx });
    result.catch(() => {}); // it is told when its turn comes
    running.push(result);
    batch = [];
    batchLength = 0;
  };
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
      batch.push([id, pixels]);
      batchLength += pixels.length;
    }
    if (batchLength >= batchNumbers) sendBatch();
    while (running.length > batchesAtOnce) cuts.push(...(await running.shift()!));
  }
  sendBatch();
  for (const result of running) cuts.push(...(await result));
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

/** The table of all pieces in the reading order of their first pixels. */
function renumber(table: ObjectTable, cuts: readonly Cut[], firsts: Float64Array, isLarge: (id: number) => boolean): SplitResult {
  const cutOf = new Map(cuts.map((cut) => [cut.id, cut]));
  const count = table.count + cuts.reduce((sum, { count: parts }) => sum + parts - 1, 0);
  // Entries of the new table: an object of the old one, and one of its pieces or 0.
  const added = cuts.flatMap(({ id, count: parts, pieces }) =>
    Array.from({ length: parts - 1 }, (_, i) => ({ first: pieceOf(pieces, i + 2).first, id, piece: i + 2 })),
  );
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
  const pieceIds = new Map(cuts.map(({ id, count: parts }) => [id, new Uint32Array(parts + 1)]));
  const tooLarge: number[] = [];
  const regionAt = table.regions && createRegionFinder(table.regions.regions, table.width);
  let next = 1;
  const put = (id: number, piece: number) => {
    const cut = cutOf.get(id);
    const shape = cut && pieceOf(cut.pieces, Math.max(1, piece));
    columns.classes[next] = table.classes[id]!;
    columns.areasPx[next] = shape?.areaPx ?? table.areasPx[id]!;
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
