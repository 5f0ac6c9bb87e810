// Tools that drag out a rectangle: a rectangular object, or a box inside which everything is annotated.

import type { Box } from "../../core/array/raster.ts";
import { boxOfCorners, type Point } from "../labels/paint.ts";
import { drawRectangle } from "../model/draw.ts";
import { setRegions } from "../model/edit.ts";
import { boxTarget, editTarget, type Target, wholeBox } from "../model/edit-step.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawOutline } from "./outline.ts";
import type { Input, Tool } from "./tool.ts";

/** The rectangle tool. */
export function createRectangleTool(workspace: Workspace, refresh: () => void): Tool {
  return createDragTool(workspace, refresh, (target, a, b) => drawRectangle(workspace, target, a, b));
}

/** The tool for boxes inside which everything is annotated: drags out a new one, or an edge or corner of one that is there. */
export function createBoxTool(workspace: Workspace, refresh: () => void): Tool {
  let held: { readonly from: Box; readonly edges: readonly (keyof Box)[]; readonly box: Box } | undefined;
  const fresh = createDragTool(workspace, refresh, (_, a, b) => {
    const target = boxTarget(workspace);
    if (!target) return;
    const box = boxOfCorners(a, b, wholeBox(target));
    if (box.x1 - box.x0 < 4 || box.y1 - box.y0 < 4) return;
    setRegions(workspace, target.layer, [...target.layer.regions.value, box], "add box");
  });
  return {
    ...fresh,
    down(point, input) {
      const target = boxTarget(workspace);
      if (!target) return false;
      for (const box of target.layer.regions.value) {
        const edges = edgesNear(box, point, input);
        if (edges.length > 0) {
          held = { from: box, edges, box };
          return true;
        }
      }
      return fresh.down(point, input);
    },
    drag(point, input) {
      if (!held) return fresh.drag(point, input);
      held = { ...held, box: moveEdges(held, point) };
      refresh();
    },
    up(point, input) {
      const target = boxTarget(workspace);
      if (!held) return fresh.up(point, input);
      const { from, box } = held;
      held = undefined;
      // It may have been removed meanwhile.
      const index = target?.layer.regions.value.indexOf(from) ?? -1;
      if (!target || index < 0) return;
      const fitted = boxOfCorners({ x: box.x0, y: box.y0 }, { x: box.x1, y: box.y1 }, wholeBox(target));
      setRegions(workspace, target.layer, target.layer.regions.value.with(index, fitted), "resize box");
    },
    key(key) {
      if (key !== "Escape" || !held) return fresh.key(key);
      this.cancel();
      return true;
    },
    cancel() {
      held = undefined;
      fresh.cancel();
    },
    draw(frame) {
      fresh.draw?.(frame);
      if (held) drawOutline(frame, cornersOf(held.box), { closed: true, corners: true });
      else
        for (const box of boxTarget(workspace)?.layer.regions.peek() ?? [])
          drawOutline(frame, cornersOf(box), { closed: true, corners: true });
    },
  };
}

function createDragTool(
  workspace: Workspace,
  refresh: () => void,
  finish: (target: Target, a: Point, b: Point) => void,
): Tool & Required<Pick<Tool, "key">> {
  let target: Target | undefined;
  let start: Point | undefined;
  let end: Point | undefined;
  const reset = (): void => {
    target = start = end = undefined;
    refresh();
  };
  return {
    cursor: "crosshair",
    down(point) {
      target = editTarget(workspace);
      if (target) start = end = point;
      return target !== undefined;
    },
    drag(point) {
      end = point;
      refresh();
    },
    up() {
      if (target && start && end) finish(target, start, end);
      reset();
    },
    key(key) {
      if (key !== "Escape" || !start) return false;
      reset();
      return true;
    },
    cancel: reset,
    draw(frame) {
      if (start && end) drawOutline(frame, cornersOf({ x0: start.x, y0: start.y, x1: end.x, y1: end.y }), { closed: true });
    },
  };
}

/** The corners of a box, in order. */
export function cornersOf({ x0, y0, x1, y1 }: Box): Point[] {
  return [
    { x: x0, y: y0 },
    { x: x1, y: y0 },
    { x: x1, y: y1 },
    { x: x0, y: y1 },
  ];
}

function edgesNear(box: Box, { x, y }: Point, { scale }: Input): (keyof Box)[] {
  const reach = 7 / scale;
  if (x < box.x0 - reach || x > box.x1 + reach || y < box.y0 - reach || y > box.y1 + reach) return [];
  const edges: (keyof Box)[] = [];
  if (Math.abs(x - box.x0) < reach) edges.push("x0");
  else if (Math.abs(x - box.x1) < reach) edges.push("x1");
  if (Math.abs(y - box.y0) < reach) edges.push("y0");
  else if (Math.abs(y - box.y1) < reach) edges.push("y1");
  return edges;
}

function moveEdges({ box, edges }: { box: Box; edges: readonly (keyof Box)[] }, { x, y }: Point): Box {
  const moved = { ...box };
  for (const edge of edges) moved[edge] = edge === "x0" || edge === "x1" ? x : y;
  return moved;
}
