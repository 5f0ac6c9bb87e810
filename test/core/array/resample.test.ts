import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mirrorIndex } from "../../../core/array/mirror.ts";
import { nearestPixels, sampleBilinear } from "../../../core/array/resample.ts";

describe("resampling", () => {
  it("reads between pixels as the four around say, mirrored outside", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.tuple(fc.double({ min: -20, max: 20, noNaN: true }), fc.double({ min: -20, max: 20, noNaN: true })), { minLength: 1 }),
        (height, width, channels, points) => {
          const data = Float32Array.from({ length: height * width * channels }, (_, i) => (i * 37) % 11);
          const out = new Float32Array(points.length * channels);
          sampleBilinear(
            { height, width, channels, data },
            Float64Array.from(points, ([y]) => y),
            Float64Array.from(points, ([, x]) => x),
            out,
          );
          const at = (y: number, x: number, c: number) => data[(mirrorIndex(y, height) * width + mirrorIndex(x, width)) * channels + c]!;
          points.forEach(([y, x], i) => {
            const [y0, x0] = [Math.floor(y), Math.floor(x)];
            for (let c = 0; c < channels; c++) {
              const wanted =
                at(y0, x0, c) * (1 - y + y0) * (1 - x + x0) +
                at(y0, x0 + 1, c) * (1 - y + y0) * (x - x0) +
                at(y0 + 1, x0, c) * (y - y0) * (1 - x + x0) +
                at(y0 + 1, x0 + 1, c) * (y - y0) * (x - x0);
              expect(out[i * channels + c]).toBeCloseTo(wanted, 4);
            }
          });
        },
      ),
      { seed: 4, numRuns: 60 },
    );
  });

  it("finds the nearest pixel, and none outside", () => {
    const out = new Int32Array(5);
    nearestPixels({ height: 2, width: 3 }, Float64Array.of(0, 0.49, 0.5, -0.5, -0.51), Float64Array.of(0, 2.4, 1, 0, 0), out);
    expect([...out]).toEqual([0, 2, 4, 0, -1]);
    nearestPixels({ height: 2, width: 3 }, Float64Array.of(1.5), Float64Array.of(0), out);
    expect(out[0]).toBe(-1);
    // Halves go right, as they go down.
    nearestPixels({ height: 2, width: 3 }, Float64Array.of(0, 1, 1, 0, 0), Float64Array.of(0.5, 1.5, -0.5, 2.5, -0.51), out);
    expect([...out]).toEqual([1, 5, 3, -1, -1]);
  });
});
