// The layer that drawing goes to, and the tool that is in hand. After a look at the image's contrast, or at a slide's result, no
// layer of labels is chosen: the pointer pans. Who then takes a tool means the annotations.

import { annotationsOf } from "../model/annotations.ts";
import { rememberLayer } from "../model/layer-steps.ts";
import { reviewTarget } from "../model/review.ts";
import type { ToolName, Workspace } from "../model/workspace.ts";
import { addAnnotationLayer } from "./image-sync.ts";

/**
 * Chooses the topmost annotations, else new ones, where nothing is chosen that can be drawn into.
 * `annotates`: also where a prediction is chosen, which is there to be corrected.
 */
export function chooseDrawingLayer(workspace: Workspace, { annotates = false }: { readonly annotates?: boolean } = {}): void {
  const entry = workspace.current.peek();
  const kind = entry?.activeLayer.peek()?.kind;
  if (!entry || kind === "annotation" || (kind === "labels" && !annotates)) return;
  const known = annotationsOf(entry);
  const layer = known ?? addAnnotationLayer(entry);
  if (!known) rememberLayer(workspace, entry, layer);
  layer.visible.value = true;
  entry.activeLayer.value = layer;
}

/** Chooses the prediction that is reviewed; where there is none, says so. */
function chooseReviewed(workspace: Workspace): boolean {
  const target = reviewTarget(workspace);
  const entry = workspace.current.peek();
  if (target && entry) entry.activeLayer.value = target.layer;
  else workspace.status.value = { kind: "info", text: "There is no prediction to review on this image. Segment it first." };
  return target !== undefined;
}

/** The tool that the pointer is: while the image itself or a map of classes is chosen, there is nothing to draw into. */
export function toolInHand(workspace: Workspace): ToolName {
  const layer = workspace.current.value?.activeLayer.value;
  return layer && layer.kind !== "classes" ? workspace.tool.value : "select";
}

/** Takes a tool in hand, with a layer for it to draw into. */
export function takeTool(workspace: Workspace, tool: ToolName): void {
  if (tool === "review" && !chooseReviewed(workspace)) return;
  if (tool !== "select" && tool !== "review") chooseDrawingLayer(workspace);
  workspace.tool.value = tool;
}
