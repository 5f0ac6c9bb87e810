// Which pixels of an annotated plane count when a model learns: what was drawn (objects, a rim of background around each, strokes
// of background), and all that lies in the boxes. Where a model found something else in a rim, the rim does not count. A box over
// the whole image says that all of it is drawn. A dataset that is exported ignores the same pixels.

import type { Box } from "../../core/array/raster.ts";
import type { LabelObject } from "../../core/label/objects.ts";
import { backgroundId, ignoreId, isMark, type LabelRaster, labelAt, tilePosition } from "../labels/label-raster.ts";
import { listPlaneObjects } from "../labels/plane-objects.ts";
import { objectsOfTile } from "../labels/tile-objects.ts";
import { allAnnotations, runsOf } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole, type LabelLayer } from "../model/label-layer.ts";
import { toIgnorePixels } from "./label-pixels.ts";

/** The width of the rim, pixels: half of the radius of the mean object drawn, 3 to 16. */
export function rimPx(raster: LabelRaster, plane: number): number {
  const objects = listPlaneObjects(raster, plane);
  const area = objects.reduce((sum, { areaPx }) => sum + areaPx, 0) / Math.max(1, objects.length);
  return Math.min(16, Math.max(3, Math.round(Math.sqrt(area / Math.PI) / 2)));
}

/** True where something counts outside of the boxes: an object that reaches out of them, or background that was painted there. */
export function reachesOut(layer: LabelLayer, plane: number): boolean {
  const { raster } = layer;
  if (coversWhole(layer)) return false;
  const boxes = layer.regions.peek();
  const isOutside = (id: number, box: Box): boolean => isOut(raster, plane, { id, box }, boxes);
  return (
    listPlaneObjects(raster, plane).some(({ id, box }) => isOutside(id, box)) ||
    (holdsBackground(raster, plane) && isOutside(backgroundId, { y0: 0, x0: 0, y1: raster.height, x1: raster.width }))
  );
}

/** True for a plane that a model can learn from: with an object, painted background, or a drawing in a box. */
export function teaches({ raster, regions }: LabelLayer, plane: number): boolean {
  const isBoxed = regions.peek().length > 0;
  for (const key of raster.tiles.keys()) {
    if (tilePosition(raster, key).plane !== plane) continue;
    if (isBoxed) return true;
    for (const id of objectsOfTile(raster, key).keys()) if (id !== ignoreId) return true;
  }
  return false;
}

function holdsBackground(raster: LabelRaster, plane: number): boolean {
  return [...raster.tiles.keys()].some((key) => tilePosition(raster, key).plane === plane && objectsOfTile(raster, key).has(backgroundId));
}

/** True for an object with a pixel outside of all boxes. */
function isOut(raster: LabelRaster, plane: number, { id, box }: Pick<LabelObject, "id" | "box">, boxes: readonly Box[]): boolean {
  const isIn = (y: number, x: number): boolean => boxes.some(({ y0, x0, y1, x1 }) => y >= y0 && y < y1 && x >= x0 && x < x1);
  const corners = [isIn(box.y0, box.x0), isIn(box.y0, box.x1 - 1), isIn(box.y1 - 1, box.x0), isIn(box.y1 - 1, box.x1 - 1)];
  if (boxes.length === 1 && corners.every(Boolean)) return false;
  return runsOf(raster, plane, id).some(([y, x0, x1]) => Array.from({ length: x1 - x0 }, (_, i) => x0 + i).some((x) => !isIn(y, x)));
}

/** 1 = counts for nothing, [height, width]; undefined where all counts. Throws Problem InvalidData for planes too large for one array. */
export function ignoredPixels({ layers }: Pick<ImageEntry, "layers">, layer: LabelLayer, plane: number): Uint8Array | undefined {
  const { raster } = layer;
  const regions = layer.regions.peek();
  const marked = toIgnorePixels(layer, plane)?.data as Uint8Array | undefined;
  if (coversWhole(layer)) return marked;
  const { width, height } = raster;
  const ignore = new Uint8Array(width * height).fill(1);
  const rim = rimPx(raster, plane);
  // A box says what is background up to its edge, and nothing beyond: an object in it needs no rim.
  for (const object of listPlaneObjects(raster, plane).filter((one) => isOut(raster, plane, one, regions))) {
    for (const [y, x0, x1] of runsOf(raster, plane, object.id)) clearRim(ignore, raster, { y, x0, x1, rim });
  }
  const found = layers.peek().filter(({ kind }) => kind === "labels");
  const isFound = (y: number, x: number): boolean => found.some((other) => isObject(labelAt(other.raster, plane, y, x)));
  for (let i = 0; found.length > 0 && i < ignore.length; i++) {
    if (ignore[i] !== 0) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    if (labelAt(raster, plane, y, x) === 0 && isFound(y, x)) ignore[i] = 1;
  }
  for (const [y, x0, x1] of runsOf(raster, plane, backgroundId)) ignore.fill(0, y * width + x0, y * width + x1);
  for (const { y0, x0, y1, x1 } of regions) for (let y = y0; y < y1; y++) ignore.fill(0, y * width + x0, y * width + x1);
  for (let i = 0; marked && i < marked.length; i++) ignore[i] = (ignore[i]! | marked[i]!) as number;
  return ignore;
}

// Of more tiles with objects than these nothing is looked for: it would be felt at every stroke.
const mostTiles = 64;

/** Objects of the topmost prediction that lie in a box and are not drawn, by more than half: they would be learnt as background. */
export function listUndrawn(entry: Pick<ImageEntry, "layers">, plane: number): readonly LabelObject[] {
  const drawn = allAnnotations(entry);
  const found = entry.layers.peek().find(({ kind }) => kind === "labels");
  const boxes = drawn?.regions.peek() ?? [];
  if (drawn === undefined || found === undefined || boxes.length === 0 || found.raster.tiles.size > mostTiles) return [];
  return listPlaneObjects(found.raster, plane).filter(({ id, areaPx }) => {
    let free = 0;
    for (const [y, x0, x1] of runsOf(found.raster, plane, id)) {
      for (let x = x0; x < x1; x++) {
        const isIn = boxes.some((box) => y >= box.y0 && y < box.y1 && x >= box.x0 && x < box.x1);
        if (isIn && labelAt(drawn.raster, plane, y, x) === 0) free++;
      }
    }
    return 2 * free > areaPx;
  });
}

const isObject = (id: number): boolean => id !== 0 && !isMark(id);

// A disc around each pixel of the run, row by row.
function clearRim(
  ignore: Uint8Array,
  { width, height }: LabelRaster,
  { y, x0, x1, rim }: { readonly y: number; readonly x0: number; readonly x1: number; readonly rim: number },
): void {
  for (let dy = -rim; dy <= rim; dy++) {
    const row = y + dy;
    if (row < 0 || row >= height) continue;
    const half = Math.floor(Math.sqrt(rim * rim - dy * dy));
    ignore.fill(0, row * width + Math.max(0, x0 - half), row * width + Math.min(width, x1 + half));
  }
}
