// The layers of an image as steps of the history: added, moved, deleted. Results add layers of their own between the steps, so
// undo never sets a whole list back; it acts on the one layer in the list as it is.

import { batch } from "@preact/signals-core";
import type { ImageEntry } from "./image-entry.ts";
import type { LabelLayer } from "./label-layer.ts";
import type { Workspace } from "./workspace.ts";

/** Makes a step of a layer that was just put into the list. */
export function rememberLayer(workspace: Workspace, entry: ImageEntry, layer: LabelLayer): void {
  let putBack = (): void => {};
  workspace.history.push({
    title: "new layer",
    bytes: 256,
    image: entry,
    undo() {
      putBack = takeOut(entry, layer);
    },
    redo: () => putBack(),
  });
}

/** Deletes a layer; another one becomes active. */
export function deleteLayer(workspace: Workspace, entry: ImageEntry, layer: LabelLayer): void {
  let putBack = takeOut(entry, layer);
  workspace.history.push({
    title: "delete layer",
    bytes: layer.raster.tiles.size * 2 ** 18,
    image: entry,
    undo: () => putBack(),
    redo() {
      putBack = takeOut(entry, layer);
    },
  });
}

/** Moves a layer up (-1) or down (1); at the end of the list nothing happens. */
export function moveLayer(workspace: Workspace, entry: ImageEntry, layer: LabelLayer, step: number): void {
  const shift = (by: number): void => {
    const layers = entry.layers.value;
    const at = layers.indexOf(layer);
    entry.layers.value = layers.toSpliced(at, 1).toSpliced(at + by, 0, layer);
  };
  const { length } = entry.layers.value;
  const to = entry.layers.value.indexOf(layer) + step;
  if (to < 0 || to >= length) return;
  shift(step);
  workspace.history.push({ title: "move layer", bytes: 256, image: entry, undo: () => shift(-step), redo: () => shift(step) });
}

// Returns what puts the layer back where it was.
function takeOut(entry: ImageEntry, layer: LabelLayer): () => void {
  const at = entry.layers.value.indexOf(layer);
  batch(() => {
    entry.layers.value = entry.layers.value.filter((other) => other !== layer);
    if (entry.activeLayer.value === layer) entry.activeLayer.value = entry.layers.value[0];
  });
  return () =>
    batch(() => {
      entry.layers.value = entry.layers.value.toSpliced(at, 0, layer);
      entry.activeLayer.value = layer;
    });
}
