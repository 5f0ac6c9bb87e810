// Where the terminal writes a slide's results: beside each other in a folder, under temporary names until all of them are whole.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { GrowingFolder } from "../../core/sink/store.ts";
import type { ResultPlace, SlideFormat, SlideKind } from "../../core/slide/slide-results.ts";
import { createFreshFolder } from "./chunk-folder.ts";
import { claimTemporary, createGrowingFile, type Publishable, replaceFolder } from "./growing-file.ts";
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

/** `beforeNames` is called when all is whole, before the first result takes its name. */
export function createSlidePlace(options: PlaceOptions, beforeNames = async (): Promise<void> => {}): ResultPlace {
  const opened: Publishable[] = [];
  const remember = <T extends Publishable>(one: T): T => {
    opened.push(one);
    return one;
  };
  return {
    openFile: async (kind) => remember(await createGrowingFile(slidePath(options, kind))),
    async openFolder(kind) {
      const folder = remember(await openGrowingFolder(slidePath(options, kind)));
      const { inImage } = options;
      // A name is listed when there is something under it.
      if (kind === "labels" && inImage !== undefined) opened.push({ publish: () => listLabels(inImage.group, inImage.name) });
      return folder;
    },
    async publish() {
      await beforeNames();
      for (const one of opened) await one.publish();
    },
  };
}

async function openGrowingFolder(path: string): Promise<GrowingFolder & Publishable> {
  const temporary = await claimTemporary(path);
  const folder = createFreshFolder(temporary);
  return {
    store: folder,
    finish: folder.sync,
    publish: () => replaceFolder(temporary, path),
    abandon: () => rm(temporary, { recursive: true, force: true }),
  };
}
