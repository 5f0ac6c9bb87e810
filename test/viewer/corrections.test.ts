// Corrections of a prediction are learnt, and nothing that was drawn by hand is dropped: what is copied, and which pixels count.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backgroundId, ignoreId, labelAt, readLabels, writeLabels } from "../../viewer/labels/label-raster.ts";
import { allAnnotations } from "../../viewer/model/annotations.ts";
import { drawRectangle, startStroke } from "../../viewer/model/draw.ts";
import {
  deleteObjects,
  mergeObjects,
  moveObject,
  replaceBox,
  replaceResult,
  setObjectClass,
  setRegions,
  splitAlong,
} from "../../viewer/model/edit.ts";
import { boxTarget, editOnce, newId, type Target } from "../../viewer/model/edit-step.ts";
import { createLabelLayer, type LabelLayer } from "../../viewer/model/label-layer.ts";
import { showResultLayer, takeResultLayer } from "../../viewer/model/result-layer.ts";
import { acceptObjects, rejectObjects } from "../../viewer/model/review.ts";
import { backgroundClass, ignoreClass } from "../../viewer/model/workspace.ts";
import { toLabelImage } from "../../viewer/plugin/label-pixels.ts";
import { ignoredPixels, reachesOut, rimPx, teaches } from "../../viewer/plugin/learnt-pixels.ts";
import { createDrawing, ids } from "./make-drawing.ts";

const [width, height] = [60, 40];
const whole = { y0: 0, x0: 0, y1: height, x1: width };

/** An image with annotations, and a prediction of three squares that is chosen. */
function createScene() {
  const { workspace, entry, actions } = createDrawing(width, height);
  const drawn = entry.layers.value[0]!;
  const found = takeResultLayer(entry, { kind: "labels", model: "my cells@1" });
  const squares = new Uint32Array(width * height);
  for (const [id, x, y] of [
    [1, 4, 4],
    [2, 24, 4],
    [3, 44, 4],
  ] as const)
    for (let row = y; row < y + 10; row++) squares.fill(id, row * width + x, row * width + x + 10);
  replaceBox(workspace, { layer: found, plane: 0 }, whole, squares, "result");
  workspace.history.clear();
  showResultLayer(entry, found);
  return { workspace, entry, drawn, found, actions, on: (layer: LabelLayer): Target => ({ layer, plane: 0 }) };
}

const pixels = ({ raster }: LabelLayer): Uint32Array => readLabels(raster, 0, whole);
const area = (layer: LabelLayer, id: number): number => pixels(layer).filter((one) => one === id).length;

