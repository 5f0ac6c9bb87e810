// Draws a layer of labels into the map, on a canvas of its own: fillings from the id, outlines 1.5 px wide at any zoom,
// selected objects framed in white. Only tiles in sight are drawn.

import Layer from "ol/layer/Layer.js";
import type { FrameState } from "ol/Map.js";
import { fromHex, labelColor, type Rgb } from "../labels/label-color.ts";
import { isMark, type LabelRaster, type TileKey, tileSide } from "../labels/label-raster.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawSelected, drawTile } from "./draw-tile.ts";
import { createFrameCanvas, type Frame } from "./frame.ts";
import { createLabelTileCache, type LabelStyle, type LabelTileCache } from "./label-tile.ts";

/** The map layer that shows `layer` of `entry`. Call `changed()` on it when something of it has changed. */
export function createLabelView(workspace: Workspace, entry: ImageEntry, layer: LabelLayer): Layer {
  const caches = new WeakMap<LabelRaster, LabelTileCache>();
  const cacheOf = (raster: LabelRaster): LabelTileCache => {
    const known = caches.get(raster) ?? createLabelTileCache(raster);
    caches.set(raster, known);
    return known;
  };
  const canvas = createFrameCanvas();
  return new Layer({
    render(frameState: FrameState | null) {
      if (!frameState) return canvas.element;
      const frame = canvas.begin(frameState);
      if (layer.visible.peek() && !workspace.peeking.peek()) {
        const raster = (workspace.showsBefore.peek() && layer.previous.peek()) || layer.raster;
        drawLabels(frame, workspace, { entry, layer, raster }, cacheOf(raster));
      }
      return canvas.element;
    },
  });
}

/** The colour of an id in a layer: of its class where there are several, else of its own. */
export function layerColor(workspace: Workspace, layer: LabelLayer): (id: number) => Rgb {
  const classes = workspace.classes.peek();
  const colors = classes.map(({ color }) => fromHex(color));
  if (layer.kind === "classes") return (id) => (isMark(id) ? labelColor(id) : (colors[id - 1] ?? labelColor(id)));
  const classOf = layer.classOf.peek();
  if (classes.length < 2) return labelColor;
  return (id) => (isMark(id) ? labelColor(id) : (colors[(classOf.get(id) ?? 1) - 1] ?? labelColor(id)));
}

function labelStyle(workspace: Workspace, layer: LabelLayer): LabelStyle {
  const classes = workspace.classes.peek();
  return {
    key:
      layer.kind === "classes" || classes.length > 1
        ? `${classes.map(({ color }) => color).join()}/${identityOf(layer.classOf.peek())}`
        : "",
    color: layerColor(workspace, layer),
    opacity: layer.opacity.peek(),
    outlinesOnly: layer.outlinesOnly.peek(),
  };
}

const identities = new WeakMap<object, number>();
let lastIdentity = 0;

function identityOf(value: object): number {
  const known = identities.get(value);
  if (known !== undefined) return known;
  identities.set(value, ++lastIdentity);
  return lastIdentity;
}

interface Shown {
  readonly entry: ImageEntry;
  readonly layer: LabelLayer;
  /** The layer's own labels, or those before. */
  readonly raster: LabelRaster;
}

function drawLabels(frame: Frame, workspace: Workspace, { entry, layer, raster }: Shown, cache: LabelTileCache): void {
  const plane = entry.planeIndex.peek();
  const { context, scale } = frame;
  const style = labelStyle(workspace, layer);
  const selected = new Set(entry.activeLayer.peek() === layer && raster === layer.raster ? layer.selected.peek() : []);
  const factor = scale >= 1 ? 1 : Math.min(tileSide, 2 ** Math.ceil(Math.log2(1 / scale)));
  context.imageSmoothingEnabled = false;
  atTiles(frame, raster, plane, (key) => {
    if (factor > 1) context.drawImage(cache.reduced(key, factor, style), 0, 0, tileSide, tileSide);
    else drawTile(context, cache.detailed(key, style), style, scale);
  });
  if (selected.size === 0) return;
  // After all fillings, which would cover a frame at a tile's edge.
  atTiles(frame, raster, plane, (key, tile) => {
    if ([...selected].some((id) => tile.includes(id))) drawSelected(context, cache.detailed(key, style), selected, scale);
  });
}

/** Calls `draw` for each tile in sight, with the context's origin at its corner. */
function atTiles(
  { context, box }: Frame,
  { rows, columns, width, height, tiles }: LabelRaster,
  plane: number,
  draw: (key: TileKey, tile: Uint32Array) => void,
): void {
  for (let row = Math.max(0, Math.floor(box.y0 / tileSide)); row * tileSide < Math.min(box.y1, height); row++) {
    for (let column = Math.max(0, Math.floor(box.x0 / tileSide)); column * tileSide < Math.min(box.x1, width); column++) {
      const key = (plane * rows + row) * columns + column;
      const tile = tiles.get(key);
      if (!tile) continue;
      context.save();
      context.translate(column * tileSide, row * tileSide);
      draw(key, tile);
      context.restore();
    }
  }
}
