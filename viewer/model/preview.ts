// A prediction that is still being made or learnt: a picture over a part of one plane, painted piece by piece, shown until the
// result is there. Large planes are painted smaller: it is a preview.

import { type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { Rgb } from "../labels/label-color.ts";
import type { ImageEntry } from "./image-entry.ts";

export interface Preview {
  readonly entry: ImageEntry;
  readonly plane: number;
  /** The part of the plane that the picture covers. */
  readonly extent: Box;
  readonly canvas: HTMLCanvasElement;
  /** Pixels of the image a pixel of the picture. */
  readonly stride: number;
  /** Counts what was painted. */
  readonly version: Signal<number>;
}

const largestSidePx = 2048;

/** An empty picture over `extent`. */
export function createPreview(entry: ImageEntry, plane: number, extent: Box): Preview {
  const [height, width] = [extent.y1 - extent.y0, extent.x1 - extent.x0];
  const stride = Math.max(1, Math.ceil(Math.max(height, width) / largestSidePx));
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(width / stride);
  canvas.height = Math.ceil(height / stride);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "The prediction so far");
  return { entry, plane, extent, canvas, stride, version: signal(0) };
}

/** Paints the classes of a box, which lies in the picture's extent: background clear, the others in their colours. */
export function paintPreview({ extent, canvas, stride, version }: Preview, box: Box, classes: Uint8Array, colors: readonly Rgb[]): void {
  const at = (value: number, start: number): number => Math.ceil((value - start) / stride);
  const [x0, y0] = [at(box.x0, extent.x0), at(box.y0, extent.y0)];
  const [width, height] = [at(box.x1, extent.x0) - x0, at(box.y1, extent.y0) - y0];
  if (width <= 0 || height <= 0) return;
  const picture = new ImageData(width, height);
  const values = new Uint32Array(picture.data.buffer);
  // In the order of the bytes: red first.
  const shades = colors.map(([r, g, b]) => new Uint32Array(Uint8Array.of(r, g, b, alpha).buffer)[0]!);
  const row = box.x1 - box.x0;
  for (let y = 0; y < height; y++) {
    const from = ((y0 + y) * stride + extent.y0 - box.y0) * row + x0 * stride + extent.x0 - box.x0;
    for (let x = 0; x < width; x++) values[y * width + x] = shades[classes[from + x * stride]! - 1] ?? 0;
  }
  canvas.getContext("2d")!.putImageData(picture, x0, y0);
  version.value++;
}

const alpha = 115;
