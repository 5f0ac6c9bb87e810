// Grey-value changes, on normalised values (0 and 1 are the percentiles 1 and 99.8). Black and white move a little, the curve
// between them bends, noise is added: what differs between two days at the same microscope. Gain, gamma and blur are what
// differs between two microscopes; they are drawn from a stream of their own, so that trainings without them draw as ever.

import { smoothPixelsInPlace } from "../array/gaussian.ts";
import { createRandom, type Random } from "../array/random.ts";

/** The largest changes that may be drawn; all 0 = none. */
export interface IntensityOptions {
  /** Black becomes -b to b. */
  readonly black: number;
  /** White becomes 1 - w to 1 + w. */
  readonly white: number;
  /** The slope at black is multiplied by 1 / (1 + s) to 1 + s. */
  readonly slope: number;
  /** Standard deviation of added noise, 0 to this. */
  readonly noise: number;
  /** Grey values are multiplied by 1 / (1 + g) to 1 + g. */
  readonly gain?: number;
  /** Grey values above 0 are raised to the power of 1 / (1 + g) to 1 + g. */
  readonly gamma?: number;
  /** Standard deviation of the blur in pixels: 0 to this in half of the examples, none in the others. */
  readonly blurPx?: number;
}

/** One drawn change, plain data; lists are by channel. */
export interface IntensityDraw {
  readonly black: readonly number[];
  readonly white: readonly number[];
  readonly slope: readonly number[];
  readonly noise: number;
  /** Names the stream of the noise. */
  readonly noiseSeed: number;
  /** Absent = 1 in every channel. */
  readonly gain?: readonly number[];
  /** Absent = 1 in every channel. */
  readonly gamma?: readonly number[];
  /** Absent = 0. */
  readonly blurPx?: number;
}

export function drawIntensity(random: Random, channels: number, { black, white, slope, noise }: IntensityOptions): IntensityDraw {
  const draw = (value: () => number) => Array.from({ length: channels }, value);
  return {
    black: draw(() => random.uniform(-black, black)),
    white: draw(() => 1 + random.uniform(-white, white)),
    slope: draw(() => Math.exp(random.uniform(-1, 1) * Math.log1p(slope))),
    noise: random.uniform(0, noise),
    noiseSeed: random.integer(4294967296),
  };
}

/** The draws that came later than the others; empty where all of them are off. `random` must be a stream of their own. */
export function drawImaging(
  random: Random,
  channels: number,
  { gain = 0, gamma = 0, blurPx = 0 }: IntensityOptions,
): Pick<IntensityDraw, "gain" | "gamma" | "blurPx"> {
  if (gain === 0 && gamma === 0 && blurPx === 0) return {};
  const factors = (most: number) => Array.from({ length: channels }, () => Math.exp(random.uniform(-1, 1) * Math.log1p(most)));
  return { gain: factors(gain), gamma: factors(gamma), blurPx: Math.max(0, random.uniform(-blurPx, blurPx)) };
}

/**
 * Changes a tile, `width` pixels a row and all channels of a pixel together: blurred, gained and raised to gamma, and then
 * v -> black + (white - black) g(v) + noise, where g bends the range 0 to 1 with slope s at 0 and 1 / s at 1,
 * s v / (1 + (s - 1) v), and leaves what lies outside of it.
 */
export function changeIntensityInPlace(values: Float32Array, channels: number, width: number, draw: IntensityDraw): void {
  const { blurPx = 0, gain = [], gamma = [] } = draw;
  if (blurPx > 0) smoothPixelsInPlace(values, { height: values.length / (width * channels), width, channels }, blurPx);
  for (let c = 0; c < channels; c++) {
    const [factor, power] = [gain[c] ?? 1, gamma[c] ?? 1];
    if (factor === 1 && power === 1) continue;
    for (let i = c; i < values.length; i += channels) {
      const v = values[i]!;
      values[i] = factor * (v > 0 ? v ** power : v);
    }
  }
  for (let c = 0; c < channels; c++) {
    const black = draw.black[c]!;
    const gain = draw.white[c]! - black;
    const slope = draw.slope[c]!;
    if (black === 0 && gain === 1 && slope === 1) continue;
    for (let i = c; i < values.length; i += channels) {
      const v = values[i]!;
      const bent = v > 0 && v < 1 ? (slope * v) / (1 + (slope - 1) * v) : v;
      values[i] = black + gain * bent;
    }
  }
  if (draw.noise === 0) return;
  const random = createRandom(draw.noiseSeed);
  for (let i = 0; i < values.length; i++) values[i]! += draw.noise * random.normal();
}
