// Undo over several images, layers and planes against a plain model: a list of what was done, and the state that one gets by
// doing it from the start.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readLabels } from "../../viewer/labels/label-raster.ts";
import { drawRectangle } from "../../viewer/model/draw.ts";
import { editOnce, editTarget } from "../../viewer/model/edit-step.ts";
import { walkHistory } from "../../viewer/model/walk-history.ts";
import type { Workspace } from "../../viewer/model/workspace.ts";
import { createDrawing, openEntry } from "./make-drawing.ts";

const [width, height] = [24, 18];

interface PlainLayer {
  name: string;
  readonly planes: Uint32Array[];
  classOf: Map<number, number>;
}

interface State {
  classes: string[];
  readonly images: { readonly layers: PlainLayer[] }[];
}

/** Something done: on an image, or on what all images share. `act` returns false where nothing changes. */
interface Done {
  readonly image: number | undefined;
  readonly plane: number | undefined;
  readonly act: (state: State) => boolean;
}

const planesOf = [1, 3, 2];

class Model {
  done: (Done & { readonly at: number })[] = [];
  undone: (Done & { readonly at: number })[] = [];
  current = 0;
  count = 0;

  state(): State {
    const images = planesOf.map((planes) => ({ layers: [freshLayer("Annotations", planes)] }));
    const state: State = { classes: ["cell"], images };
    for (const { act } of this.done.toSorted((a, b) => a.at - b.at)) act(state);
    return state;
  }

  add(one: Done): void {
    if (!one.act(this.state())) return;
    this.done.push({ ...one, at: this.count++ });
    const lost = this.undone.filter(({ image }) => one.image === undefined || image === undefined || image === one.image);
    const shared = Math.min(...lost.filter(({ image }) => image === undefined).map(({ at }) => at));
    this.undone = this.undone.filter((other) => !lost.includes(other) && other.at < shared);
  }

  /** What the next undo or redo is about, and what comes first where another image has something. */
  next(way: "undo" | "redo"): { one: Done & { at: number }; first: Done | undefined } | undefined {
    const list = (way === "undo" ? this.done : this.undone).toSorted((a, b) => (way === "undo" ? b.at - a.at : a.at - b.at));
    const one = list.find(({ image }) => image === undefined || image === this.current);
    return one && { one, first: one.image === undefined && one !== list[0] ? list[0] : undefined };
  }

  walk(way: "undo" | "redo", one: Done & { at: number }): void {
    const [from, to] = way === "undo" ? (["done", "undone"] as const) : (["undone", "done"] as const);
    this[from] = this[from].filter((other) => other !== one);
    this[to] = [...this[to], one];
  }
}

function freshLayer(name: string, planes: number): PlainLayer {
  return { name, planes: Array.from({ length: planes }, () => new Uint32Array(width * height)), classOf: new Map() };
}

function paint(layer: PlainLayer, plane: number, { x, y, w, h }: Box, value: "new" | 0, kind: number): boolean {
  const id = value === 0 ? 0 : Math.max(0, ...layer.planes.map((pixels) => pixels.reduce((most, one) => Math.max(most, one), 0))) + 1;
  let changed = false;
  for (let row = y; row < Math.min(height, y + h); row++)
    for (let column = x; column < Math.min(width, x + w); column++) {
      const i = row * width + column;
      changed ||= layer.planes[plane]![i] !== id;
      layer.planes[plane]![i] = id;
    }
  if (!changed) return false;
  layer.classOf = new Map([...layer.classOf].filter(([one]) => layer.planes.some((pixels) => pixels.includes(one))));
  if (kind > 1) layer.classOf.set(id, kind);
  return true;
}

/** What the viewer holds, in the model's form. */
function readState({ images, classes }: Workspace): State {
  return {
    classes: classes.value.map(({ name }) => name),
    images: images.value.map(({ layers }) => ({
      layers: layers.value.map(({ name, raster, classOf }) => ({
        name: name.value,
        planes: Array.from({ length: raster.planes }, (_, plane) => readLabels(raster, plane, { y0: 0, x0: 0, y1: height, x1: width })),
        classOf: new Map([...classOf.value].sort(([a], [b]) => a - b)),
      })),
    })),
  };
}

