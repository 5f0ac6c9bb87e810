// The tool that reviews a prediction, and what it does, by click or by key.

import { addAnnotationLayer } from "../file/image-sync.ts";
import { labelUnder } from "../labels/flood.ts";
import { isMark } from "../labels/label-raster.ts";
import { annotationsOf } from "../model/annotations.ts";
import type { Target } from "../model/edit-step.ts";
import { rememberLayer } from "../model/layer-steps.ts";
import { acceptObjects, rejectObjects, reviewTarget } from "../model/review.ts";
import type { Workspace } from "../model/workspace.ts";
import { describeAccepted, describeRejected } from "../panel/learning-words.ts";
import type { Tool } from "./tool.ts";

/** Accepts objects of a prediction, or rejects them, and says what became of them. */
export function review(workspace: Workspace, target: Target, ids: readonly number[], verdict: "accept" | "reject"): void {
  const entry = workspace.images.peek().find(({ layers }) => layers.peek().includes(target.layer));
  if (!entry || ids.length === 0) return;
  if (annotationsOf(entry) === undefined) {
    const chosen = entry.activeLayer.peek();
    rememberLayer(workspace, entry, addAnnotationLayer(entry));
    entry.activeLayer.value = chosen;
  }
  const accept = (): string => describeAccepted(entry, acceptObjects(workspace, target, ids));
  const reject = (): string => describeRejected(rejectObjects(workspace, target, ids) ? ids.length : 0);
  const text = verdict === "accept" ? accept() : reject();
  workspace.status.value = { kind: "info", text };
}

/** A click on an object of the prediction accepts it, with Alt rejects it; elsewhere it pans. */
export function createReviewTool(workspace: Workspace): Tool {
  return {
    cursor: "pointer",
    down(point, { alt }) {
      const target = reviewTarget(workspace);
      const id = target === undefined ? 0 : labelUnder(target.layer.raster, target.plane, point);
      if (target === undefined || id === 0 || isMark(id)) return false;
      review(workspace, target, [id], alt ? "reject" : "accept");
      return true;
    },
    drag() {},
    up() {},
    cancel() {},
  };
}
