// Pictures of label tiles: RGBA from the id, and the outlines of objects as paths between pixels. Made when first shown,
// kept until the tile or a neighbour changes. Float textures are not used: they would lose ids above 2^24.

import type { Rgb } from "../labels/label-color.ts";
import { backgroundId, ignoreId, type LabelRaster, labelAt, type TileKey, tilePosition, tileSide } from "../labels/label-raster.ts";

/** How ids become colours; `key` differs whenever any colour does. */
export interface LabelStyle {
  readonly key: string;
  color(id: number): Rgb;
  readonly opacity: number;
  readonly outlinesOnly: boolean;
}

/** A tile at full size: its filling, and the outline of each object in pixels of the tile. */
export interface DetailedTile {
  readonly fill: HTMLCanvasElement;
  readonly outlines: ReadonlyMap<number, Path2D>;
}

export interface LabelTileCache {
  detailed(key: TileKey, style: LabelStyle): DetailedTile;
  /** The tile made smaller by `factor` (a power of two), with outlines one of its pixels wide. */
  reduced(key: TileKey, factor: number, style: LabelStyle): HTMLCanvasElement;
  clear(): void;
}

/** A cache of the pictures of one raster's tiles, at most `limit` of each kind. */
export function createLabelTileCache(raster: LabelRaster, limit = 1024): LabelTileCache {
  const details = new Map<TileKey, { stamp: string; tile: DetailedTile }>();
  const reductions = new Map<string, { stamp: string; canvas: HTMLCanvasElement }>();
  return {
    detailed(key, style) {
      const stamp = `${stampAround(raster, key)}|${style.key}`;
      const known = details.get(key);
      if (known?.stamp === stamp) return known.tile;
      const tile = { fill: drawFill(raster, key, style, known?.tile.fill), outlines: traceEdges(raster, key) };
      remember(details, key, { stamp, tile }, limit);
      return tile;
    },
    reduced(key, factor, style) {
      const name = `${key}/${factor}`;
      const stamp = `${stampAround(raster, key)}|${style.key}|${style.opacity}|${style.outlinesOnly}`;
      const known = reductions.get(name);
      if (known?.stamp === stamp) return known.canvas;
      const canvas = drawReduced(raster, key, factor, style, known?.canvas);
      remember(reductions, name, { stamp, canvas }, limit);
      return canvas;
    },
    clear() {
      details.clear();
      reductions.clear();
    },
  };
}

function remember<K, V>(cache: Map<K, V>, key: K, value: V, limit: number): void {
  cache.delete(key);
  cache.set(key, value);
  if (cache.size > limit) cache.delete(cache.keys().next().value!);
}

function stampAround(raster: LabelRaster, key: TileKey): string {
  return [key, key - 1, key + 1, key - raster.columns, key + raster.columns].map((k) => raster.stamps.get(k) ?? 0).join();
}

function createCanvas(side: number, old: HTMLCanvasElement | undefined): HTMLCanvasElement {
  const canvas = old ?? document.createElement("canvas");
  if (canvas.width !== side) canvas.width = canvas.height = side;
  return canvas;
}

function drawFill(raster: LabelRaster, key: TileKey, style: LabelStyle, old: HTMLCanvasElement | undefined): HTMLCanvasElement {
  const canvas = createCanvas(tileSide, old);
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(tileSide, tileSide);
  const tile = raster.tiles.get(key);
  let last = 0;
  let color: Rgb = [0, 0, 0];
  for (let i = 0; tile && i < tile.length; i++) {
    const id = tile[i]!;
    if (id === 0) continue;
    if (id !== last) {
      last = id;
      color = style.color(id);
    }
    image.data[i * 4] = color[0];
    image.data[i * 4 + 1] = color[1];
    image.data[i * 4 + 2] = color[2];
    image.data[i * 4 + 3] = isBetweenHatches(id, i & 255, i >> 8) ? 90 : 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

// Marks are hatched: "ignore" upwards, "background" downwards.
function isBetweenHatches(id: number, x: number, y: number): boolean {
  return (id === ignoreId && ((x + y) & 7) > 2) || (id === backgroundId && ((x - y) & 7) > 2);
}

// An outline runs between a pixel and a neighbour with another id. Edges in line are joined to one piece.
function traceEdges(raster: LabelRaster, key: TileKey): Map<number, Path2D> {
  const tile = raster.tiles.get(key);
  const paths = new Map<number, Path2D>();
  if (!tile) return paths;
  const { plane, row, column } = tilePosition(raster, key);
  const at = (y: number, x: number): number =>
    x >= 0 && y >= 0 && x < tileSide && y < tileSide ? tile[(y << 8) | x]! : labelAt(raster, plane, (row << 8) + y, (column << 8) + x);
  const path = (id: number): Path2D => {
    const present = paths.get(id) ?? new Path2D();
    paths.set(id, present);
    return present;
  };
  for (const [dy, dx] of [
    [-1, 0],
    [1, 0],
    [0, -1],
    [0, 1],
  ] as const) {
    for (let line = 0; line < tileSide; line++) {
      let start = 0;
      let open = 0;
      for (let i = 0; i <= tileSide; i++) {
        const y = dy !== 0 ? line : i;
        const x = dy !== 0 ? i : line;
        const id = i < tileSide ? tile[(y << 8) | x]! : 0;
        const edge = id !== 0 && at(y + dy, x + dx) !== id ? id : 0;
        if (edge === open) continue;
        if (open !== 0) addPiece(path(open), dy, dx, line, start, i);
        start = i;
        open = edge;
      }
    }
  }
  return paths;
}

function addPiece(path: Path2D, dy: number, dx: number, line: number, from: number, to: number): void {
  if (dy !== 0) {
    const y = line + (dy > 0 ? 1 : 0);
    path.moveTo(from, y);
    path.lineTo(to, y);
  } else {
    const x = line + (dx > 0 ? 1 : 0);
    path.moveTo(x, from);
    path.lineTo(x, to);
  }
}

function drawReduced(
  raster: LabelRaster,
  key: TileKey,
  factor: number,
  style: LabelStyle,
  old: HTMLCanvasElement | undefined,
): HTMLCanvasElement {
  const side = Math.max(1, tileSide / factor);
  const canvas = createCanvas(side, old);
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(side, side);
  const tile = raster.tiles.get(key);
  const { plane, row, column } = tilePosition(raster, key);
  const half = factor >> 1;
  const at = (y: number, x: number): number => {
    const [ty, tx] = [y * factor + half, x * factor + half];
    if (tx < tileSide && ty < tileSide) return tile![(ty << 8) | tx]!;
    return labelAt(raster, plane, (row << 8) + ty, (column << 8) + tx);
  };
  for (let y = 0; tile && y < side; y++) {
    for (let x = 0; x < side; x++) {
      const id = at(y, x);
      if (id === 0) continue;
      const edge = at(y, x + 1) !== id || at(y + 1, x) !== id || (x > 0 && at(y, x - 1) === 0) || (y > 0 && at(y - 1, x) === 0);
      if (!edge && style.outlinesOnly) continue;
      const color = style.color(id);
      const i = (y * side + x) * 4;
      image.data[i] = color[0];
      image.data[i + 1] = color[1];
      image.data[i + 2] = color[2];
      image.data[i + 3] = edge ? 255 : 255 * style.opacity;
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
