// A tile of labels at full size on the map: its filling, outlines of 1.5 px at any zoom, and the frame of what is selected. The
// context's origin is the tile's corner and its unit the tile's pixel.

import { toCss } from "../labels/label-color.ts";
import type { DetailedTile, LabelStyle } from "./label-tile.ts";

/** Draws filling and outlines. `zoom`: screen pixels per pixel of the tile. */
export function drawTile(context: CanvasRenderingContext2D, { fill, outlines }: DetailedTile, style: LabelStyle, zoom: number): void {
  if (!style.outlinesOnly) {
    context.globalAlpha = style.opacity;
    context.drawImage(fill, 0, 0);
    context.globalAlpha = 1;
  }
  context.lineWidth = 1.5 / zoom;
  context.lineCap = "square";
  for (const [id, path] of outlines) {
    context.strokeStyle = toCss(style.color(id));
    context.stroke(path);
  }
}

/** Frames the selected objects in white on black. */
export function drawSelected(
  context: CanvasRenderingContext2D,
  { outlines }: DetailedTile,
  selected: ReadonlySet<number>,
  zoom: number,
): void {
  for (const [id, path] of outlines) {
    if (!selected.has(id)) continue;
    context.lineWidth = 4 / zoom;
    context.strokeStyle = "rgb(0 0 0 / 0.7)";
    context.stroke(path);
    context.lineWidth = 2 / zoom;
    context.strokeStyle = "#fff";
    context.stroke(path);
  }
}
