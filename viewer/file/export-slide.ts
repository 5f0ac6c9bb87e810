// What leaves the viewer of a slide: files that are written by the plugin as they grow, never held. Where the browser lets the
// user choose a file, they go there; else they grow in the private files and are handed over as a download from the disk.

import type { SlideExport } from "../../plugin/contract.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import type { SlideRuns } from "../plugin/slide-runs.ts";
import { baseName, download } from "./export.ts";

export interface SlideFormat {
  readonly id: string;
  readonly title: string;
  readonly extension: string;
  readonly what: SlideExport;
  /** Its name in the slide's folder, where it lies there already. */
  readonly ready?: string;
}

/** What can be written of a slide. */
export const slideExports: readonly SlideFormat[] = [
  { id: "slide-tiff", title: "Label pyramid, OME-TIFF", extension: "labels.ome.tif", what: { kind: "labels" }, ready: "labels.ome.tif" },
  {
    id: "slide-zarr",
    title: "Label pyramid, OME-Zarr (zip)",
    extension: "labels.ome.zarr.zip",
    what: { kind: "labels", format: "ome-zarr" },
  },
  { id: "slide-classes", title: "Class pyramid, OME-TIFF", extension: "classes.ome.tif", what: { kind: "classes" } },
  { id: "slide-geojson", title: "Outlines, GeoJSON (QuPath)", extension: "geojson", what: { kind: "geojson" } },
  { id: "slide-rois", title: "Outlines, ImageJ ROIs (zip)", extension: "rois.zip", what: { kind: "rois" } },
  { id: "slide-coco", title: "Outlines, COCO JSON", extension: "coco.json", what: { kind: "coco" } },
  { id: "slide-table", title: "Measurements, CSV", extension: "table.csv", what: { kind: "table" }, ready: "table.csv" },
];

type SavePicker = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;

// A download from the private files may still be running so long after it was begun.
const keptMs = 600_000;

/** Asks for a file where that is possible, and writes it. */
export async function saveSlide(slides: SlideRuns, entry: ImageEntry, layer: SlideLayer, format: SlideFormat): Promise<void> {
  const name = `${baseName(layer.facts.title)}.${format.extension}`;
  const { folder } = layer;
  if (format.ready !== undefined) return download(await (await folder.getFileHandle(format.ready)).getFile(), name);
  const pick = (globalThis as { showSaveFilePicker?: SavePicker }).showSaveFilePicker;
  const chosen = await pick?.call(globalThis, { suggestedName: name });
  if (chosen) return slides.export(entry, layer, format.what, chosen);
  const temporary = `export-${format.id}`;
  const file = await folder.getFileHandle(temporary, { create: true });
  await slides.export(entry, layer, format.what, file);
  download(await file.getFile(), name);
  setTimeout(() => void folder.removeEntry(temporary).catch(() => {}), keptMs);
}
