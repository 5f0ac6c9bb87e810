// The one place where y is turned round. OpenLayers counts y upwards, images count downwards: map x = image x, map y = -image y.

import { Projection } from "ol/proj.js";
import type { Box } from "../../core/array/raster.ts";
import type { Point } from "../labels/paint.ts";

/** Pixels as a projection. `global: false`: the world does not repeat. */
export function createPixelProjection(width: number, height: number): Projection {
  return new Projection({
    code: "overtile-pixels",
    units: "pixels",
    extent: toExtent({ y0: 0, x0: 0, y1: height, x1: width }),
    global: false,
  });
}

/** A point of the image as OpenLayers' [x, y]. */
export function toMapCoordinate({ x, y }: Point): [number, number] {
  return [x, -y];
}

/** OpenLayers' [x, y] as a point of the image. */
export function toImagePoint(coordinate: readonly number[]): Point {
  return { x: coordinate[0]!, y: -coordinate[1]! };
}

/** A box of the image as OpenLayers' [minX, minY, maxX, maxY]. */
export function toExtent({ y0, x0, y1, x1 }: Box): [number, number, number, number] {
  return [x0, -y1, x1, -y0];
}

/** OpenLayers' [minX, minY, maxX, maxY] as a box of the image, not rounded. */
export function toBox(extent: readonly number[]): Box {
  return { y0: -extent[3]!, x0: extent[0]!, y1: -extent[1]!, x1: extent[2]! };
}