describe("a step on a prediction", () => {
  test("copies each object that it draws or changes into the annotations, and undo takes both back", () => {
    const { workspace, drawn, found, on } = createScene();
    drawRectangle(workspace, on(drawn), { x: 0, y: 30 }, { x: 8, y: 38 });
    expect([ids(drawn), area(drawn, 1)]).toEqual([[1], 64]);
    // A stroke that adds to an object, one that makes a new one, the eraser on a third.
    const stroke = (id: number, x: number, y: number): void => {
      const one = startStroke(workspace, on(found), "brush stroke", id);
      one.moveTo({ x, y }, 3);
      one.end();
    };
    stroke(1, 14, 9);
    expect([ids(drawn), area(drawn, 2)]).toEqual([[1, 2], area(found, 1)]);
    stroke(4, 30, 30);
    expect([ids(drawn), area(drawn, 3)]).toEqual([[1, 2, 3], area(found, 4)]);
    stroke(0, 44, 4);
    expect([ids(drawn), area(drawn, 4)]).toEqual([[1, 2, 3, 4], area(found, 3)]);
    // The same object once more: its copy follows.
    stroke(1, 4, 9);
    expect([ids(drawn), area(drawn, 2), area(drawn, 1)]).toEqual([[1, 2, 3, 4], area(found, 1), 64]);
    for (const left of [4, 3, 2, 1]) {
      workspace.history.undo();
      expect(ids(drawn)).toHaveLength(left === 4 ? 4 : left);
    }
    expect([ids(drawn), area(found, 1), area(found, 3)]).toEqual([[1], 100, 100]);
    for (let i = 0; i < 4; i++) workspace.history.redo();
    expect([ids(drawn), area(drawn, 2)]).toEqual([[1, 2, 3, 4], area(found, 1)]);
  });

  test("does so by every tool: split, merge, move, class; a deletion and a result that comes in copy nothing", () => {
    const { workspace, drawn, found, on } = createScene();
    deleteObjects(workspace, on(found), [3]);
    expect(ids(drawn)).toEqual([]);
    splitAlong(workspace, on(found), 2, { x: 29, y: 0 }, { x: 29, y: 20 });
    expect(
      ids(drawn)
        .map((id) => area(drawn, id))
        .sort(),
    ).toEqual(
      ids(found)
        .filter((id) => id !== 1)
        .map((id) => area(found, id))
        .sort(),
    );
    moveObject(workspace, on(found), 1, 2, 20);
    expect(ids(drawn)).toHaveLength(3);
    workspace.classes.value = [...workspace.classes.value, { name: "other", color: "#000000" }];
    setObjectClass(workspace, on(found), [1], 2);
    const copy = ids(drawn).find((id) => area(drawn, id) === 100)!;
    expect(drawn.classOf.value.get(copy)).toBe(2);
    workspace.history.undo();
    expect(drawn.classOf.value.size).toBe(0);
    mergeObjects(workspace, on(found), ids(found).slice(0, 2));
    replaceBox(workspace, on(found), { y0: 20, x0: 40, y1: 30, x1: 50 }, new Uint32Array(100).fill(99), "segment part");
    expect(ids(drawn)).not.toContain(99);
  });

  test("ignored pixels drawn on a prediction are ignored when it is learnt, until they are erased there", () => {
    const { workspace, drawn, found, on } = createScene();
    drawn.regions.value = [whole];
    workspace.currentClass.value = 0;
    drawRectangle(workspace, on(found), { x: 40, y: 30 }, { x: 44, y: 34 });
    expect(ignoredPixels({ layers: { peek: () => [] } } as never, drawn, 0)!.reduce((sum, one) => sum + one, 0)).toBe(16);
    editOnce(workspace, on(found), "erase", 0, (edit) => {
      for (let y = 30; y < 34; y++) edit.paintRun(0, y, 40, 44, 0);
    });
    expect(ignoredPixels({ layers: { peek: () => [] } } as never, drawn, 0)).toBeUndefined();
  });

  test("never drops what was drawn by hand, unless it is the same object (laws over random corrections)", () => {
    const box = fc.record({
      x: fc.nat(width - 12),
      y: fc.nat(height - 12),
      w: fc.integer({ min: 2, max: 12 }),
      h: fc.integer({ min: 2, max: 12 }),
    });
    const edit = fc.record({ kind: fc.constantFrom("draw", "erase", "delete", "merge", "move", "accept"), box, n: fc.nat(6) });
    fc.assert(
      fc.property(fc.array(box, { minLength: 1, maxLength: 4 }), fc.array(edit, { minLength: 1, maxLength: 6 }), (hand, edits) => {
        const { workspace, drawn, found, on } = createScene();
        for (const { x, y, w, h } of hand) drawRectangle(workspace, on(drawn), { x, y }, { x: x + w, y: y + h });
        for (const {
          kind,
          box: { x, y, w, h },
          n,
        } of edits) {
          const [before, prediction] = [pixels(drawn), ids(found)];
          const id = prediction[n % Math.max(1, prediction.length)] ?? 1;
          if (kind === "draw") drawRectangle(workspace, on(found), { x, y }, { x: x + w, y: y + h });
          if (kind === "erase")
            editOnce(workspace, on(found), "erase", 0, (one) => {
              for (let row = y; row < y + h; row++) one.paintRun(0, row, x, x + w, 0);
            });
          if (kind === "delete") deleteObjects(workspace, on(found), [id]);
          if (kind === "merge") mergeObjects(workspace, on(found), [id, prediction[0] ?? 1]);
          if (kind === "move") moveObject(workspace, on(found), id, 3, 2);
          if (kind === "accept") acceptObjects(workspace, on(found), prediction);
          const after = pixels(drawn);
          for (const one of new Set(before)) {
            if (one === 0) continue;
            const was = before.filter((value) => value === one).length;
            const both = before.filter((value, i) => value === one && after[i] === one).length;
            const now = after.filter((value) => value === one).length;
            // Untouched, or the same object with other borders.
            const isSame = both === was && now === was;
            const isReplaced = kind !== "accept" && kind !== "delete" && both / (was + now - both) >= 1 / 3;
            const isGrown = kind !== "accept" && kind !== "delete" && both === was;
            expect([kind, one, isSame || isReplaced || isGrown]).toEqual([kind, one, true]);
          }
        }
      }),
      { numRuns: process.env["OVERTILE_LONG"] ? 2000 : 150, seed: 4 },
    );
  });

  test("grows around a part of the object that was drawn, and is left out over several", () => {
    const { workspace, drawn, found, on } = createScene();
    drawRectangle(workspace, on(drawn), { x: 6, y: 6 }, { x: 9, y: 9 });
    drawRectangle(workspace, on(drawn), { x: 25, y: 5 }, { x: 28, y: 13 });
    drawRectangle(workspace, on(drawn), { x: 30, y: 5 }, { x: 33, y: 13 });
    const before = pixels(drawn);
    for (const id of [1, 2]) {
      const one = startStroke(workspace, on(found), "brush stroke", id);
      one.moveTo({ x: id === 1 ? 14 : 34, y: 9 }, 2);
      one.end();
    }
    expect(area(drawn, 1)).toBe(area(found, 1));
    expect(pixels(drawn).map((id) => (id === 1 ? 0 : id))).toEqual(before.map((id) => (id === 1 ? 0 : id)));
  });

  test("accepting copies all that is not drawn yet, as one step", () => {
    const { workspace, drawn, found, on } = createScene();
    drawRectangle(workspace, on(drawn), { x: 4, y: 4 }, { x: 13, y: 14 });
    expect(acceptObjects(workspace, on(found), ids(found))).toBe(2);
    expect(ids(drawn).map((id) => area(drawn, id))).toEqual([90, 100, 100]);
    expect(acceptObjects(workspace, on(found), ids(found))).toBe(0);
    workspace.history.undo();
    expect(ids(drawn)).toEqual([1]);
  });
});

