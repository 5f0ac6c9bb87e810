import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRanges, measureRanges, normalizeRaster } from "../../../core/array/normalize.ts";
import { createPercentiles, percentilesOf } from "../../../core/array/percentile.ts";
import { createTypedArray, type DType, type TypedArray } from "../../../core/array/raster.ts";
import { isProblem } from "../../../core/problem.ts";
import { fixturePath } from "../../support/data.ts";

const dtypes: DType[] = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"];

function typed(dtype: DType, values: readonly number[]): TypedArray {
  const data = createTypedArray(dtype, values.length);
  data.set(values);
  return data;
}

/** Percentiles of sorted values by NumPy's linear rule. */
function bySorting(values: TypedArray, percents: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return percents.map((percent) => {
    const at = ((sorted.length - 1) * percent) / 100;
    const low = sorted[Math.floor(at)]!;
    return low + (sorted[Math.min(Math.floor(at) + 1, sorted.length - 1)]! - low) * (at - Math.floor(at));
  });
}

describe("percentiles", () => {
  it("are NumPy's, for every number type", () => {
    const { percentiles } = JSON.parse(readFileSync(fixturePath("reference/grids.json"), "utf8"));
    for (const { dtype, values, percents, percentiles: wanted } of percentiles) {
      const found = percentilesOf(typed(dtype, values), percents).values;
      found.forEach((value, i) => {
        expect(Math.abs(value - wanted[i]), `${dtype} ${percents[i]}`).toBeLessThanOrEqual(1e-12 * Math.max(1, Math.abs(wanted[i])));
      });
    }
  });

  it("are those of the sorted values, added in parts and by channel", () => {
    const numbers = fc.oneof(fc.double({ noNaN: true, min: -3e9, max: 5e9 }), fc.integer({ min: -3, max: 3 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        fc.array(numbers, { minLength: 1, maxLength: 60 }),
        fc.array(fc.double({ noNaN: true, min: 0, max: 100 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (dtype, values, percents, channels) => {
          const data = typed(
            dtype,
            values.flatMap((value) => Array.from({ length: channels }, (_, c) => value * (c + 1))),
          );
          for (let c = 0; c < channels; c++) {
            const percentiles = createPercentiles(dtype, percents);
            const cut = channels * Math.floor(values.length / 2);
            let passes = 0;
            do {
              percentiles.add(data.subarray(0, cut), c, channels);
              percentiles.add(data.subarray(cut), c, channels);
              passes++;
            } while (percentiles.endPass());
            expect(passes).toBe(percentiles.passes);
            const wanted = bySorting(
              data.filter((_, i) => i % channels === c),
              percents,
            );
            percentiles.result().values.forEach((value, i) => {
              expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted[i]!)));
            });
          }
        },
      ),
      { seed: 2, numRuns: 150 },
    );
  });

  it("tell how many values were NaN or infinite, and which came first", () => {
    const data = Float32Array.of(1, Number.NaN, 2, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY);
    expect(percentilesOf(data, [0, 50, 100])).toEqual({ values: [1, 2, 3], count: 3, notFinite: { count: 3, first: 1 } });
    expect(percentilesOf(Float64Array.from(data), [50], 1, 2)).toEqual({
      values: [Number.NaN],
      count: 0,
      notFinite: { count: 3, first: 0 },
    });
    expect(percentilesOf(new Uint8Array(0), [50]).count).toBe(0);
  });
});

describe("normalisation", () => {
  it("maps percentiles 1 and 99.8 of each channel to 0 and 1, with the eps of bioimage.io", () => {
    const data = Uint16Array.from({ length: 2002 }, (_, i) => (i % 2 === 0 ? i / 2 : 5000 + 2 * i));
    const image = { height: 7, width: 143, channels: 2, data };
    const ranges = measureRanges(image);
    expect(ranges[0]).toEqual({ low: 10, high: 998 });
    const { data: normal } = normalizeRaster(image, ranges);
    for (const x of [0, 10, 500, 998, 1000]) expect(normal[2 * x]).toBeCloseTo((x - 10) / (988 + 1e-6), 6);
    const flat = { height: 1, width: 3, channels: 1, data: Uint8Array.of(9, 9, 9) };
    expect([...normalizeRaster(flat, measureRanges(flat)).data]).toEqual([0, 0, 0]);
  });

  it("of a whole image is that of its parts", () => {
    const data = Float32Array.from({ length: 600 }, (_, i) => Math.sin(i) * i);
    const ranges = createRanges("float32", 3);
    do {
      for (let y = 0; y < 10; y += 5) ranges.add({ height: 5, width: 20, channels: 3, data: data.subarray(y * 60, (y + 5) * 60) });
    } while (ranges.endPass());
    expect(ranges.result()).toEqual(measureRanges({ height: 10, width: 20, channels: 3, data }));
  });

  it("refuses NaN and names the place", () => {
    const data = Float32Array.of(1, 2, 3, 4, Number.NaN, 6);
    try {
      measureRanges({ height: 1, width: 3, channels: 2, data }, "cell.tif");
      expect.unreachable();
    } catch (error) {
      expect(isProblem(error, "UnsupportedImage") && error.message).toContain(
        '"cell.tif", 1 of 3 values of channel 1 are NaN or infinite, the first at pixel 2',
      );
    }
  });
});
