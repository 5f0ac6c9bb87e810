// What is known of the pages of a TIFF, and what is made of it: which page is which plane (planes.ts and its neighbours).

import type { StackFacts } from "./microscope-planes.ts";

export interface PlanePlan {
  readonly sizeZ: number;
  readonly sizeC: number;
  readonly sizeT: number;
  /** Index of the page of a plane in the file's chain; undefined where the file lacks it. */
  pageOf(z: number, c: number, t: number): number | undefined;
  readonly channelNames?: readonly string[];
  readonly pixelSizeUm?: number;
  /** What is wrong in what the file says of itself. */
  readonly notices?: readonly string[];
}

/** Facts of the pages: `usable` are the indices of the pages that are planes. */
export interface PagesInfo {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly description: string;
  readonly usable: readonly number[];
  /** Channels within one page. */
  readonly pageChannels: number;
  /** From the resolution tags: pixels a unit, and the unit (1 none, 2 inch, 3 centimetre, 4 millimetre, 5 micrometre). */
  readonly resolution: number | undefined;
  readonly unit: number;
  /** The same along y. */
  readonly resolutionY: number | undefined;
  /** Samples of a page as they are stored, alpha among them. */
  readonly samples: number;
  /** What a microscope's own tags say. */
  readonly stack?: StackFacts | undefined;
}

/** The sentence for what a file holds beside the image that is read. */
export function describeOtherImages(name: string, others: string): string {
  return `${name} holds ${others} beside the image that is read. Save what is wanted of them as files of their own.`;
}
