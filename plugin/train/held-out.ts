// Drawn objects that a training keeps aside (core/sample/hold-out.ts), where neither a dataset nor a share of the images validates: they
// choose nothing while it learns, and at its end they tell how objects are best found and how good the model is.

import { cropRows } from "../../core/array/crop.ts";
import type { Box } from "../../core/array/raster.ts";
import { holdOut } from "../../core/sample/hold-out.ts";
import { findPlaces } from "../../core/sample/prepare.ts";
import type { TrainOutcome } from "../../core/train.ts";
import type { SamplePlane } from "../../core/training/read-samples.ts";
import type { ValidationImage } from "../../core/training/validate.ts";
import { alignmentPx, marginPx } from "../../core/unet/shape.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import { nameParameter } from "../parameter/name-parameter.ts";

/** For checkpoint and record: how many of the drawn objects are held out, and of which images. */
export interface HeldRecord {
  readonly objects: number;
  readonly of: number;
  readonly by: "place" | "image";
  readonly images: readonly string[];
}

export interface Aside {
  readonly learnt: readonly SamplePlane[];
  /** Cut to what the network sees of them. */
  readonly held: readonly ValidationImage[];
  /** Undefined where none are held out. */
  readonly record?: HeldRecord;
  /** For the user: how many are held out, or why none. */
  readonly notice: string;
}

/** Returns what is learnt and what is held out of images that all were to train. */
export function holdAside(images: readonly SamplePlane[], spec: UNetSpec): Aside {
  const found = holdOut(images, spec);
  if ("reason" in found) {
    const notice = `No drawn objects are kept to measure with: ${found.reason}. There will be no scores, and the last weights are kept.`;
    return { learnt: images, held: [], notice };
  }
  const { objects, of, by } = found;
  const names = found.held.map(({ name }) => name);
  const where = by === "place" ? `at one side of ${names[0]}` : `all of ${names.join(", ")}`;
  return {
    learnt: found.learnt,
    held: by === "place" ? found.held.map((image) => cropToSeen(image, spec)) : found.held,
    record: { objects, of, by, images: names },
    notice: `${objects} of ${of} drawn objects are kept to measure with (${where}); nothing is learnt from them. ${nameParameter("hold_out")} set to none learns from all.`,
  };
}

/** The part of the image that the network sees of the pixels that count, at the same places of its poolings. */
function cropToSeen<T extends ValidationImage>(image: T, { levels }: UNetSpec): T {
  const { prepared, labels, classes, ignore } = image;
  const { height, width, channels } = prepared.image;
  const { y0, x0, y1, x1 } = findValid(image);
  const margin = marginPx(levels);
  const align = (position: number): number => Math.max(0, Math.floor((position - margin) / alignmentPx(levels)) * alignmentPx(levels));
  const box: Box = { y0: align(y0), x0: align(x0), y1: Math.min(height, y1 + margin), x1: Math.min(width, x1 + margin) };
  const size = { height: box.y1 - box.y0, width: box.x1 - box.x0 };
  const pixels = { ...size, channels, data: cropRows(prepared.image.data, width, channels, box) };
  const target = cropRows(prepared.target, width, 1, box);
  const weight = cropRows(prepared.weight, width, 1, box);
  const ids = new Uint32Array(size.height * size.width);
  for (let y = box.y0, to = 0; y < box.y1; y++, to += size.width) ids.set(labels.data.subarray(y * width + box.x0, y * width + box.x1), to);
  return {
    ...image,
    prepared: { image: pixels, target, weight, places: findPlaces(size, target, weight) },
    labels: { ...size, data: ids },
    ...(classes && { classes: cropRows(classes, width, 1, box) }),
    ...(ignore && { ignore: cropRows(ignore, width, 1, box) }),
  };
}

function findValid({ prepared: { image, weight } }: ValidationImage): Box {
  const { height, width } = image;
  const box = { y0: height, x0: width, y1: 0, x1: 0 };
  for (let i = 0; i < weight.length; i++) {
    if (!(weight[i]! > 0)) continue;
    const [y, x] = [Math.floor(i / width), i % width];
    box.y0 = Math.min(box.y0, y);
    box.x0 = Math.min(box.x0, x);
    box.x1 = Math.max(box.x1, x + 1);
    box.y1 = y + 1;
  }
  return box;
}

/** The outcome with the scores of what was held out, as its last validation. */
export function withHeldScores(outcome: TrainOutcome, scores: TrainOutcome["scores"]): TrainOutcome {
  const { state } = outcome;
  const last = state.curve.at(-1);
  const curve = last === undefined ? state.curve : [...state.curve.slice(0, -1), { ...last, scores }];
  return { ...outcome, scores, state: { ...state, curve } };
}
