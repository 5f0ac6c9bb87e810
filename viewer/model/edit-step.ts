// One step of the history: what an edit works on, what it changed, how it is undone. draw.ts and edit.ts are made of these.

import { batch, type Signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { Change } from "../labels/history.ts";
import {
  applyTiles,
  backgroundId,
  ignoreId,
  isMark,
  type LabelEdit,
  type LabelRaster,
  startEdit,
  type TileChange,
  tilePosition,
  tileSide,
} from "../labels/label-raster.ts";
import { idsOf, objectsOfTile } from "../labels/tile-objects.ts";
import { annotationsOf, copyChanged, type StepPart } from "./annotations.ts";
import type { ImageEntry } from "./image-entry.ts";
import { type LabelLayer, nextObjectId, wholeRegion } from "./label-layer.ts";
import { backgroundClass, ignoreClass, type Workspace } from "./workspace.ts";

/** What an edit works on: a layer and one of its planes. */
export interface Target {
  readonly layer: LabelLayer;
  readonly plane: number;
}

/** What the active layer and plane are; undefined when no layer of labels is active. */
export function editTarget(workspace: Workspace): Target | undefined {
  const image = workspace.current.value;
  const layer = image?.activeLayer.value;
  return image && layer ? { layer, plane: image.planeIndex.value } : undefined;
}

/** What boxes are of: the active layer of annotations or, with a result chosen, the one that is learnt from. */
export function boxTarget(workspace: Workspace): Target | undefined {
  const target = editTarget(workspace);
  if (!target || target.layer.kind === "annotation") return target;
  const layer = annotationsOf(workspace.current.value!);
  return layer && { ...target, layer };
}

/** The whole of a layer's plane as a box. */
export function wholeBox({ layer }: Target): Box {
  return wholeRegion(layer);
}

/** The number that a new shape gets: a fresh object, or that of "ignore" or "background". */
export function newId(workspace: Workspace, layer: LabelLayer): number {
  return markInHand(workspace) ?? nextObjectId(layer);
}

/** The number of "ignore" or "background" where one of these is drawn; undefined for a class of objects. */
export function markInHand({ currentClass }: Workspace): number | undefined {
  return currentClass.value === ignoreClass ? ignoreId : currentClass.value === backgroundClass ? backgroundId : undefined;
}

/** Which present pixels a new shape may take; undefined: all. */
export function acceptance(workspace: Workspace, id: number): ((present: number) => boolean) | undefined {
  return workspace.preferences.value.preserveLabels && id !== 0 ? (present) => present === 0 : undefined;
}

/** Writes other ids for some ids of the plane, as one step. */
export function renumber(workspace: Workspace, target: Target, title: string, numbers: ReadonlyMap<number, number>): boolean {
  const { raster } = target.layer;
  return editOnce(workspace, target, title, 0, (edit) => {
    for (const key of [...raster.tiles.keys()]) {
      const { plane, row, column } = tilePosition(raster, key);
      if (plane !== target.plane) continue;
      for (const { id, y0, x0, y1, x1 } of objectsOfTile(raster, key).values()) {
        const number = numbers.get(id);
        if (number === undefined) continue;
        const [top, left] = [row << 8, column << 8];
        for (let y = y0; y < y1; y++) edit.paintRun(plane, top + y, left + x0, left + x1, number, (present) => present === id);
      }
    }
  });
}

/** Writes into the layer, as one step; false when nothing changed. `fresh`: the id of a new object, else 0. */
export function editOnce(
  workspace: Workspace,
  { layer }: Target,
  title: string,
  fresh: number,
  write: (edit: LabelEdit) => void,
  more: StepMore = {},
): boolean {
  const edit = startEdit(layer.raster);
  write(edit);
  return remember(workspace, layer, title, edit.end(), fresh, more);
}

/** What a step does besides its pixels. */
export interface StepMore {
  readonly classes?: (classes: Map<number, number>) => void;
  /** True for a result that comes in: nobody has corrected anything. */
  readonly isResult?: boolean;
}

// `fresh` is the number of an object that did not exist before, which gets the class in hand; else 0.
export function remember(
  workspace: Workspace,
  layer: LabelLayer,
  title: string,
  change: TileChange,
  fresh: number,
  { classes: addClasses, isResult = false }: StepMore = {},
): boolean {
  if (change.before.size === 0) return false;
  const classesBefore = layer.classOf.value;
  const classes = withoutGone(classesBefore, layer);
  if (fresh !== 0 && !isMark(fresh)) setClass(classes, fresh, workspace.currentClass.value);
  addClasses?.(classes);
  // The same map means that nothing has to be drawn in other colours.
  const classesAfter = isSame(classesBefore, classes) ? classesBefore : classes;
  const put = (tiles: TileChange["before"], numbers: ReadonlyMap<number, number>): void =>
    batch(() => {
      applyTiles(layer.raster, tiles);
      layer.classOf.value = numbers;
      layer.version.value++;
    });
  layer.classOf.value = classesAfter;
  layer.version.value++;
  const own = {
    bytes: change.before.size * 2 ** 18,
    undo: () => put(change.before, classesBefore),
    redo: () => put(change.after, classesAfter),
  };
  const to = isResult ? undefined : learntCopyOf(workspace, layer);
  const copied = to && copyChanged(layer, to, change);
  workspace.history.push({ title, ...placeOf(workspace, layer, change), ...joinParts(own, copied) });
  return true;
}

/** Where what is changed in a layer is copied to, so that it is learnt: the annotations, of a prediction. */
export function learntCopyOf(workspace: Workspace, layer: LabelLayer): LabelLayer | undefined {
  if (layer.kind !== "labels") return undefined;
  const image = workspace.images.peek().find(({ layers }) => layers.peek().includes(layer));
  return image && annotationsOf(image);
}

/** Two parts of a step as one. */
export function joinParts(first: StepPart, second: StepPart | undefined): StepPart {
  if (!second) return first;
  return {
    bytes: first.bytes + second.bytes,
    undo: () => batch(() => [second.undo(), first.undo()]),
    redo: () => batch(() => [first.redo(), second.redo()]),
  };
}

/** The image of a layer, and what shows it: for a step of the history. */
export function stepOn(workspace: Workspace, layer: LabelLayer, plane?: number): Pick<Change, "image" | "show"> {
  const image = workspace.images.peek().find(({ layers }) => layers.peek().includes(layer)) ?? workspace.current.peek();
  return {
    image,
    show: () => {
      layer.visible.value = true;
      if (image && plane !== undefined) showPlane(image, plane);
    },
  };
}

function showPlane({ plane, planeIndex, source: { sizeZ } }: ImageEntry, index: number): void {
  if (planeIndex.peek() !== index) plane.value = { z: index % sizeZ, t: Math.floor(index / sizeZ) };
}

function placeOf(workspace: Workspace, layer: LabelLayer, { before }: TileChange): Pick<Change, "image" | "show" | "at"> {
  const at = boxOfTiles(layer.raster, [...before.keys()]);
  return { ...stepOn(workspace, layer, at.plane), at };
}

function boxOfTiles(raster: LabelRaster, keys: readonly number[]): NonNullable<Change["at"]> {
  const places = keys.map((key) => tilePosition(raster, key));
  const [rows, columns] = [places.map(({ row }) => row), places.map(({ column }) => column)];
  const box = {
    y0: Math.min(...rows) * tileSide,
    x0: Math.min(...columns) * tileSide,
    y1: (Math.max(...rows) + 1) * tileSide,
    x1: (Math.max(...columns) + 1) * tileSide,
  };
  return { plane: places[0]!.plane, box };
}

// A number that is free again must not bring the class of its old object along.
function withoutGone(classes: ReadonlyMap<number, number>, { raster }: LabelLayer): Map<number, number> {
  if (classes.size === 0) return new Map();
  const ids = idsOf(raster);
  return new Map([...classes].filter(([id]) => ids.has(id)));
}

/** Notes the class of an object; class 1 needs no note. */
export function setClass(classes: Map<number, number>, id: number, number: number): void {
  if (number > 1) classes.set(id, number);
  else classes.delete(id);
}

function isSame(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return a.size === b.size && [...a].every(([id, number]) => b.get(id) === number);
}

/** Does some work that sets `values`, as one step: undo sets what they were, redo what they became. */
export function changeValues(
  workspace: Workspace,
  { values, ...step }: Omit<Change, "bytes" | "undo" | "redo"> & { readonly values: readonly Signal<unknown>[] },
  work: () => void,
): void {
  const before = values.map((one) => one.peek());
  batch(work);
  const after = values.map((one) => one.peek());
  const put = (wanted: readonly unknown[]): void =>
    batch(() => {
      for (const [i, one] of values.entries()) one.value = wanted[i];
    });
  workspace.history.push({ ...step, bytes: 256, undo: () => put(before), redo: () => put(after) });
}
