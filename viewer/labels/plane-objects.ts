// The objects of a plane of labels, put together tile by tile: only what is drawn is walked, however large the image is, and
// counted only where it has changed (tile-objects.ts).

import type { Box } from "../../core/array/raster.ts";
import type { LabelObject } from "../../core/label/objects.ts";
import { isMark, type LabelRaster, tilePosition } from "./label-raster.ts";
import { objectsOfTile, type TileObject } from "./tile-objects.ts";

/** The objects of a plane, by id, marks ("ignore", "background") left out; equal to `listObjects` of what is left. */
export function listPlaneObjects(raster: LabelRaster, plane: number): readonly LabelObject[] {
  const found = new Map<number, TileObject>();
  for (const key of raster.tiles.keys()) {
    const at = tilePosition(raster, key);
    if (at.plane !== plane) continue;
    for (const part of objectsOfTile(raster, key).values()) if (!isMark(part.id)) add(found, part, at.row << 8, at.column << 8);
  }
  return Array.from(found.values(), ({ id, area, sumY, sumX, y0, x0, y1, x1 }) => ({
    id,
    areaPx: area,
    box: { y0, x0, y1, x1 },
    centre: { y: sumY / area, x: sumX / area },
  })).sort((a, b) => a.id - b.id);
}

/** The box around an object; undefined when the plane does not hold it. */
export function boxOfObject(raster: LabelRaster, plane: number, id: number): Box | undefined {
  const found = new Map<number, TileObject>();
  for (const key of raster.tiles.keys()) {
    const at = tilePosition(raster, key);
    const part = at.plane === plane ? objectsOfTile(raster, key).get(id) : undefined;
    if (part) add(found, part, at.row << 8, at.column << 8);
  }
  const whole = found.get(id);
  return whole && { y0: whole.y0, x0: whole.x0, y1: whole.y1, x1: whole.x1 };
}

/** How many objects of a plane have a pixel in one of the boxes, and how many there are; marks left out. */
export function countObjectsIn(raster: LabelRaster, plane: number, boxes: readonly Box[]): { inside: number; all: number } {
  const all = new Set<number>();
  const inside = new Set<number>();
  for (const key of raster.tiles.keys()) {
    const at = tilePosition(raster, key);
    if (at.plane !== plane) continue;
    const parts = [...objectsOfTile(raster, key).values()].filter(({ id }) => !isMark(id));
    for (const { id } of parts) all.add(id);
    for (const box of boxes) {
      const cut = shiftBox(box, -(at.row << 8), -(at.column << 8));
      for (const part of parts) if (!inside.has(part.id) && reaches(raster.tiles.get(key)!, part, cut)) inside.add(part.id);
    }
  }
  return { inside: inside.size, all: all.size };
}

// Only an object that lies across the edge of the box is looked for, pixel by pixel.
function reaches(tile: Uint32Array, { id, y0, x0, y1, x1 }: TileObject, box: Box): boolean {
  if (y0 >= box.y0 && x0 >= box.x0 && y1 <= box.y1 && x1 <= box.x1) return true;
  const cut = { y0: Math.max(y0, box.y0), x0: Math.max(x0, box.x0), y1: Math.min(y1, box.y1), x1: Math.min(x1, box.x1) };
  if (cut.y0 >= cut.y1 || cut.x0 >= cut.x1) return false;
  for (let y = cut.y0; y < cut.y1; y++) if (tile.subarray((y << 8) + cut.x0, (y << 8) + cut.x1).includes(id)) return true;
  return false;
}

function shiftBox({ y0, x0, y1, x1 }: Box, dy: number, dx: number): Box {
  return { y0: y0 + dy, x0: x0 + dx, y1: y1 + dy, x1: x1 + dx };
}

// Adds a tile's part of an object, whose tile begins at (top, left).
function add(found: Map<number, TileObject>, part: TileObject, top: number, left: number): void {
  const { id, area } = part;
  const whole = found.get(id);
  const [y0, x0, y1, x1] = [top + part.y0, left + part.x0, top + part.y1, left + part.x1];
  const [sumY, sumX] = [part.sumY + area * top, part.sumX + area * left];
  if (!whole) {
    found.set(id, { id, area, sumY, sumX, y0, x0, y1, x1 });
    return;
  }
  whole.area += area;
  whole.sumY += sumY;
  whole.sumX += sumX;
  whole.y0 = Math.min(whole.y0, y0);
  whole.x0 = Math.min(whole.x0, x0);
  whole.y1 = Math.max(whole.y1, y1);
  whole.x1 = Math.max(whole.x1, x1);
}
