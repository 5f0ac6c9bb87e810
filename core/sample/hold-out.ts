// Drawn objects held out to measure with, where there are too few images to keep whole ones: a compact group at one side of an image,
// so far from all that is learnt that no field of view is shared; or one image of several. At most a quarter is held out, and nothing
// where few objects are drawn: all of them are needed to learn from.

import { hideIgnored } from "../array/ignore.ts";
import type { Box, LabelImage } from "../array/raster.ts";
import { marginPx } from "../unet/shape.ts";
import { findPlaces, type Prepared } from "./prepare.ts";

/** An annotated image, as far as it matters here. */
export interface DrawnImage {
  /** Which of the samples it is of: planes of one stack stay together. */
  readonly sample: number;
  readonly prepared: Prepared;
  readonly labels: LabelImage;
  readonly ignore?: Uint8Array | undefined;
}

/** The images to learn and those held out, each with all other pixels ignored; or the reason why nothing is held out. */
export type HeldOut<T extends DrawnImage> =
  | {
      readonly learnt: readonly T[];
      readonly held: readonly T[];
      readonly by: "place" | "image";
      /** Objects held out, of all. */
      readonly objects: number;
      readonly of: number;
    }
  | { readonly reason: string };

/** With fewer drawn objects than this, none are held out. */
const leastObjects = 8;
const greatestShare = 1 / 4;
/** One object alone says nothing. */
const leastHeld = 2;

/**
 * Returns which pixels train and which validate, for a network of so many levels. In one image both are more than two margins apart, so
 * that no pixel of the image is seen from both (before augmentation turns it); no object is cut. The same images give the same answer.
 */
export function holdOut<T extends DrawnImage>(images: readonly T[], { levels }: { readonly levels: number }): HeldOut<T> {
  const boxes = images.map(listBoxes);
  const count = boxes.reduce((sum, { length }) => sum + length, 0);
  const objects = `${count} object${count === 1 ? " is" : "s are"} drawn`;
  if (count < leastObjects) return { reason: `${objects}, too few to say how good the model is (${leastObjects} suffice)` };
  const most = Math.floor(greatestShare * count);
  for (const found of [...listCuts(images, boxes, 2 * marginPx(levels), most), ...listImages(images, boxes, most)]) {
    const learnt = images.flatMap((image, i) => keepBox(image, found.learnt(i)));
    if (hasBothSides(learnt)) {
      return { learnt, held: images.flatMap((image, i) => keepBox(image, found.held(i))), by: found.by, objects: found.objects, of: count };
    }
  }
  const apart = `no ${leastHeld} to ${most} of them lie at one side of an image, ${2 * marginPx(levels)} px from the others`;
  return { reason: `${objects}, but ${apart}, and no image holds so few` };
}

/** A way to part the images: of each image the box that is learnt and the one that is held out. */
interface Parting {
  readonly by: "place" | "image";
  readonly objects: number;
  /** Undefined where nothing of this image is. */
  readonly learnt: (image: number) => Box | undefined;
  readonly held: (image: number) => Box | undefined;
}

/** The box of each object, of its pixels that count. */
function listBoxes({ prepared: { weight }, labels: { width, data } }: DrawnImage): readonly Box[] {
  const boxes = new Map<number, { y0: number; x0: number; y1: number; x1: number }>();
  for (let i = 0; i < data.length; i++) {
    const id = data[i]!;
    if (id === 0 || !(weight[i]! > 0)) continue;
    const y = Math.floor(i / width);
    const x = i % width;
    const box = boxes.get(id);
    if (box === undefined) boxes.set(id, { y0: y, x0: x, y1: y + 1, x1: x + 1 });
    else {
      box.x0 = Math.min(box.x0, x);
      box.x1 = Math.max(box.x1, x + 1);
      box.y1 = y + 1;
    }
  }
  return [...boxes.values()];
}

