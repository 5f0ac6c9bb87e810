// Undo and redo as the user meets them: the image in sight changes, and what changed is brought into sight. Where the next step is
// one of the classes, which all images share, and another image has steps that come first, that image is shown and nothing changes.

import type { Box } from "../../core/array/raster.ts";
import type { Point } from "../labels/paint.ts";
import type { ImageEntry } from "./image-entry.ts";
import type { Workspace } from "./workspace.ts";

/** How another image, or a place that is out of sight, is shown. */
export interface Sight {
  readonly view: { readonly sight: { readonly value: Box | undefined }; centreOn(point: Point): void };
  readonly select: (entry: ImageEntry) => void;
}

/** Takes one step back or makes it again, shows what it changed, and tells where that is out of sight. */
export function walkHistory(workspace: Workspace, way: "undo" | "redo", { view, select }: Sight): void {
  const { history, images, current, status } = workspace;
  const next = history.next(way);
  if (!next) return;
  const { change, first } = next;
  if (first) {
    const entry = images.peek().find((one) => one === first.image);
    if (entry) select(entry);
    const image = entry?.title.peek() ?? "another image";
    const text = `To ${way} "${change.title}", which concerns all images, what was ${way === "undo" ? "done since" : "taken back before"} on ${image} comes first: "${first.title}". That image is shown now.`;
    status.value = { kind: "info", text };
    return;
  }
  const entry = current.peek();
  const planeBefore = entry?.planeIndex.peek();
  history[way]();
  change.show?.();
  if (change.at) showBox(view, change.at.box);
  if (entry && entry.planeIndex.peek() !== planeBefore) {
    const text = `${way === "undo" ? "Taken back" : "Made again"}: ${change.title}, on ${nameOfPlane(entry)}, which is shown now.`;
    status.value = { kind: "info", text };
  }
}

function showBox(view: Sight["view"], { y0, x0, y1, x1 }: Box): void {
  const seen = view.sight.value;
  if (!seen || (x0 < seen.x1 && x1 > seen.x0 && y0 < seen.y1 && y1 > seen.y0)) return;
  view.centreOn({ x: (x0 + x1) / 2, y: (y0 + y1) / 2 });
}

/** The plane in sight, counted from 1: "z 2" or "z 2, t 1". */
function nameOfPlane({ plane, source: { sizeZ, sizeT } }: ImageEntry): string {
  const { z, t } = plane.peek();
  return [...(sizeZ > 1 ? [`z ${z + 1}`] : []), ...(sizeT > 1 ? [`t ${t + 1}`] : [])].join(", ");
}