describe("rejecting", () => {
  test("removes objects of the prediction, and paints their place as background where nothing is drawn; one step takes both back", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ x: fc.nat(width - 12), y: fc.nat(height - 12) }), { maxLength: 3 }),
        fc.subarray([1, 2, 3]),
        (squares, chosen) => {
          const { workspace, drawn, found, on } = createScene();
          for (const { x, y } of squares) drawRectangle(workspace, on(drawn), { x, y }, { x: x + 11, y: y + 11 });
          const read = (layer: LabelLayer): number[] => [...readLabels(layer.raster, 0, whole)];
          const [drawnBefore, foundBefore] = [read(drawn), read(found)];
          const done = rejectObjects(workspace, on(found), chosen);
          expect(done).toBe(chosen.length > 0);
          const isGone = (i: number): boolean => chosen.includes(foundBefore[i]!);
          expect(read(found)).toEqual(foundBefore.map((id, i) => (isGone(i) ? 0 : id)));
          expect(read(drawn)).toEqual(drawnBefore.map((id, i) => (id === 0 && isGone(i) ? backgroundId : id)));
          if (!done) return;
          workspace.history.undo();
          expect([read(drawn), read(found)]).toEqual([drawnBefore, foundBefore]);
          workspace.history.redo();
          expect(read(found)).toEqual(foundBefore.map((id, i) => (isGone(i) ? 0 : id)));
        },
      ),
      { seed: 3 },
    );
  });
});

