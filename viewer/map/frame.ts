// A canvas that lies over the map and is drawn in image coordinates, once a frame.

import type { FrameState } from "ol/Map.js";
import type { Box } from "../../core/array/raster.ts";
import { toBox, toImagePoint } from "./coordinates.ts";

/** What one drawing needs: the context is set to image pixels. */
export interface Frame {
  readonly context: CanvasRenderingContext2D;
  /** Screen pixels (CSS) per image pixel. */
  readonly scale: number;
  /** The part of the image in sight, not rounded. */
  readonly box: Box;
}

export interface FrameCanvas {
  readonly element: HTMLCanvasElement;
  /** Clears the canvas and sets it to the frame's view. */
  begin(frameState: FrameState): Frame;
}

/** A canvas for `ol/layer/Layer`'s `render`. */
export function createFrameCanvas(): FrameCanvas {
  const element = document.createElement("canvas");
  element.style.cssText = "position:absolute;inset:0;width:100%;height:100%;pointer-events:none";
  return {
    element,
    begin({ size, pixelRatio, viewState, extent }) {
      const width = Math.round(size[0]! * pixelRatio);
      const height = Math.round(size[1]! * pixelRatio);
      if (element.width !== width || element.height !== height) Object.assign(element, { width, height });
      const context = element.getContext("2d")!;
      const scale = 1 / viewState.resolution;
      const centre = toImagePoint(viewState.center);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      const zoom = scale * pixelRatio;
      context.setTransform(zoom, 0, 0, zoom, width / 2 - centre.x * zoom, height / 2 - centre.y * zoom);
      return { context, scale, box: toBox(extent!) };
    },
  };
}