function createReal() {
  const drawing = createDrawing(width, height);
  const { workspace } = drawing;
  workspace.images.value = [];
  const entries = planesOf.map((planes, i) => openEntry(workspace, `image ${i}`, width, height, planes));
  workspace.current.value = entries[0];
  const view = { sight: { value: undefined }, centreOn() {} };
  const select = (entry: (typeof entries)[number]): void => {
    workspace.current.value = entry;
  };
  return { ...drawing, entries, walk: (way: "undo" | "redo") => walkHistory(workspace, way, { view, select }) };
}

type Real = ReturnType<typeof createReal>;
interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

const layersOf = (model: Model): PlainLayer[] => model.state().images[model.current]!.layers;

// biome-ignore format: one command a line
const box = fc.record({ x: fc.nat(width - 1), y: fc.nat(height - 1), w: fc.integer({ min: 1, max: 12 }), h: fc.integer({ min: 1, max: 12 }) });

function drawing(kind: "rectangle" | "erase", n: number, z: number, where: Box): fc.AsyncCommand<Model, Real> {
  return {
    check: (model) => layersOf(model).length > 0,
    async run(model, { workspace, entries }) {
      const { classes, images } = model.state();
      const [image, plane] = [model.current, z % planesOf[model.current]!];
      const layer = n % images[image]!.layers.length;
      const number = (n % classes.length) + 1;
      const { x, y, w, h } = where;
      entries[image]!.plane.value = { z: plane, t: 0 };
      entries[image]!.activeLayer.value = entries[image]!.layers.value[layer];
      workspace.currentClass.value = number;
      const target = editTarget(workspace)!;
      if (kind === "rectangle") drawRectangle(workspace, target, { x, y }, { x: x + w, y: y + h });
      else
        editOnce(workspace, target, "erase", 0, (edit) => {
          for (let row = y; row < Math.min(height, y + h); row++) edit.paintRun(plane, row, x, x + w, 0);
        });
      model.add({
        image,
        plane,
        act: (state) =>
          paint(state.images[image]!.layers[layer]!, plane, where, kind === "erase" ? 0 : "new", kind === "erase" ? 1 : number),
      });
      compare(model, workspace);
    },
    toString: () => `${kind}(${JSON.stringify(where)}, layer ${n}, z ${z})`,
  };
}

function layering(kind: "add" | "delete" | "rename", n: number): fc.AsyncCommand<Model, Real> {
  return {
    check: (model) => kind === "add" || layersOf(model).length > 0,
    async run(model, { workspace, entries, actions, answer }) {
      const image = model.current;
      const entry = entries[image]!;
      const count = layersOf(model).length;
      const layer = entry.layers.value[n % Math.max(1, count)]!;
      answer.name = `name ${n}`;
      if (kind === "add") actions.addLayer(entry);
      if (kind === "delete") actions.deleteLayer(entry, layer);
      if (kind === "rename") await actions.renameLayer(layer);
      model.add({
        image,
        plane: undefined,
        act({ images }) {
          const { layers } = images[image]!;
          if (kind === "add") layers.unshift(freshLayer(`Annotations ${layers.length + 1}`, planesOf[image]!));
          if (kind === "delete") layers.splice(n % count, 1);
          if (kind !== "rename") return true;
          const isNew = layers[n % count]!.name !== `name ${n}`;
          layers[n % count]!.name = `name ${n}`;
          return isNew;
        },
      });
      compare(model, workspace);
    },
    toString: () => `${kind} layer ${n}`,
  };
}

function classing(kind: "add" | "delete", n: number): fc.AsyncCommand<Model, Real> {
  return {
    check: (model) => (kind === "add" ? model.state().classes.length < 6 : model.state().classes.length > 1),
    async run(model, { workspace, actions, answer }) {
      answer.name = `class ${n} ${model.count}`;
      const name = answer.name;
      if (kind === "add") await actions.addClass();
      else actions.deleteClass();
      model.add({
        image: undefined,
        plane: undefined,
        act(state) {
          const last = state.classes.length;
          if (kind === "add") state.classes.push(name);
          else {
            state.classes.pop();
            for (const layer of state.images.flatMap(({ layers }) => layers))
              layer.classOf = new Map([...layer.classOf].filter(([, number]) => number !== last));
          }
          return true;
        },
      });
      compare(model, workspace);
    },
    toString: () => `${kind} class`,
  };
}

