// Laws of labels: edits, shapes, pieces. Each against something said in another way.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Box } from "../../core/array/raster.ts";
import { labelComponents } from "../../core/label/components.ts";
import { listObjects } from "../../core/label/objects.ts";
import { runFlood } from "../../viewer/labels/flood.ts";
import { createHistory } from "../../viewer/labels/history.ts";
import { labelColor } from "../../viewer/labels/label-color.ts";
import {
  applyTiles,
  createLabelRaster,
  ignoreId,
  type LabelRaster,
  labelAt,
  readLabels,
  startEdit,
  writeLabels,
} from "../../viewer/labels/label-raster.ts";
import { type Point, runPolygon, runRectangle, runStroke } from "../../viewer/labels/paint.ts";
import { countObjectsIn, listPlaneObjects } from "../../viewer/labels/plane-objects.ts";
import { splitObject } from "../../viewer/labels/split.ts";

const width = 300;
const height = 270;
const whole = { y0: 0, x0: 0, y1: height, x1: width };

const point = fc.record({ x: fc.double({ min: -40, max: 340, noNaN: true }), y: fc.double({ min: -40, max: 310, noNaN: true }) });
const edit = fc.oneof(
  fc.record({
    kind: fc.constant("stroke" as const),
    a: point,
    b: point,
    radius: fc.double({ min: 0.5, max: 30, noNaN: true }),
    id: fc.nat(9),
    preserve: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("polygon" as const),
    points: fc.array(point, { minLength: 3, maxLength: 8 }),
    id: fc.integer({ min: 1, max: 0xffffffff }),
  }),
  fc.record({ kind: fc.constant("rectangle" as const), a: point, b: point, id: fc.nat(5) }),
  fc.record({ kind: fc.constant("fill" as const), at: point, id: fc.nat(9) }),
  fc.record({ kind: fc.constant("clear" as const) }),
);

function doEdit(raster: LabelRaster, step: typeof edit extends fc.Arbitrary<infer T> ? T : never) {
  const work = startEdit(raster);
  const paint =
    (id: number, preserve = false) =>
    (y: number, x0: number, x1: number) =>
      work.paintRun(0, y, x0, x1, id, preserve ? (old) => old === 0 : undefined);
  if (step.kind === "stroke") runStroke(step.a, step.b, step.radius, whole, paint(step.id, step.preserve));
  if (step.kind === "polygon") runPolygon(step.points, whole, paint(step.id));
  if (step.kind === "rectangle") runRectangle(step.a, step.b, whole, paint(step.id));
  if (step.kind === "fill") runFlood(raster, 0, Math.floor(step.at.x), Math.floor(step.at.y), whole, paint(step.id));
  if (step.kind === "clear") for (let y = 0; y < height; y++) work.paintRun(0, y, 0, width, 0);
  return work.end();
}

