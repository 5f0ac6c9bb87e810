// A layer of labels over an image: its tiles, the class of each object, and the boxes inside which everything is annotated.

import { type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import { createLabelRaster, type LabelRaster } from "../labels/label-raster.ts";
import { largestId } from "../labels/tile-objects.ts";
import { createId } from "./id.ts";

/** What the numbers of a layer mean: objects, or classes of pixels. */
export type LabelKind = "annotation" | "labels" | "classes";

export interface LabelLayer {
  readonly id: string;
  readonly name: Signal<string>;
  readonly kind: LabelKind;
  readonly raster: LabelRaster;
  readonly visible: Signal<boolean>;
  readonly opacity: Signal<number>;
  readonly outlinesOnly: Signal<boolean>;
  /** Counts every change of the tiles, so that the screen can follow. */
  readonly version: Signal<number>;
  /** Class numbers (1, 2, ...) of objects that are not of class 1. */
  readonly classOf: Signal<ReadonlyMap<number, number>>;
  /** Boxes inside which everything is drawn; outside of them, and where there is none, only what is drawn counts. */
  readonly regions: Signal<readonly Box[]>;
  /** Of a result: the name of the model, without its version. Absent where it is not known, and once the user has named the layer. */
  readonly madeBy: Signal<string | undefined>;
  /** Why a result holds nothing, as it was told, by plane. */
  readonly nothing: Signal<ReadonlyMap<number, string>>;
  /** Of a result: the one whose place it took; undefined where there is none. */
  readonly previous: Signal<LabelRaster | undefined>;
  /** Ids of the selected objects, the last chosen last. */
  readonly selected: Signal<readonly number[]>;
}

/** An empty layer for an image of this size. */
export function createLabelLayer(
  { width, height, planes }: { width: number; height: number; planes: number },
  name: string,
  kind: LabelKind,
  id: string = createId(),
): LabelLayer {
  return {
    id,
    name: signal(name),
    kind,
    raster: createLabelRaster(width, height, planes),
    visible: signal(true),
    opacity: signal(kind === "annotation" ? 0.4 : 0.3),
    outlinesOnly: signal(false),
    version: signal(0),
    classOf: signal(new Map()),
    regions: signal([]),
    madeBy: signal(undefined),
    nothing: signal(new Map()),
    previous: signal(undefined),
    selected: signal([]),
  };
}

/** The box over the whole image: all of it is drawn. */
export function wholeRegion({ raster: { width, height } }: Pick<LabelLayer, "raster">): Box {
  return { y0: 0, x0: 0, y1: height, x1: width };
}

/** True where a box says that the whole image is drawn. */
export function coversWhole({ raster: { width, height }, regions }: Pick<LabelLayer, "raster" | "regions">): boolean {
  return regions.value.some(({ y0, x0, y1, x1 }) => y0 <= 0 && x0 <= 0 && y1 >= height && x1 >= width);
}

/** The number for a new object: one more than the largest in use. */
export function nextObjectId({ raster }: LabelLayer): number {
  return largestId(raster) + 1;
}
