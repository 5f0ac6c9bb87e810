// The one way pixels come in. A source knows its size and reads boxes; which format it comes from is told by its bytes
// (open.ts). Nothing here keeps a whole image in memory unless its format leaves no choice.

import type { DType, Raster } from "../array/raster.ts";
import type { Gaps } from "./gaps.ts";
import type { ReadPlan } from "./read-plan.ts";

/** A box of one plane at one level. Everything but the box has a default. */
export interface ReadRequest {
  readonly y0: number;
  readonly x0: number;
  readonly y1: number;
  readonly x1: number;
  /** Pyramid level, 0 = full size. Boxes are in the pixels of the level. */
  readonly level?: number;
  readonly z?: number;
  readonly t?: number;
  /** Zero-based channels, in the order wanted; default all. */
  readonly channels?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** The size of a level. */
export interface Level {
  readonly width: number;
  readonly height: number;
  /** Pixels of the full size, a side, for one of the level's; absent when the file does not say (pyramid.ts finds them). */
  readonly step?: LevelStep;
}

export interface LevelStep {
  readonly y: number;
  readonly x: number;
}

/** An image of any size, read by boxes. Boxes lie inside the image; callers mirror at its borders. */
export interface ImageSource {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: readonly { readonly name: string }[];
  readonly dtype: DType;
  /** Planes in depth and time; 1 for a plain image. */
  readonly sizeZ: number;
  readonly sizeT: number;
  /** Micrometres a pixel side; absent when the file does not say. */
  readonly pixelSizeUm?: number;
  /** The pyramid, full size first; one entry for a plain image. */
  readonly levels: readonly Level[];
  /** True where the file's compression changes numbers (JPEG): good for pictures, not for labels. */
  readonly lossy?: boolean;
  /** What was found wrong, and passed over, while opening: for the user to read. Absent when there is nothing. */
  readonly notices?: readonly string[];
  /** Chunks that were read as the fill value, so far. Absent for formats without chunks. */
  readonly gaps?: Gaps;
  /** What tells this image from others of its name and size (fingerprint.ts). To be asked for before the first read. */
  fingerprint?(signal?: AbortSignal): Promise<string>;
  /** What a read will take, before it is made. Absent for images in memory. */
  plan?(request: ReadRequest): Promise<ReadPlan>;
  /** Returns the pixels of the box with the channels asked for, in the source's dtype. */
  read(request: ReadRequest): Promise<Raster>;
  /** Ends open files; reading afterwards is an error. */
  dispose?(): void;
}
