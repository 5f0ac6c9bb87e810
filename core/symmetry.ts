// Averaging over symmetries: the network sees a tile mirrored and turned too, and the mean of its probabilities counts. The input of
// a tile halves evenly at every pooling, so a mirrored tile is pooled in the same windows: tiles stay exact.

import { softmax } from "./engine/loss.ts";
import type { PredictTile, TilePixels } from "./tile/run.ts";

/** Which views of a tile are averaged: the tile alone, its four mirror images, or these turned by 90 degrees as well. */
export type Symmetry = "none" | "flips" | "eight";

/** How a view is made: rows and columns change places, then either axis is reversed. */
interface View {
  readonly transpose: boolean;
  readonly flipY: boolean;
  readonly flipX: boolean;
}

const flips: readonly View[] = [false, true].flatMap((flipY) => [false, true].map((flipX) => ({ transpose: false, flipY, flipX })));

const views: Readonly<Record<Symmetry, readonly View[]>> = {
  none: flips.slice(0, 1),
  flips,
  eight: [...flips, ...flips.map((view) => ({ ...view, transpose: true }))],
};

// Below every probability that is told apart from 0.
const leastProbability = 1e-30;

/**
 * Returns a predictor of `classes` classes that averages the softmax of `predict` over the views of each tile. Its logits are those
 * of the mean, the first class at 0. A tile takes as many predictions as there are views.
 */
export function averageOverSymmetries(predict: PredictTile, symmetry: Symmetry, classes: number): PredictTile {
  if (symmetry === "none") return predict;
  return async (tile, signal) => {
    let sum = new Float64Array(0);
    for (const view of views[symmetry]) {
      const { height, width } = tile;
      const seen = look(tile, view);
      const logits = await predict(seen, signal);
      const lost = lostSide(logits.length / classes, height, width);
      const size = { height: height - lost, width: width - lost };
      if (sum.length === 0) sum = new Float64Array(logits.length);
      const probabilities = new Float32Array(logits.length);
      softmax(logits, classes, probabilities);
      addBack(probabilities, { ...size, view, classes }, sum);
    }
    return toLogits(sum, classes);
  };
}

/** How many rows and columns a valid network takes away, where so many pixels are left: (height - lost)(width - lost) = pixels. */
function lostSide(pixels: number, height: number, width: number): number {
  return Math.round((height + width - Math.sqrt((height - width) ** 2 + 4 * pixels)) / 2);
}

/** Place of pixel (y, x) of an image in its view: at `start` + y `down` + x `right`. */
function placesIn({ transpose, flipY, flipX }: View, height: number, width: number) {
  const [rows, columns] = transpose ? [width, height] : [height, width];
  const start = (flipY ? (rows - 1) * columns : 0) + (flipX ? columns - 1 : 0);
  const alongY = flipY ? -columns : columns;
  const alongX = flipX ? -1 : 1;
  return { rows, columns, start, down: transpose ? alongX : alongY, right: transpose ? alongY : alongX };
}

function look({ height, width, data }: TilePixels, view: View): TilePixels {
  const channels = data.length / (height * width);
  const { rows, columns, start, down, right } = placesIn(view, height, width);
  const out = new Float32Array(data.length);
  let from = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0, place = start + y * down; x < width; x++, place += right) {
      for (let c = 0; c < channels; c++) out[place * channels + c] = data[from++]!;
    }
  }
  return { height: rows, width: columns, data: out };
}

function addBack(
  seen: Float32Array,
  { height, width, view, classes }: { readonly height: number; readonly width: number; readonly view: View; readonly classes: number },
  sum: Float64Array,
): void {
  const { start, down, right } = placesIn(view, height, width);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0, place = start + y * down; x < width; x++, place += right) {
      for (let c = 0; c < classes; c++) sum[to++]! += seen[place * classes + c]!;
    }
  }
}

function toLogits(sum: Float64Array, classes: number): Float32Array {
  const logits = new Float32Array(sum.length);
  for (let i = 0; i < sum.length; i += classes) {
    const first = Math.log(Math.max(sum[i]!, leastProbability));
    for (let c = 1; c < classes; c++) logits[i + c] = Math.log(Math.max(sum[i + c]!, leastProbability)) - first;
  }
  return logits;
}
