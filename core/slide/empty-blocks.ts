// Which blocks of a slide are empty glass: judged on a coarse level, where Otsu's threshold parts what is there from what is not.
// Of colour images the brighter side is empty (glass), of others the darker one, whichever channels the network reads. Asked for by
// the user and told before the run.

import { otsuBin } from "../array/otsu.ts";
import type { Raster } from "../array/raster.ts";
import type { Plane } from "../image/read-image.ts";
import { findStep } from "../source/pyramid.ts";
import type { ImageSource } from "../source/source.ts";
import type { Block, SlidePlan } from "../tile/slide-plan.ts";

// A level of at most this many pixels is read whole.
const largestLevelPx = 2 ** 24;
const bins = 256;

export interface EmptyBlocks {
  /** True for blocks that, with the margin that their tiles see, hold nothing but background. */
  readonly isEmpty: (block: Block) => boolean;
  /** True: what is bright is background. */
  readonly isBright: boolean;
}

/** Which blocks are empty; undefined where no level is small enough to judge by. */
export async function findEmptyBlocks(
  source: ImageSource,
  plane: Plane,
  plan: SlidePlan,
  signal?: AbortSignal,
): Promise<EmptyBlocks | undefined> {
  const level = source.levels.findIndex(({ height, width }) => height * width <= largestLevelPx);
  if (level < 0) return undefined;
  const { height, width } = source.levels[level]!;
  const step = findStep(source, source.levels[level]!);
  const isBright = isColour(source);
  const channels = isBright ? [0, 1, 2] : plane.channels; // glass is bright in every colour, a stain need not be dark in each
  const raster = await source.read({ y0: 0, x0: 0, y1: height, x1: width, ...plane, channels, level, signal });
  const grey = meanOfChannels(raster);
  const threshold = otsuThreshold(grey);
  const isEmptyPixel = (value: number): boolean => (isBright ? value > threshold : value <= threshold);
  const reach = (plan.marginPx * plan.height) / plan.gridHeight;
  const isEmpty = ({ box }: Block): boolean => {
    const y1 = Math.min(height, Math.ceil((box.y1 + reach) / step.y));
    const x1 = Math.min(width, Math.ceil((box.x1 + reach) / step.x));
    const x0 = Math.max(0, Math.floor((box.x0 - reach) / step.x));
    for (let y = Math.max(0, Math.floor((box.y0 - reach) / step.y)); y < y1; y++) {
      for (let x = x0; x < x1; x++) if (!isEmptyPixel(grey[y * width + x]!)) return false;
    }
    return true;
  };
  return { isEmpty, isBright };
}

/** True for a picture in colours, as light shines through a slide; stains that glow have names of their own, or more than 8 bits. */
function isColour({ dtype, channels }: ImageSource): boolean {
  return dtype === "uint8" && channels.map(({ name }) => name.toLowerCase()).join() === "red,green,blue";
}

function meanOfChannels({ height, width, channels, data }: Raster): Float32Array {
  const out = new Float32Array(height * width);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += data[i * channels + c]!;
    out[i] = sum / channels;
  }
  return out;
}

function otsuThreshold(values: Float32Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) return low;
  const counts = new Float64Array(bins);
  const scale = bins / (high - low);
  for (const value of values) counts[Math.min(bins - 1, Math.floor((value - low) * scale))]!++;
  return low + (otsuBin(counts) + 1) / scale;
}