describe("several layers of annotations", () => {
  test("are one for a model: an upper layer lies over those below, each object with its class, and all boxes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.record({ x: fc.nat(width - 12), y: fc.nat(height - 12) }), { maxLength: 3 }), { maxLength: 3 }),
        (more) => {
          const { workspace, entry, drawn, on } = createScene();
          const layers = [drawn, ...more.map((_, i) => createLabelLayer({ width, height, planes: 1 }, `more ${i}`, "annotation"))];
          entry.layers.value = [...entry.layers.value.filter(({ kind }) => kind !== "annotation"), ...layers.toReversed()];
          for (const [i, squares] of [[{ x: 1, y: 1 }], ...more].entries()) {
            for (const { x, y } of squares) drawRectangle(workspace, on(layers[i]!), { x, y }, { x: x + 11, y: y + 11 });
            layers[i]!.classOf.value = new Map(ids(layers[i]!).map((id) => [id, i + 2]));
            setRegions(workspace, layers[i]!, [{ y0: i, x0: 0, y1: i + 5, x1: 5 }], "box");
          }
          const all = allAnnotations(entry)!;
          const merged = readLabels(all.raster, 0, whole);
          const origin = new Map<number, string>();
          for (let at = 0; at < merged.length; at++) {
            const top = layers.findLastIndex((layer) => labelAt(layer.raster, 0, Math.floor(at / width), at % width) !== 0);
            const id = top < 0 ? 0 : labelAt(layers[top]!.raster, 0, Math.floor(at / width), at % width);
            expect(merged[at] === 0).toBe(top < 0);
            if (top < 0) continue;
            // Equal numbers are the same object of the same layer, and the class is that of the layer.
            expect(origin.get(merged[at]!) ?? `${top} ${id}`).toBe(`${top} ${id}`);
            origin.set(merged[at]!, `${top} ${id}`);
            expect(all.classOf.value.get(merged[at]!)).toBe(top + 2);
          }
          expect(new Set(origin.values()).size).toBe(origin.size);
          expect(all.regions.value).toHaveLength(layers.length);
          expect(allAnnotations(entry)).toBe(all);
          expect(all === drawn).toBe(more.length === 0);
        },
      ),
      { seed: 4, numRuns: 30 },
    );
  });
});

describe("what counts when a model learns", () => {
  test("in a box all of it; outside what is drawn and its rim, where no model found something else; never less than was drawn", () => {
    const square = fc.record({ x: fc.nat(width - 9), y: fc.nat(height - 9), side: fc.integer({ min: 3, max: 9 }) });
    fc.assert(
      fc.property(fc.array(square, { minLength: 1, maxLength: 3 }), (squares) => {
        const { workspace, entry, drawn, found, on } = createScene();
        const region = { y0: 10, x0: 10, y1: 30, x1: 30 };
        setRegions(workspace, drawn, [region], "box");
        for (const { x, y, side } of squares) drawRectangle(workspace, on(drawn), { x, y }, { x: x + side, y: y + side });
        const [hand, model, ignore, rim] = [pixels(drawn), pixels(found), ignoredPixels(entry, drawn, 0)!, rimPx(drawn.raster, 0)];
        const isIn = (i: number): boolean => i % width >= 10 && i % width < 30 && i >= 10 * width && i < 30 * width;
        const out = new Set(hand.filter((id, i) => id !== 0 && !isIn(i)));
        const reaching = [...hand.keys()].filter((i) => out.has(hand[i]!));
        const isNear = (i: number): boolean =>
          reaching.some((j) => Math.hypot((i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)) <= rim);
        const counts = Array.from(hand, (id, i) => isIn(i) || id !== 0 || (model[i] === 0 && isNear(i)));
        expect([...ignore]).toEqual(counts.map((one) => (one ? 0 : 1)));
        expect(reachesOut(drawn, 0)).toBe(hand.some((id, i) => id !== 0 && !isIn(i)));
      }),
      { numRuns: 20, seed: 8 },
    );
  });

  test("without a box only what is drawn: objects with their rims, strokes of background, whatever a model found under these", () => {
    const stroke = fc.record({
      x: fc.nat(width),
      y: fc.nat(height),
      radius: fc.integer({ min: 1, max: 6 }),
      what: fc.constantFrom(-1, 0, 1),
    });
    fc.assert(
      fc.property(fc.array(stroke, { minLength: 1, maxLength: 5 }), (strokes) => {
        const { workspace, entry, drawn, found, on } = createScene();
        for (const { x, y, radius, what } of strokes) {
          workspace.currentClass.value = what;
          const one = startStroke(workspace, on(drawn), "brush stroke", newId(workspace, drawn));
          one.moveTo({ x, y }, radius);
          one.end();
        }
        const [hand, model, ignore, rim] = [pixels(drawn), pixels(found), ignoredPixels(entry, drawn, 0)!, rimPx(drawn.raster, 0)];
        const objects = [...hand.keys()].filter((i) => hand[i] !== 0 && hand[i]! < backgroundId);
        const isNear = (i: number): boolean =>
          objects.some((j) => Math.hypot((i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)) <= rim);
        const counts = Array.from(hand, (id, i) => id !== ignoreId && (id !== 0 || (model[i] === 0 && isNear(i))));
        expect([...ignore]).toEqual(counts.map((one) => (one ? 0 : 1)));
        const marks = new Set(hand);
        expect(teaches(drawn, 0)).toBe(objects.length > 0 || marks.has(backgroundId));
        expect(reachesOut(drawn, 0)).toBe(teaches(drawn, 0));
        expect([...toLabelImage(drawn, 0).data]).toEqual([...hand].map((id) => (id < backgroundId ? id : 0)));
      }),
      { numRuns: 20, seed: 9 },
    );
  });

  test("a box over the whole image: all counts but what is ignored; boxes are of the annotations, also while a prediction is chosen", () => {
    const { workspace, entry, drawn, on, actions } = createScene();
    actions.markWhole();
    expect(boxTarget(workspace)!.layer).toBe(drawn);
    expect(drawn.regions.value).toEqual([whole]);
    expect(ignoredPixels(entry, drawn, 0)).toBeUndefined();
    expect(reachesOut(drawn, 0)).toBe(false);
    workspace.currentClass.value = ignoreClass;
    drawRectangle(workspace, on(drawn), { x: 2, y: 2 }, { x: 4, y: 4 });
    expect(ignoredPixels(entry, drawn, 0)!.reduce((sum, one) => sum + one, 0)).toBe(4);
    actions.markWhole();
    expect(drawn.regions.value).toEqual([]);
    workspace.history.undo();
    expect(drawn.regions.value).toEqual([whole]);
  });

  test("background painted on a prediction comes to the annotations, and undo takes both back", () => {
    const { workspace, drawn, found, on } = createScene();
    workspace.currentClass.value = backgroundClass;
    drawRectangle(workspace, on(found), { x: 20, y: 0 }, { x: 40, y: 20 });
    const painted = (layer: LabelLayer): number => area(layer, backgroundId);
    expect([painted(found), painted(drawn), ids(found), ids(drawn)]).toEqual([400, 400, [1, 3], []]);
    // An object that is drawn there after all takes the place of the background.
    workspace.currentClass.value = 1;
    drawRectangle(workspace, on(found), { x: 22, y: 2 }, { x: 32, y: 12 });
    expect([painted(drawn), area(drawn, ids(drawn)[0]!)]).toEqual([300, 100]);
    workspace.history.undo();
    workspace.history.undo();
    expect([painted(found), painted(drawn), ids(found)]).toEqual([0, 0, [1, 2, 3]]);
  });
});

