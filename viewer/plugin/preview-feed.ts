// Progress of kind "preview" as pictures over the image: what a model that is learning predicts where the user looks, and the
// tiles of a segmentation as they finish.

import type { Box } from "../../core/array/raster.ts";
import type { Progress, View } from "../../plugin/contract.ts";
import { fromHex } from "../labels/label-color.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { createPreview, paintPreview } from "../model/preview.ts";
import type { Workspace } from "../model/workspace.ts";
import type { ShownSample } from "./samples.ts";

/** Shows the previews of one job; `end` takes them away. */
export interface PreviewFeed {
  show(progress: Progress): void;
  end(): void;
}

/** What the user sees now of the images that are learnt from; undefined where he looks at another one. */
export function viewOf({ current, sight }: Workspace, annotatedPlanes: readonly (ShownSample | undefined)[]): View | undefined {
  const entry = current.peek();
  const seen = sight.peek();
  const image = annotatedPlanes.findIndex(
    (shown) => shown !== undefined && shown.entry === entry && shown.plane === entry.planeIndex.peek(),
  );
  const box = entry && seen && insideOf(entry, seen);
  return image < 0 || !box ? undefined : { image, box };
}

/** Previews of a training from samples: each takes the place of the one before. `samples` tells where each is on the screen. */
export function followLearning(workspace: Workspace, samples: () => readonly (ShownSample | undefined)[]): PreviewFeed {
  return createFeed(workspace, ({ image, box, classes }) => {
    const shown = samples()[image];
    if (!shown || !workspace.images.peek().includes(shown.entry)) return;
    const preview = createPreview(shown.entry, shown.plane, box);
    paintPreview(preview, box, classes, colorsOf(workspace));
    workspace.preview.value = preview;
  });
}

/** Previews of the segmentation of a box of a plane: its tiles gather in one picture for each plane. */
export function followTiles(workspace: Workspace, entry: ImageEntry, { plane, extent }: { plane: number; extent: Box }): PreviewFeed {
  let first: number | undefined;
  return createFeed(workspace, ({ image, box, classes }) => {
    first ??= image;
    const current = workspace.preview.peek();
    const at = plane + image - first;
    const preview = current?.entry === entry && current.plane === at ? current : createPreview(entry, at, extent);
    const { y0, x0 } = extent;
    const place = { y0: box.y0 + y0, x0: box.x0 + x0, y1: box.y1 + y0, x1: box.x1 + x0 };
    paintPreview(preview, place, classes, colorsOf(workspace));
    workspace.preview.value = preview;
  });
}

function createFeed(workspace: Workspace, show: (progress: Extract<Progress, { kind: "preview" }>) => void): PreviewFeed {
  return {
    show(progress) {
      if (progress.kind === "preview") show(progress);
    },
    end() {
      workspace.preview.value = undefined;
    },
  };
}

function insideOf({ source: { width, height } }: ImageEntry, { y0, x0, y1, x1 }: Box): Box | undefined {
  const box = { y0: Math.max(0, y0), x0: Math.max(0, x0), y1: Math.min(height, y1), x1: Math.min(width, x1) };
  return box.y1 > box.y0 && box.x1 > box.x0 ? box : undefined;
}

function colorsOf({ classes }: Workspace): readonly (readonly [number, number, number])[] {
  return classes.peek().map(({ color }) => fromHex(color));
}
