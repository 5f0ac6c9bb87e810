// An augmentation as plain data: which image, where, how turned, bent and lit. Draw k of a training is a pure function of
// (seed, k), so any worker can make it, and a resumed training goes on with the same examples. example.ts carries it out.

import { createRandom, type Random } from "../array/random.ts";
import { Problem } from "../problem.ts";
import { type Displacements, drawDisplacements } from "./elastic.ts";
import { drawImaging, drawIntensity, type IntensityDraw, type IntensityOptions } from "./intensity.ts";
import type { Prepared } from "./prepare.ts";

/** How far augmentation may go; all 0 and false = none. */
export interface AugmentationOptions {
  /** Largest rotation either way, in degrees; 180 = any. */
  readonly rotationDegrees: number;
  /** Mirrored or not, each as often. */
  readonly flips: boolean;
  /** Magnified or shrunk by 1 + this at most. */
  readonly scale: number;
  /** Standard deviation of the displacement of the control points. */
  readonly elasticSigmaPx: number;
  readonly intensity: IntensityOptions;
  /** Share of the examples that are placed over an object. */
  readonly foreground: number;
}

export const defaultAugmentation: AugmentationOptions = {
  rotationDegrees: 180,
  flips: true,
  scale: 0,
  elasticSigmaPx: 10,
  intensity: { black: 0.05, white: 0.05, slope: 0.25, noise: 0 },
  foreground: 0.5,
};

export const noAugmentation: AugmentationOptions = {
  rotationDegrees: 0,
  flips: false,
  scale: 0,
  elasticSigmaPx: 0,
  intensity: { black: 0, white: 0, slope: 0, noise: 0 },
  foreground: 0,
};

/** One drawn augmentation: plain data. */
export interface Draw {
  /** Which of the images. */
  readonly image: number;
  /** The point of the image that comes to the tile's centre. */
  readonly centre: { readonly y: number; readonly x: number };
  readonly angleDegrees: number;
  readonly flip: boolean;
  /** Above 1 = magnified. */
  readonly scale: number;
  readonly displacements: Displacements;
  readonly intensity: IntensityDraw;
}

export interface DrawRequest {
  readonly seed: number;
  /** Number of the example in the training, from 0. */
  readonly k: number;
  /** Number of the try, from 0, where an earlier one had no valid pixel. */
  readonly attempt?: number;
  readonly images: readonly Prepared[];
  readonly augmentation: AugmentationOptions;
  /** Size of the output, by which the centre is kept from the image's edge where the image is large enough. */
  readonly output: { readonly height: number; readonly width: number };
}

/**
 * Draw k: images come in proportion to their valid pixels; the place is a random object pixel or a random
 * pixel of all, somewhere in the output. Throws Problem InvalidData when all pixels of all images are ignored.
 */
export function drawAugmentation({ seed, k, attempt = 0, images, augmentation, output }: DrawRequest): Draw {
  const image = drawImage(seed, k, images);
  const random = createRandom(seed, k, attempt);
  const { rotationDegrees, flips, scale, elasticSigmaPx, intensity, foreground } = augmentation;
  const { channels } = images[image]!.image;
  return {
    image,
    centre: drawCentre(random, images[image]!, { foreground, output, spread: attempt === 0 }),
    angleDegrees: random.uniform(-rotationDegrees, rotationDegrees),
    flip: flips && random.integer(2) === 1,
    scale: Math.exp(random.uniform(-1, 1) * Math.log1p(scale)),
    displacements: drawDisplacements(random, elasticSigmaPx),
    intensity: {
      ...drawIntensity(random, channels, intensity),
      ...drawImaging(createRandom(seed, k, attempt, imagingStream), channels, intensity),
    },
  };
}

const imagingStream = 0x1a6;

/**
 * Images in proportion to their valid pixels, so that every annotated pixel counts the same, spread evenly: each round of as
 * many draws as there are images takes one from each equal share of all pixels, in shuffled order.
 */
function drawImage(seed: number, k: number, images: readonly Prepared[]): number {
  const ends: number[] = [];
  let total = 0;
  for (const { places } of images) {
    total += places.valid[places.height]!;
    ends.push(total);
  }
  if (total === 0) {
    throw new Problem(
      "InvalidData",
      "Training needs pixels that are not ignored; all are. Leave some of the images out of the ignore masks.",
      { reason: "all pixels are ignored" },
    );
  }
  const shares = images.length;
  const random = createRandom(seed, Math.floor(k / shares), -1, -1);
  const order = Array.from({ length: shares }, (_, i) => i);
  for (let i = shares - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const pixel = ((order[k % shares]! + createRandom(seed, k, -2).uniform()) / shares) * total;
  return ends.findIndex((end) => pixel < end);
}

/**
 * Centre of the output. A random pixel may lie anywhere in the output (`spread`), and an image that is large enough is
 * not left; or, since an earlier try failed, at its centre. Pixels stay on pixels.
 */
function drawCentre(
  random: Random,
  image: Prepared,
  { foreground, output, spread }: { foreground: number; output: DrawRequest["output"]; spread: boolean },
): { y: number; x: number } {
  const { places, target, weight } = image;
  const { height, width } = places;
  const onObject = random.uniform() < foreground && places.foreground[height]! > 0;
  const sums = onObject ? places.foreground : places.valid;
  const rank = random.integer(sums[height]!);
  let y = 0;
  while (sums[y + 1]! <= rank) y++;
  let left = rank - sums[y]!;
  let x = 0;
  for (; ; x++) {
    const i = y * width + x;
    if (weight[i]! > 0 && (!onObject || target[i] !== 0) && left-- === 0) break;
  }
  const place = (position: number, length: number, side: number): number => {
    const start = position - (spread ? random.integer(side) : side >> 1);
    const inside = spread && length >= side ? Math.min(length - side, Math.max(0, start)) : start;
    return inside + (side - 1) / 2;
  };
  return { y: place(y, height, output.height), x: place(x, width, output.width) };
}

/** The draw that changes nothing: the tile whose output begins at (y0, x0), as it is. */
export function identityDraw(
  image: number,
  channels: number,
  output: { readonly y0: number; readonly x0: number; readonly height: number; readonly width: number },
): Draw {
  const each = (value: number) => Array.from({ length: channels }, () => value);
  return {
    image,
    centre: { y: output.y0 + (output.height - 1) / 2, x: output.x0 + (output.width - 1) / 2 },
    angleDegrees: 0,
    flip: false,
    scale: 1,
    displacements: { dy: new Array(9).fill(0), dx: new Array(9).fill(0) },
    intensity: { black: each(0), white: each(1), slope: each(1), noise: 0, noiseSeed: 0 },
  };
}