describe("label raster", () => {
  test("100 random edits are undone byte for byte, and redone byte for byte (E2)", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 100, maxLength: 110 }), (steps) => {
        const raster = createLabelRaster(width, height);
        const history = createHistory();
        const states = [readLabels(raster, 0, whole)];
        for (const step of steps) {
          const change = doEdit(raster, step);
          if (change.before.size === 0) continue;
          history.push({
            title: step.kind,
            bytes: 0,
            undo: () => applyTiles(raster, change.before),
            redo: () => applyTiles(raster, change.after),
          });
          states.push(readLabels(raster, 0, whole));
        }
        for (let i = states.length - 2; i >= 0; i--) {
          expect(history.undo()).toBe(true);
          expect(Buffer.compare(bytes(readLabels(raster, 0, whole)), bytes(states[i]!))).toBe(0);
        }
        expect(history.undo()).toBe(false);
        expect(raster.tiles.size).toBe(0);
        for (let i = 1; i < states.length; i++) history.redo();
        expect(Buffer.compare(bytes(readLabels(raster, 0, whole)), bytes(states.at(-1)!))).toBe(0);
      }),
      { numRuns: process.env["OVERTILE_LONG"] ? 50 : 4, seed: 5 },
    );
  });

  test("a history keeps 100 steps, however much memory they take", () => {
    const history = createHistory({ limit: 500, limitBytes: 1000 });
    for (let i = 0; i < 300; i++) history.push({ title: String(i), bytes: 100, undo: () => {}, redo: () => {} });
    let undone = 0;
    while (history.undo()) undone++;
    expect(undone).toBe(100);
  });

  test("what is written is what is read, in any box", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 300 }), fc.nat(1000), (w, h, seed) => {
        const data = Uint32Array.from({ length: w * h }, (_, i) => (((i * 2654435761 + seed) >>> 0) % 3 === 0 ? (i * 40503) >>> 0 : 0));
        const raster = createLabelRaster(w, h, 2);
        writeLabels(raster, 1, data);
        const box = { y0: -3, x0: -2, y1: h + 2, x1: w + 5 };
        const read = readLabels(raster, 1, box);
        for (let i = 0; i < 50; i++) {
          const x = (i * 37) % w;
          const y = (i * 17) % h;
          expect(read[(y + 3) * (w + 7) + x + 2]).toBe(data[y * w + x]);
          expect(labelAt(raster, 1, y, x)).toBe(data[y * w + x]);
          expect(labelAt(raster, 0, y, x)).toBe(0);
        }
      }),
      { numRuns: 20, seed: 1 },
    );
  });
});

describe("objects of a plane", () => {
  test("are those of the whole plane, counted without it", () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), (steps) => {
        const raster = createLabelRaster(width, height);
        for (const step of steps) doEdit(raster, step);
        const all = listObjects({ width, height, data: readLabels(raster, 0, whole) });
        const wanted = all.filter(({ id }) => id !== ignoreId).sort((a, b) => a.id - b.id);
        expect(listPlaneObjects(raster, 0)).toEqual(wanted);
        expect(listPlaneObjects(raster, 1)).toEqual([]);
      }),
      { numRuns: 30, seed: 5 },
    );
  });
});

describe("objects in boxes", () => {
  test("are those with a pixel in one of them", () => {
    const box = fc.record({
      y0: fc.nat(200),
      x0: fc.nat(250),
      height: fc.integer({ min: 1, max: 90 }),
      width: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 12 }), fc.array(box, { maxLength: 3 }), (steps, cuts) => {
        const raster = createLabelRaster(width, height);
        for (const step of steps) doEdit(raster, step);
        const boxes = cuts.map(({ y0, x0, height: h, width: w }) => ({
          y0,
          x0,
          y1: Math.min(height, y0 + h),
          x1: Math.min(width, x0 + w),
        }));
        const idsIn = (box: Box): number[] => [...readLabels(raster, 0, box)].filter((id) => id !== 0 && id !== ignoreId);
        const wanted = { inside: new Set(boxes.flatMap(idsIn)).size, all: new Set(idsIn(whole)).size };
        expect(countObjectsIn(raster, 0, boxes)).toEqual(wanted);
      }),
      { numRuns: 30, seed: 7 },
    );
  });
});

