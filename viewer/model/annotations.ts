// What is corrected in a prediction is learnt, too: each object that a step changes there is copied into the annotations, as a
// part of the same step. What was drawn by hand is never dropped by that: a copy takes the place of the same object alone (two that
// share more than half of their pixels together), it grows around a part of it, and over several that were drawn it is left out.

import { batch } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { Change } from "../labels/history.ts";
import {
  applyTiles,
  backgroundId,
  isMark,
  type LabelEdit,
  type LabelRaster,
  labelAt,
  startEdit,
  type TileChange,
  tilePosition,
} from "../labels/label-raster.ts";
import { listPlaneObjects } from "../labels/plane-objects.ts";
import { largestId, objectsOfTile } from "../labels/tile-objects.ts";
import type { ImageEntry } from "./image-entry.ts";
import { createLabelLayer, type LabelLayer } from "./label-layer.ts";

/** Part of a step: what else is taken back and made again with it. */
export type StepPart = Pick<Change, "undo" | "redo" | "bytes">;

/** The annotations that drawing and copies go to: the topmost layer of these. */
export function annotationsOf({ layers }: Pick<ImageEntry, "layers">): LabelLayer | undefined {
  return layers.value.find(({ kind }) => kind === "annotation");
}

/** The boxes of all annotations of an image, those of the topmost layer first. */
export function annotatedBoxes({ layers }: Pick<ImageEntry, "layers">): readonly Box[] {
  return layers.value.flatMap((layer) => (layer.kind === "annotation" ? layer.regions.value : []));
}

interface Merged {
  /** The layers with their states, to tell whether these are still the same. */
  readonly of: readonly unknown[];
  readonly layer: LabelLayer;
}
const merged = new WeakMap<object, Merged>();

/**
 * All annotations of an image as one layer: the layer itself where there is one, else a new one with the boxes of all, in which an
 * upper layer lies over those below it. It is learnt from and exported, never drawn into.
 */
export function allAnnotations(entry: Pick<ImageEntry, "layers">): LabelLayer | undefined {
  const layers = entry.layers.value.filter(({ kind }) => kind === "annotation");
  const of = layers.flatMap((layer) => [layer, layer.version.value, layer.classOf.value, layer.regions.value]);
  if (layers.length < 2) return layers[0];
  const known = merged.get(entry.layers);
  if (known && known.of.length === of.length && of.every((one, i) => one === known.of[i])) return known.layer;
  const layer = mergeLayers(layers);
  merged.set(entry.layers, { of, layer });
  return layer;
}

function mergeLayers(layers: readonly LabelLayer[]): LabelLayer {
  const { raster, name } = layers[0]!;
  const all = createLabelLayer(raster, name.peek(), "annotation");
  const classes = new Map<number, number>();
  for (const layer of layers.toReversed()) {
    const before = largestId(all.raster);
    for (const [key, tile] of layer.raster.tiles) {
      const out = all.raster.tiles.get(key) ?? new Uint32Array(tile.length);
      for (let i = 0; i < tile.length; i++) if (tile[i] !== 0) out[i] = isMark(tile[i]!) ? tile[i]! : before + tile[i]!;
      applyTiles(all.raster, new Map([[key, out]]));
    }
    for (const [id, kind] of layer.classOf.peek()) classes.set(before + id, kind);
  }
  all.classOf.value = classes;
  all.regions.value = layers.flatMap(({ regions }) => regions.peek());
  return all;
}

/** A part of a step that copied so many objects. */
interface CopyPart extends StepPart {
  readonly count: number;
}

/** From a prediction to the annotations. */
export interface Copying {
  readonly from: LabelLayer;
  readonly to: LabelLayer;
  readonly plane: number;
  /** True: also an object that was drawn is replaced by its copy. */
  readonly replaces: boolean;
}

/** Copies what a step has changed on a prediction's plane: its objects and its marks. Undefined where that changes nothing. */
export function copyChanged(from: LabelLayer, to: LabelLayer, change: TileChange): StepPart | undefined {
  const { ids, marked, regained } = readChange(from.raster, change);
  const plane = tilePosition(from.raster, change.before.keys().next().value!).plane;
  return copy({ from, to, plane, replaces: true }, ids, (edit) => {
    for (const [y, x, mark] of regained) edit.paintRun(plane, y, x, x + 1, 0, (present) => present === mark);
    for (const [y, x, mark] of marked) edit.paintRun(plane, y, x, x + 1, mark);
  });
}

/** Copies objects of a prediction as they are, and counts those that were copied. Undefined where nothing is. */
export function copyObjects(copying: Copying, ids: Iterable<number>): CopyPart | undefined {
  return copy(copying, ids);
}

