// Walks a tile plan: read (mirrored at the borders), predict, hand over the core. Predictors take tiles in turn, so several
// workers share one image; results arrive in whatever order they are done. No engine here: `predict` is handed in.

import { mirrorIndex } from "../array/mirror.ts";
import type { Allocate } from "../array/normalize.ts";
import type { Box } from "../array/raster.ts";
import { assertNotAborted } from "../job.ts";
import { isProblem } from "../problem.ts";
import { splitTile, type Tile, type TilePlan } from "./plan.ts";

/** Pixels of a tile, [height, width, channels], normalised. */
export interface TilePixels {
  readonly height: number;
  readonly width: number;
  readonly data: Float32Array;
}

/** Gives the logits [height - 2 margin, width - 2 margin, classes] of a tile, and gives them away. */
export type PredictTile = (tile: TilePixels, signal?: AbortSignal) => Promise<Float32Array>;

/** Reads a box inside the image as [height, width, channels], normalised. `allocate`: where there may be memory for it. */
export type ReadBox = (box: Box, signal?: AbortSignal, allocate?: Allocate) => Promise<Float32Array>;

export interface RunTilesOptions {
  readonly plan: Pick<TilePlan, "height" | "width" | "levels" | "marginPx" | "tiles">;
  readonly channels: number;
  readonly classes: number;
  readonly read: ReadBox;
  /** One a worker; each works at one tile at a time. */
  readonly predictors: readonly PredictTile[];
  readonly signal?: AbortSignal | undefined;
}

export interface TileResult {
  readonly tile: Tile;
  /** Logits of the core, [core height, core width, classes]. */
  readonly logits: Float32Array;
}

/** A tile whose pixels are being read. */
interface OpenedTile {
  readonly tile: Tile;
  readonly pixels: Promise<Float32Array>;
}

interface Finished {
  readonly predictor: PredictTile;
  readonly results: readonly TileResult[];
}

/**
 * Yields the core of every tile once, as soon as it is done; a tile for which memory does not suffice is split and comes in
 * parts. Throws what `read` or a predictor throws, and AbortError.
 */
export async function* runTiles({
  plan,
  channels,
  classes,
  read,
  predictors,
  signal,
}: RunTilesOptions): AsyncGenerator<TileResult, void, void> {
  const waiting = plan.tiles.toReversed();
  const running = new Map<PredictTile, Promise<Finished>>();
  // Read while the predictors are busy: one tile ahead for each.
  const ahead: OpenedTile[] = [];
  const memory = createTileMemory();
  const openTile = (tile: Tile): OpenedTile => {
    const pixels = readMirrored(plan, tile.input, channels, read, signal, memory.allocate);
    pixels.catch(() => {}); // it is told when its turn comes
    return { tile, pixels };
  };
  const start = (predictor: PredictTile): void => {
    const next = ahead.shift() ?? openNext();
    if (next === undefined) return;
    const result = runTile(next, predictor);
    result.catch(() => {}); // it may fail while whoever walks is busy elsewhere; the race tells it then
    running.set(predictor, result);
    const following = ahead.length < predictors.length ? openNext() : undefined;
    if (following !== undefined) ahead.push(following);
  };
  const openNext = (): OpenedTile | undefined => {
    const tile = waiting.pop();
    return tile && openTile(tile);
  };
  const runTile = async (opened: OpenedTile, predictor: PredictTile): Promise<Finished> => ({
    predictor,
    results: await predictOrSplit(opened, predictor),
  });
  /** The tile's core; or its parts, when memory did not suffice for the whole. */
  const predictOrSplit = async ({ tile, pixels }: OpenedTile, predict: PredictTile): Promise<readonly TileResult[]> => {
    const { y0, x0, y1, x1 } = tile.input;
    const data = await pixels;
    try {
      const logits = await predict({ height: y1 - y0, width: x1 - x0, data }, signal);
      memory.free(data);
      return [{ tile, logits: cropCore(logits, tile, plan.marginPx, classes) }];
    } catch (error) {
      const parts = isProblem(error, "OutOfMemory") ? splitTile(tile, plan.levels) : undefined;
      if (parts === undefined) throw error;
      const results: TileResult[] = [];
      for (const part of parts) results.push(...(await predictOrSplit(openTile(part), predict)));
      return results;
    }
  };

  try {
    for (const predictor of predictors) start(predictor);
    while (running.size > 0) {
      const { predictor, results } = await Promise.race(running.values());
      running.delete(predictor);
      assertNotAborted(signal);
      start(predictor);
      yield* results;
    }
  } finally {
    await Promise.allSettled(running.values());
  }
}

