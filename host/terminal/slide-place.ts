// Where the terminal writes a slide's results: beside each other in a folder, each under a temporary name until it is whole.

import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { GrowingFolder } from "../../core/sink/store.ts";
import type { ResultPlace, SlideFormat, SlideKind } from "../../core/slide-results.ts";
import { createChunkFolder } from "./chunk-folder.ts";
import { claimTemporary, createGrowingFile } from "./growing-file.ts";
import { type ImageGroup, labelsPath, listLabels } from "./image-group.ts";

export interface PlaceOptions {
  readonly folder: string;
  /** Name of the files before their first dot. */
  readonly base: string;
  readonly format: SlideFormat;
  /** Labels go into the image's own group, under this name. */
  readonly inImage?: { readonly group: ImageGroup; readonly name: string } | undefined;
}

/** The path of a result: slide.svs gives DIR/slide.labels.ome.zarr, DIR/slide.geojson and so on. */
export function slidePath({ folder, base, format, inImage }: PlaceOptions, kind: SlideKind): string {
  if (kind === "labels" && inImage !== undefined) return labelsPath(inImage.group, inImage.name);
  const ends: Readonly<Record<SlideKind, string>> = {
    labels: imageEnd("labels", format),
    classes: imageEnd("classes", format),
    probabilities: imageEnd("probabilities", format),
    geojson: "geojson",
    rois: "rois.zip",
    coco: "coco.json",
    table: "table.csv",
  };
  return join(folder, `${base}.${ends[kind]}`);
}

function imageEnd(kind: string, format: SlideFormat): string {
  return `${kind}.ome.${format === "ome-tiff" ? "tif" : "zarr"}`;
}

export function createSlidePlace(options: PlaceOptions): ResultPlace {
  return {
    openFile: (kind) => createGrowingFile(slidePath(options, kind)),
    async openFolder(kind) {
      const folder = await openGrowingFolder(slidePath(options, kind));
      const { inImage } = options;
      if (kind !== "labels" || inImage === undefined) return folder;
      const finish = async (): Promise<void> => {
        await folder.finish();
        await listLabels(inImage.group, inImage.name); // a name is listed when there is something under it
      };
      return { ...folder, finish };
    },
  };
}

async function openGrowingFolder(path: string): Promise<GrowingFolder> {
  const temporary = await claimTemporary(path);
  return {
    store: createChunkFolder(temporary),
    async finish() {
      await rm(path, { recursive: true, force: true });
      await rename(temporary, path);
    },
    abandon: () => rm(temporary, { recursive: true, force: true }),
  };
}
