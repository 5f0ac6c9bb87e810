// Which pixels of an annotated plane count when a model learns. Without a box: all. With boxes: what lies in them, and what was
// drawn outside, each object that reaches out with a rim of background around it; where a model found something else in that rim, it does not count.

import type { Box } from "../../core/array/raster.ts";
import type { LabelObject } from "../../core/label/objects.ts";
import { type LabelRaster, labelAt } from "../labels/label-raster.ts";
import { countObjectsIn, listPlaneObjects } from "../labels/plane-objects.ts";
import { runsOf } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import { toIgnorePixels } from "./label-pixels.ts";

/** The width of the rim, pixels: half of the radius of the mean object drawn, 3 to 16. */
export function rimPx(raster: LabelRaster, plane: number): number {
  const objects = listPlaneObjects(raster, plane);
  const area = objects.reduce((sum, { areaPx }) => sum + areaPx, 0) / Math.max(1, objects.length);
  return Math.min(16, Math.max(3, Math.round(Math.sqrt(area / Math.PI) / 2)));
}

/** True where an object was drawn that reaches out of the boxes. */
export function reachesOut({ raster, regions }: LabelLayer, plane: number): boolean {
  const boxes = regions.peek();
  if (boxes.length === 0) return false;
  if (countObjectsIn(raster, plane, boxes).inside < countObjectsIn(raster, plane, []).all) return true;
  return listPlaneObjects(raster, plane).some((object) => isOut(raster, plane, object, boxes));
}

/** True for an object with a pixel outside of all boxes. */
function isOut(raster: LabelRaster, plane: number, { id, box }: LabelObject, boxes: readonly Box[]): boolean {
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
  if (regions.length === 0) return marked;
  const { width, height } = raster;
  const ignore = new Uint8Array(width * height).fill(1);
  const rim = rimPx(raster, plane);
  // A box says what is background up to its edge, and nothing beyond: an object in it needs no rim.
  for (const object of listPlaneObjects(raster, plane).filter((one) => isOut(raster, plane, one, regions))) {
    for (const [y, x0, x1] of runsOf(raster, plane, object.id)) clearRim(ignore, raster, { y, x0, x1, rim });
  }
  const found = layers.peek().filter(({ kind }) => kind === "labels");
  for (let i = 0; i < ignore.length; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    if (ignore[i] === 0 && labelAt(raster, plane, y, x) === 0 && found.some((other) => labelAt(other.raster, plane, y, x) !== 0))
      ignore[i] = 1;
  }
  for (const { y0, x0, y1, x1 } of regions) for (let y = y0; y < y1; y++) ignore.fill(0, y * width + x0, y * width + x1);
  for (let i = 0; marked && i < marked.length; i++) ignore[i] = (ignore[i]! | marked[i]!) as number;
  return ignore;
}

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
