import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Raster } from "../../../core/array/raster.ts";
import { rescale, shareAxis, spanOf } from "../../../core/array/rescale.ts";

const sides = fc.integer({ min: 1, max: 60 });

/** The whole image on another grid. */
function resize(image: Raster<Float32Array>, height: number, width: number): Raster<Float32Array> {
  const { height: h, width: w } = image;
  return rescale(image, { y0: 0, x0: 0, y1: h, x1: w }, shareAxis(h, height, 0, height), shareAxis(w, width, 0, width));
}

const paint = (height: number, width: number, value: (y: number, x: number) => number): Raster<Float32Array> => ({
  height,
  width,
  channels: 1,
  data: Float32Array.from({ length: height * width }, (_, i) => value(Math.floor(i / width), i % width)),
});

describe("an image on another grid", () => {
  it("shares add up to one for every pixel, and lie inside the old grid", () => {
    fc.assert(
      fc.property(sides, sides, (from, to) => {
        const axis = shareAxis(from, to, 0, to);
        for (let i = 0; i < to; i++) {
          const shares = axis.shares.subarray(i * axis.width, (i + 1) * axis.width);
          expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9);
          for (const [k, share] of shares.entries()) if (share > 0) expect(axis.first[i]! + k).toBeLessThan(from);
        }
        expect(spanOf(axis)).toMatchObject({ start: axis.first[0] });
        expect(spanOf(axis).end).toBeLessThanOrEqual(from);
      }),
    );
  });

  it("a constant stays constant", () => {
    fc.assert(
      fc.property(sides, sides, sides, sides, (h, w, height, width) => {
        for (const value of resize(
          paint(h, w, () => 7.25),
          height,
          width,
        ).data)
          expect(value).toBeCloseTo(7.25, 4);
      }),
    );
  });

  it("a ramp stays a ramp when it shrinks, at the half-pixel centres", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 8 }), (width, factor) => {
        const shrunk = resize(
          paint(1, width * factor, (_, x) => x),
          1,
          width,
        );
        for (const [x, value] of shrunk.data.entries()) expect(value).toBeCloseTo((x + 0.5) * factor - 0.5, 3);
      }),
    );
  });

  it("keeps the mean intensity when it shrinks, whatever the ratio", () => {
    fc.assert(
      fc.property(sides, sides, fc.integer(), (side, to, seed) => {
        const image = paint(side, side, (y, x) => 100 + ((y * 31 + x * 17 + seed) % 97));
        const small = resize(image, Math.min(to, side), Math.min(to, side));
        const mean = ({ data }: Raster<Float32Array>) => data.reduce((a, b) => a + b, 0) / data.length;
        expect(Math.abs(mean(small) / mean(image) - 1)).toBeLessThan(1e-3);
      }),
    );
  });

  it("a part of an image gives the numbers that the whole gives", () => {
    fc.assert(
      fc.property(sides, sides, fc.nat(), fc.nat(), (from, to, a, b) => {
        const [start, end] = [a % to, b % to].sort((p, q) => p - q) as [number, number];
        const image = paint(3, from, (y, x) => Math.sin(x * 3 + y));
        const whole = resize(image, 3, to);
        const columns = shareAxis(from, to, start, end + 1);
        const { start: x0, end: x1 } = spanOf(columns);
        const cut = paint(3, x1 - x0, (y, x) => image.data[y * from + x0 + x]!);
        const part = rescale(cut, { y0: 0, x0, y1: 3, x1 }, shareAxis(3, 3, 0, 3), columns);
        for (let y = 0; y < 3; y++)
          for (let x = start; x <= end; x++) expect(part.data[y * part.width + x - start]).toBeCloseTo(whole.data[y * to + x]!, 6);
      }),
    );
  });
});
