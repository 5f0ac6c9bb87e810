// An image as an OpenLayers layer. With WebGL, tiles go up as floats, as they are, and the GPU does contrast and colour:
// 16-bit and float images keep their values, and a slider costs nothing. Tiles of another type than Float32Array would be
// drawn as nothing, without an error. Without WebGL the same is done on a plain canvas, tile by tile.

import TileLayer from "ol/layer/Tile.js";
import WebGLTileLayer from "ol/layer/WebGLTile.js";
import DataTile from "ol/source/DataTile.js";
import ImageTileSource from "ol/source/ImageTile.js";
import TileGrid from "ol/tilegrid/TileGrid.js";
import type { ImageEntry } from "../model/image-entry.ts";
import type { Plane } from "../model/plane.ts";
import type { ChannelDisplay } from "./channel-display.ts";
import { colorMaps } from "./color-map.ts";
import { composeColors } from "./compose.ts";
import { createPixelProjection, toExtent } from "./coordinates.ts";
import { displayTileSide, planZoomSteps, readDisplayTile } from "./pyramid.ts";

export interface ImageLayer {
  readonly layer: WebGLTileLayer | TileLayer<ImageTileSource>;
  /** Applies channels' limits, colours and visibility. */
  show(channels: readonly ChannelDisplay[]): void;
  /** Shows another plane; nothing of the one before is drawn any more. */
  showPlane(plane: Plane): void;
  dispose(): void;
}

interface LayerOptions {
  readonly webgl: boolean;
  /** Hears of tiles that could not be read. */
  readonly onProblem: (error: unknown) => void;
}

/** The most channels that are shown at a time; a texture unit holds four, and small devices have eight units. */
const maxShownChannels = 16;

/** A layer that shows `entry`. */
export function createImageLayer(entry: ImageEntry, options: LayerOptions): ImageLayer {
  return options.webgl ? createWebGLImageLayer(entry, options) : createCanvasImageLayer(entry, options);
}

function createWebGLImageLayer(entry: ImageEntry, { onProblem }: LayerOptions): ImageLayer {
  const bandCount = shownChannels(entry).length;
  const planes = createPlaneSources(entry, onProblem, (options, key, loader) => {
    return new DataTile({ ...options, key, loader, bandCount, hasAlpha: false });
  });
  let shown = planes.at(entry.plane.peek());
  let shape = styleShape(entry.channels.peek());
  const layer = new WebGLTileLayer({
    sources: () => [shown],
    extent: wholeExtent(entry),
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
    showPlane(plane) {
      shown = planes.at(plane);
      layer.changed();
    },
    dispose() {
      layer.dispose();
      planes.dispose();
    },
  };
}

function createCanvasImageLayer(entry: ImageEntry, { onProblem }: LayerOptions): ImageLayer {
  const channels = shownChannels(entry).length;
  const planes = createPlaneSources(entry, onProblem, (options, key, read) => {
    const loader: Loader<HTMLCanvasElement> = async (...tile) => {
      const data = await read(...tile);
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = displayTileSide;
      const raster = { width: displayTileSide, height: displayTileSide, channels, data };
      canvas.getContext("2d")!.putImageData(composeColors(raster, entry.channels.peek()), 0, 0);
      return canvas;
    };
    return new KeyedImageTileSource({ ...options, loader }, key);
  });
  const layer = new TileLayer({ source: planes.at(entry.plane.peek()), extent: wholeExtent(entry) });
  let waiting: ReturnType<typeof setTimeout> | undefined;
  return {
    layer,
    show() {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        planes.dispose();
        layer.setSource(planes.at(entry.plane.peek()));
      }, 50);
    },
    showPlane: (plane) => layer.setSource(planes.at(plane)),
    dispose() {
      clearTimeout(waiting);
      layer.dispose();
      planes.dispose();
    },
  };
}

// Only its subclasses may give this source a key.
class KeyedImageTileSource extends ImageTileSource {
  constructor(options: ConstructorParameters<typeof ImageTileSource>[0], key: string) {
    super(options);
    this.setKey(key);
  }
}

type Loader<T> = (z: number, x: number, y: number, options: { readonly signal: AbortSignal }) => Promise<T>;

interface PlaneSources<S> {
  /** The source of a plane; the same one as long as all its tiles could be read. */
  at(plane: Plane): S;
  /** Lets all go. */
  dispose(): void;
}

/**
 * One source a plane, each with a key of its own: OpenLayers keeps and queues tiles by these, so that no tile of a plane is ever
 * taken for that of another, whatever arrives when.
 */
function createPlaneSources<S extends { dispose(): void }>(
  entry: ImageEntry,
  onProblem: (error: unknown) => void,
  create: (options: ReturnType<typeof tileOptions>, key: string, read: Loader<Float32Array>) => S,
): PlaneSources<S> {
  const { source } = entry;
  const bands = shownChannels(entry);
  const steps = planZoomSteps(source);
  const options = tileOptions(entry);
  const sources = new Map<string, S>();
  let count = 0;
  return {
    at(plane) {
      const name = `${plane.z}/${plane.t}`;
      const known = sources.get(name);
      if (known) return known;
      const made = create(options, String(++count), async (z, x, y, { signal }) => {
        try {
          return await readDisplayTile(source, plane, steps[z]!, x, y, bands, signal);
        } catch (error) {
          // The next time that the plane is shown, its tiles are asked for again.
          if (sources.get(name) === made) sources.delete(name);
          if (!signal.aborted) onProblem(error);
          throw error;
        }
      });
      sources.set(name, made);
      return made;
    },
    dispose() {
      for (const one of sources.values()) one.dispose();
      sources.clear();
    },
  };
}

function tileOptions(entry: ImageEntry) {
  const projection = createPixelProjection(entry.source.width, entry.source.height);
  return { interpolate: false, transition: 0, wrapX: false, projection, tileGrid: createTileGrid(entry) };
}

function wholeExtent({ source }: ImageEntry): ReturnType<typeof toExtent> {
  return toExtent({ y0: 0, x0: 0, y1: source.height, x1: source.width });
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
