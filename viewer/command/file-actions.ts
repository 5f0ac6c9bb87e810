// Opening what is chosen, dropped or addressed, and closing it; writing what was drawn, found or learnt.

import { isProblem, Problem } from "../../core/problem.ts";
import { zipWithoutImage } from "../../core/source/unread-formats.ts";
import type { App } from "../app.ts";
import { isDatasetZip, zipDatasetFolder } from "../dialog/dataset-dialog.ts";
import { askExport } from "../dialog/viewer-dialogs.ts";
import { baseName, download, exportDataset, exportLayer, type LayerExport, layerExports } from "../file/export.ts";
import { saveSlide, slideExports } from "../file/export-slide.ts";
import type { ImageSync } from "../file/image-sync.ts";
import { acceptedFiles } from "../file/open-image.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import { type Attempt, pickFiles } from "./attempt.ts";

/** Opening and closing images, and writing files. */
export function createFileActions(
  { workspace, host, dialogs, training, library, view, slides }: App,
  imageSync: ImageSync,
  attempt: Attempt,
  open: FileOpeners,
) {
  /** The active layer with its image, or a Problem that says what to do. */
  function needLayer(): { entry: ImageEntry; layer: LabelLayer } {
    const entry = workspace.current.value;
    const layer = entry?.activeLayer.value ?? entry?.layers.value[0];
    if (entry && layer) return { entry, layer };
    throw new Problem("InvalidData", "A label layer must be there; there is none. Open an image first.", { reason: "no layer" });
  }

  async function saveLayer(kind: LayerExport, path: string): Promise<void> {
    const { entry, layer } = needLayer();
    download(await exportLayer(workspace, entry, layer, kind), path);
    host.recorder.record("saveAs", kind, path);
  }

  async function exportTo(choice: string): Promise<void> {
    const entry = workspace.current.value;
    const slide = entry?.activeSlide.value;
    const ofSlide = slideExports.find(({ id }) => id === choice);
    if (entry && slide && ofSlide) return saveSlide(slides, entry, slide, ofSlide);
    const base = entry ? baseName(entry.title.value) : "overtile";
    const format = layerExports.find(({ kind }) => kind === choice);
    if (format)
      return saveLayer(
        format.kind,
        `${base}-${needLayer()
          .layer.name.value.toLowerCase()
          .replaceAll(/[^a-z0-9]+/g, "-")}.${format.extension}`,
      );
    if (choice === "dataset") return download(await exportDataset(workspace), `${base}-dataset.zip`);
    if (choice === "picture") return download(await view.picture(), `${base}-view.png`);
    const name = training.model.value ?? training.models.value[0]?.name;
    if (choice === "model" && name !== undefined) return exportArchive(name);
  }

  async function openBlobs(files: readonly File[]): Promise<void> {
    for (const file of files) {
      await attempt(async () => {
        if (/\.zip$/i.test(file.name)) return openZip(file);
        if (/\.(ijm|txt)$/i.test(file.name)) return open.macro(file);
        await host.open(imageSync.offer(file, file.name || "image"));
      });
    }
  }

  // An image (OME-Zarr), a dataset or a model: the bytes tell. An image that cannot be opened says so itself.
  async function openZip(file: File): Promise<void> {
    try {
      await host.open(imageSync.offer(file, file.name));
    } catch (error) {
      if (!isProblem(error, "UnsupportedImage") || error.details.reason !== zipWithoutImage) throw error;
      if (await isDatasetZip(file)) await open.dataset(file, file.name);
      else await open.archive(file);
    }
  }

  /** The folder of an OME-Zarr or a dataset; undefined where this browser hands no folders over. */
  async function openFolder(folder: Promise<FileSystemDirectoryHandle> | undefined): Promise<void> {
    if (folder !== undefined) {
      const handle = await folder;
      const dataset = await zipDatasetFolder(handle);
      if (dataset !== undefined) return open.dataset(dataset, handle.name);
      await host.open(imageSync.offer(handle, handle.name || "folder"));
      return;
    }
    const reason = "this browser hands no folders over";
    const text = `Expected a browser that opens folders (Chrome, Edge); ${reason}. Zip the OME-Zarr and open the zip, or open its address.`;
    throw new Problem("UnsupportedImage", text, { path: "the folder", reason });
  }

  async function exportArchive(name: string): Promise<void> {
    const archive = await library.models()?.export(name);
    if (archive) download(archive, `${name.replaceAll(" ", "_")}.zip`);
  }

  return {
    openBlobs,
    openFolder: (folder: Promise<FileSystemDirectoryHandle> | undefined) => attempt(() => openFolder(folder)),
    pickFolder: () =>
      attempt(() => openFolder((globalThis as { showDirectoryPicker?: () => Promise<FileSystemDirectoryHandle> }).showDirectoryPicker?.())),
    openFiles: () => attempt(async () => openBlobs(await pickFiles(`${acceptedFiles},.zip,.ijm`))),
    openAddress: () =>
      attempt(async () => {
        const url = await dialogs.prompt("Open an address", "URL of an image (PNG, JPEG, TIFF, OME-TIFF, OME-Zarr)", "", (value) =>
          URL.canParse(value, location.href) && value.trim() !== "" ? undefined : "Expected an address like https://example.org/cells.tif.",
        );
        if (url !== undefined) await host.open(new URL(url, location.href).href);
      }),
    openUrl: (url: string) => attempt(() => host.open(new URL(url, location.href).href)),
    openSample: () => attempt(() => host.open(new URL("sample/cells.tif", document.baseURI).href)),
    selectImage: (entry: ImageEntry) => imageSync.select(entry),
    closeImage: (entry: ImageEntry | undefined) =>
      attempt(async () => {
        if (!entry) return;
        const results = entry.slides.value;
        const drawn = results.length > 0 || entry.layers.value.some(({ raster }) => raster.tiles.size > 0);
        const segments = training.isAtWork(entry) || results.some(({ state }) => state.value === "running");
        const busy = training.run.value?.state === "running";
        const text = busy
          ? "A model is learning. It goes on with a copy of this image; the labels drawn here are lost."
          : segments
            ? "It is being segmented. That ends; its labels and what is segmented of it are lost."
            : "Its labels are lost. Export them first to keep them.";
        if ((drawn || segments) && !(await dialogs.confirm(`Close ${entry.title.value}?`, text, "Close image"))) return;
        training.cancelFor(entry);
        await slides.removeAll(entry);
        imageSync.close(entry);
      }),
    exportDialog: () =>
      attempt(async () => {
        const choice = await askExport(dialogs, workspace, training.models.value.length > 0);
        if (choice) await exportTo(choice);
      }),
    exportTo: (choice: string) => attempt(() => exportTo(choice)),
    exportModel: (name: string) => attempt(() => exportArchive(name)),
  };
}

/** What files become that are no images. */
export interface FileOpeners {
  archive(file: File): Promise<void>;
  macro(file: File): Promise<void>;
  /** A dataset, as a zip. */
  dataset(file: Blob, name: string): Promise<void>;
}
