// A workspace to edit in without a screen: one image with one layer of annotations, and the actions of the menus.

import type { App } from "../../viewer/app.ts";
import { createDrawingActions } from "../../viewer/command/drawing-actions.ts";
import { listPlaneObjects } from "../../viewer/labels/plane-objects.ts";
import { editTarget, type Target } from "../../viewer/model/edit-step.ts";
import { createImageEntry, type ImageEntry } from "../../viewer/model/image-entry.ts";
import { createLabelLayer, type LabelLayer } from "../../viewer/model/label-layer.ts";
import { createWorkspace, type Workspace } from "../../viewer/model/workspace.ts";

/** A workspace with one image and one layer of annotations, and the actions of its menus; `answer` is what dialogs return. */
export function createDrawing(width = 300, height = 270) {
  const workspace = createWorkspace();
  const entry = openEntry(workspace, "cells.tif", width, height);
  const dialogs = { prompt: async () => answer.name };
  const answer = { name: "one" };
  const view = { cancelTool() {} };
  const app = { workspace, dialogs, view, shell: {} } as unknown as App;
  const attempt = async (work: () => unknown): Promise<void> => void (await work());
  return { workspace, entry, answer, actions: createDrawingActions(app, attempt, () => undefined) };
}

export function openEntry(workspace: Workspace, title: string, width = 300, height = 270, planes = 1): ImageEntry {
  const source = { width, height, sizeZ: planes, sizeT: 1 };
  const entry = createImageEntry({ source, image: new Blob() } as never, title, { kind: "folder" });
  const layer = createLabelLayer({ width, height, planes }, "Annotations", "annotation");
  entry.layers.value = [layer];
  entry.activeLayer.value = layer;
  workspace.images.value = [...workspace.images.value, entry];
  workspace.current.value = entry;
  return entry;
}

export function targetOf(workspace: Workspace): Target {
  return editTarget(workspace)!;
}

/** The objects of a layer's first plane. */
export function ids(layer: LabelLayer): number[] {
  return listPlaneObjects(layer.raster, 0).map(({ id }) => id);
}
