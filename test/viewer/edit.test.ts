// Laws of editing, without a screen: numbers and classes of objects stay apart, edits stay whole, and what is asked while one
// draws costs little on large layers. The history is in history.test.ts.

import { describe, expect, test } from "vitest";
import { exportDataset } from "../../viewer/file/export.ts";
import { parentOf } from "../../viewer/file/image-sync.ts";
import { startEdit, writeLabels } from "../../viewer/labels/label-raster.ts";
import { countObjectsIn, listPlaneObjects } from "../../viewer/labels/plane-objects.ts";
import { drawRectangle, fillAt, startStroke } from "../../viewer/model/draw.ts";
import { clearLayer, deleteObjects, mergeObjects, setObjectClass, setRegions, splitAlong } from "../../viewer/model/edit.ts";
import type { ImageEntry } from "../../viewer/model/image-entry.ts";
import { nextObjectId } from "../../viewer/model/label-layer.ts";
import { toClassPixels, toIgnorePixels, toLabelPixels } from "../../viewer/plugin/label-pixels.ts";
import { createSelectTool } from "../../viewer/tool/point-tools.ts";
import { createBoxTool } from "../../viewer/tool/rectangle-tool.ts";
import { createDrawing, targetOf } from "./make-drawing.ts";

describe("classes of objects", () => {
  test("a new object never takes the class of one that is gone: deleted, erased, merged, cleared", () => {
    for (const way of ["delete", "erase", "merge", "clear"] as const) {
      const { workspace } = createDrawing();
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

  test("a stroke or fill that brings a chosen number back makes it an object of the class in hand", () => {
    for (const way of ["stroke", "fill"] as const) {
      const { workspace } = createDrawing();
      workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#ff0000" }];
      const target = targetOf(workspace);
      for (const x of [0, 40]) drawRectangle(workspace, target, { x, y: 0 }, { x: x + 9, y: 9 });
      target.layer.selected.value = [1];
      const erase = startStroke(workspace, target, "erase", 0);
      erase.moveTo({ x: 4, y: 4 }, 15);
      erase.end();
      workspace.currentClass.value = 2;
      const stroke = startStroke(workspace, target, "brush stroke", 1);
      if (way === "stroke") stroke.moveTo({ x: 100, y: 100 }, 5);
      stroke.end();
      if (way === "fill") fillAt(workspace, target, { x: 100, y: 100 });
      expect([way, [...target.layer.classOf.value]]).toEqual([way, [[1, 2]]]);
    }
  });

  test("pieces of a split object are of its class", () => {
    const { workspace } = createDrawing();
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
    const { workspace, actions } = createDrawing();
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
    const { workspace } = createDrawing();
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
    const { workspace } = createDrawing(9000, 600);
    const target = targetOf(workspace);
    setRegions(workspace, target.layer, [{ y0: 0, x0: 0, y1: 600, x1: 9000 }], "add box");
    fillAt(workspace, target, { x: 4000.5, y: 300.5 });
    const [object] = listPlaneObjects(target.layer.raster, 0);
    expect(object!.box).toEqual({ y0: 0, x0: 4000 - 2048, y1: 600, x1: 4000 + 2048 });
  });

  test("dragging moves the object under the pointer, whichever of the chosen it is", () => {
    const { workspace } = createDrawing();
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
    const { workspace } = createDrawing();
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
    const { workspace } = createDrawing(side, side);
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
    const drawing = createDrawing(30_000, 30_000);
    drawRectangle(drawing.workspace, targetOf(drawing.workspace), { x: 0, y: 0 }, { x: 9, y: 9 });
    return drawing;
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
