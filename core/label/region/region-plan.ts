// What filling regions will take, counted before the first row: a file of a few megabytes can hold a million corners, or the whole image
// sixty thousand times.

import { Problem } from "../../problem.ts";
import type { Region, Shape } from "./region.ts";

export interface FillPlan {
  /** Rows that the sides of all shapes cross, together. */
  readonly crossings: number;
  /** Pixels of the boxes around the shapes, together. */
  readonly pixels: number;
}

/** A million cells of fifty rows have 2^27 crossings; ten million are found in a second. */
const mostCrossings = 2 ** 28;
/** Filled one over the other: a few seconds. */
const mostPixels = 2 ** 34;

/** The plan of all shapes, as far as they lie in an image of this size. */
function planFilling(regions: readonly Region[], { height, width }: { readonly height: number; readonly width: number }): FillPlan {
  let [crossings, pixels] = [0, 0];
  const rows = (from: number, to: number): number => Math.max(0, Math.min(height, to) - Math.max(0, from));
  for (const { polygons } of regions)
    for (const shape of polygons) {
      const box = boxOf(shape);
      pixels += rows(box.y0, box.y1) * Math.max(0, Math.min(width, box.x1) - Math.max(0, box.x0));
      for (const ring of shape) {
        for (let i = 1; i < ring.length; i += 2) {
          const [a, b] = [ring[i]!, ring[(i + 2) % ring.length]!];
          crossings += rows(Math.min(a, b), Math.max(a, b));
        }
      }
    }
  return { crossings, pixels };
}

/** Throws Problem InvalidData for regions that would be filled for very long. `isPainted`: each is painted whole, over those before it. */
export function assertFillable(
  regions: readonly Region[],
  size: { readonly height: number; readonly width: number },
  { path, isPainted }: { readonly path?: string | undefined; readonly isPainted: boolean },
): void {
  const { crossings, pixels } = planFilling(regions, size);
  const format = (count: number): string => Math.ceil(count).toLocaleString("en");
  const reason =
    crossings > mostCrossings
      ? `their sides cross ${format(crossings)} rows, at most ${format(mostCrossings)} are filled`
      : isPainted && pixels > mostPixels
        ? `they cover ${format(pixels)} pixels one over the other, at most ${format(mostPixels)} are filled`
        : undefined;
  if (reason === undefined) return;
  const message = `Regions must be filled in reasonable time; of ${regions.length.toLocaleString("en")}${path === undefined ? "" : ` of ${path}`}, ${reason}. Remove those that lie over others, or simplify their outlines.`;
  throw new Problem("InvalidData", message, { reason, ...(path !== undefined && { path }) });
}

function boxOf(shape: Shape): { y0: number; x0: number; y1: number; x1: number } {
  const box = { y0: Number.POSITIVE_INFINITY, x0: Number.POSITIVE_INFINITY, y1: Number.NEGATIVE_INFINITY, x1: Number.NEGATIVE_INFINITY };
  for (const ring of shape)
    for (let i = 0; i < ring.length; i += 2) {
      box.x0 = Math.min(box.x0, ring[i]!);
      box.x1 = Math.max(box.x1, ring[i]!);
      box.y0 = Math.min(box.y0, ring[i + 1]!);
      box.y1 = Math.max(box.y1, ring[i + 1]!);
    }
  return box;
}