/** Memory that tiles of one size use one after another: new pages for each would take the system longer than filling them. */
function createTileMemory(): { readonly allocate: Allocate; free(data: Float32Array): void } {
  const own = new WeakSet<Float32Array>();
  const unused: Float32Array[] = [];
  return {
    allocate(length) {
      const at = unused.findIndex((one) => one.length === length);
      if (at >= 0) return unused.splice(at, 1)[0]!;
      const fresh = new Float32Array(length);
      own.add(fresh);
      unused.length = 0; // tiles have another size now
      return fresh;
    },
    free(data) {
      if (own.has(data)) unused.push(data); // others belong to whoever reads
    },
  };
}

/** The pixels of `box`, which may reach over the image's borders: mirrored there, the edge pixel not repeated. */
async function readMirrored(
  { height, width }: { readonly height: number; readonly width: number },
  box: Box,
  channels: number,
  read: ReadBox,
  signal?: AbortSignal,
  allocate: Allocate = (length) => new Float32Array(length),
): Promise<Float32Array> {
  const rows = mirroredIndices(box.y0, box.y1, height);
  const columns = mirroredIndices(box.x0, box.x1, width);
  const inside = { y0: min(rows), x0: min(columns), y1: max(rows) + 1, x1: max(columns) + 1 };
  const isInside = box.y0 >= 0 && box.x0 >= 0 && box.y1 <= height && box.x1 <= width;
  if (isInside) return read(inside, signal, allocate);
  const pixels = await read(inside, signal);
  const stride = (inside.x1 - inside.x0) * channels;
  // Between the mirrored columns each row is one piece.
  const left = Math.min(columns.length, Math.max(0, -box.x0));
  const right = Math.max(left, Math.min(box.x1, width) - box.x0);
  const out = allocate(rows.length * columns.length * channels);
  rows.forEach((row, y) => {
    const start = (row - inside.y0) * stride;
    const to = y * columns.length * channels;
    const piece = start + (left + box.x0 - inside.x0) * channels;
    out.set(pixels.subarray(piece, piece + (right - left) * channels), to + left * channels);
    for (let x = 0; x < columns.length; x++) {
      if (x === left) x = right;
      if (x === columns.length) break;
      const from = start + (columns[x]! - inside.x0) * channels;
      for (let c = 0; c < channels; c++) out[to + x * channels + c] = pixels[from + c]!;
    }
  });
  return out;
}

function mirroredIndices(start: number, end: number, side: number): Int32Array {
  return Int32Array.from({ length: end - start }, (_, i) => mirrorIndex(start + i, side));
}

function min(values: Int32Array): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function max(values: Int32Array): number {
  return values.reduce((a, b) => Math.max(a, b));
}

/** The tile's output begins at the core; it may be larger at the right and at the bottom. Rows are moved together where they lie. */
function cropCore(logits: Float32Array, { core, input }: Tile, marginPx: number, classes: number): Float32Array {
  const outputWidth = input.x1 - input.x0 - 2 * marginPx;
  const coreWidth = core.x1 - core.x0;
  const coreHeight = core.y1 - core.y0;
  if (coreWidth === outputWidth && logits.length === coreHeight * coreWidth * classes) return logits;
  for (let y = 1; y < coreHeight; y++) {
    const start = y * outputWidth * classes;
    logits.copyWithin(y * coreWidth * classes, start, start + coreWidth * classes);
  }
  return logits.subarray(0, coreHeight * coreWidth * classes);
}
