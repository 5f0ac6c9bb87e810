// A draw carried out: input tile, target and weights, in one resampling of the image. The image is read bilinear at mirrored
// coordinates; target and weight nearest at the same coordinates, with weight 0 outside the image.

import { nearestPixels, sampleBilinear } from "../array/resample.ts";
import { Problem } from "../problem.ts";
import { assertLegalInput, marginPx } from "../unet/shape.ts";
import { type AugmentationOptions, type Draw, drawAugmentation } from "./draw.ts";
import { splineWeights } from "./elastic.ts";
import { changeIntensityInPlace } from "./intensity.ts";
import type { Prepared } from "./prepare.ts";

/** Size of the input tile and levels of the network: together they give the size of the output. */
export interface TileSize {
  readonly tileHeight: number;
  readonly tileWidth: number;
  readonly levels: number;
}

/** An example as it is drawn from an image. */
export interface DrawnExample {
  /** [tileHeight, tileWidth, channels] */
  readonly input: Float32Array;
  /** Class numbers, [tileHeight - 2 margin, tileWidth - 2 margin]. */
  readonly target: Uint8Array;
  /** Weights of the same size; 0 = counts for nothing. */
  readonly weight: Float32Array;
  /** Pixels of weight above 0: what the loss is divided by. */
  readonly validPixels: number;
}

const maxAttempts = 20;

/**
 * Example k of a training, a pure function of (seed, k). A draw without a valid pixel is drawn again, 20 times at most.
 * Throws Problem InvalidParameter for a tile that is not legal, InvalidData when no draw has a valid pixel.
 */
export function createExample(
  seed: number,
  k: number,
  images: readonly Prepared[],
  { augmentation, ...tile }: TileSize & { readonly augmentation: AugmentationOptions },
): DrawnExample {
  const output = outputSize(tile);
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const draw = drawAugmentation({ seed, k, attempt, images, augmentation, output });
    const example = makeExample(draw, images[draw.image]!, tile);
    if (example.validPixels > 0) return example;
  }
  throw new Problem(
    "InvalidData",
    `An example needs a pixel that is not ignored; ${maxAttempts} random ones had none. Ignore less of the images, or use a larger tile.`,
    { reason: "no valid pixel" },
  );
}

/** Carries out `draw` on its image. Throws Problem InvalidParameter for a tile that is not legal. */
export function makeExample(draw: Draw, prepared: Prepared, tile: TileSize): DrawnExample {
  const { image } = prepared;
  const { tileHeight, tileWidth, levels } = tile;
  const output = outputSize(tile);
  const margin = marginPx(levels);
  const input = new Float32Array(tileHeight * tileWidth * image.channels);
  const target = new Uint8Array(output.height * output.width);
  const weight = new Float32Array(output.height * output.width);
  const nearest = new Int32Array(output.width);
  const readRow = createRowReader(draw, tileHeight, tileWidth);
  let validPixels = 0;
  for (let i = 0; i < tileHeight; i++) {
    const { ys, xs } = readRow(i);
    sampleBilinear(image, ys, xs, input, i * tileWidth * image.channels);
    const row = i - margin;
    if (row < 0 || row >= output.height) continue;
    nearestPixels(image, ys.subarray(margin, margin + output.width), xs.subarray(margin, margin + output.width), nearest);
    for (let j = 0; j < output.width; j++) {
      const from = nearest[j]!;
      if (from < 0 || !(prepared.weight[from]! > 0)) continue;
      target[row * output.width + j] = prepared.target[from]!;
      weight[row * output.width + j] = prepared.weight[from]!;
      validPixels++;
    }
  }
  changeIntensityInPlace(input, image.channels, tileWidth, draw.intensity);
  return { input, target, weight, validPixels };
}

function outputSize({ tileHeight, tileWidth, levels }: TileSize): { height: number; width: number } {
  assertLegalInput(levels, tileHeight);
  assertLegalInput(levels, tileWidth);
  return { height: tileHeight - 2 * marginPx(levels), width: tileWidth - 2 * marginPx(levels) };
}

/**
 * Coordinates in the image of each pixel of a row of the tile: the pixel's place relative to the tile's centre, displaced,
 * then flipped, scaled and turned, then relative to the draw's centre. The arrays are used again for the next row.
 */
function createRowReader(draw: Draw, height: number, width: number): (row: number) => { ys: Float64Array; xs: Float64Array } {
  const { centre, angleDegrees, flip, scale, displacements } = draw;
  const { cos, sin } = turn(angleDegrees);
  const mirror = flip ? -1 : 1;
  const yy = cos / scale;
  const yx = (mirror * sin) / scale;
  const xy = -sin / scale;
  const xx = (mirror * cos) / scale;
  const ys = new Float64Array(width);
  const xs = new Float64Array(width);
  const rows = splineWeights(height);
  const columns = splineWeights(width);
  const mix = (row: number, points: readonly number[], column: number) =>
    rows[3 * row]! * points[column]! + rows[3 * row + 1]! * points[3 + column]! + rows[3 * row + 2]! * points[6 + column]!;

  return (row) => {
    const [y0, y1, y2] = [mix(row, displacements.dy, 0), mix(row, displacements.dy, 1), mix(row, displacements.dy, 2)];
    const [x0, x1, x2] = [mix(row, displacements.dx, 0), mix(row, displacements.dx, 1), mix(row, displacements.dx, 2)];
    const v = row - (height - 1) / 2;
    for (let j = 0; j < width; j++) {
      const a = columns[3 * j]!;
      const b = columns[3 * j + 1]!;
      const c = columns[3 * j + 2]!;
      const dy = v + a * y0 + b * y1 + c * y2;
      const dx = j - (width - 1) / 2 + a * x0 + b * x1 + c * x2;
      ys[j] = centre.y + yy * dy + yx * dx;
      xs[j] = centre.x + xy * dy + xx * dx;
    }
    return { ys, xs };
  };
}

/** Cosine and sine, exact at multiples of 90 degrees, so that such turns move pixels onto pixels. */
function turn(degrees: number): { cos: number; sin: number } {
  const quarters = degrees / 90;
  if (!Number.isInteger(quarters)) return { cos: Math.cos((degrees * Math.PI) / 180), sin: Math.sin((degrees * Math.PI) / 180) };
  const k = ((quarters % 4) + 4) % 4;
  return { cos: [1, 0, -1, 0][k]!, sin: [0, 1, 0, -1][k]! };
}
