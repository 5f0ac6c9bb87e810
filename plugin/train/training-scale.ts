// How images are magnified for a training, so that its network sees objects at a size that it knows or sees well.

import { compareScales, scaleForObjects } from "../../core/image/object-scale.ts";
import type { Model } from "../../core/model/model.ts";
import { learntScale } from "../crew/segment-crew.ts";
import type { Values } from "../parameter/parameter-table.ts";

interface Facts {
  /** The model to go on from, where one was asked for. */
  readonly base: Pick<Model, "pixelSizeUm" | "training"> | undefined;
  /** Micrometres a side of the images' pixels, where they say so and agree. */
  readonly pixelSizeUm: number | undefined;
  /** Of the drawn objects. */
  readonly areasPx: readonly number[];
}

/**
 * The scale that was asked for; else that at which the model to go on from sees pixels of this size, or images of unknown size; for a
 * new model by the sizes of the drawn objects.
 */
export function chooseTrainingScale({ scale }: Pick<Values<"train">, "scale">, { base, pixelSizeUm, areasPx }: Facts): number {
  if (scale !== "auto") return scale;
  if (base === undefined) return scaleForObjects(areasPx);
  const learnt = learntScale(base);
  const ratio = compareScales(learnt, pixelSizeUm);
  return ratio === undefined ? (learnt.scale ?? 1) : Number((1 / ratio).toPrecision(4));
}

/** Returns the notice about a chosen scale. */
export function describeTrainingScale(scale: number, base: Facts["base"]): string {
  const why =
    base === undefined ? "the drawn objects have a size that the network sees well" : "objects have the size that the model knows";
  return `Images are seen at ${scale} times their size, where ${why} (scale). Results keep the pixels of the images.`;
}
