// The sentence for an image in which nothing was found: what is known of why, the likeliest first, and what to do about each.

import { compareScales } from "../../core/image/object-scale.ts";
import type { Plane } from "../../core/image/read-image.ts";
import type { DroppedPieces } from "../../core/label/object-table.ts";
import type { Model } from "../../core/model/model.ts";
import type { Findings } from "../../core/segment.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { nameParameter } from "../parameter/name-parameter.ts";

/** Facts of a segmentation that found nothing. */
export interface NothingFound {
  readonly image: Pick<ImageSource, "name" | "channels" | "sizeZ" | "sizeT">;
  /** Micrometres a pixel side, as the run took it. */
  readonly pixelSizeUm: number | undefined;
  /** False where pixels of another size were not resampled to the model's, and nobody asked for that. */
  readonly isScaled: boolean;
  readonly model: Pick<Model, "name" | "spec" | "training" | "pixelSizeUm">;
  readonly planes: readonly Plane[];
  readonly minSizePx: number;
  readonly findings: Findings;
  /** True where no pixel was looked at. */
  readonly isSkipped?: boolean;
}

/** A training of fewer steps has hardly begun to tell objects from background. */
const fewSteps = 200;

/** One paragraph: that nothing was found, why that may be, what to do. */
export function describeNothing(facts: NothingFound): string {
  const { image, findings, minSizePx } = facts;
  const { dropped, isFlat } = findings;
  if (dropped.count > 0) return describeNoneLeft(image.name, dropped, minSizePx);
  const head = `Nothing was found in ${image.name}.`;
  if (facts.isSkipped === true) return `${head} All of it was skipped as empty. Leave --skip-empty out to look at it all the same.`;
  if (isFlat === true) {
    return `${head} All pixels that were read have the same value, so there is nothing to see. ${describePlace(facts) ?? "Check that this is the image that was meant."}`;
  }
  const causes = [describeScale(facts), describeTraining(facts), describePlace(facts)].filter((cause) => cause !== undefined);
  const other = `${causes.length > 0 ? "Or the image looks" : "Likely the image looks"} unlike those that the model learnt from (stain, contrast, magnification, bright on dark or dark on bright): draw some of its objects and train on.`;
  return [head, describeNearest(findings), ...causes, other].filter((part) => part !== undefined).join(" ");
}

/** The same where only the pieces that were left out are known. */
export function describeNoneLeft(name: string, { count, largestPx }: DroppedPieces, minSizePx: number): string {
  const head = `Nothing was found in ${name}.`;
  if (count === 0) return `${head} Every pixel that was looked at is background.`;
  const [pieces, has] = count === 1 ? ["1 piece was", "it has"] : [`${count} pieces were`, "the largest has"];
  return `${head} ${pieces} left out as smaller than ${minSizePx} pixels, ${nameParameter("min_size")}; ${has} ${largestPx}. Set it to ${largestPx} or less, 0 keeps all; where these are specks and no objects, train longer.`;
}

function describeNearest({ nearest }: Findings): string | undefined {
  if (nearest === undefined) return undefined;
  const percent = nearest < 0.01 ? "under 1 %" : `${Math.round(nearest * 100)} %`;
  return `The model takes every pixel for background; the likeliest object has a probability of ${percent}.`;
}

function describeScale({ image, model, pixelSizeUm, isScaled }: NothingFound): string | undefined {
  if (isScaled || model.pixelSizeUm === undefined) return undefined;
  const ratio = compareScales(model, pixelSizeUm);
  if (ratio === undefined || (ratio < 1.5 && ratio > 1 / 1.5)) return undefined;
  return `Its pixels are of ${pixelSizeUm} µm, the model learnt from ${model.pixelSizeUm} µm: resize the image to these, or train on ${image.name}.`;
}

function describeTraining({ model: { name, training } }: NothingFound): string | undefined {
  const { steps } = training;
  if (typeof steps !== "number" || steps >= fewSteps) return undefined;
  if (steps === 0) return `${name} has learnt nothing yet: train it.`;
  return `${name} has learnt for ${steps} ${steps === 1 ? "step" : "steps"} only: train it longer.`;
}

function describePlace({ image, model, planes }: NothingFound): string | undefined {
  const read = planes[0]!.channels.map((channel) => channel + 1).join(", ");
  const parts = [
    image.channels.length > model.spec.channels
      ? `channel ${read} of ${image.channels.length} was read (choose by ${nameParameter("channel")})`
      : undefined,
    planes.length < image.sizeZ * image.sizeT
      ? `of the stack, only z=${planes[0]!.z},t=${planes[0]!.t} was read (choose by ${nameParameter("plane")})`
      : undefined,
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  const text = parts.join(", and ");
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}
