// The layer that drawing goes to, and the tool that is in hand. After a look at the image's contrast, or at a slide's result, no
// layer of labels is chosen: the pointer pans. Who then takes a tool means the annotations.

import { rememberLayer } from "../model/layer-steps.ts";
import type { ToolName, Workspace } from "../model/workspace.ts";
import { addAnnotationLayer } from "./image-desk.ts";

/** Chooses the layer that is learnt from, else the topmost annotations, else new ones, where no layer of labels is chosen. */
export function chooseDrawingLayer(workspace: Workspace): void {
  const entry = workspace.current.peek();
  if (!entry || entry.activeLayer.peek()) return;
  const known = entry.trainingLayer.peek() ?? entry.layers.peek().find(({ kind }) => kind === "annotation");
  const layer = known ?? addAnnotationLayer(entry);
  if (!known) rememberLayer(workspace, entry, layer);
  layer.visible.value = true;
  entry.activeLayer.value = layer;
}

/** The tool that the pointer is: while the image itself is chosen, there is nothing to draw into. */
export function toolInHand(workspace: Workspace): ToolName {
  return workspace.current.value?.activeLayer.value ? workspace.tool.value : "select";
}

/** Takes a tool in hand, with a layer for it to draw into. */
export function takeTool(workspace: Workspace, tool: ToolName): void {
  if (tool !== "select") chooseDrawingLayer(workspace);
  workspace.tool.value = tool;
}
