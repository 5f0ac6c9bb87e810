// Tools that act where one clicks: fill, select and move, split.

import { labelUnder } from "../labels/flood.ts";
import { isMark } from "../labels/label-raster.ts";
import type { Point } from "../labels/paint.ts";
import { fillAt } from "../model/draw.ts";
import { moveObject, splitAlong } from "../model/edit.ts";
import { editTarget, type Target } from "../model/edit-step.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawOutline } from "./outline.ts";
import type { Tool } from "./tool.ts";

/** The bucket. */
export function createFillTool(workspace: Workspace): Tool {
  return {
    cursor: "crosshair",
    down(point) {
      const target = editTarget(workspace);
      if (target) fillAt(workspace, target, point);
      return target !== undefined;
    },
    drag() {},
    up() {},
    cancel() {},
  };
}

/** Select: a click chooses an object, Shift adds it; dragging a chosen object moves it; dragging elsewhere pans. */
export function createSelectTool(workspace: Workspace, refresh: () => void): Tool {
  let held: { readonly target: Target; readonly id: number; readonly start: Point; end: Point } | undefined;
  const reset = (): void => {
    held = undefined;
    refresh();
  };
  return {
    cursor: "default",
    down(point, { shift }) {
      const slide = workspace.current.value?.activeSlide.value;
      if (slide) {
        void selectInSlide(slide, point, shift);
        return false;
      }
      const target = editTarget(workspace);
      if (!target) return false;
      const id = labelUnder(target.layer.raster, target.plane, point);
      const { selected } = target.layer;
      if (id === 0) {
        if (selected.value.length > 0 && !shift) selected.value = [];
        return false;
      }
      if (shift) selected.value = selected.value.includes(id) ? selected.value.filter((other) => other !== id) : [...selected.value, id];
      else if (!selected.value.includes(id)) selected.value = [id];
      else if (!isMark(id)) held = { target, id, start: point, end: point };
      return held !== undefined;
    },
    drag(point) {
      if (!held) return;
      held.end = point;
      refresh();
    },
    up() {
      if (held) {
        const { target, id, start, end } = held;
        moveObject(workspace, target, id, Math.round(end.x - start.x), Math.round(end.y - start.y));
      }
      reset();
    },
    key(key) {
      const selected = workspace.current.value?.activeSlide.value?.selected ?? editTarget(workspace)?.layer.selected;
      if (key !== "Escape" || (!held && !selected?.value.length)) return false;
      if (!held && selected) selected.value = [];
      reset();
      return true;
    },
    cancel: reset,
    draw(frame) {
      if (held && held.start !== held.end) drawOutline(frame, [held.start, held.end], { dashed: true });
    },
  };
}

/** A slide's labels may still have to be read. */
async function selectInSlide({ tiles, selected, state }: SlideLayer, point: Point, add: boolean): Promise<void> {
  const id = state.value === "done" ? ((await tiles.value?.idAt(point).catch(() => 0)) ?? 0) : 0;
  const others = add ? selected.value.filter((other) => other !== id) : [];
  if (id === 0) selected.value = add ? selected.value : [];
  else selected.value = add && selected.value.includes(id) ? others : [...others, id];
}

/** Split: a line drawn across an object cuts it in two. */
export function createSplitTool(workspace: Workspace, refresh: () => void): Tool {
  let start: Point | undefined;
  let end: Point | undefined;
  const reset = (): void => {
    start = end = undefined;
    refresh();
  };
  return {
    cursor: "crosshair",
    down(point) {
      if (!editTarget(workspace)) return false;
      start = end = point;
      return true;
    },
    drag(point) {
      end = point;
      refresh();
    },
    up() {
      const target = editTarget(workspace);
      if (target && start && end) for (const id of idsAlong(workspace, start, end)) splitAlong(workspace, target, id, start, end);
      reset();
    },
    key(key) {
      if (key !== "Escape" || !start) return false;
      reset();
      return true;
    },
    cancel: reset,
    draw(frame) {
      if (start && end) drawOutline(frame, [start, end], { corners: true });
    },
  };
}

function idsAlong(workspace: Workspace, a: Point, b: Point): Set<number> {
  const ids = new Set<number>();
  const target = editTarget(workspace);
  const steps = Math.min(20_000, Math.ceil(Math.hypot(b.x - a.x, b.y - a.y) * 2));
  for (let i = 0; target && i <= steps; i++) {
    const part = steps === 0 ? 0 : i / steps;
    const id = labelUnder(target.layer.raster, target.plane, { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part });
    if (id !== 0 && !isMark(id)) ids.add(id);
  }
  return ids;
}
