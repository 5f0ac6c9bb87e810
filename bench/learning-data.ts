// The data sets of bench/learning.ts, from the nuclei of the Data Science Bowl 2018 (OVERTILE_DATA, else ../shared), and what plain
// Otsu finds in them without any learning.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { squaredDistances } from "../core/array/distance.ts";
import { otsuBin } from "../core/array/otsu.ts";
import { createRandom, type Random } from "../core/array/random.ts";
import type { LabelImage, Raster } from "../core/array/raster.ts";
import { toLabelImage } from "../core/label/check.ts";
import { removeSmallObjects } from "../core/label/clean.ts";
import { labelComponents } from "../core/label/components.ts";
import { measureImage, scoreMeasures } from "../core/label/metrics.ts";
import { listObjects } from "../core/label/objects.ts";
import { type DatasetSample, openDataset } from "../core/source/dataset.ts";
import { writePng } from "../core/source/write-png.ts";
import { smallestObjectPx } from "../core/training/validate.ts";

const nuclei = resolve(process.env["OVERTILE_DATA"] ?? "../shared", "data/nuclei/fluo");
export const trainFolder = join(nuclei, "train");
export const valFolder = join(nuclei, "val");

/** The names of a folder's images, in alphabetical order. */
export function listImages(folder: string): readonly string[] {
  return readdirSync(join(folder, "images")).sort();
}

/** True for a fifth of the images, by their names alone. */
export function isHeld(file: string): boolean {
  return createHash("sha256").update(file).digest()[0]! % 5 === 0;
}

/** So many of the names, evenly spread. */
export function spread(names: readonly string[], count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => names[Math.floor((i * names.length) / count)]!);
}

/** A data set of some of a folder's images, by links. */
export function linkImages(from: string, some: readonly string[], to: string): string {
  rmSync(to, { recursive: true, force: true });
  for (const part of ["images", "labels"]) {
    mkdirSync(join(to, part), { recursive: true });
    for (const file of some) symlinkSync(join(from, part, file), join(to, part, file));
  }
  return to;
}

/** What other microscopes do to an image, for a training that never saw it. */
export const changes = {
  darkened: (v: number) => v ** 1.6,
  noisy: (v: number, random: Random) => v + 0.12 * random.normal(),
  spotted: (v: number) => 0.35 * v,
} as const;

/** A square of 7 px that is saturated, in so many pixels of an image. */
const pixelsASpot = 20000;

/** A data set of every second image of `from`, changed; grey values 0 to 1 are those up to the image's largest. */
export async function changeImages(from: string, change: keyof typeof changes, to: string): Promise<string> {
  rmSync(to, { recursive: true, force: true });
  for (const part of ["images", "labels"]) mkdirSync(join(to, part), { recursive: true });
  for (const [i, file] of listImages(from).entries()) {
    if (i % 2 !== 0) continue;
    const { image } = await readSample(from, file);
    const { height, width } = image;
    const data = image.data as Uint8Array;
    const most = data.reduce((a, b) => Math.max(a, b), 1);
    const random = createRandom(i);
    const changed = Uint8Array.from(data, (v) => Math.min(255, Math.max(0, most * changes[change](v / most, random))));
    const spots = change === "spotted" ? Math.max(1, Math.floor((height * width) / pixelsASpot)) : 0;
    for (let n = 0; n < spots; n++) {
      const [y, x] = [random.integer(height), random.integer(width)];
      for (let v = Math.max(0, y - 3); v < Math.min(height, y + 4); v++)
        changed.fill(most, v * width + Math.max(0, x - 3), v * width + Math.min(width, x + 4));
    }
    writeFileSync(join(to, "images", file), await writePng({ height, width, channels: 1, data: changed }));
    symlinkSync(join(from, "labels", file), join(to, "labels", file));
  }
  return to;
}

const ringPx = 8;

/**
 * A data set of one image with five drawn objects: one by the seed and its four nearest neighbours; all but these and a ring around
 * them is ignored.
 */
export async function drawFive(folder: string, file: string, seed: number, to: string): Promise<string> {
  const { image, labels } = await readSample(folder, file);
  const { height, width } = labels;
  const objects = listObjects(labels);
  const first = objects[createRandom(seed).integer(objects.length)]!;
  const far = ({ centre }: (typeof objects)[number]): number => (centre.y - first.centre.y) ** 2 + (centre.x - first.centre.x) ** 2;
  const ids = objects
    .toSorted((a, b) => far(a) - far(b))
    .slice(0, 5)
    .map(({ id }) => id);
  const drawn = Uint8Array.from(labels.data, (id) => 1 + ids.indexOf(id));
  const ignore = Uint8Array.from(squaredDistances(drawn, height, width), (distance) => (distance > ringPx ** 2 ? 255 : 0));
  rmSync(to, { recursive: true, force: true });
  for (const [part, data] of Object.entries({ images: image.data as Uint8Array, labels: drawn, ignore })) {
    mkdirSync(join(to, part), { recursive: true });
    writeFileSync(join(to, part, file), await writePng({ height, width, channels: 1, data }));
  }
  return to;
}

async function readSample(folder: string, file: string): Promise<{ readonly image: Raster; readonly labels: LabelImage }> {
  const sample = (await openDataset(folder)).find(({ name }) => file.startsWith(name));
  if (sample === undefined) throw new Error(`${folder} has no image ${file}`);
  return { image: await sample.image.read(whole(sample)), labels: await readLabels(sample) };
}

async function readLabels(sample: DatasetSample): Promise<LabelImage> {
  return toLabelImage(await sample.labels!.read(whole(sample)));
}

function whole({ image: { height, width } }: DatasetSample): { y0: number; x0: number; y1: number; x1: number } {
  return { y0: 0, x0: 0, y1: height, x1: width };
}

/**
 * Pooled F1 of objects at IoU 0.5 of the threshold that parts the grey values of each image best (Otsu 1979), without objects of
 * fewer pixels than `segment` would keep after a training.
 */
export async function scoreOtsu(): Promise<number> {
  const drawn = await Promise.all((await openDataset(trainFolder)).map(async (sample) => ({ labels: await readLabels(sample) })));
  const leastPx = smallestObjectPx(drawn);
  const measures = [];
  for (const sample of await openDataset(valFolder)) {
    const { height, width, data } = await sample.image.read(whole(sample));
    const threshold = otsuThreshold(data as Uint8Array);
    const found = labelComponents({ height, width, data: Uint8Array.from(data, (v) => (v > threshold ? 1 : 0)) });
    measures.push(measureImage({ labels: await readLabels(sample) }, { labels: removeSmallObjects(found, leastPx) }));
  }
  return scoreMeasures(measures).f1;
}

function otsuThreshold(data: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const value of data) counts[value]!++;
  return otsuBin(counts);
}
