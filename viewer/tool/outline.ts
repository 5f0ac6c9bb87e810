// How an outline under way is drawn: a white line on a dark one, seen on any image, with its corners.

import type { Point } from "../labels/paint.ts";
import type { Frame } from "../map/frame.ts";

/** Draws a line through the points; `closed` joins the last to the first, `corners` marks each. */
export function drawOutline(frame: Frame, points: readonly Point[], { closed = false, corners = false, dashed = false } = {}): void {
  const { context, scale } = frame;
  if (points.length === 0) return;
  context.save();
  context.lineJoin = "round";
  context.beginPath();
  for (const [i, { x, y }] of points.entries()) {
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  if (closed) context.closePath();
  context.lineWidth = 3 / scale;
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.stroke();
  if (dashed) context.setLineDash([6 / scale, 4 / scale]);
  context.lineWidth = 1.5 / scale;
  context.strokeStyle = "#fff";
  context.stroke();
  context.setLineDash([]);
  if (corners) for (const point of points) drawCorner(frame, point);
  context.restore();
}

/** A small square handle. */
function drawCorner({ context, scale }: Frame, { x, y }: Point): void {
  const side = 7 / scale;
  context.fillStyle = "#fff";
  context.strokeStyle = "rgb(0 0 0 / 0.8)";
  context.lineWidth = 1 / scale;
  context.fillRect(x - side / 2, y - side / 2, side, side);
  context.strokeRect(x - side / 2, y - side / 2, side, side);
}
