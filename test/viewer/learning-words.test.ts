// What the page says of learning is what is computed: where corrections go, what lies outside of the boxes, of which plane a
// result is that holds nothing.

import { expect, test } from "vitest";
import { startEdit } from "../../viewer/labels/label-raster.ts";
import { drawRectangle } from "../../viewer/model/draw.ts";
import { setRegions } from "../../viewer/model/edit.ts";
import { noteNothing, showResultLayer, takeResultLayer } from "../../viewer/model/result-layer.ts";
import { countTrainable, describeCorrecting, describeCounts, describeDrawing, describeUndrawn } from "../../viewer/panel/learning-words.ts";
import { listAnnotatedPlanes } from "../../viewer/plugin/samples.ts";
import { createDrawing, ids, openEntry } from "./make-drawing.ts";

test("what becomes of objects that are accepted and rejected is said as it is computed", () => {
  const { workspace, entry, actions } = createDrawing(60, 40);
  const found = takeResultLayer(entry, { kind: "labels", model: "my cells@1" });
  showResultLayer(entry, found);
  drawRectangle(workspace, { layer: found, plane: 0 }, { x: 4, y: 4 }, { x: 12, y: 12 });
  expect(describeCorrecting(entry)).toContain('it goes into "Annotations", and the next training learns from it');
  const said = (): string | undefined => workspace.status.value?.text;
  actions.acceptObjects();
  expect(said()).toBe("Nothing was accepted: the annotations have objects there already.");
  workspace.history.undo();
  const edit = startEdit(found.raster);
  for (let y = 4; y < 12; y++) for (const [id, x] of [[1, 20], [2, 40]] as const) edit.paintRun(0, y, x, x + 8, id); // biome-ignore format: one line
  edit.end();
  found.selected.value = [1];
  actions.acceptObjects();
  expect(said()).toBe('1 object is accepted into "Annotations". The next training learns from it.');
  expect(ids(entry.layers.value.find(({ kind }) => kind === "annotation")!)).toEqual([1]);
  expect(listAnnotatedPlanes(workspace)).toHaveLength(1);
  found.selected.value = [2];
  actions.rejectObjects();
  expect(said()).toBe("1 object is rejected. The next training takes the place for background, where nothing is drawn.");
  expect([ids(found), found.selected.value]).toEqual([[1], []]);
  // Where nothing was annotated yet, accepting makes the layer.
  entry.layers.value = [found];
  entry.activeLayer.value = found;
  found.selected.value = [1];
  actions.acceptObjects();
  expect(entry.layers.value.map(({ kind }) => kind)).toEqual(["annotation", "labels"]);
  expect(entry.activeLayer.value).toBe(found);
});

test("objects outside of a box are told of the plane in sight, where the box would grow", () => {
  const { workspace, entry } = createDrawing(60, 40);
  const other = openEntry(workspace, "other.tif", 60, 40, 3);
  for (const one of [entry, other]) {
    const layer = one.layers.value[0]!;
    setRegions(workspace, layer, [{ y0: 0, x0: 0, y1: 10, x1: 10 }], "box");
    drawRectangle(workspace, { layer, plane: 0 }, { x: 30, y: 20 }, { x: 34, y: 24 });
  }
  drawRectangle(workspace, { layer: other.layers.value[0]!, plane: 2 }, { x: 30, y: 20 }, { x: 34, y: 24 });
  other.plane.value = { z: 0, t: 0 };
  const count = (): unknown => {
    const { inside, outside, outsideHere } = countTrainable(listAnnotatedPlanes(workspace), workspace.current.value);
    return { inside, outside, outsideHere };
  };
  expect(count()).toEqual({ inside: 0, outside: 3, outsideHere: 1 });
  other.plane.value = { z: 1, t: 0 };
  expect(count()).toEqual({ inside: 0, outside: 3, outsideHere: 0 });
});

test("what is said of background is what counts: nothing undrawn without a box, all of a box, all of the image", () => {
  const { entry, actions } = createDrawing(60, 40);
  const layer = entry.layers.value[0]!;
  const said = (): string => `${describeDrawing(entry)} ${describeCounts(entry, 5)}`;
  expect(said()).toBe(
    "Draw 3 to 5 cells, wherever you like. What you leave undrawn is not taken for background. Only what is drawn counts: each object with 5 px of background around it, and what you paint as Background. The rest counts for nothing.",
  );
  layer.regions.value = [{ y0: 0, x0: 0, y1: 10, x1: 10 }];
  expect(said()).toContain("Draw every cell in the box; where it holds many");
  expect(said()).toContain(
    "What you leave undrawn in the box is learnt as background. Outside, only what is drawn counts: each object with 5 px",
  );
  actions.markWhole();
  expect(said()).toBe("Draw every cell of the image. The whole image is drawn: what you leave undrawn is learnt as background.");
});

test("nothing was found on the plane that was segmented, not on the others", () => {
  const { workspace } = createDrawing();
  const stack = openEntry(workspace, "stack.tif", 60, 40, 3);
  const layer = takeResultLayer(stack, { kind: "labels", model: "a@1" });
  noteNothing(layer, 1, "Nothing was found.");
  expect([...layer.nothing.value]).toEqual([[1, "Nothing was found."]]);
  noteNothing(layer, undefined, "Nowhere.");
  expect([...layer.nothing.value.keys()]).toEqual([1, 0, 2]);
  noteNothing(layer, 0, undefined);
  expect([...layer.nothing.value.keys()]).toEqual([1, 2]);
});

test("objects of a prediction that stand undrawn in a box are told: more than half of each in the box and free", () => {
  const { workspace, entry } = createDrawing(60, 40);
  const drawn = entry.layers.value[0]!;
  const found = takeResultLayer(entry, { kind: "labels", model: "m" });
  const edit = startEdit(found.raster);
  const squares = [[1, 2], [2, 14], [3, 26], [4, 40]] as const; // biome-ignore format: one line
  for (let y = 4; y < 12; y++) for (const [id, x] of squares) edit.paintRun(0, y, x, x + 8, id);
  edit.end();
  const undrawn = (): readonly number[] => countTrainable(listAnnotatedPlanes(workspace), entry).undrawn.map(({ id }) => id);
  expect(undrawn()).toEqual([]); // without a box nothing undrawn is background
  setRegions(workspace, drawn, [{ y0: 0, x0: 0, y1: 40, x1: 30 }], "box");
  expect(undrawn()).toEqual([1, 2]); // of the third just half is in the box
  drawRectangle(workspace, { layer: drawn, plane: 0 }, { x: 2, y: 4 }, { x: 7, y: 12 });
  expect(undrawn()).toEqual([2]);
  expect([describeUndrawn(1), describeUndrawn(3)]).toEqual([
    "An object that the model found in the box is not drawn: it will be learnt as background.",
    "3 objects that the model found in the box are not drawn: they will be learnt as background.",
  ]);
});
