// Laws of editing, without a screen: every step of the history, through the functions that tools and menus call, is undone and
// redone exactly; numbers and classes of objects stay apart; what is asked while one draws costs little on large layers.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { App } from "../../viewer/app.ts";
import { createDrawingActions } from "../../viewer/command/drawing-actions.ts";
import { exportDataset } from "../../viewer/file/export.ts";
import { parentOf } from "../../viewer/file/image-desk.ts";
import { createHistory } from "../../viewer/labels/history.ts";
import { startEdit, writeLabels } from "../../viewer/labels/label-raster.ts";
import { countObjectsIn, listPlaneObjects } from "../../viewer/labels/plane-objects.ts";
import { drawPolygon, drawRectangle, fillAt, startStroke } from "../../viewer/model/draw.ts";
import { clearLayer, deleteObjects, mergeObjects, moveObject, setObjectClass, setRegions, splitAlong } from "../../viewer/model/edit.ts";
import { editTarget, type Target } from "../../viewer/model/edit-step.ts";
import { createImageEntry, type ImageEntry } from "../../viewer/model/image-entry.ts";
import { createLabelLayer, type LabelLayer, nextObjectId } from "../../viewer/model/label-layer.ts";
import { createWorkspace, type Workspace } from "../../viewer/model/workspace.ts";
import { toClassPixels, toIgnorePixels, toLabelPixels } from "../../viewer/plugin/label-pixels.ts";
import { createSelectTool } from "../../viewer/tool/point-tools.ts";
import { createBoxTool } from "../../viewer/tool/rectangle-tool.ts";

/** A workspace with one image and one layer of annotations, and the actions of its menus; `answer` is what dialogs return. */
function createDesk(width = 300, height = 270) {
  const workspace = createWorkspace();
  const entry = openEntry(workspace, "cells.tif", width, height);
  const dialogs = { prompt: async () => answer.name };
  const answer = { name: "one" };
  const view = { cancelTool() {} };
  const app = { workspace, dialogs, view, shell: {} } as unknown as App;
  const attempt = async (work: () => unknown): Promise<void> => void (await work());
  return { workspace, entry, answer, actions: createDrawingActions(app, attempt, () => undefined) };
}

function openEntry(workspace: Workspace, title: string, width = 300, height = 270): ImageEntry {
  const source = { width, height, sizeZ: 1, sizeT: 1 };
  const entry = createImageEntry({ source, image: new Blob() } as never, title, { kind: "folder" });
  const layer = createLabelLayer({ width, height, planes: 1 }, "Annotations", "annotation");
  entry.layers.value = [layer];
  entry.activeLayer.value = entry.trainingLayer.value = layer;
  workspace.images.value = [...workspace.images.value, entry];
  workspace.current.value = entry;
  return entry;
}

function targetOf(workspace: Workspace): Target {
  return editTarget(workspace)!;
}

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

