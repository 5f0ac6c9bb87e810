// What leaves the viewer as a file: labels, outlines, measurements, the picture as shown, a dataset.

import { listColumns } from "../../core/label/format/columns.ts";
import { createGeoJsonEncoder } from "../../core/label/format/geojson.ts";
import { type ClassStyle, encodeAll } from "../../core/label/format/outline-encoder.ts";
import { encodeTable } from "../../core/label/format/table.ts";
import { toLabelTable } from "../../core/label/label-table.ts";
import { createMeasurer } from "../../core/label/shape/measure.ts";
import { traceOutlines } from "../../core/label/shape/trace-outlines.ts";
import { Problem } from "../../core/problem.ts";
import { createRoiZipEncoder } from "../../core/source/roi-zip.ts";
import { writePng } from "../../core/source/write-png.ts";
import { writeTiff } from "../../core/source/write-tiff.ts";
import { writeZip } from "../../core/source/zip.ts";
import { fromHex } from "../labels/label-color.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { LabelLayer } from "../model/label-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { toClassPixels, toLabelImage } from "../plugin/label-pixels.ts";
import { ignoredPixels } from "../plugin/learnt-pixels.ts";
import { cropImage, listAnnotatedPlanes } from "../plugin/samples.ts";

/** What can be written of a label layer, by the kinds of macros' saveAs. */
export const layerExports = [
  { kind: "PNG", title: "Label image, PNG (16-bit)", extension: "png" },
  { kind: "Tiff", title: "Label image, TIFF (32-bit)", extension: "tif" },
  { kind: "GeoJSON", title: "Outlines, GeoJSON (QuPath)", extension: "geojson" },
  { kind: "ROI", title: "Outlines, ImageJ ROIs (zip)", extension: "zip" },
  { kind: "CSV", title: "Measurements, CSV", extension: "csv" },
] as const;
export type LayerExport = (typeof layerExports)[number]["kind"];

const types: Readonly<Record<LayerExport, string>> = {
  PNG: "image/png",
  Tiff: "image/tiff",
  GeoJSON: "application/geo+json",
  ROI: "application/zip",
  CSV: "text/csv",
};

/** The file of a layer's plane. Throws Problem InvalidData where the format cannot hold it. */
export async function exportLayer(workspace: Workspace, entry: ImageEntry, layer: LabelLayer, kind: LayerExport): Promise<Blob> {
  return new Blob((await layerBytes(workspace, entry, layer, kind)) as BlobPart[], { type: types[kind] });
}

async function layerBytes(workspace: Workspace, entry: ImageEntry, layer: LabelLayer, kind: LayerExport): Promise<Uint8Array[]> {
  const labels = toLabelImage(layer, entry.planeIndex.peek());
  const classes = workspace.classes.peek();
  const classOf = (id: number): number => layer.classOf.peek().get(id) ?? 1;
  const { width, height } = labels;
  if (kind === "Tiff") {
    const pages = Array.from({ length: layer.raster.planes }, (_, plane) => toLabelImage(layer, plane).data);
    return [writeTiff({ width, height, pages, ...pixelSize(entry) })];
  }
  if (kind === "PNG") return [await writePng({ width, height, channels: 1, data: narrow(labels.data) })];
  if (kind === "CSV") {
    const table = toLabelTable(labels, classOf);
    const measurer = createMeasurer(table);
    measurer.add(table.runs);
    const columns = listColumns({ pixelSizeUm: entry.source.pixelSizeUm });
    const classNames = classes.map(({ name }) => name);
    return [...encodeTable(table, { columns, measurementOf: measurer.of, classNames, idOf: (number) => table.ids[number]! })];
  }
  const styles: readonly ClassStyle[] = classes.map(({ name, color }) => ({ name, color: fromHex(color) }));
  const styleOf = (id: number) => styles[classOf(id) - 1];
  const outlines = traceOutlines(labels);
  if (kind === "GeoJSON") return encodeAll(outlines, createGeoJsonEncoder({ width, height, objectType: "annotation", classOf: styleOf }));
  return encodeAll(
    outlines,
    createRoiZipEncoder({ largestId: outlines.reduce((most, { id }) => Math.max(most, id), 0), classOf: styleOf }),
  );
}

/** A dataset as a zip: `images/`, `labels/`, `classes/` where there are several, `ignore/`, as the terminal reads it. */
export async function exportDataset(workspace: Workspace): Promise<Blob> {
  const files: { name: string; data: Uint8Array; compress?: boolean }[] = [];
  const annotatedPlanes = listAnnotatedPlanes(workspace);
  if (annotatedPlanes.length === 0)
    throw new Problem("InvalidData", "A dataset needs at least one annotated object; there is none. Draw some first.", {
      reason: "no annotations",
    });
  for (const [i, { entry, layer, plane }] of annotatedPlanes.entries()) {
    const { width, height, pixelSizeUm } = entry.source;
    const name = `${String(i + 1).padStart(3, "0")}-${entry.title
      .peek()
      .replace(/\.[a-z0-9.]+$/i, "")
      .replaceAll(/[^A-Za-z0-9._-]+/g, "_")}`;
    // First, since labels that are too large are told before the image is read.
    const labels = toLabelImage(layer, plane).data;
    const { data, shape } = await cropImage(entry, plane, { y0: 0, x0: 0, y1: height, x1: width });
    const channels = shape[2] ?? 1;
    const pages = Array.from({ length: channels }, (_, c) => data.filter((_value: number, at: number) => at % channels === c));
    const size = pixelSizeUm === undefined ? {} : { pixelSizeUm };
    files.push({ name: `images/${name}.tif`, data: writeTiff({ width, height, pages: pages as never, ...size }) });
    files.push({ name: `labels/${name}.tif`, data: writeTiff({ width, height, pages: [labels] }) });
    if (workspace.classes.peek().length > 1) {
      const classes = toClassPixels(layer, plane).data;
      files.push({ name: `classes/${name}.tif`, data: writeTiff({ width, height, pages: [classes] }) });
    }
    // A dataset has no boxes: what lies outside them is ignored.
    const ignore = ignoredPixels(entry, layer, plane);
    if (ignore) files.push({ name: `ignore/${name}.tif`, data: writeTiff({ width, height, pages: [ignore] }) });
  }
  return new Blob([writeZip(files) as BlobPart], { type: "application/zip" });
}

/** Offers a blob as a download. */
export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  const url = URL.createObjectURL(blob);
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A title without its extension, for names of files. */
export function baseName(title: string): string {
  return title.replace(/(\.ome)?\.(png|tiff?|jpe?g|webp|gif|bmp)$/i, "");
}

function pixelSize({ source }: ImageEntry): { pixelSizeUm?: number } {
  return source.pixelSizeUm === undefined ? {} : { pixelSizeUm: source.pixelSizeUm };
}

function narrow(data: Uint32Array): Uint16Array {
  const largest = data.reduce((most, id) => Math.max(most, id), 0);
  if (largest > 0xffff) {
    const reason = "a label above 65,535";
    throw new Problem("InvalidData", `A PNG holds labels up to 65,535; the largest here is ${largest}. Export TIFF instead.`, { reason });
  }
  return Uint16Array.from(data);
}
