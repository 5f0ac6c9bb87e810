// What is known of the objects of an image, in columns: a million objects are 40 MB.

import type { Box } from "../array/raster.ts";
import type { Region } from "./region/region.ts";

/** Objects by number, 1 to `count` in the reading order of their first pixels. Entry 0 of each column is not used. */
export interface ObjectColumns {
  readonly height: number;
  readonly width: number;
  readonly count: number;
  readonly classes: Uint8Array;
  /** Pixels, filled holes included. */
  readonly areasPx: Float64Array;
  /** Half-open boxes. */
  readonly y0: Uint32Array;
  readonly x0: Uint32Array;
  readonly y1: Uint32Array;
  readonly x1: Uint32Array;
  /** What was looked at of the image; absent: all of it. */
  readonly extent?: Box | undefined;
}

/** Pieces that were found and left out since they are smaller than the smallest object. */
export interface DroppedPieces {
  readonly count: number;
  /** Pixels of the largest of them; 0 where there is none. */
  readonly largestPx: number;
}

/** The objects that a walk over an image's classes found; their numbers are their ids. */
export interface ObjectTable extends ObjectColumns {
  /** Present where the walk kept to regions. */
  readonly regions?: ObjectRegions;
  /** Present where merged objects were cut apart (split-objects.ts). */
  readonly splits?: Splits;
  /** How a second walk over the same classes finds the ids again. */
  readonly sets: SetIds;
  readonly dropped: DroppedPieces;
}

/** How objects as they were found became those of the table. */
export interface Splits {
  /** The id in the table of each object that was found; of one in pieces that of its first. */
  readonly ids: Uint32Array;
  /** Of each object in pieces, for its runs in reading order: where a part ends, and the id of its piece, and so on. */
  readonly parts: ReadonlyMap<number, Uint32Array>;
  /** Ids in the table of objects that were too large to be looked at. */
  readonly tooLarge: readonly number[];
}

export interface ObjectRegions {
  readonly regions: readonly Region[];
  /** Of each object, the region of its first pixel, from 1 on. */
  readonly ofObject: Uint32Array;
  /** Pixels of each region, from 1 on; those in several regions count for the first. */
  readonly areasPx: Float64Array;
}

/** The ids of the sets that a walk plants, by their numbers; 0 = no object. */
export interface SetIds {
  readonly ids: Uint32Array;
  /** Background has sets, too: its holes were filled. */
  readonly background: boolean;
  /** `sumRuns` of the classes. */
  readonly checksum: number;
}

/** The half-open box of an object. */
export function boxOf({ y0, x0, y1, x1 }: ObjectColumns, id: number): Box {
  return { y0: y0[id]!, x0: x0[id]!, y1: y1[id]!, x1: x1[id]! };
}

/** True for an object that has pixels on the edge of what was looked at: a part of it may be missing. */
export function isAtBorder({ height, width, extent, y0, x0, y1, x1 }: ObjectColumns, id: number): boolean {
  const edge = extent ?? { y0: 0, x0: 0, y1: height, x1: width };
  return y0[id] === edge.y0 || x0[id] === edge.x0 || y1[id] === edge.y1 || x1[id] === edge.x1;
}

/** The number of objects in each region, from 1 on; entry 0 is not used. Each object counts once, for its first pixel. */
export function countByRegion({ regions, ofObject }: ObjectRegions): Uint32Array {
  const counts = new Uint32Array(regions.length + 1);
  for (let id = 1; id < ofObject.length; id++) counts[ofObject[id]!]!++;
  return counts;
}
