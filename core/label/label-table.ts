// A label image in memory as a table of objects, whatever its ids are and in how many pieces its objects.

import type { LabelImage } from "../array/raster.ts";
import type { ObjectColumns } from "./object-table.ts";
import { type LabelObject, listObjects } from "./objects.ts";
import { type RunBand, runsOf } from "./run-band.ts";

export interface LabelTable extends ObjectColumns {
  /** The ids of the objects by their numbers. */
  readonly ids: Uint32Array;
  /** The image, with numbers instead of ids: what a `Measurer` of this table takes. */
  readonly runs: RunBand;
}

/** The objects of a label image by numbers, in the reading order of their first pixels; class 1 where `classOf` says nothing. */
export function toLabelTable(labels: LabelImage, classOf: (id: number) => number | undefined = () => 1): LabelTable {
  const objects = listObjects(labels);
  const numbers = new Map(objects.map(({ id }, i) => [id, i + 1]));
  const runs = runsOf(labels);
  const column = (read: (object: LabelObject) => number) => Uint32Array.from([0, ...objects.map(read)]);
  return {
    height: labels.height,
    width: labels.width,
    count: objects.length,
    classes: Uint8Array.from([0, ...objects.map(({ id }) => classOf(id) ?? 1)]),
    areasPx: Float64Array.from([0, ...objects.map(({ areaPx }) => areaPx)]),
    y0: column(({ box }) => box.y0),
    x0: column(({ box }) => box.x0),
    y1: column(({ box }) => box.y1),
    x1: column(({ box }) => box.x1),
    ids: column(({ id }) => id),
    runs: { ...runs, ids: runs.ids.map((id) => numbers.get(id)!) },
  };
}
