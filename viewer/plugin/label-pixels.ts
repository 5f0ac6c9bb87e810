// Label layers as the arrays that plugins take and give.

import type { LabelImage } from "../../core/array/raster.ts";
import { Problem } from "../../core/problem.ts";
import type { Pixels } from "../../plugin/contract.ts";
import { ignoreId, isMark, readLabels } from "../labels/label-raster.ts";
import type { LabelLayer } from "../model/label-layer.ts";

// An array of a whole plane: 512 MB of ids.
const largestPlanePx = 2 ** 27;

/** One plane of a layer as instances, marks ("ignore", "background") left out. Throws Problem InvalidData where it is too large for one array. */
export function toLabelImage(layer: LabelLayer, plane: number): LabelImage {
  const { raster } = layer;
  const data = readPlane(layer, plane);
  for (let i = 0; i < data.length; i++) if (isMark(data[i]!)) data[i] = 0;
  return { width: raster.width, height: raster.height, data };
}

function readPlane({ raster, name }: LabelLayer, plane: number): Uint32Array {
  const pixels = raster.width * raster.height;
  if (pixels > largestPlanePx) {
    const text = `Expected at most ${Math.floor(largestPlanePx / 1e6)} million pixels for whole labels; "${name.peek()}" has ${Math.round(pixels / 1e6)} million. Open a part of the image as an image of its own.`;
    throw new Problem("InvalidData", text, { reason: "too large" });
  }
  return readLabels(raster, plane, { y0: 0, x0: 0, y1: raster.height, x1: raster.width });
}

/** The instances as an array of a plugin. */
export function toLabelPixels(layer: LabelLayer, plane: number): Pixels {
  const { data, width, height } = toLabelImage(layer, plane);
  return { data, shape: [height, width], axes: "yx", name: layer.name.peek() };
}

/** The ignored pixels as an array of a plugin (1 = ignore); undefined when there are none. Throws as `toLabelImage`. */
export function toIgnorePixels(layer: LabelLayer, plane: number): Pixels | undefined {
  const { raster } = layer;
  const ids = readPlane(layer, plane);
  if (!ids.includes(ignoreId)) return undefined;
  const data = new Uint8Array(ids.length);
  for (let i = 0; i < ids.length; i++) data[i] = ids[i] === ignoreId ? 1 : 0;
  return { data, shape: [raster.height, raster.width], axes: "yx" };
}

/** The class of each pixel as an array of a plugin. */
export function toClassPixels(layer: LabelLayer, plane: number): Pixels {
  const { data, width, height } = toLabelImage(layer, plane);
  const classOf = layer.classOf.peek();
  const classes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) classes[i] = classOf.get(data[i]!) ?? 1;
  return { data: classes, shape: [height, width], axes: "yx" };
}
