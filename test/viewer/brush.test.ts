// The brush, stroke by stroke: what belongs to an object, and what is a new one.

import { expect, test } from "vitest";
import { readLabels } from "../../viewer/labels/label-raster.ts";
import { createBrushTool } from "../../viewer/tool/brush-tool.ts";
import { createDrawing, ids } from "./make-drawing.ts";

function createBench() {
  const { workspace, entry } = createDrawing(120, 100);
  workspace.preferences.value = { ...workspace.preferences.value, brushPx: 12, brushInImage: true };
  const layer = entry.layers.value[0]!;
  const tool = createBrushTool(workspace, { erases: false, refresh() {} });
  const stroke = (points: readonly (readonly [number, number])[], shift = false): void => {
    const input = { scale: 1, shift, alt: false };
    const [first, ...others] = points.map(([x, y]) => ({ x, y }));
    tool.down(first!, input);
    for (const point of others) tool.drag(point, input);
    tool.up(others.at(-1) ?? first!, input);
  };
  const area = (id: number): number => readLabels(layer.raster, 0, { y0: 0, x0: 0, y1: 100, x1: 120 }).filter((one) => one === id).length;
  return { workspace, layer, stroke, area, found: () => ids(layer) };
}

test("three strokes in one cell are one object, each begun beside the last; undo takes the last one back", () => {
  const { workspace, layer, stroke, area, found } = createBench();
  stroke([
    [30, 20],
    [30, 60],
  ]);
  const first = area(1);
  stroke([
    [37, 12],
    [37, 60],
  ]);
  const second = area(1);
  expect([found(), second > first * 1.3]).toEqual([[1], true]);
  stroke([
    [44, 12],
    [40, 30],
    [43, 66],
  ]);
  expect([found(), area(1) > second, layer.selected.value]).toEqual([[1], true, [1]]);
  workspace.history.undo();
  expect([found(), area(1)]).toEqual([[1], second]);
  workspace.history.undo();
  expect([found(), area(1)]).toEqual([[1], first]);
});

test("a stroke that begins beside an object and runs over it adds to it; one that only touches it is a new object", () => {
  const { stroke, area, found } = createBench();
  stroke([
    [40, 40],
    [70, 40],
  ]);
  stroke([
    [32, 40],
    [60, 41],
  ]);
  expect(found()).toEqual([1]);
  const before = area(1);
  stroke([
    [40, 50],
    [70, 50],
  ]);
  expect([found(), area(1) < before]).toEqual([[1, 2], true]);
  // A large one around a small one takes it over.
  stroke([[100, 20]]);
  stroke([
    [92, 12],
    [108, 12],
    [108, 28],
    [92, 28],
    [92, 12],
    [100, 20],
  ]);
  expect(found()).toEqual([1, 2, 3]);
});

test("Shift begins a new object anywhere; so does another class, and what is painted over nothing stays as it was", () => {
  const { workspace, layer, stroke, found } = createBench();
  stroke([
    [40, 40],
    [70, 40],
  ]);
  stroke(
    [
      [45, 42],
      [65, 42],
    ],
    true,
  );
  expect([found(), layer.selected.value]).toEqual([[1, 2], [2]]);
  workspace.classes.value = [...workspace.classes.value, { name: "debris", color: "#000000" }];
  workspace.currentClass.value = 2;
  stroke([
    [30, 40],
    [60, 40],
  ]);
  expect([found(), layer.classOf.value.get(3)]).toEqual([[1, 2, 3], 2]);
  workspace.currentClass.value = 1;
  workspace.preferences.value = { ...workspace.preferences.value, preserveLabels: true };
  stroke([
    [30, 44],
    [60, 44],
  ]);
  expect(found()).toEqual([1, 2, 3, 4]);
});
