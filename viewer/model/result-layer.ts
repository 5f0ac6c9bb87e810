// Layers of results: of each model and image the last one, which takes the place of the one before as a step of the history. A
// layer that the user has given a name is his own: it stays, and the next result makes a new one.

import { batch } from "@preact/signals-core";
import type { Pixels } from "../../plugin/contract.ts";
import { type TileChange, writeLabels } from "../labels/label-raster.ts";
import type { ImageEntry } from "./image-entry.ts";
import { createLabelLayer, type LabelKind, type LabelLayer } from "./label-layer.ts";

/** What is known of where a result comes from. */
export interface ResultOrigin {
  readonly kind: Exclude<LabelKind, "annotation">;
  /** The model's name, with or without its version; undefined where it is not told. */
  readonly model: string | undefined;
}

/** The layer for a model's result on this image: the one of its last result, or a new one on top. */
export function takeResultLayer(entry: ImageEntry, { kind, model }: ResultOrigin): LabelLayer {
  const madeBy = model === undefined ? undefined : nameOf(model);
  const known = madeBy === undefined ? undefined : findResult(entry, { kind, model: madeBy });
  if (known) return known;
  const { width, height, sizeZ, sizeT } = entry.source;
  const layer = createLabelLayer({ width, height, planes: sizeZ * sizeT }, freeName(entry, kind), kind);
  layer.madeBy.value = madeBy;
  entry.layers.value = [layer, ...entry.layers.peek()];
  return layer;
}

/** The layer of that model's last result; undefined where there is none. */
export function findResult(entry: ImageEntry, { kind, model }: ResultOrigin): LabelLayer | undefined {
  const madeBy = model === undefined ? undefined : nameOf(model);
  return entry.layers.peek().find((layer) => layer.kind === kind && madeBy !== undefined && layer.madeBy.peek() === madeBy);
}

/** Shows a result that has just come in, and hides the others of its kind: none of them may be taken for it. */
export function showResultLayer(entry: ImageEntry, layer: LabelLayer): void {
  batch(() => {
    for (const other of entry.layers.peek()) if (other !== layer && other.kind === layer.kind) other.visible.value = false;
    layer.visible.value = true;
    layer.selected.value = [];
    entry.activeLayer.value = layer;
  });
}

/** The plane that a result of one plane is of: as its maker says, else the one in sight. */
export function planeOfResult({ planeIndex, source: { sizeZ } }: ImageEntry, words: string | undefined): number {
  if (words === undefined) return planeIndex.peek();
  const at = (axis: string): number => Number(new RegExp(`${axis}\\s*=\\s*(\\d+)`).exec(words)?.[1] ?? 0);
  return at("t") * sizeZ + at("z");
}

/** Notes why a plane's result holds nothing, or that it holds something; plane undefined: of all planes. */
export function noteNothing({ nothing, raster }: LabelLayer, plane: number | undefined, text: string | undefined): void {
  const told = new Map(nothing.peek());
  for (const one of plane === undefined ? Array.from({ length: raster.planes }, (_, i) => i) : [plane]) {
    if (text === undefined) told.delete(one);
    else told.set(one, text);
  }
  nothing.value = told;
}

/** Writes a result of one plane, or of all. */
export function writeResult({ raster }: LabelLayer, plane: number, { data }: Pixels): TileChange {
  const size = raster.width * raster.height;
  const count = Math.floor(data.length / size);
  if (count === 1) return writeLabels(raster, plane, data);
  const changes = Array.from({ length: Math.min(count, raster.planes) }, (_, i) =>
    writeLabels(raster, i, data.subarray(i * size, (i + 1) * size)),
  );
  return {
    before: new Map(changes.flatMap(({ before }) => [...before])),
    after: new Map(changes.flatMap(({ after }) => [...after])),
  };
}

function nameOf(model: string): string {
  return model.replace(/@\d+$/, "");
}

function freeName(entry: ImageEntry, kind: LabelKind): string {
  const base = kind === "classes" ? "Classes" : "Prediction";
  const names = entry.layers.peek().map(({ name }) => name.peek());
  if (!names.includes(base)) return base;
  let n = 2;
  while (names.includes(`${base} ${n}`)) n++;
  return `${base} ${n}`;
}
