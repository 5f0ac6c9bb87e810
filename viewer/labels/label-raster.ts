// Labels as sparse tiles of 256x256 Uint32, one number a pixel, 0 = background. Tiles are never changed once an edit has
// ended: an edit copies a tile before it first writes to it, so the old tiles are the undo, and what is saved.
// Nothing here knows of the screen. Read next: history.ts, paint.ts.

import type { Box } from "../../core/array/raster.ts";

export const tileSide = 256;

/** Pixels with this number count for nothing when a model learns. */
export const ignoreId = 0xffff_ffff;

/** Pixels with this number are background that was painted as such. */
export const backgroundId = 0xffff_fffe;

/** True for the numbers that mark pixels and are no objects: "ignore" and "background". */
export function isMark(id: number): boolean {
  return id >= backgroundId;
}

/** Where a tile lies: `key = (plane * rows + row) * columns + column`. */
export type TileKey = number;

/** The tiles that an edit replaced; undefined stands for an empty tile. */
export interface TileChange {
  readonly before: ReadonlyMap<TileKey, Uint32Array | undefined>;
  readonly after: ReadonlyMap<TileKey, Uint32Array | undefined>;
}

/** The labels of an image of any size and any number of planes. */
export interface LabelRaster {
  readonly width: number;
  readonly height: number;
  readonly planes: number;
  readonly columns: number;
  readonly rows: number;
  readonly tiles: Map<TileKey, Uint32Array>;
  /** A number that grows with every write to a tile: what is drawn from it is stale when it has changed. */
  readonly stamps: Map<TileKey, number>;
}

/** An edit under way: writes go to copies, and `end` tells which tiles were replaced. */
export interface LabelEdit {
  /** Writes `id` to the pixels x0 <= x < x1 of row y; parts outside the image are left out. `accepts` may refuse pixels by their present id. */
  paintRun(plane: number, y: number, x0: number, x1: number, id: number, accepts?: (present: number) => boolean): void;
  end(): TileChange;
}

/** An empty raster. */
export function createLabelRaster(width: number, height: number, planes = 1): LabelRaster {
  return {
    width,
    height,
    planes,
    columns: Math.ceil(width / tileSide),
    rows: Math.ceil(height / tileSide),
    tiles: new Map(),
    stamps: new Map(),
  };
}

/** The key of the tile that holds a pixel. */
function tileKeyAt(raster: LabelRaster, plane: number, y: number, x: number): TileKey {
  return (plane * raster.rows + (y >> 8)) * raster.columns + (x >> 8);
}

/** The plane, row and column of a tile. */
export function tilePosition(raster: LabelRaster, key: TileKey): { plane: number; row: number; column: number } {
  const line = Math.floor(key / raster.columns);
  return { plane: Math.floor(line / raster.rows), row: line % raster.rows, column: key % raster.columns };
}

/** The id at a pixel; 0 outside the image. */
export function labelAt(raster: LabelRaster, plane: number, y: number, x: number): number {
  if (x < 0 || y < 0 || x >= raster.width || y >= raster.height) return 0;
  return raster.tiles.get(tileKeyAt(raster, plane, y, x))?.[((y & 255) << 8) | (x & 255)] ?? 0;
}

/** The ids of a box of one plane, row by row; 0 outside the image. */
export function readLabels(raster: LabelRaster, plane: number, box: Box): Uint32Array {
  const width = box.x1 - box.x0;
  const out = new Uint32Array(width * (box.y1 - box.y0));
  for (let row = Math.max(0, box.y0 >> 8); row < Math.min(raster.rows, (box.y1 + 255) >> 8); row++) {
    for (let column = Math.max(0, box.x0 >> 8); column < Math.min(raster.columns, (box.x1 + 255) >> 8); column++) {
      const tile = raster.tiles.get((plane * raster.rows + row) * raster.columns + column);
      if (!tile) continue;
      const x0 = Math.max(box.x0, column << 8);
      const x1 = Math.min(box.x1, (column + 1) << 8);
      for (let y = Math.max(box.y0, row << 8); y < Math.min(box.y1, (row + 1) << 8); y++) {
        const from = ((y & 255) << 8) | (x0 & 255);
        out.set(tile.subarray(from, from + x1 - x0), (y - box.y0) * width + x0 - box.x0);
      }
    }
  }
  return out;
}

