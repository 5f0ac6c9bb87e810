// What is made once for each training image, before any example is drawn from it: objects cut apart, target, weight map,
// and where its objects are. What lies under `ignore` is taken away first, so that it changes nothing.

import { hideIgnored } from "../array/ignore.ts";
import type { LabelImage, Raster } from "../array/raster.ts";
import { assertSameSize } from "../label/check.ts";
import { labelComponents } from "../label/components.ts";
import { separate } from "./separate.ts";
import { type WeightOptions, weightMap } from "./weight-map.ts";

/** A training image, ready to draw examples from. */
export interface Prepared {
  /** Normalised. */
  readonly image: Raster<Float32Array>;
  /** Class numbers, one a pixel. */
  readonly target: Uint8Array;
  /** One weight a pixel; 0 = ignored. */
  readonly weight: Float32Array;
  readonly places: Places;
}

/** Pixels on which examples can be centred: running sums over the rows, so that any pixel of a kind is found by its rank. */
export interface Places {
  readonly height: number;
  readonly width: number;
  /** `valid[y]`: pixels of weight above 0 in the rows before y; the last entry is their number. */
  readonly valid: Uint32Array;
  /** The same for those of them that belong to an object. */
  readonly foreground: Uint32Array;
}

/** A labelled image as the user gave it: `labels` (instances) or `classes` (class numbers), or both. */
export interface LabelledImage {
  /** Normalised. */
  readonly image: Raster<Float32Array>;
  readonly labels?: LabelImage | undefined;
  /** Without labels, its 4-connected components are the instances. */
  readonly classes?: { readonly height: number; readonly width: number; readonly data: Uint8Array } | undefined;
  /** Non-zero = ignored. */
  readonly ignore?: { readonly height: number; readonly width: number; readonly data: Uint8Array } | undefined;
}

/** Makes target and weight map, and finds the places. `classCount` is with background. Throws Problem InvalidData when sizes differ. */
export function prepareImage(
  given: LabelledImage,
  { classCount = 2, weights, path }: { classCount?: number; weights: WeightOptions; path?: string },
): Prepared {
  const { image, ignore } = given;
  if (given.labels) assertSameSize("image", image, "labels", given.labels, path);
  if (given.classes) assertSameSize("image", image, "classes", given.classes, path);
  if (ignore) assertSameSize("image", image, "ignore mask", ignore, path);
  const { labels, classes } = findInstances(given);
  // A gap between instances is learnt only within a class; different classes may touch.
  const cut = separate(labels, classes);
  const target = new Uint8Array(cut.data.length);
  for (let i = 0; i < target.length; i++) if (cut.data[i] !== 0) target[i] = classes === undefined ? 1 : classes[i]!;
  const weight = weightMap({ labels: cut, classes: target, classCount, ignore: ignore?.data }, weights);
  return { image, target, weight, places: findPlaces(image, target, weight) };
}

/** Instances and their classes (undefined: all 1), with background under the ignored pixels. */
function findInstances({ image: { height, width }, labels, classes, ignore }: LabelledImage): {
  labels: LabelImage;
  classes: Uint8Array | undefined;
} {
  const seenClasses = classes && hideIgnored(classes.data, ignore?.data);
  if (labels === undefined) {
    const data = seenClasses ?? new Uint8Array(height * width);
    return { labels: labelComponents({ height, width, data }), classes: data };
  }
  const data = hideIgnored(labels.data, ignore?.data);
  if (seenClasses === undefined) return { labels: { height, width, data }, classes: undefined };
  // An object needs both a number and a class.
  return { labels: { height, width, data: data.map((id, i) => (seenClasses[i] === 0 ? 0 : id)) }, classes: seenClasses };
}

/** Counts, row by row, the pixels where an example can be centred. */
export function findPlaces({ height, width }: { height: number; width: number }, target: Uint8Array, weight: Float32Array): Places {
  const valid = new Uint32Array(height + 1);
  const foreground = new Uint32Array(height + 1);
  for (let y = 0, i = 0; y < height; y++) {
    let validHere = 0;
    let foregroundHere = 0;
    for (let x = 0; x < width; x++, i++) {
      if (!(weight[i]! > 0)) continue;
      validHere++;
      if (target[i] !== 0) foregroundHere++;
    }
    valid[y + 1] = valid[y]! + validHere;
    foreground[y + 1] = foreground[y]! + foregroundHere;
  }
  return { height, width, valid, foreground };
}

/** The longer side of the smallest box that holds all that is not ignored; 0 where all is. */
export function annotatedSidePx({ image: { height, width }, weight }: Pick<Prepared, "image" | "weight">): number {
  const box = { y0: height, x0: width, y1: 0, x1: 0 };
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (weight[i] === 0) continue;
      if (y < box.y0) box.y0 = y;
      if (x < box.x0) box.x0 = x;
      if (x >= box.x1) box.x1 = x + 1;
      box.y1 = y + 1;
    }
  }
  return Math.max(0, box.y1 - box.y0, box.x1 - box.x0);
}
