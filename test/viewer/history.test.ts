// Undo and redo of everything (E2): every step, through the functions that tools and menus call, exactly.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHistory } from "../../viewer/labels/history.ts";
import { drawPolygon, drawRectangle, fillAt, startStroke } from "../../viewer/model/draw.ts";
import { clearLayer, deleteObjects, mergeObjects, moveObject, setObjectClass, setRegions, splitAlong } from "../../viewer/model/edit.ts";
import { editTarget } from "../../viewer/model/edit-step.ts";
import { createLabelLayer, nextObjectId } from "../../viewer/model/label-layer.ts";
import type { Workspace } from "../../viewer/model/workspace.ts";
import { createDrawing, ids, openEntry, targetOf } from "./make-drawing.ts";

/** All that undo promises to bring back, as text. */
function stateOf({ images, classes }: Workspace): string {
  const layers = images.value.flatMap((entry) =>
    entry.layers.value.map((layer) => [
      layer.id,
      layer.name.value,
      [...layer.classOf.value].sort(([a], [b]) => a - b),
      layer.regions.value,
      [...layer.raster.tiles].sort(([a], [b]) => a - b).map(([key, tile]) => [key, sumOf(tile)]),
    ]),
  );
  return JSON.stringify([layers, classes.value]);
}

// Places weigh in: the same numbers elsewhere are another sum.
function sumOf(tile: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < tile.length; i++) sum = (Math.imul(sum, 31) + tile[i]!) | 0;
  return sum;
}

const place = fc.record({ x: fc.integer({ min: -20, max: 320 }), y: fc.integer({ min: -20, max: 290 }) });
const step = fc.record({
  kind: fc.constantFrom(
    ...(["brush", "erase", "polygon", "rectangle", "fill", "delete", "merge", "split", "move", "clear", "class", "box"] as const),
    ...(["addLayer", "deleteLayer", "moveLayer", "renameLayer", "addClass", "renameClass", "recolor", "deleteClass"] as const),
  ),
  a: place,
  b: place,
  n: fc.nat(8),
});

async function doStep(
  { workspace, entry, answer, actions }: ReturnType<typeof createDrawing>,
  { kind, a, b, n }: typeof step extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const target = editTarget(workspace);
  const layer = entry.layers.value[n % Math.max(1, entry.layers.value.length)];
  answer.name = `name ${a.x} ${n}`;
  workspace.currentClass.value = n % (workspace.classes.value.length + 1);
  if (kind === "addLayer") actions.addLayer(entry);
  if (kind === "deleteLayer" && layer) actions.deleteLayer(entry, layer);
  if (kind === "moveLayer" && layer) actions.moveLayer(entry, layer, n % 2 === 0 ? 1 : -1);
  if (kind === "renameLayer" && layer) await actions.renameLayer(layer);
  if (kind === "addClass" && workspace.classes.value.length < 6) await actions.addClass();
  if (kind === "renameClass") await actions.renameClass(1 + (n % workspace.classes.value.length));
  if (kind === "recolor") actions.recolorClass(1 + (n % workspace.classes.value.length), `#00${10 + n}${10 + n}`);
  if (kind === "deleteClass" && workspace.classes.value.length > 1) actions.deleteClass();
  if (!target) return;
  const found = ids(target.layer);
  const [one, other] = [found[n % Math.max(1, found.length)] ?? 1, found[(n + 1) % Math.max(1, found.length)] ?? 2];
  if (kind === "brush" || kind === "erase") {
    const stroke = startStroke(workspace, target, kind, kind === "erase" ? 0 : n % 2 === 0 ? nextObjectId(target.layer) : one);
    stroke.moveTo(a, 9);
    stroke.moveTo(b, 9);
    if (n === 7) stroke.cancel();
    else stroke.end();
  }
  if (kind === "polygon") drawPolygon(workspace, target, [a, b, { x: a.y, y: b.x }]);
  if (kind === "rectangle") drawRectangle(workspace, target, a, b);
  if (kind === "fill") fillAt(workspace, target, a);
  if (kind === "delete") deleteObjects(workspace, target, [one]);
  if (kind === "merge") mergeObjects(workspace, target, [one, other]);
  if (kind === "split") splitAlong(workspace, target, one, a, b);
  if (kind === "move") moveObject(workspace, target, one, n - 4, 3);
  if (kind === "clear" && n < 2) clearLayer(workspace, target);
  if (kind === "class") setObjectClass(workspace, target, [one], 1 + (n % workspace.classes.value.length));
  if (kind === "box") setRegions(workspace, target.layer, [{ y0: 1, x0: 2, y1: 30 + n, x1: 40 }], "add box");
}

