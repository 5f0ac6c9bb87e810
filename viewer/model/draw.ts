// Drawing: strokes, shapes and fills, each one step of the history. The tools call these.

import type { Box } from "../../core/array/raster.ts";
import { runFlood } from "../labels/flood.ts";
import { applyTiles, isMark, startEdit } from "../labels/label-raster.ts";
import { type Point, runPolygon, runRectangle, runStroke } from "../labels/paint.ts";
import { areaOf, holdsId } from "../labels/tile-objects.ts";
import { acceptance, editOnce, markInHand, newId, remember, type Target, wholeBox } from "./edit-step.ts";
import type { Workspace } from "./workspace.ts";

/** A brush or eraser stroke under way. */
export interface Stroke {
  moveTo(point: Point, radius: number): void;
  /** Returns the number that was written. */
  end(): number;
  cancel(): void;
}

/**
 * Starts a stroke that writes `id` (0 erases). The layer shows it as it grows; it becomes one step of the history when it ends.
 * `joins`: where it then lies mostly on an object of the class in hand, it is a part of that one.
 */
export function startStroke(
  workspace: Workspace,
  target: Target,
  title: string,
  id: number,
  { joins = false }: { readonly joins?: boolean } = {},
): Stroke {
  const { layer, plane } = target;
  const edit = startEdit(layer.raster);
  const isFresh = !holdsId(layer.raster, id);
  const under = new Map<number, number>();
  const accepted = acceptance(workspace, id);
  const accepts = joins && isFresh ? noteUnder(under, accepted) : accepted;
  const clip = wholeBox(target);
  let rows: Box | undefined;
  let last: Point | undefined;
  return {
    moveTo(point, radius) {
      runStroke(last ?? point, point, radius, clip, (y, x0, x1) => {
        edit.paintRun(plane, y, x0, x1, id, accepts);
        const { y0, y1, x0: left, x1: right } = rows ?? { y0: y, y1: y, x0, x1 };
        rows = { y0: Math.min(y0, y), y1: Math.max(y1, y + 1), x0: Math.min(left, x0), x1: Math.max(right, x1) };
      });
      last = point;
      layer.version.value++;
    },
    end() {
      const own = findJoined(workspace, target, under) ?? id;
      for (let y = rows?.y0 ?? 0; rows && own !== id && y < rows.y1; y++)
        edit.paintRun(plane, y, rows.x0, rows.x1, own, (present) => present === id);
      remember(workspace, layer, title, edit.end(), isFresh && own === id ? id : 0);
      return own;
    },
    cancel() {
      applyTiles(layer.raster, edit.end().before);
      layer.version.value++;
    },
  };
}

// Counts the pixels that a stroke takes, by what was there: an edit asks for each once.
function noteUnder(under: Map<number, number>, accepts: ((present: number) => boolean) | undefined): (present: number) => boolean {
  return (present) => {
    if (accepts && !accepts(present)) return false;
    under.set(present, (under.get(present) ?? 0) + 1);
    return true;
  };
}

// Of a stroke beside another, a fifth lies on it, drawn by a hand that is not careful; of one in the same object, half of it.
const joinedShare = 1 / 3;

/** The object that a stroke mostly lies on, or that it has mostly covered. */
function findJoined(workspace: Workspace, { layer, plane }: Target, under: ReadonlyMap<number, number>): number | undefined {
  const total = [...under.values()].reduce((sum, count) => sum + count, 0);
  const kind = (id: number): number => layer.classOf.peek().get(id) ?? 1;
  const objects = [...under].filter(([id]) => id !== 0 && !isMark(id) && kind(id) === workspace.currentClass.peek());
  const [id, count] = objects.reduce((most, one) => (one[1] > most[1] ? one : most), [0, 0] as readonly [number, number]);
  if (count === 0) return undefined;
  return count >= total * joinedShare || count >= areaOf(layer.raster, plane, id) ? id : undefined;
}

/** Writes a closed outline; returns false when it covers no pixel. */
export function drawPolygon(workspace: Workspace, target: Target, points: readonly Point[], title = "polygon"): boolean {
  return drawShape(workspace, target, title, (run) => runPolygon(points, wholeBox(target), run));
}

/** Writes a rectangle; returns false when it covers no pixel. */
export function drawRectangle(workspace: Workspace, target: Target, a: Point, b: Point): boolean {
  return drawShape(workspace, target, "rectangle", (run) => runRectangle(a, b, wholeBox(target), run));
}

function drawShape(
  workspace: Workspace,
  target: Target,
  title: string,
  trace: (run: (y: number, x0: number, x1: number) => void) => void,
): boolean {
  const id = newId(workspace, target.layer);
  return editOnce(workspace, target, title, id, (edit) => {
    const accepts = acceptance(workspace, id);
    trace((y, x0, x1) => edit.paintRun(target.plane, y, x0, x1, id, accepts));
  });
}

/** Fills the connected pixels of one id at a point with the selected object, or a new one. */
export function fillAt(workspace: Workspace, target: Target, point: Point): boolean {
  const selected = target.layer.selected.value.at(-1);
  const id = markInHand(workspace) ?? selected ?? newId(workspace, target.layer);
  const clip = fillLimits(target, point);
  const isFresh = !holdsId(target.layer.raster, id);
  return editOnce(workspace, target, "fill", isFresh ? id : 0, (edit) => {
    runFlood(target.layer.raster, target.plane, Math.floor(point.x), Math.floor(point.y), clip, (y, x0, x1) =>
      edit.paintRun(target.plane, y, x0, x1, id, acceptance(workspace, id)),
    );
  });
}

// Inside an annotated box a fill stays in it; everywhere it looks at most 2048 pixels around, so that it never freezes on a slide.
function fillLimits(target: Target, point: Point): Box {
  const box = target.layer.regions.value.find(({ x0, y0, x1, y1 }) => point.x >= x0 && point.x < x1 && point.y >= y0 && point.y < y1);
  const { y0, x0, y1, x1 } = box ?? wholeBox(target);
  const x = Math.floor(point.x);
  const y = Math.floor(point.y);
  return { y0: Math.max(y0, y - 2048), x0: Math.max(x0, x - 2048), y1: Math.min(y1, y + 2048), x1: Math.min(x1, x + 2048) };
}
