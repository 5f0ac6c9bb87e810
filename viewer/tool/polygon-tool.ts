// Polygon: a click puts a corner; Enter, a double click or a click on the first corner ends; Backspace takes the last corner
// back; Escape leaves no trace. Freehand: the outline follows the pointer and closes when it is let go.

import type { Point } from "../labels/paint.ts";
import { drawPolygon } from "../model/draw.ts";
import { editTarget, type Target } from "../model/edit-step.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawOutline } from "./outline.ts";
import type { Tool } from "./tool.ts";

const closePx = 10;
const samePx = 3;

/** The polygon tool. */
export function createPolygonTool(workspace: Workspace, refresh: () => void): Tool {
  let corners: Point[] = [];
  let target: Target | undefined;
  let cursor: Point | undefined;
  const reset = (): void => {
    corners = [];
    target = undefined;
    refresh();
  };
  const finish = (): void => {
    if (target && corners.length >= 3) drawPolygon(workspace, target, corners);
    reset();
  };
  return {
    cursor: "crosshair",
    down(point, { scale }) {
      target ??= editTarget(workspace);
      if (!target) return false;
      const near = (other: Point | undefined, px: number): boolean =>
        other !== undefined && Math.hypot(point.x - other.x, point.y - other.y) * scale < px;
      if (corners.length >= 3 && near(corners[0], closePx)) finish();
      else if (!near(corners.at(-1), samePx)) corners.push(point);
      else if (corners.length >= 3) finish();
      cursor = point;
      refresh();
      return true;
    },
    drag(point) {
      cursor = point;
      refresh();
    },
    up() {},
    hover(point) {
      cursor = point;
      if (corners.length > 0) refresh();
    },
    doubleClick() {
      if (corners.length > 0) finish();
    },
    key(key) {
      if (corners.length === 0) return false;
      if (key === "Enter") finish();
      else if (key === "Escape") reset();
      else {
        corners.pop();
        if (corners.length === 0) reset();
        refresh();
      }
      return true;
    },
    cancel: reset,
    draw(frame) {
      if (corners.length === 0) return;
      drawOutline(frame, cursor ? [...corners, cursor] : corners);
      drawOutline(frame, corners, { corners: true });
    },
  };
}

/** The freehand tool. */
export function createFreehandTool(workspace: Workspace, refresh: () => void): Tool {
  let points: Point[] = [];
  let target: Target | undefined;
  const reset = (): void => {
    points = [];
    target = undefined;
    refresh();
  };
  return {
    cursor: "crosshair",
    down(point) {
      target = editTarget(workspace);
      points = target ? [point] : [];
      return target !== undefined;
    },
    drag(point, { scale }) {
      const last = points.at(-1);
      if (!last || Math.hypot(point.x - last.x, point.y - last.y) * scale < 2) return;
      points.push(point);
      refresh();
    },
    up() {
      if (target && points.length >= 3) drawPolygon(workspace, target, points, "freehand outline");
      reset();
    },
    key(key) {
      if (key !== "Escape" || points.length === 0) return false;
      reset();
      return true;
    },
    cancel: reset,
    draw: (frame) => drawOutline(frame, points, { closed: points.length > 8 }),
  };
}
