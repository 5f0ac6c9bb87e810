// The sentences that say what a model would learn from, as it is computed: what counts (plugin/learnt-pixels.ts), which objects
// lie outside of the boxes, where corrections go.

import type { LabelObject } from "../../core/label/objects.ts";
import { countObjectsIn } from "../labels/plane-objects.ts";
import { allAnnotations, annotationsOf } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole } from "../model/label-layer.ts";
import { listUndrawn, rimPx } from "../plugin/learnt-pixels.ts";
import type { AnnotatedPlane } from "../plugin/samples.ts";

/** Objects of the annotations: inside the annotated boxes, and outside, where they count one by one. */
export interface Trainable {
  readonly inside: number;
  readonly outside: number;
  /** Of those outside of boxes, the ones on the plane in sight: what "Grow the box" is about. */
  readonly outsideHere: number;
  /** Pixels of background that count around each object that lies in no box, on the plane in sight. */
  readonly rim: number;
  /** Objects of a prediction in the boxes of the plane in sight that are not drawn. */
  readonly undrawn: readonly LabelObject[];
}

/** Counts the objects that a model would learn from. An object counts when any of it lies in a box. */
export function countTrainable(annotatedPlanes: readonly AnnotatedPlane[], current: ImageEntry | undefined): Trainable {
  let [inside, outside, outsideHere] = [0, 0, 0];
  for (const { entry, layer, plane } of annotatedPlanes) {
    const { width, height } = layer.raster;
    const regions = layer.regions.peek();
    const counts = countObjectsIn(layer.raster, plane, regions.length > 0 ? regions : [{ y0: 0, x0: 0, y1: height, x1: width }]);
    inside += counts.inside;
    outside += counts.all - counts.inside;
    if (entry === current && plane === entry.planeIndex.peek()) outsideHere = counts.all - counts.inside;
  }
  const layer = current && allAnnotations(current);
  const plane = current?.planeIndex.peek() ?? 0;
  const undrawn = current ? listUndrawn(current, plane) : [];
  return { inside, outside, outsideHere, rim: layer ? rimPx(layer.raster, plane) : 0, undrawn };
}

/** Says what to draw first. */
export function describeDrawing(entry: ImageEntry): string {
  const layer = allAnnotations(entry);
  if (!layer || layer.regions.value.length === 0)
    return "Draw 3 to 5 cells, wherever you like. What you leave undrawn is not taken for background.";
  if (coversWhole(layer)) return "Draw every cell of the image.";
  return "Draw every cell in the box; where it holds many, make it smaller: 3 to 5 cells are enough.";
}

/** Says that objects stand undrawn in a box. */
export function describeUndrawn(count: number): string {
  const what = count === 1 ? "An object that the model found in the box is" : `${count} objects that the model found in the box are`;
  return `${what} not drawn: ${count === 1 ? "it" : "they"} will be learnt as background.`;
}

/** Says what is taken for background, where it is decided. */
export function describeCounts(entry: ImageEntry, rim: number): string {
  const layer = allAnnotations(entry);
  if (!layer) return "Nothing is drawn on this image yet.";
  const boxes = layer.regions.value.length;
  const drawn = `nly what is drawn counts: each object with ${rim} px of background around it, and what you paint as Background. The rest counts for nothing`;
  if (boxes === 0) return `O${drawn}.`;
  if (coversWhole(layer)) return "The whole image is drawn: what you leave undrawn is learnt as background.";
  return `What you leave undrawn in the ${boxes === 1 ? "box" : "boxes"} is learnt as background. Outside, o${drawn}.`;
}

/** Says how a prediction is corrected, and that this is learnt. */
export function describeCorrecting(entry: ImageEntry): string {
  const name = annotationsOf(entry)?.name.value ?? "Annotations";
  return `Accept what is right (Y), reject what is wrong (N), or correct it with the tools: it goes into "${name}", and the next training learns from it. What was drawn there stays.`;
}

/** Says what became of objects that were accepted. */
export function describeAccepted(entry: ImageEntry, count: number): string {
  if (count === 0) return "Nothing was accepted: the annotations have objects there already.";
  return `${countOf(count)} accepted into "${annotationsOf(entry)!.name.value}". The next training learns from ${count === 1 ? "it" : "them"}.`;
}

/** Says what became of objects that were rejected. */
export function describeRejected(count: number): string {
  return `${countOf(count)} rejected. The next training takes the place for background, where nothing is drawn.`;
}

function countOf(count: number): string {
  return count === 1 ? "1 object is" : `${count} objects are`;
}