function ids(layer: LabelLayer): number[] {
  return listPlaneObjects(layer.raster, 0).map(({ id }) => id);
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
  { workspace, entry, answer, actions }: ReturnType<typeof createDesk>,
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
        const desk = createDesk();
        const { workspace } = desk;
        const { history } = workspace;
        const states = [stateOf(workspace)];
        for (const one of steps) {
          const before = history.undoTitle.value;
          const count = countSteps(workspace);
          await doStep(desk, one);
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
    const { workspace, entry, actions } = createDesk();
    const [first] = entry.layers.value;
    actions.addLayer(entry);
    actions.deleteLayer(entry, first!);
    const result = createLabelLayer({ width: 300, height: 270, planes: 1 }, "Prediction", "labels");
    entry.layers.value = [result, ...entry.layers.value];
    workspace.history.undo();
    expect(entry.layers.value.map(({ name }) => name.value)).toEqual(["Prediction", "Annotations", "Annotations 2"]);
    expect([entry.activeLayer.value, entry.trainingLayer.value]).toEqual([first, first]);
    workspace.history.redo();
    expect(entry.layers.value.map(({ name }) => name.value)).toEqual(["Prediction", "Annotations 2"]);
  });

  test("forgets what was done to an image that is closed, its deleted layers too, and keeps the rest", () => {
    const { workspace, entry, actions } = createDesk();
    const other = openEntry(workspace, "other.tif");
    drawRectangle(workspace, targetOf(workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    workspace.current.value = entry;
    drawRectangle(workspace, targetOf(workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    actions.deleteLayer(entry, entry.layers.value[0]!);
    workspace.history.forget(entry, ...entry.layers.value);
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

describe("classes of objects", () => {
  test("a new object never takes the class of one that is gone: deleted, erased, merged, cleared", () => {
    for (const way of ["delete", "erase", "merge", "clear"] as const) {
      const { workspace } = createDesk();
      workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#ff0000" }];
      const target = targetOf(workspace);
      const draw = (x: number): boolean => drawRectangle(workspace, target, { x, y: 0 }, { x: x + 9, y: 9 });
      draw(0);
      workspace.currentClass.value = 2;
      draw(20);
      expect([...target.layer.classOf.value]).toEqual([[2, 2]]);
      workspace.currentClass.value = 1;
      if (way === "delete") deleteObjects(workspace, target, [2]);
      if (way === "merge") mergeObjects(workspace, target, [1, 2]);
      if (way === "clear") clearLayer(workspace, target);
      if (way === "erase") {
        const stroke = startStroke(workspace, target, "erase", 0);
        stroke.moveTo({ x: 24, y: 4 }, 20);
        stroke.end();
      }
      draw(100);
      draw(120);
      expect([way, [...target.layer.classOf.value]]).toEqual([way, []]);
    }
  });

  test("pieces of a split object are of its class", () => {
    const { workspace } = createDesk();
    const target = targetOf(workspace);
    drawRectangle(workspace, target, { x: 0, y: 0 }, { x: 40, y: 40 });
    setObjectClass(workspace, target, [1], 3);
    expect(splitAlong(workspace, target, 1, { x: 20, y: -5 }, { x: 20, y: 45 })).toBe(true);
    expect([...target.layer.classOf.value]).toEqual([
      [1, 3],
      [2, 3],
    ]);
  });

  test("go with a deleted class, so that the next one begins without objects, and come back with it", () => {
    const { workspace, actions } = createDesk();
    workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#ff0000" }];
    const target = targetOf(workspace);
    drawRectangle(workspace, target, { x: 0, y: 0 }, { x: 40, y: 40 });
    setObjectClass(workspace, target, [1], 2);
    actions.deleteClass();
    expect([...target.layer.classOf.value]).toEqual([]);
    workspace.history.undo();
    expect([...target.layer.classOf.value]).toEqual([[1, 2]]);
    expect(workspace.classes.value.map(({ name }) => name)).toEqual(["cell", "debris"]);
  });
});

describe("edits", () => {
  test("an edit under way survives that another change replaces its tiles, and is undone with what is left of it", () => {
    const { workspace } = createDesk();
    const { raster } = targetOf(workspace).layer;
    drawRectangle(workspace, targetOf(workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    const edit = startEdit(raster);
    edit.paintRun(0, 100, 0, 50, 5);
    workspace.history.undo();
    edit.paintRun(0, 110, 0, 50, 5);
    const { before, after } = edit.end();
    expect([before.get(0), after.get(0)?.reduce((sum, id) => sum + id, 0)]).toEqual([undefined, 250]);
    const stopped = startEdit(raster);
    stopped.paintRun(0, 120, 0, 50, 6);
    workspace.history.redo();
    expect(stopped.end().before.size).toBe(0);
  });

  test("a fill looks 2048 pixels around, also inside a box", () => {
    const { workspace } = createDesk(9000, 600);
    const target = targetOf(workspace);
    setRegions(workspace, target.layer, [{ y0: 0, x0: 0, y1: 600, x1: 9000 }], "add box");
    fillAt(workspace, target, { x: 4000.5, y: 300.5 });
    const [object] = listPlaneObjects(target.layer.raster, 0);
    expect(object!.box).toEqual({ y0: 0, x0: 4000 - 2048, y1: 600, x1: 4000 + 2048 });
  });

  test("dragging moves the object under the pointer, whichever of the chosen it is", () => {
    const { workspace } = createDesk();
    const { layer } = targetOf(workspace);
    for (const x of [0, 50]) drawRectangle(workspace, targetOf(workspace), { x, y: 0 }, { x: x + 10, y: 10 });
    layer.selected.value = [1, 2];
    const tool = createSelectTool(workspace, () => {});
    const input = { scale: 1, shift: false, alt: false };
    expect(tool.down({ x: 5, y: 5 }, input)).toBe(true);
    tool.drag({ x: 5, y: 105 }, input);
    tool.up({ x: 5, y: 105 }, input);
    expect(listPlaneObjects(layer.raster, 0).map(({ box }) => box)).toEqual([
      { y0: 100, x0: 0, y1: 110, x1: 10 },
      { y0: 0, x0: 50, y1: 10, x1: 60 },
    ]);
  });

  test("a box that is removed while its edge is held stays away", () => {
    const { workspace } = createDesk();
    const target = targetOf(workspace);
    setRegions(workspace, target.layer, [{ y0: 10, x0: 10, y1: 90, x1: 90 }], "add box");
    const tool = createBoxTool(workspace, () => {});
    const input = { scale: 1, shift: false, alt: false };
    tool.down({ x: 90, y: 50 }, input);
    tool.drag({ x: 120, y: 50 }, input);
    setRegions(workspace, target.layer, [], "remove box");
    tool.up({ x: 120, y: 50 }, input);
    expect(target.layer.regions.value).toEqual([]);
  });

  test("on 4096 x 4096 with 10,000 objects, a stroke, its counts and a deletion cost what they touch (E5)", () => {
    const side = 4096;
    const { workspace } = createDesk(side, side);
    const target = targetOf(workspace);
    const { layer } = target;
    const data = new Uint32Array(side * side);
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [i % side, Math.floor(i / side)];
      if (x % 40 < 28 && y % 40 < 28) data[i] = Math.floor(y / 40) * 103 + Math.floor(x / 40) + 1;
    }
    writeLabels(layer.raster, 0, data);
    const time = (work: () => void): number => {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    const first = time(() => expect(listPlaneObjects(layer.raster, 0).length).toBeGreaterThan(10_000));
    const [stroke, count, removal] = [
      time(() => {
        const one = startStroke(workspace, target, "brush stroke", nextObjectId(layer));
        one.moveTo({ x: 34, y: 34 }, 3);
        one.end();
      }),
      time(() => {
        listPlaneObjects(layer.raster, 0);
        countObjectsIn(layer.raster, 0, [{ y0: 100, x0: 100, y1: 4000, x1: 4000 }]);
      }),
      time(() => deleteObjects(workspace, target, [5000])),
    ];
    console.log(`first count ${first} ms of the processor; then a stroke ${stroke}, a count ${count}, a deletion ${removal} ms`);
    expect(Math.max(stroke, count, removal)).toBeLessThan(100);
  });
});

describe("labels too large for one array", () => {
  function drawLarge() {
    const desk = createDesk(30_000, 30_000);
    drawRectangle(desk.workspace, targetOf(desk.workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    return desk;
  }

  test("are told before anything is allocated, ignored pixels as well as objects", () => {
    const { layer } = targetOf(drawLarge().workspace);
    for (const read of [toIgnorePixels, toLabelPixels, toClassPixels]) expect(() => read(layer, 0)).toThrow(/at most 134 million pixels/);
  });

  test("stop the export of a dataset before the image is read", async () => {
    const { workspace, entry } = drawLarge();
    let reads = 0;
    Object.assign(entry.source, { read: () => Promise.reject(new Error(`read ${++reads}`)) });
    await expect(exportDataset(workspace)).rejects.toThrow(/at most 134 million pixels/);
    expect(reads).toBe(0);
  });
});

test("results find their image by title, the second and later ones too, whatever numbers it ends in", () => {
  const images = ["cells-3.tif", "cells.tif", "plate-1.x.png"].map((title) => ({ title: { peek: () => title } }) as never as ImageEntry);
  const found = (title: string): string | undefined => parentOf(title, images)?.entry.title.peek();
  for (const image of ["cells-3.tif", "cells.tif", "plate-1.x.png"]) {
    for (const suffix of [".labels", "-1.labels", "-2.labels", ".classes", "-12.classes"]) expect(found(`${image}${suffix}`)).toBe(image);
  }
  expect(found("other.tif.labels")).toBeUndefined();
});
