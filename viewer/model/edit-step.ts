// One step of the history: what an edit works on, what it changed, how it is undone. draw.ts and edit.ts are made of these.

import type { Box } from "../../core/array/raster.ts";
import { applyTiles, ignoreId, type LabelEdit, startEdit, type TileChange, tilePosition } from "../labels/label-raster.ts";
import { type LabelLayer, nextObjectId } from "./label-layer.ts";
import type { Workspace } from "./workspace.ts";

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

/** The whole of a layer's plane as a box. */
export function wholeBox({ layer }: Target): Box {
  return { y0: 0, x0: 0, y1: layer.raster.height, x1: layer.raster.width };
}

/** The number that a new shape gets: a fresh object, or "ignore". */
export function newId(workspace: Workspace, layer: LabelLayer): number {
  return workspace.currentClass.value === 0 ? ignoreId : nextObjectId(layer);
}

/** Which present pixels a new shape may take; undefined: all. */
export function acceptance(workspace: Workspace, id: number): ((present: number) => boolean) | undefined {
  return workspace.preferences.value.preserveLabels && id !== 0 ? (present) => present === 0 : undefined;
}

/** Writes another id for every id of the plane, as one step. */
export function mapIds(workspace: Workspace, target: Target, title: string, map: (id: number) => number): boolean {
  const { raster } = target.layer;
  return editOnce(workspace, target, title, 0, (edit) => {
    for (const [key, tile] of [...raster.tiles]) {
      const at = tilePosition(raster, key);
      if (at.plane !== target.plane) continue;
      for (let i = 0; i < tile.length; i++) {
        const id = map(tile[i]!);
        if (id !== tile[i])
          edit.paintRun(at.plane, (at.row << 8) + (i >> 8), (at.column << 8) + (i & 255), (at.column << 8) + (i & 255) + 1, id);
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
  classes?: (classes: Map<number, number>) => void,
): boolean {
  const edit = startEdit(layer.raster);
  write(edit);
  return remember(workspace, layer, title, edit.end(), fresh, classes);
}

// `fresh` is the number of an object that did not exist before, which gets the class in hand; else 0.
export function remember(
  workspace: Workspace,
  layer: LabelLayer,
  title: string,
  change: TileChange,
  fresh: number,
  addClasses?: (classes: Map<number, number>) => void,
): boolean {
  if (change.before.size === 0) return false;
  const classesBefore = layer.classOf.value;
  const number = workspace.currentClass.value;
  if (addClasses || (fresh !== 0 && fresh !== ignoreId && number > 1)) {
    const classes = new Map(classesBefore);
    if (addClasses) addClasses(classes);
    else classes.set(fresh, number);
    layer.classOf.value = classes;
  }
  const classesAfter = layer.classOf.value;
  const put = (tiles: TileChange["before"], classes: ReadonlyMap<number, number>): void => {
    applyTiles(layer.raster, tiles);
    layer.classOf.value = classes;
    layer.version.value++;
  };
  workspace.history.push({
    title,
    bytes: change.before.size * 2 ** 18,
    undo: () => put(change.before, classesBefore),
    redo: () => put(change.after, classesAfter),
  });
  layer.version.value++;
  return true;
}
