// Changing what was drawn or found: objects, classes, boxes, whole planes; each one step of the history.

import type { Box } from "../../core/array/raster.ts";
import { applyTiles, type LabelEdit, readLabels, type TileChange, tilePosition } from "../labels/label-raster.ts";
import type { Point } from "../labels/paint.ts";
import { boxOfObject } from "../labels/plane-objects.ts";
import { splitObject } from "../labels/split.ts";
import { copyObjects } from "./annotations.ts";
import { changeValues, editOnce, joinParts, learntCopyOf, remember, renumber, setClass, stepOn, type Target } from "./edit-step.ts";
import { type LabelLayer, nextObjectId } from "./label-layer.ts";
import type { Workspace } from "./workspace.ts";

/** Removes the given objects. */
export function deleteObjects(workspace: Workspace, target: Target, ids: readonly number[]): boolean {
  const title = ids.length === 1 ? "delete object" : "delete objects";
  const gone = new Map(ids.map((id) => [id, 0]));
  const done = renumber(workspace, target, title, gone);
  target.layer.selected.value = target.layer.selected.value.filter((id) => !gone.has(id));
  return done;
}

/** Makes one object of several; it keeps the number of the first. */
export function mergeObjects(workspace: Workspace, target: Target, ids: readonly number[]): boolean {
  const [first, ...others] = ids;
  if (first === undefined || others.length === 0) return false;
  const done = renumber(workspace, target, "merge objects", new Map(others.map((id) => [id, first])));
  target.layer.selected.value = [first];
  return done;
}

/** Cuts the object `id` along a line; false when the line does not divide it. */
export function splitAlong(workspace: Workspace, target: Target, id: number, a: Point, b: Point): boolean {
  const { layer, plane } = target;
  const box = boxOfObject(layer.raster, plane, id);
  if (!box) return false;
  const width = box.x1 - box.x0;
  const ids = readLabels(layer.raster, plane, box);
  const shift = ({ x, y }: Point): Point => ({ x: x - box.x0, y: y - box.y0 });
  const { pieces, count } = splitObject(ids, width, box.y1 - box.y0, id, shift(a), shift(b));
  if (count < 2) return false;
  const first = nextObjectId(layer);
  const kind = layer.classOf.value.get(id) ?? 1;
  return editOnce(
    workspace,
    target,
    "split object",
    0,
    (edit) => {
      for (let i = 0; i < pieces.length; i++) {
        if (pieces[i]! < 2) continue;
        const x = box.x0 + (i % width);
        edit.paintRun(plane, box.y0 + Math.floor(i / width), x, x + 1, first + pieces[i]! - 2);
      }
    },
    {
      classes(classes) {
        for (let piece = 2; piece <= count; piece++) setClass(classes, first + piece - 2, kind);
      },
    },
  );
}

/** Moves an object by whole pixels; what leaves the image is lost, what it covers is replaced. */
export function moveObject(workspace: Workspace, target: Target, id: number, dx: number, dy: number): boolean {
  const { layer, plane } = target;
  const box = boxOfObject(layer.raster, plane, id);
  if (!box || (dx === 0 && dy === 0)) return false;
  const width = box.x1 - box.x0;
  const ids = readLabels(layer.raster, plane, box);
  return editOnce(workspace, target, "move object", 0, (edit) => {
    for (const [from, shiftX, shiftY] of [[0, 0, 0] as const, [id, dx, dy] as const]) {
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] !== id) continue;
        const x = box.x0 + (i % width) + shiftX;
        edit.paintRun(plane, box.y0 + Math.floor(i / width) + shiftY, x, x + 1, from);
      }
    }
  });
}

/** Removes every label of the plane; the boxes stay. */
export function clearLayer(workspace: Workspace, { layer, plane }: Target): boolean {
  const { raster, selected } = layer;
  selected.value = [];
  const before = new Map([...raster.tiles].filter(([key]) => tilePosition(raster, key).plane === plane));
  const after = new Map([...before.keys()].map((key) => [key, undefined]));
  applyTiles(raster, after);
  return remember(workspace, layer, "clear layer", { before, after }, 0);
}

/** Gives the objects a class. */
export function setObjectClass(workspace: Workspace, { layer, plane }: Target, ids: readonly number[], number: number): void {
  const before = layer.classOf.peek();
  const after = new Map(before);
  for (const id of ids) setClass(after, id, number);
  const put = (classes: ReadonlyMap<number, number>) => (): void => {
    layer.classOf.value = classes;
  };
  put(after)();
  const to = learntCopyOf(workspace, layer);
  const copied = to && copyObjects({ from: layer, to, plane, replaces: true }, ids);
  const own = { bytes: 256, undo: put(before), redo: put(after) };
  workspace.history.push({ title: "change class", ...stepOn(workspace, layer, plane), ...joinParts(own, copied) });
}

/** Replaces the boxes inside which everything is annotated. */
export function setRegions(workspace: Workspace, layer: LabelLayer, after: readonly Box[], title: string): void {
  changeValues(workspace, { title, values: [layer.regions], ...stepOn(workspace, layer) }, () => {
    layer.regions.value = after;
  });
}

/** Makes a step of a result that was just written over the one before: none of its objects has the class of an old number. */
export function replaceResult(workspace: Workspace, layer: LabelLayer, change: TileChange): void {
  const { raster } = layer;
  const tiles = new Map(raster.tiles);
  for (const [key, tile] of change.before) {
    if (tile === undefined) tiles.delete(key);
    else tiles.set(key, tile);
  }
  layer.previous.value = tiles.size === 0 ? undefined : { ...raster, tiles, stamps: new Map(raster.stamps) };
  workspace.showsBefore.value = false;
  remember(workspace, layer, "segmentation", change, 0, { classes: (classes) => classes.clear(), isResult: true });
}

/** Replaces the labels of a box of a plane: `data` is the box, row by row. */
export function replaceBox(workspace: Workspace, target: Target, { y0, x0, y1, x1 }: Box, data: ArrayLike<number>, title: string): boolean {
  const width = x1 - x0;
  const write = (edit: LabelEdit): void => {
    for (let y = y0; y < y1; y++) {
      const row = (y - y0) * width - x0;
      for (let x = x0, start = x0; x < x1; x++) {
        if (x + 1 < x1 && data[row + x + 1] === data[row + x]) continue;
        edit.paintRun(target.plane, y, start, x + 1, data[row + x]!);
        start = x + 1;
      }
    }
  };
  return editOnce(workspace, target, title, 0, write, { isResult: true });
}
