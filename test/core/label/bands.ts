// Whole images as bands, and back.

import fc from "fast-check";
import type { Band, ReadBands } from "../../../core/array/band.ts";
import type { LabelImage } from "../../../core/array/raster.ts";

/** Heights of bands, to be used in turn. */
export const anyBandHeights: fc.Arbitrary<readonly number[]> = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

/** The classes of an image in bands of the given heights, in turn. */
export function bandsOf({ height, width, data }: LabelImage, heights: readonly number[]): ReadBands {
  return async function* () {
    for (const { y0, y1 } of planBands(height, heights)) {
      const band = Uint8Array.from(data.subarray(y0 * width, y1 * width));
      yield { y0, height: y1 - y0, width, data: band, ...(band.every((value) => value === 0) && { isZero: true }) };
    }
  };
}

/** The rows of bands of the given heights, in turn. */
export function planBands(height: number, heights: readonly number[]): readonly { y0: number; y1: number }[] {
  const plan: { y0: number; y1: number }[] = [];
  for (let y0 = 0; y0 < height; ) {
    const y1 = Math.min(height, y0 + heights[plan.length % heights.length]!);
    plan.push({ y0, y1 });
    y0 = y1;
  }
  return plan;
}

/** The whole image of bands. */
export async function collectBands(
  bands: AsyncIterable<Band<Uint32Array>>,
  { height, width }: { height: number; width: number },
): Promise<LabelImage> {
  const data = new Uint32Array(height * width);
  for await (const band of bands) data.set(band.data, band.y0 * width);
  return { height, width, data };
}