function look(image: number, z: number): fc.AsyncCommand<Model, Real> {
  return {
    check: () => true,
    async run(model, { workspace, entries }) {
      model.current = image;
      workspace.current.value = entries[image];
      entries[image]!.plane.value = { z: z % planesOf[image]!, t: 0 };
    },
    toString: () => `look at image ${image}, z ${z}`,
  };
}

function walking(way: "undo" | "redo"): fc.AsyncCommand<Model, Real> {
  return {
    check: () => true,
    async run(model, { workspace, entries, walk }) {
      const next = model.next(way);
      workspace.status.value = undefined;
      const title = workspace.history[`${way}Title`].value;
      expect(title === undefined).toBe(next === undefined);
      const planeBefore = entries[model.current]!.planeIndex.value;
      walk(way);
      if (next?.first) {
        model.current = next.first.image!;
        expect(workspace.status.value).toMatchObject({ text: expect.stringContaining(`on image ${model.current} comes first`) });
      } else if (next) model.walk(way, next.one);
      compare(model, workspace);
      const { planeIndex } = entries[model.current]!;
      // What has changed is in sight, and said where it was not.
      expect(workspace.current.value).toBe(entries[model.current]);
      if (next && !next.first && next.one.plane !== undefined) {
        expect(planeIndex.value).toBe(next.one.plane);
        expect(workspace.status.value !== undefined).toBe(planeBefore !== next.one.plane);
      }
    },
    toString: () => way,
  };
}

function compare(model: Model, workspace: Workspace): void {
  const wanted = model.state();
  for (const { layers } of wanted.images) for (const layer of layers) layer.classOf = new Map([...layer.classOf].sort(([a], [b]) => a - b));
  expect(readState(workspace)).toEqual(wanted);
}

describe("undo", () => {
  test("changes the image in sight alone, whatever was done on which image, layer and plane", () =>
    fc.assert(
      fc.asyncProperty(
        fc.commands(
          [
            fc.tuple(fc.constantFrom("rectangle" as const, "erase" as const), fc.nat(5), fc.nat(2), box).map((given) => drawing(...given)),
            fc.tuple(fc.constantFrom("add" as const, "delete" as const, "rename" as const), fc.nat(5)).map((given) => layering(...given)),
            fc.tuple(fc.constantFrom("add" as const, "delete" as const), fc.nat(9)).map((given) => classing(...given)),
            fc.tuple(fc.nat(2), fc.nat(2)).map(([image, z]) => look(image, z)),
            fc.constantFrom("undo" as const, "undo" as const, "redo" as const).map(walking),
          ],
          { maxCommands: 60, size: "max" },
        ),
        (commands) => fc.asyncModelRun(() => ({ model: new Model(), real: createReal() }), commands),
      ),
      { numRuns: process.env["OVERTILE_LONG"] ? 400 : 25, seed: 12 },
    ));

  test("of what is drawn on one image leaves it alone while another is in sight (Ctrl+Z after a click on B)", () => {
    const { workspace, entries, walk } = createReal();
    drawRectangle(workspace, editTarget(workspace)!, { x: 0, y: 0 }, { x: 5, y: 5 });
    workspace.current.value = entries[1];
    expect(workspace.history.undoTitle.value).toBeUndefined();
    walk("undo");
    expect(readState(workspace).images[0]!.layers[0]!.planes[0]!.includes(1)).toBe(true);
    workspace.current.value = entries[0];
    expect(workspace.history.undoTitle.value).toBe("rectangle");
    walk("undo");
    expect(readState(workspace).images[0]!.layers[0]!.planes[0]!.includes(1)).toBe(false);
  });

  test("shows a hidden layer that it changes", () => {
    const { workspace, entries, walk } = createReal();
    drawRectangle(workspace, editTarget(workspace)!, { x: 0, y: 0 }, { x: 5, y: 5 });
    const layer = entries[0]!.layers.value[0]!;
    layer.visible.value = false;
    walk("undo");
    expect(layer.visible.value).toBe(true);
  });
});
