// Draws a layer of labels into the map, on a canvas of its own: fillings from the id, outlines 1.5 px wide at any zoom,
// selected objects framed in white. Only tiles in sight are drawn.

import Layer from "ol/layer/Layer.js";
import type { FrameState } from "ol/Map.js";
import { fromHex, labelColor, type Rgb, toCss } from "../labels/label-color.ts";
import { ignoreId, tileSide } from "../labels/label-raster.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { createFrameCanvas, type Frame } from "./frame.ts";
import { createLabelTileCache, type LabelStyle, type LabelTileCache } from "./label-tile.ts";

/** The map layer that shows `layer` of `entry`. Call `changed()` on it when something of it has changed. */
export function createLabelView(workspace: Workspace, entry: ImageEntry, layer: LabelLayer): Layer {
  const cache = createLabelTileCache(layer.raster);
  const canvas = createFrameCanvas();
  return new Layer({
    render(frameState: FrameState | null) {
      if (!frameState) return canvas.element;
      const frame = canvas.begin(frameState);
      if (layer.visible.peek() && !workspace.peeking.peek()) drawLabels(frame, workspace, entry, layer, cache);
      return canvas.element;
    },
  });
}

/** The colour of an id in a layer: of its class where there are several, else of its own. */
export function layerColor(workspace: Workspace, layer: LabelLayer): (id: number) => Rgb {
  const classes = workspace.classes.peek();
  const colors = classes.map(({ color }) => fromHex(color));
  if (layer.kind === "classes") return (id) => (id === ignoreId ? labelColor(id) : (colors[id - 1] ?? labelColor(id)));
  const classOf = layer.classOf.peek();
  if (classes.length < 2) return labelColor;
  return (id) => (id === ignoreId ? labelColor(id) : (colors[(classOf.get(id) ?? 1) - 1] ?? labelColor(id)));
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

function drawLabels(frame: Frame, workspace: Workspace, entry: ImageEntry, layer: LabelLayer, cache: LabelTileCache): void {
  const plane = entry.planeIndex.peek();
  const { context, scale, box } = frame;
  const { raster } = layer;
  const style = labelStyle(workspace, layer);
  const selected = entry.activeLayer.peek() === layer ? layer.selected.peek() : [];
  const factor = scale >= 1 ? 1 : Math.min(tileSide, 2 ** Math.ceil(Math.log2(1 / scale)));
  context.imageSmoothingEnabled = false;
  for (let row = Math.max(0, Math.floor(box.y0 / tileSide)); row * tileSide < Math.min(box.y1, raster.height); row++) {
    for (let column = Math.max(0, Math.floor(box.x0 / tileSide)); column * tileSide < Math.min(box.x1, raster.width); column++) {
      const key = (plane * raster.rows + row) * raster.columns + column;
      if (!raster.tiles.has(key)) continue;
      context.save();
      context.translate(column * tileSide, row * tileSide);
      if (factor > 1) {
        context.drawImage(cache.reduced(key, factor, style), 0, 0, tileSide, tileSide);
      } else {
        const { fill, outlines } = cache.detailed(key, style);
        if (!style.outlinesOnly) {
          context.globalAlpha = style.opacity;
          context.drawImage(fill, 0, 0);
          context.globalAlpha = 1;
        }
        context.lineWidth = 1.5 / scale;
        context.lineCap = "square";
        for (const [id, path] of outlines) {
          context.strokeStyle = toCss(style.color(id));
          context.stroke(path);
        }
      }
      context.restore();
    }
  }
  if (selected.length > 0) drawSelected(frame, layer, plane, new Set(selected), cache, style);
}

function drawSelected(
  frame: Frame,
  layer: LabelLayer,
  plane: number,
  selected: ReadonlySet<number>,
  cache: LabelTileCache,
  style: LabelStyle,
): void {
  const { context, scale, box } = frame;
  const { raster } = layer;
  for (let row = Math.max(0, Math.floor(box.y0 / tileSide)); row * tileSide < Math.min(box.y1, raster.height); row++) {
    for (let column = Math.max(0, Math.floor(box.x0 / tileSide)); column * tileSide < Math.min(box.x1, raster.width); column++) {
      const key = (plane * raster.rows + row) * raster.columns + column;
      const tile = raster.tiles.get(key);
      if (!tile || ![...selected].some((id) => tile.includes(id))) continue;
      context.save();
      context.translate(column * tileSide, row * tileSide);
      for (const [id, path] of cache.detailed(key, style).outlines) {
        if (!selected.has(id)) continue;
        context.lineWidth = 4 / scale;
        context.strokeStyle = "rgb(0 0 0 / 0.7)";
        context.stroke(path);
        context.lineWidth = 2 / scale;
        context.strokeStyle = "#fff";
        context.stroke(path);
      }
      context.restore();
    }
  }
}
