// Levels and tile of a training where they are left to choose: as few levels as see what is drawn, and of the tiles the one that
// learns from the most drawn pixels for the same work.

import { listObjects } from "../../core/label/objects.ts";
import { annotatedSidePx, type Prepared } from "../../core/sample/prepare.ts";
import type { ValidationImage } from "../../core/training/validate.ts";
import { countMultiplyAdds } from "../../core/unet/cost.ts";
import { alignmentPx, marginPx, nearestLegalInput, outputSide, smallestUsableInput } from "../../core/unet/shape.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";

/** Levels of a network that is made before anything is drawn. */
const leastLevels = 3;
const mostLevels = 4;

/** Share of the field of view that an object may fill: the rest shows what is around it. */
const objectShare = 2 / 3;

/**
 * The fewest levels, 3 or 4, whose field of view (89 or 185 px) is half as large again as nine tenths of the drawn objects. Each
 * level more doubles the margin: of the same tile and work, less is left to learn from.
 */
export function chooseLevels(images: readonly Pick<ValidationImage, "labels">[]): number {
  const sides = images
    .flatMap(({ labels }) => listObjects(labels))
    .map(({ box }) => Math.max(box.y1 - box.y0, box.x1 - box.x0))
    .sort((a, b) => a - b);
  const large = sides[Math.floor(0.9 * sides.length)] ?? 0;
  for (let levels = leastLevels; levels < mostLevels; levels++) if (large <= objectShare * fieldOfViewPx(levels)) return levels;
  return mostLevels;
}

/** Side of the square of the input that an output pixel depends on, less the shifts of the pooling grid. */
function fieldOfViewPx(levels: number): number {
  return 2 * marginPx(levels) + 1;
}

/** `most`; a smaller one where its output would hold all that is annotated: the rest of it teaches nothing. */
export function chooseSmallestTile(most: number, levels: number, images: readonly Prepared[]): number {
  const annotatedPx = Math.max(...images.map(annotatedSidePx));
  return nearestLegalInput(levels, Math.max(smallestUsableInput(levels), Math.min(most, annotatedPx + 2 * marginPx(levels))));
}

/**
 * Of the legal tiles up to `most`, the one whose output holds the most annotated pixels for each multiply-add, over examples of all
 * images: small images leave parts of a large output empty, and the margins of a small tile are work without output.
 */
export function chooseTrainingTile(most: number, spec: UNetSpec, images: readonly Prepared[]): number {
  const { levels } = spec;
  const sides = images.map((image) => ({ side: annotatedSidePx(image), share: image.places.valid.at(-1)! }));
  let best = { tile: nearestLegalInput(levels, most), pixels: -1 };
  for (let tile = smallestUsableInput(levels); tile <= nearestLegalInput(levels, most); tile += alignmentPx(levels)) {
    const output = outputSide(levels, tile);
    const learnt = sides.reduce((sum, { side, share }) => sum + share * Math.min(output, side) ** 2, 0);
    const pixels = learnt / countMultiplyAdds(spec, tile);
    if (pixels > best.pixels) best = { tile, pixels };
  }
  return best.tile;
}
