// What lies over everything: a prediction that is being made, the boxes inside
// which all is annotated, what the tool in hand shows, the keyboard's crosshair.

import Layer from "ol/layer/Layer.js";
import type { FrameState } from "ol/Map.js";
import type { Box } from "../../core/array/raster.ts";
import type { Point } from "../labels/paint.ts";
import { boxTarget } from "../model/edit-step.ts";
import type { Workspace } from "../model/workspace.ts";
import { drawOutline } from "../tool/outline.ts";
import { cornersOf } from "../tool/rectangle-tool.ts";
import type { Tool } from "../tool/tool.ts";
import { createFrameCanvas, type Frame } from "./frame.ts";

export interface Overlay {
  readonly layer: Layer;
}

/** The overlay's layer; `current` tells which tool is in hand and where the crosshair is. */
export function createOverlay(workspace: Workspace, current: () => { tool: Tool; crosshair: Point | undefined }): Overlay {
  const canvas = createFrameCanvas();
  const layer = new Layer({
    render(frameState: FrameState | null) {
      if (!frameState) return canvas.element;
      const frame = canvas.begin(frameState);
      drawPreview(frame, workspace);
      const boxes = boxTarget(workspace)?.layer;
      if (boxes?.visible.peek() && !workspace.peeking.peek()) for (const box of boxes.regions.peek()) drawRegion(frame, box);
      const { tool, crosshair } = current();
      tool.draw?.(frame);
      if (crosshair) drawCrosshair(frame, crosshair);
      return canvas.element;
    },
  });
  return { layer };
}

function drawPreview({ context }: Frame, workspace: Workspace): void {
  const preview = workspace.preview.peek();
  const entry = workspace.current.peek();
  if (!preview || preview.entry !== entry || preview.plane !== entry.planeIndex.peek() || workspace.peeking.peek()) return;
  const { extent, canvas, stride } = preview;
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, extent.x0, extent.y0, canvas.width * stride, canvas.height * stride);
}

function drawRegion(frame: Frame, box: Box): void {
  const { context, scale } = frame;
  drawOutline(frame, cornersOf(box), { closed: true, dashed: true });
  const text = "all in here is drawn; undrawn is background";
  const size = 11 / scale;
  context.font = `${size}px system-ui, sans-serif`;
  const width = context.measureText(text).width;
  if (width + 12 / scale > box.x1 - box.x0) return;
  // Above the box, or in it where nothing above is in sight.
  const top = box.y0 - 18 / scale < frame.box.y0 ? box.y0 + 1 / scale : box.y0 - 18 / scale;
  context.fillStyle = "rgb(0 0 0 / 0.6)";
  context.fillRect(box.x0, top, width + 12 / scale, 17 / scale);
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, box.x0 + 6 / scale, top + 8.5 / scale);
}

function drawCrosshair({ context, scale, box }: Frame, { x, y }: Point): void {
  for (const [width, color] of [
    [3, "rgb(0 0 0 / 0.5)"],
    [1, "#fff"],
  ] as const) {
    context.lineWidth = width / scale;
    context.strokeStyle = color;
    context.beginPath();
    const gap = 6 / scale;
    context.moveTo(box.x0, y);
    context.lineTo(x - gap, y);
    context.moveTo(x + gap, y);
    context.lineTo(box.x1, y);
    context.moveTo(x, box.y0);
    context.lineTo(x, y - gap);
    context.moveTo(x, y + gap);
    context.lineTo(x, box.y1);
    context.stroke();
  }
  context.fillStyle = "#fff";
  context.fillRect(x - 1 / scale, y - 1 / scale, 2 / scale, 2 / scale);
}
