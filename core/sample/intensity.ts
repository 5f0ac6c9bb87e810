// Grey-value changes, on normalised values (0 and 1 are the percentiles 1 and 99.8). Black and white move a little, the curve
// between them bends, noise is added: what differs between two days at the same microscope.

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
}

/** One drawn change, plain data; lists are by channel. */
export interface IntensityDraw {
  readonly black: readonly number[];
  readonly white: readonly number[];
  readonly slope: readonly number[];
  readonly noise: number;
  /** Names the stream of the noise. */
  readonly noiseSeed: number;
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

/**
 * Changes `values` (all channels of a pixel together): v -> black + (white - black) g(v) + noise, where g bends the range
 * 0 to 1 with slope s at 0 and 1 / s at 1, s v / (1 + (s - 1) v), and leaves what lies outside of it.
 */
export function changeIntensityInPlace(values: Float32Array, channels: number, draw: IntensityDraw): void {
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
