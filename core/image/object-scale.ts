// The grid on which a network sees an image: that of the image, or one on which its objects have the size that the network learnt.

import { Problem } from "../problem.ts";

/** What a model knows of the size of objects. */
export interface LearntScale {
  /** Micrometres a side of the pixels that it saw; undefined where that is not known. */
  readonly pixelSizeUm?: number | undefined;
  /** How its images were magnified before it saw them; default 1. */
  readonly scale?: number | undefined;
}

/** An image, as far as its scale goes. */
export interface Scaled {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly pixelSizeUm?: number | undefined;
}

// Sizes that differ by less are taken as equal: resampling would cost more than it gains.
const tolerance = 0.02;
/** A grid with a shorter side shows no objects. */
const leastSidePx = 8;
/** A grid of more pixels, for an image that has fewer, does not fit in memory. */
const mostPx = 2 ** 27;

/**
 * Pixels of the image, a side, for one that the network sees: 1 is the image's own grid, 2 half as many a side. `auto`: by the sizes of
 * pixels where model and image know theirs, else as the images that the model learnt from were seen; the image's own grid where that
 * makes it too small or too large to work with. Throws Problem InvalidParameter for a scale that does.
 */
export function choosePixelsPerStep(scale: number | "auto", learnt: LearntScale, image: Scaled): number {
  if (scale !== "auto") {
    const reason = describeUnusable(1 / scale, image);
    if (reason === undefined) return 1 / scale;
    const message = `"scale" must give an image that can be worked with; with ${scale}, ${image.name} becomes ${reason}. Leave it out, or give one nearer to 1.`;
    throw new Problem("InvalidParameter", message, { parameter: "scale", value: scale });
  }
  const ratio = compareScales(learnt, image.pixelSizeUm) ?? 1 / (learnt.scale ?? 1);
  return describeUnusable(ratio, image) === undefined ? ratio : 1;
}

/** Pixels of the image, a side, for one that the model learnt from; 1 where they are about equal, undefined where either is not known. */
export function compareScales({ pixelSizeUm: wanted }: LearntScale, pixelSizeUm: number | undefined): number | undefined {
  if (wanted === undefined || pixelSizeUm === undefined) return undefined;
  const ratio = wanted / pixelSizeUm;
  return Math.abs(ratio - 1) < tolerance ? 1 : ratio;
}

/** Sides of the image on a grid. */
export function gridSize({ height, width }: Pick<Scaled, "height" | "width">, pixelsPerStep: number): { height: number; width: number } {
  const sideOf = (side: number): number => Math.max(1, Math.round(side / pixelsPerStep));
  return { height: sideOf(height), width: sideOf(width) };
}

function describeUnusable(pixelsPerStep: number, image: Scaled): string | undefined {
  const { height, width } = gridSize(image, pixelsPerStep);
  const isSmall = Math.min(height, width) < Math.min(leastSidePx, image.height, image.width);
  const isLarge = height * width > Math.max(mostPx, image.height * image.width);
  return isSmall || isLarge ? `one of ${width} x ${height} pixels` : undefined;
}

// Objects of these diameters are seen as they are. Others are brought to the middle: large ones leave the field of view, small ones
// are blurred by the first pooling.
const seen = { leastPx: 7, mostPx: 64, middlePx: 24 };

/** How images are to be magnified so that a network sees drawn objects of these areas well; 1 for most. Two digits. */
export function scaleForObjects(areasPx: readonly number[]): number {
  const sorted = areasPx.toSorted((a, b) => a - b);
  const area = sorted[Math.floor(sorted.length / 2)];
  if (area === undefined) return 1;
  const diameter = diameterPx(area);
  if (diameter >= seen.leastPx && diameter <= seen.mostPx) return 1;
  // A cell of one pixel is a slip of the pen, not an object that is to be seen 24 times as large.
  return Number(Math.min(4, seen.middlePx / diameter).toPrecision(2));
}

/** Diameter of a disk of this area. */
export function diameterPx(areaPx: number): number {
  return Math.sqrt((4 * areaPx) / Math.PI);
}