describe("shapes", () => {
  test("a stroke marks the pixels whose centres lie within its radius", () => {
    fc.assert(
      fc.property(point, point, fc.double({ min: 0.7, max: 25, noNaN: true }), (a, b, radius) => {
        const raster = createLabelRaster(width, height);
        doEdit(raster, { kind: "stroke", a, b, radius, id: 1, preserve: false });
        for (let y = 0; y < height; y += 3) {
          for (let x = 0; x < width; x += 3) {
            const distance = distanceToSegment({ x: x + 0.5, y: y + 0.5 }, a, b);
            if (Math.abs(distance - radius) < 1e-6 || (x === Math.floor(b.x) && y === Math.floor(b.y))) continue;
            expect([x, y, labelAt(raster, 0, y, x)]).toEqual([x, y, distance < radius ? 1 : 0]);
          }
        }
      }),
      { numRuns: 15, seed: 2 },
    );
  });

  test("a polygon marks the pixels whose centres lie inside by the even-odd rule, however it crosses itself", () => {
    fc.assert(
      fc.property(fc.array(point, { minLength: 3, maxLength: 9 }), (points) => {
        const raster = createLabelRaster(width, height);
        doEdit(raster, { kind: "polygon", points, id: 7 });
        for (let y = 0; y < height; y += 4)
          for (let x = 0; x < width; x += 4) expect(labelAt(raster, 0, y, x) === 7).toBe(isInside(points, x + 0.5, y + 0.5));
      }),
      { numRuns: 30, seed: 3 },
    );
  });

  test("annotations far outside the image change nothing and take no time", () => {
    const raster = createLabelRaster(width, height);
    const far = [
      { x: -1e9, y: -1e9 },
      { x: -1e9 + 10, y: -1e9 },
      { x: -1e9, y: -1e9 + 10 },
    ];
    const started = performance.now();
    expect(doEdit(raster, { kind: "polygon", points: far, id: 3 }).before.size).toBe(0);
    expect(doEdit(raster, { kind: "stroke", a: far[0]!, b: far[1]!, radius: 20, id: 3, preserve: false }).before.size).toBe(0);
    expect(performance.now() - started).toBeLessThan(200);
  });

  test("fill marks the 4-connected pixels of the same id", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { minLength: 24 * 20, maxLength: 24 * 20 }), fc.nat(23), fc.nat(19), (values, x, y) => {
        const data = Uint32Array.from(values);
        const raster = createLabelRaster(24, 20);
        writeLabels(raster, 0, data);
        const box = { y0: 0, x0: 0, y1: 20, x1: 24 };
        const work = startEdit(raster);
        runFlood(raster, 0, x, y, box, (row, x0, x1) => work.paintRun(0, row, x0, x1, 9));
        work.end();
        const same = labelComponents({ height: 20, width: 24, data: data.map((id) => (id === data[y * 24 + x] ? 1 : 0)) });
        const filled = readLabels(raster, 0, box);
        for (let i = 0; i < data.length; i++) expect(filled[i] === 9).toBe(same.data[i] === same.data[y * 24 + x]);
      }),
      { numRuns: 60, seed: 4 },
    );
  });
});

describe("objects", () => {
  test("the pieces of a split are 4-connected, lose no pixel and touch no other object", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -10, max: 50, noNaN: true }),
        fc.double({ min: -10, max: 50, noNaN: true }),
        fc.double({ min: -10, max: 50, noNaN: true }),
        (x0, x1, y1) => {
          const ids = Uint32Array.from({ length: 40 * 40 }, (_, i) =>
            Math.hypot((i % 40) - 20, Math.floor(i / 40) - 20) < 15 ? 5 : i % 7 === 0 ? 6 : 0,
          );
          const { pieces, count } = splitObject(ids, 40, 40, 5, { x: x0, y: -5 }, { x: x1, y: y1 });
          for (let i = 0; i < ids.length; i++) expect(pieces[i]! > 0).toBe(ids[i] === 5);
          for (let piece = 1; piece <= count; piece++) {
            const parts = labelComponents({ height: 40, width: 40, data: pieces.map((one) => (one === piece ? 1 : 0)) });
            expect(Math.max(...parts.data)).toBe(1);
          }
        },
      ),
      { numRuns: 60, seed: 6 },
    );
  });

  test("neighbouring numbers have colours that are told apart, and a number keeps its colour", () => {
    for (let id = 1; id < 2000; id++) {
      const [a, b] = [labelColor(id), labelColor(id + 1)];
      expect(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])).toBeGreaterThan(60);
      expect(labelColor(id)).toEqual(a);
    }
  });
});

function bytes(data: Uint32Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function distanceToSegment(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / length));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

function isInside(points: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [a, b] = [points[i]!, points[j]!];
    if (a.y > y !== b.y > y && x < ((b.x - a.x) * (y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  }
  return inside;
}
