// Brush and eraser. A stroke that starts on an object adds to it, and so does one that mostly lies on it in the end; any other,
// and each with Shift, makes a new object. Alt erases. The brush keeps its size on the screen, or in the image where preferred.

import { labelUnder } from "../labels/flood.ts";
import { isMark } from "../labels/label-raster.ts";
import type { Point } from "../labels/paint.ts";
import type { Frame } from "../map/frame.ts";
import { type Stroke, startStroke } from "../model/draw.ts";
import { editTarget, markInHand, newId, type Target } from "../model/edit-step.ts";
import type { Workspace } from "../model/workspace.ts";
import type { Input, Tool } from "./tool.ts";

/** The brush, or with `erases` the eraser. `refresh` asks for a new drawing of the overlay. */
export function createBrushTool(workspace: Workspace, { erases, refresh }: { erases: boolean; refresh: () => void }): Tool {
  let stroke: (Omit<Stroke, "end"> & { end(): void }) | undefined;
  let cursor: Point | undefined;
  const radius = (scale: number): number => {
    const { brushPx, brushInImage } = workspace.preferences.value;
    return brushInImage ? brushPx / 2 : brushPx / 2 / scale;
  };
  const showCursor = (point: Point): void => {
    cursor = point;
    refresh();
  };
  return {
    cursor: "none",
    down(point, input) {
      const target = editTarget(workspace);
      if (!target) return false;
      const erasing = erases || input.alt;
      const id = erasing ? 0 : strokeId(workspace, target, point, input);
      select(target, id);
      const begun = startStroke(workspace, target, erasing ? "erase" : "brush stroke", id, {
        joins: !input.shift && id !== 0 && !isMark(id),
      });
      stroke = { ...begun, end: () => select(target, begun.end()) };
      stroke.moveTo(point, radius(input.scale));
      showCursor(point);
      return true;
    },
    drag(point, input) {
      stroke?.moveTo(point, radius(input.scale));
      showCursor(point);
    },
    up() {
      stroke?.end();
      stroke = undefined;
    },
    hover: showCursor,
    leave() {
      cursor = undefined;
      refresh();
    },
    key(key) {
      if (key !== "Escape" || !stroke) return false;
      this.cancel();
      return true;
    },
    cancel() {
      stroke?.cancel();
      stroke = undefined;
    },
    draw(frame) {
      if (cursor) drawRing(frame, cursor, radius(frame.scale));
    },
  };
}

function select({ layer }: Target, id: number): void {
  if (id !== 0 && !isMark(id)) layer.selected.value = [id];
}

function strokeId(workspace: Workspace, target: Target, point: Point, input: Input): number {
  const mark = markInHand(workspace);
  if (mark !== undefined) return mark;
  if (input.shift) return newId(workspace, target.layer);
  const under = labelUnder(target.layer.raster, target.plane, point);
  return under !== 0 && !isMark(under) && !workspace.preferences.value.preserveLabels ? under : newId(workspace, target.layer);
}

function drawRing({ context, scale }: Frame, { x, y }: Point, radius: number): void {
  for (const [width, color] of [
    [3, "rgb(0 0 0 / 0.6)"],
    [1.25, "#fff"],
  ] as const) {
    context.beginPath();
    context.arc(x, y, Math.max(radius, 1 / scale), 0, 2 * Math.PI);
    context.lineWidth = width / scale;
    context.strokeStyle = color;
    context.stroke();
  }
}
