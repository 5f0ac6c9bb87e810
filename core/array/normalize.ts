// Grey values to a common scale: each channel's percentiles 1 and 99.8 become 0 and 1. This is `scale_range` of the
// bioimage.io model description 0.5, with its eps, so that other tools compute the same. Statistics are those of a whole
// image (or a low level of its pyramid), never of a tile. Where both percentiles are one value, least and largest stand for them.

import { Problem } from "../problem.ts";
import { createPercentiles, type Percentiles } from "./percentile.ts";
import { type DType, dtypeOf, type Raster, type TypedArray } from "./raster.ts";

/** The two percentiles of a channel, in the image's own grey values. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

const scaleRange = { lowPercent: 1, highPercent: 99.8, eps: 1e-6 } as const;

/** Ranges in the making, for images that are read in parts: `add` every part, in every pass that `endPass` asks for. */
export interface Ranges {
  add(part: Raster): void;
  /** True when the whole image must be added once more. */
  endPass(): boolean;
  /** One range a channel. Throws Problem UnsupportedImage when a pixel was NaN or infinite. */
  result(path?: string): readonly Range[];
}

/** Finds the range of each channel of an image of any size, exactly. */
export function createRanges(dtype: DType, channels: number): Ranges {
  const finders: Percentiles[] = Array.from({ length: channels }, () =>
    createPercentiles(dtype, [0, scaleRange.lowPercent, scaleRange.highPercent, 100]),
  );
  return {
    add: (part) => {
      finders.forEach((finder, c) => {
        finder.add(part.data, c, channels);
      });
    },
    endPass: () => finders.map((finder) => finder.endPass()).some((again) => again),
    result: (path) =>
      finders.map((finder, channel) => {
        const { values, count, notFinite } = finder.result();
        if (notFinite.count > 0) throw notFiniteProblem({ ...notFinite, channel, total: count + notFinite.count }, path);
        const [least, low, high, most] = values as [number, number, number, number];
        // A few bright spots on black: percentiles of one value would make them numbers of eight digits.
        return low === high ? { low: least, high: most } : { low, high };
      }),
  };
}

/** The range of each channel of an image in memory. Throws Problem UnsupportedImage for NaN or infinite pixels. */
export function measureRanges(image: Raster, path?: string): readonly Range[] {
  const ranges = createRanges(dtypeOf(image.data)!, image.channels);
  do ranges.add(image);
  while (ranges.endPass());
  return ranges.result(path);
}

/** Gives memory for so many numbers, whatever they are before. */
export type Allocate = (length: number) => Float32Array;

/** `(x - low) / (high - low + 1e-6)` of every pixel, channel by channel, as float32. A new raster. */
export function normalizeRaster(
  image: Raster<TypedArray>,
  ranges: readonly Range[],
  allocate: Allocate = (length) => new Float32Array(length),
): Raster<Float32Array> {
  const { data, channels } = image;
  const out = allocate(data.length);
  for (let c = 0; c < channels; c++) {
    const { low, high } = ranges[c]!;
    const scale = 1 / (high - low + scaleRange.eps);
    const table = tabulate(data, channels, (value) => (value - low) * scale);
    if (table === undefined) for (let i = c; i < data.length; i += channels) out[i] = (data[i]! - low) * scale;
    else for (let i = c; i < data.length; i += channels) out[i] = table[data[i]!]!;
  }
  return { ...image, data: out };
}

/** Maps every possible value once, where there are fewer values than pixels. */
function tabulate(data: TypedArray, channels: number, map: (value: number) => number): Float32Array | undefined {
  const count = data instanceof Uint8Array ? 2 ** 8 : data instanceof Uint16Array ? 2 ** 16 : Number.POSITIVE_INFINITY;
  if (count > data.length / channels) return undefined;
  const table = new Float32Array(count);
  for (let value = 0; value < count; value++) table[value] = map(value);
  return table;
}

function notFiniteProblem(found: { count: number; first: number; channel: number; total: number }, path?: string): Problem {
  const { count, first, channel, total } = found;
  const reason = `${count} of ${total} values of channel ${channel + 1} are NaN or infinite, the first at pixel ${first} in reading order`;
  const where = path === undefined ? "the image" : `"${path}"`;
  return new Problem(
    "UnsupportedImage",
    `Pixels must be finite numbers; in ${where}, ${reason}. Replace them, for example by the background value.`,
    path === undefined ? { reason } : { path, reason },
  );
}
