// Draws a slide's result into the map: tiles of the level that fits the zoom, with outlines as pixels of their own colour, so that
// a hundred thousand objects cost no more than ten; from 200 % on outlines are lines, as on any label layer. Where a tile has not
// come yet, a coarser one stands for it.

import Layer from "ol/layer/Layer.js";
import type { FrameState } from "ol/Map.js";
import { fromHex, labelColor, type Rgb } from "../labels/label-color.ts";
import { type TileKey, tileSide } from "../labels/label-raster.ts";
import type { SlideLevel, SlideTiles } from "../labels/slide-tiles.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawSelected, drawTile } from "./draw-tile.ts";
import { createFrameCanvas, type Frame } from "./frame.ts";
import { createLabelTileCache, type LabelStyle, type LabelTileCache } from "./label-tile.ts";

// Pictures kept of each level: a large screen shows about 130.
const picturesKept = 256;

// Below, a pixel of the screen is about as wide as an outline, and there may be a hundred thousand of them.
const linesFrom = 1.999;

interface Drawn {
  readonly tiles: SlideTiles;
  readonly caches: readonly LabelTileCache[];
}

/** The map layer that shows `layer` of `entry`. Call `changed()` on it when something of it has changed. */
export function createSlideView(workspace: Workspace, entry: ImageEntry, layer: SlideLayer): Layer {
  const canvas = createFrameCanvas();
  let drawn: Drawn | undefined;
  return new Layer({
    render(frameState: FrameState | null) {
      if (!frameState) return canvas.element;
      const frame = canvas.begin(frameState);
      const tiles = layer.tiles.peek();
      const isShown = layer.visible.peek() && !workspace.peeking.peek() && entry.planeIndex.peek() === layer.facts.plane;
      if (!tiles || !isShown) return canvas.element;
      if (drawn?.tiles !== tiles) drawn = { tiles, caches: tiles.levels.map(({ raster }) => createLabelTileCache(raster, picturesKept)) };
      drawSlide(frame, drawn, slideStyle(workspace, layer), new Set(entry.activeSlide.peek() === layer ? layer.selected.peek() : []));
      return canvas.element;
    },
  });
}

/** The colour of an object, or of a class while the slide is being made. */
export function slideColor(workspace: Workspace, { state, table }: SlideLayer): (id: number) => Rgb {
  const colors = workspace.classes.peek().map(({ color }) => fromHex(color));
  if (state.peek() !== "done") return (id) => colors[id - 1] ?? labelColor(id);
  const objects = table.peek();
  if (!objects || objects.classNames.length < 2) return labelColor;
  const known = workspace.classes.peek().map(({ name }) => name);
  const ofClass = objects.classNames.map((name, i) => colors[known.indexOf(name)] ?? labelColor(i + 1));
  return (id) => ofClass[objects.classOf[objects.rowOf(id) ?? 0]!] ?? labelColor(id);
}

function slideStyle(workspace: Workspace, layer: SlideLayer): LabelStyle {
  const classes = workspace.classes.peek();
  return {
    key: `${layer.state.peek()}/${layer.table.peek() ? 1 : 0}/${classes.map(({ name, color }) => name + color).join()}`,
    color: slideColor(workspace, layer),
    opacity: layer.opacity.peek(),
    outlinesOnly: layer.outlinesOnly.peek(),
  };
}

function drawSlide(frame: Frame, { tiles, caches }: Drawn, style: LabelStyle, selected: ReadonlySet<number>): void {
  const { context, scale } = frame;
  const { levels } = tiles;
  const at = Math.max(
    0,
    levels.findLastIndex(({ factor }) => factor * scale <= 1.001),
  );
  const level = levels[at]!;
  const keys = tilesInSight(frame, level);
  tiles.want(at, keys);
  const zoom = level.factor * scale;
  const shrink = Math.min(tileSide, 2 ** Math.max(0, Math.floor(Math.log2(1 / zoom) + 0.001)));
  const side = tileSide * level.factor;
  context.imageSmoothingEnabled = false;
  for (const key of keys) {
    const [row, column] = [Math.floor(key / level.raster.columns), key % level.raster.columns];
    context.save();
    context.translate(column * side, row * side);
    if (!level.isKnown(key)) drawCoarser(context, { levels, caches, at, row, column, style });
    else if (level.raster.tiles.has(key)) {
      const cache = caches[at]!;
      const tile = level.raster.tiles.get(key)!;
      context.scale(level.factor, level.factor);
      if (zoom < linesFrom) context.drawImage(cache.reduced(key, shrink, style), 0, 0, tileSide, tileSide);
      else drawTile(context, cache.detailed(key, style), style, zoom);
      if ([...selected].some((id) => tile.includes(id))) drawSelected(context, cache.detailed(key, style), selected, zoom);
    }
    context.restore();
  }
}

/** The tiles in sight, the nearest to the centre first. */
function tilesInSight({ box }: Frame, { factor, raster }: SlideLevel): TileKey[] {
  const side = tileSide * factor;
  const [first, last] = [
    { row: Math.max(0, Math.floor(box.y0 / side)), column: Math.max(0, Math.floor(box.x0 / side)) },
    { row: Math.min(raster.rows, Math.ceil(box.y1 / side)), column: Math.min(raster.columns, Math.ceil(box.x1 / side)) },
  ];
  const [y, x] = [(box.y0 + box.y1) / 2 / side - 0.5, (box.x0 + box.x1) / 2 / side - 0.5];
  const found: { readonly key: TileKey; readonly distance: number }[] = [];
  for (let row = first.row; row < last.row; row++)
    for (let column = first.column; column < last.column; column++)
      found.push({ key: row * raster.columns + column, distance: Math.hypot(row - y, column - x) });
  return found.sort((a, b) => a.distance - b.distance).map(({ key }) => key);
}

interface Missing {
  readonly levels: readonly SlideLevel[];
  readonly caches: readonly LabelTileCache[];
  readonly at: number;
  readonly row: number;
  readonly column: number;
  readonly style: LabelStyle;
}

function drawCoarser(context: CanvasRenderingContext2D, { levels, caches, at, row, column, style }: Missing): void {
  const { factor } = levels[at]!;
  const side = tileSide * factor;
  for (let other = at + 1; other < levels.length; other++) {
    const coarse = levels[other]!;
    const parts = coarse.factor / factor;
    const [parentRow, parentColumn] = [Math.floor(row / parts), Math.floor(column / parts)];
    const key = parentRow * coarse.raster.columns + parentColumn;
    if (!coarse.isKnown(key)) continue;
    if (!coarse.raster.tiles.has(key)) return;
    const part = tileSide / parts;
    const picture = caches[other]!.reduced(key, 1, style);
    context.drawImage(picture, (column - parentColumn * parts) * part, (row - parentRow * parts) * part, part, part, 0, 0, side, side);
    return;
  }
}
