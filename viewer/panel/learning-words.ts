// The sentences that say what a model would learn from, as it is computed: what counts (plugin/learnt-pixels.ts), which objects
// lie outside of the boxes, where corrections go.

import { countObjectsIn } from "../labels/plane-objects.ts";
import { annotationsOf } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole } from "../model/label-layer.ts";
import { rimPx } from "../plugin/learnt-pixels.ts";
import type { Lesson } from "../plugin/samples.ts";

/** Objects of the training layers: inside the annotated boxes, and outside, where they count one by one. */
export interface Trainable {
  readonly inside: number;
  readonly outside: number;
  /** Of those outside of boxes, the ones on the plane in sight: what "Grow the box" is about. */
  readonly outsideHere: number;
  /** Pixels of background that count around each object that lies in no box, on the plane in sight. */
  readonly rim: number;
}

/** Counts the objects that a model would learn from. An object counts when any of it lies in a box. */
export function countTrainable(lessons: readonly Lesson[], current: ImageEntry | undefined): Trainable {
  let [inside, outside, outsideHere] = [0, 0, 0];
  for (const { entry, layer, plane } of lessons) {
    const { width, height } = layer.raster;
    const regions = layer.regions.peek();
    const counts = countObjectsIn(layer.raster, plane, regions.length > 0 ? regions : [{ y0: 0, x0: 0, y1: height, x1: width }]);
    inside += counts.inside;
    outside += counts.all - counts.inside;
    if (entry === current && plane === entry.planeIndex.peek()) outsideHere = counts.all - counts.inside;
  }
  const layer = current?.trainingLayer.peek();
  return { inside, outside, outsideHere, rim: current && layer ? rimPx(layer.raster, current.planeIndex.peek()) : 0 };
}

/** Says what to draw first. */
export function describeDrawing({ trainingLayer }: ImageEntry): string {
  const layer = trainingLayer.value;
  if (!layer || layer.regions.value.length === 0)
    return "Draw 3 to 5 cells, wherever you like. What you leave undrawn is not taken for background.";
  if (coversWhole(layer)) return "Draw every cell of the image.";
  return "Draw every cell in the box; where it holds many, make it smaller: 3 to 5 cells are enough.";
}

/** Says what is taken for background, where it is decided. */
export function describeCounts({ trainingLayer }: ImageEntry, rim: number): string {
  const layer = trainingLayer.value;
  if (!layer) return "No layer of this image is learnt from.";
  const boxes = layer.regions.value.length;
  const drawn = `nly what is drawn counts: each object with ${rim} px of background around it, and what you paint as Background. The rest counts for nothing`;
  if (boxes === 0) return `O${drawn}.`;
  if (coversWhole(layer)) return "The whole image is drawn: what you leave undrawn is learnt as background.";
  return `What you leave undrawn in the ${boxes === 1 ? "box" : "boxes"} is learnt as background. Outside, o${drawn}.`;
}

/** Says where corrections of a prediction go, and whether they are learnt there. */
export function describeCorrecting(entry: ImageEntry): string {
  const to = annotationsOf(entry);
  if (!to) return "Correct it with the tools. There is no layer of annotations to learn from: add one.";
  const name = to.name.value;
  const copied = `Correct it with the tools: each object that you draw or change is copied into "${name}", unless it lies over others drawn there`;
  if (!isLearnt(entry)) return `${copied}. "${name}" is not learnt from.`;
  return `${copied}, and is learnt at the next training. What you only delete is not: paint it as Background, and it is.`;
}

/** Says what became of objects that were accepted. */
export function describeAccepted(entry: ImageEntry, done: boolean): string {
  const to = annotationsOf(entry);
  if (!to) return "There is no layer of annotations to copy into: add one.";
  if (!done) return "Nothing was copied: the annotations have other objects there.";
  return `Copied into "${to.name.value}": ${isLearnt(entry) ? "the next training learns from them" : "it is not learnt from, unless you choose that"}.`;
}

function isLearnt(entry: ImageEntry): boolean {
  return entry.trainingLayer.value !== undefined && entry.trainingLayer.value === annotationsOf(entry);
}
