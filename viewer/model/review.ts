// A prediction is reviewed object by object: what is accepted goes into the annotations, what is rejected leaves the prediction, and
// its place is background from then on. Each is one step of the history.

import { batch } from "@preact/signals-core";
import { backgroundId } from "../labels/label-raster.ts";
import { annotationsOf, changePixels, copyObjects, runsOf } from "./annotations.ts";
import { joinParts, stepOn, type Target } from "./edit-step.ts";
import type { LabelLayer } from "./label-layer.ts";
import type { Workspace } from "./workspace.ts";

/** Copies objects of a prediction into the annotations, where these have no others. Returns how many are copied. */
export function acceptObjects(workspace: Workspace, { layer, plane }: Target, ids: Iterable<number>): number {
  const to = annotationsBeside(workspace, layer);
  const copied = to && copyObjects({ from: layer, to, plane, replaces: false }, ids);
  if (!copied) return 0;
  const { count, ...part } = copied;
  workspace.history.push({ title: "accept objects", ...stepOn(workspace, to, plane), ...part });
  return count;
}

/** Removes objects from a prediction and paints their place as background, where nothing is drawn. Returns false where nothing changes. */
export function rejectObjects(workspace: Workspace, { layer, plane }: Target, ids: readonly number[]): boolean {
  const to = annotationsBeside(workspace, layer);
  const runs = ids.flatMap((id) => runsOf(layer.raster, plane, id).map((run) => ({ id, run })));
  if (to === undefined || runs.length === 0) return false;
  const step = batch(() => {
    const drawn = changePixels(to, (edit) => {
      for (const { run } of runs) edit.paintRun(plane, ...run, backgroundId, (present) => present === 0);
    });
    const found = changePixels(layer, (edit) => {
      for (const { id, run } of runs) edit.paintRun(plane, ...run, 0, (present) => present === id);
    });
    layer.selected.value = layer.selected.value.filter((id) => !ids.includes(id));
    return joinParts(found!, drawn);
  });
  workspace.history.push({ title: ids.length === 1 ? "reject object" : "reject objects", ...stepOn(workspace, layer, plane), ...step });
  return true;
}

/** The prediction that is reviewed: the chosen one, else the topmost that is shown. Undefined where there is none. */
export function reviewTarget(workspace: Workspace): Target | undefined {
  const entry = workspace.current.value;
  const chosen = entry?.activeLayer.value;
  const shown = entry?.layers.value.find(({ kind, visible }) => kind === "labels" && visible.value);
  const layer = chosen?.kind === "labels" ? chosen : shown;
  return entry && layer && { layer, plane: entry.planeIndex.value };
}

function annotationsBeside(workspace: Workspace, layer: LabelLayer): LabelLayer | undefined {
  if (layer.kind !== "labels") return undefined;
  const image = workspace.images.peek().find(({ layers }) => layers.peek().includes(layer));
  return image && annotationsOf(image);
}