/** A raster with the ids of a whole plane: `data[y * width + x]`. Writes into `raster` through an edit and returns the change. */
export function writeLabels(raster: LabelRaster, plane: number, data: ArrayLike<number>): TileChange {
  const before = new Map<TileKey, Uint32Array | undefined>();
  const after = new Map<TileKey, Uint32Array | undefined>();
  for (let row = 0; row < raster.rows; row++) {
    for (let column = 0; column < raster.columns; column++) {
      const tile = cutTile(raster, data, row, column);
      const key = (plane * raster.rows + row) * raster.columns + column;
      const present = raster.tiles.get(key);
      if (!tile && !present) continue;
      before.set(key, present);
      after.set(key, tile);
    }
  }
  const change = { before, after };
  applyTiles(raster, after);
  return change;
}

function cutTile(raster: LabelRaster, data: ArrayLike<number>, row: number, column: number): Uint32Array | undefined {
  let tile: Uint32Array | undefined;
  const x0 = column << 8;
  const x1 = Math.min(raster.width, x0 + tileSide);
  for (let y = row << 8; y < Math.min(raster.height, (row + 1) << 8); y++) {
    for (let x = x0; x < x1; x++) {
      const id = data[y * raster.width + x]!;
      if (id === 0) continue;
      tile ??= new Uint32Array(tileSide * tileSide);
      tile[((y & 255) << 8) | (x & 255)] = id;
    }
  }
  return tile;
}

/** Puts tiles in place: `after` redoes a change, `before` undoes it. */
export function applyTiles(raster: LabelRaster, tiles: ReadonlyMap<TileKey, Uint32Array | undefined>): void {
  for (const [key, tile] of tiles) {
    if (tile) raster.tiles.set(key, tile);
    else raster.tiles.delete(key);
    stamp(raster, key);
  }
}

function stamp(raster: LabelRaster, key: TileKey): void {
  raster.stamps.set(key, (raster.stamps.get(key) ?? 0) + 1);
}

/** Starts an edit. Where another change replaces a tile meanwhile, what the edit wrote there before is given up. */
export function startEdit(raster: LabelRaster): LabelEdit {
  const before = new Map<TileKey, Uint32Array | undefined>();
  const own = new Map<TileKey, Uint32Array>();
  const writable = (key: TileKey): Uint32Array => {
    const present = raster.tiles.get(key);
    if (present && own.get(key) === present) return present;
    before.set(key, present);
    const copy = present ? present.slice() : new Uint32Array(tileSide * tileSide);
    own.set(key, copy);
    raster.tiles.set(key, copy);
    return copy;
  };
  return {
    paintRun(plane, y, x0, x1, id, accepts) {
      if (y < 0 || y >= raster.height || plane < 0 || plane >= raster.planes) return;
      let x = Math.max(0, x0);
      const end = Math.min(raster.width, x1);
      while (x < end) {
        const stop = Math.min(end, (x | 255) + 1);
        const key = tileKeyAt(raster, plane, y, x);
        const from = ((y & 255) << 8) | (x & 255);
        if (paintInTile(raster.tiles.get(key), () => writable(key), from, from + stop - x, id, accepts)) stamp(raster, key);
        x = stop;
      }
    },
    end() {
      const after = new Map<TileKey, Uint32Array | undefined>();
      for (const [key, tile] of own) {
        if (raster.tiles.get(key) !== tile) {
          before.delete(key);
          continue;
        }
        const kept = tile.some((id) => id !== 0) ? tile : undefined;
        if (!kept) {
          raster.tiles.delete(key);
          stamp(raster, key);
        }
        after.set(key, kept);
      }
      return { before, after };
    },
  };
}

function paintInTile(
  present: Uint32Array | undefined,
  writable: () => Uint32Array,
  from: number,
  to: number,
  id: number,
  accepts: ((present: number) => boolean) | undefined,
): boolean {
  let tile: Uint32Array | undefined;
  for (let i = from; i < to; i++) {
    const old = (tile ?? present)?.[i] ?? 0;
    if (old === id || (accepts && !accepts(old))) continue;
    tile ??= writable();
    tile[i] = id;
  }
  return tile !== undefined;
}