function copy(
  { from, to, plane, replaces }: Copying,
  ids: Iterable<number>,
  more: (edit: LabelEdit) => void = () => {},
): CopyPart | undefined {
  const classes = new Map(to.classOf.peek());
  const areas = new Map(listPlaneObjects(to.raster, plane).map(({ id, areaPx }) => [id, areaPx]));
  const edit = startEdit(to.raster);
  let next = largestId(to.raster) + 1;
  let count = 0;
  for (const id of ids) {
    const runs = runsOf(from.raster, plane, id);
    const place = findPlace(to.raster, plane, runs, areas);
    if (runs.length === 0 || place.kind === "taken" || (place.kind !== "free" && !replaces)) continue;
    const own = place.kind === "free" ? next++ : place.id;
    count++;
    if (place.kind === "same")
      for (const [y, x0, x1] of runsOf(to.raster, plane, own)) edit.paintRun(plane, y, x0, x1, 0, (one) => one === own);
    for (const [y, x0, x1] of runs)
      edit.paintRun(plane, y, x0, x1, own, (present) => present === 0 || (replaces && present === backgroundId));
    const kind = from.classOf.peek().get(id);
    if (kind === undefined) classes.delete(own);
    else classes.set(own, kind);
  }
  more(edit);
  const part = endPart(to, edit, classes);
  return part && { ...part, count };
}

/** Writes into a layer. Returns undefined where that changes nothing. */
export function changePixels(layer: LabelLayer, write: (edit: LabelEdit) => void): StepPart | undefined {
  const edit = startEdit(layer.raster);
  write(edit);
  return endPart(layer, edit, layer.classOf.peek());
}

function endPart(layer: LabelLayer, edit: LabelEdit, classes: ReadonlyMap<number, number>): StepPart | undefined {
  const change = edit.end();
  const classesBefore = layer.classOf.peek();
  const isSame = classes.size === classesBefore.size && [...classes].every(([id, kind]) => classesBefore.get(id) === kind);
  if (change.before.size === 0 && isSame) return undefined;
  const put = (tiles: TileChange["before"], numbers: ReadonlyMap<number, number>): void =>
    batch(() => {
      applyTiles(layer.raster, tiles);
      layer.classOf.value = numbers;
      layer.version.value++;
    });
  put(new Map(), isSame ? classesBefore : classes);
  const bytes = change.before.size * 2 ** 18;
  return { bytes, undo: () => put(change.before, classesBefore), redo: () => put(change.after, classes) };
}

interface Changed {
  /** Objects that gained or lost pixels. */
  readonly ids: ReadonlySet<number>;
  /** Pixels that were marked, and those whose mark is gone. */
  readonly marked: readonly MarkedPixel[];
  readonly regained: readonly MarkedPixel[];
}

type MarkedPixel = readonly [y: number, x: number, mark: number];

function readChange(raster: LabelRaster, { before, after }: TileChange): Changed {
  const ids = new Set<number>();
  const marked: MarkedPixel[] = [];
  const regained: MarkedPixel[] = [];
  for (const [key, old] of before) {
    const now = after.get(key);
    const { row, column } = tilePosition(raster, key);
    for (let i = 0; i < 2 ** 16; i++) {
      const [a, b] = [old?.[i] ?? 0, now?.[i] ?? 0];
      if (a === b) continue;
      for (const id of [a, b]) if (id !== 0 && !isMark(id)) ids.add(id);
      const [y, x] = [(row << 8) + (i >> 8), (column << 8) + (i & 255)];
      if (isMark(b)) marked.push([y, x, b]);
      else if (isMark(a)) regained.push([y, x, a]);
    }
  }
  return { ids, marked, regained };
}

type Run = readonly [y: number, x0: number, x1: number];

/** The pixels of an object of a plane. */
export function runsOf(raster: LabelRaster, plane: number, id: number): Run[] {
  const runs: Run[] = [];
  for (const [key, tile] of raster.tiles) {
    const at = tilePosition(raster, key);
    const part = at.plane === plane ? objectsOfTile(raster, key).get(id) : undefined;
    for (let y = part?.y0 ?? 0; part && y < part.y1; y++) {
      for (let x = part.x0; x < part.x1; x++) {
        if (tile[(y << 8) | x] !== id) continue;
        const start = x;
        while (x < part.x1 && tile[(y << 8) | x] === id) x++;
        runs.push([(at.row << 8) + y, (at.column << 8) + start, (at.column << 8) + x]);
      }
    }
  }
  return runs;
}

/**
 * Where a copy may go: to pixels that are free, in place of the same object, around a part of it that was drawn, or nowhere, since
 * other objects were drawn there.
 */
type Place = { readonly kind: "free" } | { readonly kind: "taken" } | { readonly kind: "same" | "part"; readonly id: number };

function findPlace(raster: LabelRaster, plane: number, runs: readonly Run[], areas: ReadonlyMap<number, number>): Place {
  const shared = new Map<number, number>();
  let area = 0;
  for (const [y, x0, x1] of runs) {
    area += x1 - x0;
    for (let x = x0; x < x1; x++) {
      const id = labelAt(raster, plane, y, x);
      if (id !== 0 && !isMark(id)) shared.set(id, (shared.get(id) ?? 0) + 1);
    }
  }
  const areaOf = (id: number): number => areas.get(id) ?? 0;
  for (const [id, both] of shared) if (both >= (areaOf(id) + area - both) / 2) return { kind: "same", id };
  const inside = [...shared].filter(([id, both]) => both >= areaOf(id) / 2);
  if (inside.length === 1 && shared.size === 1) return { kind: "part", id: inside[0]![0] };
  const covered = [...shared.values()].reduce((sum, one) => sum + one, 0);
  return covered >= area / 2 || inside.length > 0 ? { kind: "taken" } : { kind: "free" };
}
