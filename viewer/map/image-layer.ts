// An image as an OpenLayers layer. With WebGL, tiles go up as floats, as they are, and the GPU does contrast and colour:
// 16-bit and float images keep their values, and a slider costs nothing. Tiles of another type than Float32Array would be
// drawn as nothing, without an error. Without WebGL the same is done on a plain canvas, tile by tile.

import TileLayer from "ol/layer/Tile.js";
import WebGLTileLayer from "ol/layer/WebGLTile.js";
import DataTile from "ol/source/DataTile.js";
import ImageTileSource from "ol/source/ImageTile.js";
import TileGrid from "ol/tilegrid/TileGrid.js";
import type { ImageEntry } from "../model/image-entry.ts";
import type { ChannelDisplay } from "./channel-display.ts";
import { colorMaps } from "./color-map.ts";
import { composeColors } from "./compose.ts";
import { createPixelProjection, toExtent } from "./coordinates.ts";
import { displayTileSide, planZoomSteps, readDisplayTile } from "./pyramid.ts";

export interface ImageLayer {
  readonly layer: WebGLTileLayer | TileLayer<ImageTileSource>;
  /** Applies channels' limits, colours and visibility. */
  show(channels: readonly ChannelDisplay[]): void;
  /** Reads the tiles anew: another plane is shown. */
  reload(): void;
  dispose(): void;
}

/** The most channels that are shown at a time; a texture unit holds four, and small devices have eight units. */
export const maxShownChannels = 16;

/** A layer that shows `entry`; `onProblem` hears of tiles that could not be read. */
export function createImageLayer(
  entry: ImageEntry,
  { webgl, onProblem }: { webgl: boolean; onProblem: (error: unknown) => void },
): ImageLayer {
  return webgl ? createWebGLImageLayer(entry, onProblem) : createCanvasImageLayer(entry, onProblem);
}

function createWebGLImageLayer(entry: ImageEntry, onProblem: (error: unknown) => void): ImageLayer {
  const { source } = entry;
  const bands = shownChannels(entry);
  const steps = planZoomSteps(source);
  const data = new DataTile({
    loader: async (z, x, y, { signal }) => {
      try {
        return await readDisplayTile(source, entry.plane.peek(), steps[z]!, x, y, bands, signal);
      } catch (error) {
        if (!signal.aborted) onProblem(error);
        throw error;
      }
    },
    bandCount: bands.length,
    hasAlpha: false,
    interpolate: false,
    transition: 0,
    wrapX: false,
    projection: createPixelProjection(source.width, source.height),
    tileGrid: createTileGrid(entry),
  });
  let shape = styleShape(entry.channels.peek());
  const layer = new WebGLTileLayer({
    source: data,
    extent: toExtent({ y0: 0, x0: 0, y1: source.height, x1: source.width }),
    style: { color: colorExpression(entry.channels.peek()), variables: styleVariables(entry.channels.peek()) },
    cacheSize: 512,
  });
  return {
    layer,
    show(channels) {
      const wanted = styleShape(channels);
      if (wanted === shape) return layer.updateStyleVariables(styleVariables(channels));
      shape = wanted;
      layer.setStyle({ color: colorExpression(channels), variables: styleVariables(channels) });
    },
    reload: () => data.refresh(),
    dispose() {
      layer.dispose();
      data.dispose();
    },
  };
}

function createCanvasImageLayer(entry: ImageEntry, onProblem: (error: unknown) => void): ImageLayer {
  const { source } = entry;
  const bands = shownChannels(entry);
  const steps = planZoomSteps(source);
  const tiles = new ImageTileSource({
    loader: async (z, x, y, { signal }) => {
      try {
        const data = await readDisplayTile(source, entry.plane.peek(), steps[z]!, x, y, bands, signal);
        const canvas = document.createElement("canvas");
        canvas.width = canvas.height = displayTileSide;
        const raster = { width: displayTileSide, height: displayTileSide, channels: bands.length, data };
        canvas.getContext("2d")!.putImageData(composeColors(raster, entry.channels.peek()), 0, 0);
        return canvas;
      } catch (error) {
        if (!signal.aborted) onProblem(error);
        throw error;
      }
    },
    interpolate: false,
    transition: 0,
    wrapX: false,
    projection: createPixelProjection(source.width, source.height),
    tileGrid: createTileGrid(entry),
  });
  const layer = new TileLayer({ source: tiles, extent: toExtent({ y0: 0, x0: 0, y1: source.height, x1: source.width }) });
  let waiting: ReturnType<typeof setTimeout> | undefined;
  const refresh = (): void => {
    clearTimeout(waiting);
    waiting = setTimeout(() => tiles.refresh(), 50);
  };
  return {
    layer,
    show: refresh,
    reload: refresh,
    dispose() {
      clearTimeout(waiting);
      layer.dispose();
      tiles.dispose();
    },
  };
}

function shownChannels({ source }: ImageEntry): number[] {
  return Array.from({ length: Math.min(source.channels.length, maxShownChannels) }, (_, c) => c);
}

function createTileGrid({ source }: ImageEntry): TileGrid {
  return new TileGrid({
    origin: [0, 0],
    extent: toExtent({ y0: 0, x0: 0, y1: source.height, x1: source.width }),
    resolutions: planZoomSteps(source).map(({ resolution }) => resolution),
    tileSize: displayTileSide,
  });
}

// What needs another shader: which channels are shown and in which colours. Limits and gamma are variables.
function styleShape(channels: readonly ChannelDisplay[]): string {
  return channels.map(({ visible, colorMap }) => (visible ? colorMap : "")).join();
}

function styleVariables(channels: readonly ChannelDisplay[]): Record<string, number> {
  const variables: Record<string, number> = {};
  for (const [c, { low, high, gamma }] of channels.entries()) {
    variables[`low${c}`] = low;
    variables[`span${c}`] = high - low || 1e-30;
    variables[`power${c}`] = 1 / gamma;
  }
  return variables;
}

type Expression = (string | number | Expression)[];

// The sum of the channels' colours. A value is put between 0 and 1, then on the straight lines between the map's stops.
function colorExpression(channels: readonly ChannelDisplay[]): Expression {
  const sums: [Expression[], Expression[], Expression[]] = [[], [], []];
  for (const [c, channel] of channels.entries()) {
    if (!channel.visible || c >= maxShownChannels) continue;
    const part: Expression = [
      "^",
      ["clamp", ["/", ["-", ["band", c + 1], ["var", `low${c}`]], ["var", `span${c}`]], 0, 1],
      ["var", `power${c}`],
    ];
    const map = colorMaps[channel.colorMap];
    for (const i of [0, 1, 2] as const) {
      const stops = map.flatMap((color, n) => [n / (map.length - 1), color[i] / 255]);
      sums[i].push(map.length === 2 && map[0][i] === 0 ? ["*", part, map[1]![i] / 255] : ["interpolate", ["linear"], part, ...stops]);
    }
  }
  const [r, g, b] = sums.map((terms) =>
    terms.length === 0 ? 0 : terms.length === 1 ? terms[0]! : (["clamp", ["+", ...terms], 0, 1] as Expression),
  );
  return ["array", r!, g!, b!, 1];
}
