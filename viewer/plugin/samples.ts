// What a model learns from: the annotations of the open images, as the contract's samples. Frozen when training starts.

import type { Box } from "../../core/array/raster.ts";
import type { Image, Pixels, Regions, Sample } from "../../plugin/contract.ts";
import { allAnnotations } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole, type LabelLayer } from "../model/label-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import { toClassPixels, toIgnorePixels, toLabelPixels } from "./label-pixels.ts";
import { ignoredPixels, reachesOut, teaches } from "./learnt-pixels.ts";

/** An annotated plane that would be learnt from. */
export interface AnnotatedPlane {
  readonly entry: ImageEntry;
  readonly layer: LabelLayer;
  readonly plane: number;
}

/** The plane of an open image that a sample is of. */
export type ShownSample = Pick<AnnotatedPlane, "entry" | "plane">;

/** Where samples are on the screen: by the image's name; undefined for those that are not open. */
export function findShown(workspace: Workspace, samples: readonly Sample[]): (ShownSample | undefined)[] {
  const annotatedPlanes = listAnnotatedPlanes(workspace);
  // As they were just frozen.
  if (samples.length === annotatedPlanes.length && samples.every(({ name }, i) => name === annotatedPlanes[i]!.entry.title.peek()))
    return annotatedPlanes;
  return samples.map(({ name }) => {
    const entry = workspace.images.peek().find(({ title, source }) => title.peek() === name && source.sizeZ * source.sizeT === 1);
    return entry && { entry, plane: 0 };
  });
}

/** Every annotated plane of each open image that teaches something, with all annotations as one layer. */
export function listAnnotatedPlanes(workspace: Workspace): AnnotatedPlane[] {
  return workspace.images.value.flatMap((entry) => {
    const layer = allAnnotations(entry);
    if (!layer) return [];
    const planes = new Set([...layer.raster.tiles.keys()].map((key) => Math.floor(key / (layer.raster.rows * layer.raster.columns))));
    const drawn = [...planes].filter((plane) => teaches(layer, plane));
    return drawn.sort((a, b) => a - b).map((plane) => ({ entry, layer, plane }));
  });
}

/** The samples of all annotated planes. Pixels of images with several planes are read here, since a sample has one plane. */
export async function freezeSamples(workspace: Workspace, signal?: AbortSignal): Promise<Sample[]> {
  const severalClasses = workspace.classes.peek().length > 1;
  return Promise.all(
    listAnnotatedPlanes(workspace).map(async ({ entry, layer, plane }) => {
      // Boxes as such, unless what counts has another form; where the whole image is drawn, none.
      const isMask = reachesOut(layer, plane);
      const ignore = isMask ? toMask(layer, ignoredPixels(entry, layer, plane)!) : toIgnorePixels(layer, plane);
      const regions = isMask || coversWhole(layer) ? [] : layer.regions.peek();
      return {
        image: await planeImage(entry, plane, signal),
        labels: toLabelPixels(layer, plane),
        name: entry.title.peek(),
        ...(severalClasses && { classes: toClassPixels(layer, plane) }),
        ...(ignore && { ignore }),
        ...(regions.length > 0 && { regions: toRegions(regions) }),
      };
    }),
  );
}

function toMask({ raster: { width, height } }: LabelLayer, data: Uint8Array): Pixels {
  return { data, shape: [height, width], axes: "yx" };
}

/** One plane of an image as a plugin gets it: the file itself where it has only that plane; of a folder its pixels. */
async function planeImage(entry: ImageEntry, plane: number, signal?: AbortSignal): Promise<Image> {
  const { source } = entry;
  if (source.sizeZ * source.sizeT === 1 && entry.origin.kind !== "folder") return entry.image;
  return cropImage(entry, plane, { y0: 0, x0: 0, y1: source.height, x1: source.width }, signal);
}

/** A box of a plane, all channels, as pixels. */
export async function cropImage({ source, title }: ImageEntry, plane: number, box: Box, signal?: AbortSignal): Promise<Pixels> {
  const z = plane % source.sizeZ;
  const t = Math.floor(plane / source.sizeZ);
  const { data, width, height, channels } = await source.read({ ...box, z, t, signal });
  const shape = channels === 1 ? [height, width] : [height, width, channels];
  return {
    data,
    shape,
    axes: channels === 1 ? "yx" : "yxc",
    name: title.peek(),
    ...(source.pixelSizeUm !== undefined && { pixelSizeUm: source.pixelSizeUm }),
  };
}

/** Boxes as GeoJSON, in pixels, y down. */
function toRegions(boxes: readonly Box[]): Regions {
  return {
    type: "FeatureCollection",
    features: boxes.map(({ y0, x0, y1, x1 }) => ({
      type: "Feature",
      geometry: {
        type: "Polygon",
        coordinates: [
          [
            [x0, y0],
            [x1, y0],
            [x1, y1],
            [x0, y1],
            [x0, y0],
          ],
        ],
      },
      properties: { kind: "annotated" },
    })),
  };
}
