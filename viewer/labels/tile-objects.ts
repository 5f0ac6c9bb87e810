// What each tile of labels holds, counted once: tiles are copied before they are written to, so only those that an edit has
// touched are counted again. With it the questions about whole layers (the largest number, the objects of a plane, where one
// lies) cost what has changed, not what is drawn.

import { isMark, type LabelRaster, type TileKey, tilePosition } from "./label-raster.ts";

/** An object's pixels in one tile; places and sums are in pixels of the tile. */
export interface TileObject {
  readonly id: number;
  area: number;
  sumY: number;
  sumX: number;
  y0: number;
  x0: number;
  y1: number;
  x1: number;
}

interface Count {
  /** The raster's stamp of the tile when it was counted: a tile is written to while its edit lasts. */
  readonly stamp: number;
  readonly objects: ReadonlyMap<number, TileObject>;
}

const counts = new WeakMap<Uint32Array, Count>();

/** The objects of a tile by id, marks ("ignore", "background") among them. */
export function objectsOfTile({ tiles, stamps }: LabelRaster, key: TileKey): ReadonlyMap<number, TileObject> {
  const tile = tiles.get(key);
  if (!tile) return none;
  const stamp = stamps.get(key) ?? 0;
  const known = counts.get(tile);
  if (known?.stamp === stamp) return known.objects;
  const objects = countTile(tile);
  counts.set(tile, { stamp, objects });
  return objects;
}

const none: ReadonlyMap<number, TileObject> = new Map();

function countTile(tile: Uint32Array): ReadonlyMap<number, TileObject> {
  const found = new Map<number, TileObject>();
  let last: TileObject | undefined;
  for (let start = 0, end = 0; start < tile.length; start = end) {
    const id = tile[start]!;
    // A run of equal numbers, at most to the end of its row.
    const stop = (start | 255) + 1;
    for (end = start + 1; end < stop && tile[end] === id; ) end++;
    if (id === 0) continue;
    if (last?.id !== id) last = find(found, id);
    const y = start >> 8;
    const x0 = start & 255;
    const length = end - start;
    last.area += length;
    last.sumY += length * y;
    last.sumX += length * x0 + (length * (length - 1)) / 2;
    last.y0 = Math.min(last.y0, y);
    last.y1 = y + 1;
    last.x0 = Math.min(last.x0, x0);
    last.x1 = Math.max(last.x1, x0 + length);
  }
  return found;
}

function find(found: Map<number, TileObject>, id: number): TileObject {
  const known = found.get(id);
  if (known) return known;
  const fresh = { id, area: 0, sumY: 0, sumX: 0, y0: 256, x0: 256, y1: 0, x1: 0 };
  found.set(id, fresh);
  return fresh;
}

/** The ids of all planes, marks among them. */
export function idsOf(raster: LabelRaster): Set<number> {
  const ids = new Set<number>();
  for (const key of raster.tiles.keys()) for (const id of objectsOfTile(raster, key).keys()) ids.add(id);
  return ids;
}

/** True where a pixel of any plane has that id. */
export function holdsId(raster: LabelRaster, id: number): boolean {
  for (const key of raster.tiles.keys()) if (objectsOfTile(raster, key).has(id)) return true;
  return false;
}

/** The number of pixels of an object of a plane. */
export function areaOf(raster: LabelRaster, plane: number, id: number): number {
  let area = 0;
  for (const key of raster.tiles.keys())
    if (tilePosition(raster, key).plane === plane) area += objectsOfTile(raster, key).get(id)?.area ?? 0;
  return area;
}

/** The largest id of all planes, marks left out; 0 where no object is drawn. */
export function largestId(raster: LabelRaster): number {
  let largest = 0;
  for (const key of raster.tiles.keys()) for (const id of objectsOfTile(raster, key).keys()) if (id > largest && !isMark(id)) largest = id;
  return largest;
}