describe("the history", () => {
  test("takes back and makes again 100 random steps of drawing, objects, layers and classes exactly (E2)", () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 100, maxLength: 120 }), async (steps) => {
        const drawing = createDrawing();
        const { workspace } = drawing;
        const { history } = workspace;
        const states = [stateOf(workspace)];
        for (const one of steps) {
          const before = history.undoTitle.value;
          const count = countSteps(workspace);
          await doStep(drawing, one);
          const now = stateOf(workspace);
          const grown = countSteps(workspace) - count;
          if (grown === 1) states.push(now);
          // Several colours in a row are one step; what is no step changes nothing.
          else if (one.kind === "recolor" || one.kind === "renameClass") states[states.length - 1] = now;
          else expect([one.kind, before, now]).toEqual([one.kind, before, states.at(-1)]);
        }
        for (const state of states.slice(0, -1).reverse()) {
          history.undo();
          expect(stateOf(workspace)).toBe(state);
        }
        expect(history.undo()).toBe(false);
        for (const state of states.slice(1)) {
          history.redo();
          expect(stateOf(workspace)).toBe(state);
        }
      }),
      { numRuns: process.env["OVERTILE_LONG"] ? 100 : 6, seed: 9 },
    ));

  test("brings a deleted layer back beside the layers that came since", () => {
    const { workspace, entry, actions } = createDrawing();
    const [first] = entry.layers.value;
    actions.addLayer(entry);
    actions.deleteLayer(entry, first!);
    const result = createLabelLayer({ width: 300, height: 270, planes: 1 }, "Prediction", "labels");
    entry.layers.value = [result, ...entry.layers.value];
    workspace.history.undo();
    expect(entry.layers.value.map(({ name }) => name.value)).toEqual(["Prediction", "Annotations", "Annotations 2"]);
    expect(entry.activeLayer.value).toBe(first);
    workspace.history.redo();
    expect(entry.layers.value.map(({ name }) => name.value)).toEqual(["Prediction", "Annotations 2"]);
  });

  test("forgets what was done to an image that is closed, its deleted layers too, and keeps the rest", () => {
    const { workspace, entry, actions } = createDrawing();
    const other = openEntry(workspace, "other.tif");
    drawRectangle(workspace, targetOf(workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    workspace.current.value = entry;
    drawRectangle(workspace, targetOf(workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    actions.deleteLayer(entry, entry.layers.value[0]!);
    workspace.history.forget(entry);
    expect(workspace.history.undo()).toBe(false);
    workspace.current.value = other;
    expect(workspace.history.undo()).toBe(true);
    expect(ids(other.layers.value[0]!)).toEqual([]);
    expect(workspace.history.undo()).toBe(false);
  });

  test("joins steps in a row that share a name for it, and no others", () => {
    const history = createHistory();
    let value = 0;
    const set = (next: number, joins?: string): void => {
      const before = value;
      value = next;
      const put = (wanted: number) => () => {
        value = wanted;
      };
      history.push({ title: "set", bytes: 0, ...(joins !== undefined && { joins }), undo: put(before), redo: put(next) });
    };
    set(1);
    set(2, "colour");
    set(3, "colour");
    history.undo();
    expect(value).toBe(1);
    history.redo();
    expect(value).toBe(3);
  });

  function countSteps({ history }: Workspace): number {
    let count = 0;
    while (history.undo()) count++;
    for (let i = 0; i < count; i++) history.redo();
    return count;
  }
});