/** Cuts across one image, those that hold out most first, and of these the widest. */
function listCuts(images: readonly DrawnImage[], boxes: readonly (readonly Box[])[], gapPx: number, most: number): readonly Parting[] {
  const cuts: (Parting & { readonly spare: number })[] = [];
  for (const [i, { labels: whole }] of images.entries()) {
    const all: Box = { y0: 0, x0: 0, y1: whole.height, x1: whole.width };
    for (const [from, to] of [
      ["y0", "y1"],
      ["x0", "x1"],
    ] as const) {
      // biome-ignore format: pairs
      for (const isLow of [true, false]) {
        // From the upper or left side as they lie; from the other side mirrored.
        const spans = boxes[i]!.map((box) => (isLow ? { start: box[from], end: box[to] } : { start: -box[to], end: -box[from] }));
        spans.sort((a, b) => a.end - b.end);
        for (let k = leastHeld; k <= Math.min(most, spans.length - 1); k++) {
          const end = spans[k - 1]!.end;
          const spare = Math.min(...spans.slice(k).map(({ start }) => start)) - end - gapPx;
          if (spare < 0) continue;
          const near = end + (spare >> 1);
          const far = near + gapPx;
          const held = isLow ? { ...all, [to]: near } : { ...all, [from]: -near };
          const learnt = isLow ? { ...all, [from]: far } : { ...all, [to]: -far };
          cuts.push({ by: "place", objects: k, spare, ...partingOf(images, i, learnt, held) });
        }
      }
    }
  }
  return cuts.sort((a, b) => b.objects - a.objects || b.spare - a.spare);
}

function partingOf(images: readonly DrawnImage[], cut: number, learnt: Box, held: Box): Pick<Parting, "learnt" | "held"> {
  return { learnt: (i) => (i === cut ? learnt : boxOf(images[i]!)), held: (i) => (i === cut ? held : undefined) };
}

/** Whole images, or stacks, those with most objects first. */
function listImages(images: readonly DrawnImage[], boxes: readonly (readonly Box[])[], most: number): readonly Parting[] {
  const samples = [...new Set(images.map(({ sample }) => sample))];
  return samples
    .map((sample) => ({ sample, objects: images.reduce((sum, image, i) => sum + (image.sample === sample ? boxes[i]!.length : 0), 0) }))
    .filter(({ objects }) => objects >= leastHeld && objects <= most)
    .sort((a, b) => b.objects - a.objects)
    .map(({ sample, objects }) => ({
      by: "image",
      objects,
      learnt: (i) => (images[i]!.sample === sample ? undefined : boxOf(images[i]!)),
      held: (i) => (images[i]!.sample === sample ? boxOf(images[i]!) : undefined),
    }));
}

function boxOf({ labels: { height, width } }: DrawnImage): Box {
  return { y0: 0, x0: 0, y1: height, x1: width };
}

/** The image with all ignored that lies outside of the box; the image itself where the box is all of it. */
function keepBox<T extends DrawnImage>(image: T, box: Box | undefined): readonly T[] {
  if (box === undefined) return [];
  const { prepared, labels, ignore } = image;
  const { height, width } = labels;
  if (box.y0 === 0 && box.x0 === 0 && box.y1 === height && box.x1 === width) return [image];
  const hidden = new Uint8Array(height * width);
  const weight = prepared.weight.slice();
  for (let i = 0; i < hidden.length; i++) {
    const y = Math.floor(i / width);
    const x = i % width;
    const isKept = y >= box.y0 && y < box.y1 && x >= box.x0 && x < box.x1;
    hidden[i] = isKept && !ignore?.[i] ? 0 : 1;
    if (!isKept) weight[i] = 0;
  }
  const places = findPlaces(labels, prepared.target, weight);
  const kept = { ...labels, data: hideIgnored(labels.data, hidden) };
  return [{ ...image, prepared: { ...prepared, weight, places }, labels: kept, ignore: hidden }];
}

/** True where objects and background are left to learn from. */
function hasBothSides(images: readonly DrawnImage[]): boolean {
  let [valid, foreground] = [0, 0];
  for (const { prepared } of images) {
    const { places } = prepared;
    valid += places.valid[places.height]!;
    foreground += places.foreground[places.height]!;
  }
  return foreground > 0 && valid > foreground;
}