describe("a model's result", () => {
  test("takes the place of its last one, hides the others, and leaves a layer alone that the user has named", async () => {
    const { workspace, entry, answer, actions } = createDrawing(width, height);
    const first = takeResultLayer(entry, { kind: "labels", model: "a@1" });
    showResultLayer(entry, first);
    const other = takeResultLayer(entry, { kind: "labels", model: "b@1" });
    showResultLayer(entry, other);
    expect([first.visible.value, other.visible.value, entry.activeLayer.value]).toEqual([false, true, other]);
    expect(takeResultLayer(entry, { kind: "labels", model: "a@2" })).toBe(first);
    showResultLayer(entry, first);
    expect([first.visible.value, other.visible.value, entry.layers.value[2]!.visible.value]).toEqual([true, false, true]);
    answer.name = "the good one";
    await actions.renameLayer(first);
    expect(takeResultLayer(entry, { kind: "labels", model: "a@3" })).not.toBe(first);
    workspace.history.undo();
    expect(first.madeBy.value).toBe("a");
    // A result whose model is not told replaces none.
    const unknown = { kind: "labels", model: undefined } as const;
    expect(takeResultLayer(entry, unknown)).not.toBe(takeResultLayer(entry, unknown));
  });
});

test("a result that takes the place of another keeps it to be looked at: its tiles and no others", () => {
  const { workspace, entry, found } = createScene();
  const before = [...readLabels(found.raster, 0, whole)];
  expect(found.previous.value).toBeUndefined();
  const data = Uint32Array.from({ length: width * height }, (_, i) => (i % 7 === 0 ? 5 : 0));
  replaceResult(workspace, found, writeLabels(found.raster, 0, data));
  expect([...readLabels(found.previous.value!, 0, whole)]).toEqual(before);
  expect([...readLabels(found.raster, 0, whole)]).toEqual([...data]);
  // The first result of all follows none.
  const fresh = takeResultLayer(entry, { kind: "labels", model: "other@1" });
  replaceResult(workspace, fresh, writeLabels(fresh.raster, 0, data));
  expect(fresh.previous.value).toBeUndefined();
});
