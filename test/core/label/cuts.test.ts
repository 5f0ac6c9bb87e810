import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { squaredDistances } from "../../../core/array/distance.ts";
import { gaussianKernel, smoothInPlace } from "../../../core/array/gaussian.ts";
import { createSplitByDistance } from "../../../core/label/watershed.ts";
import { fixturePath } from "../../support/data.ts";

interface Case {
  readonly mask: readonly string[];
  readonly sigmaPx: number;
  readonly depthPx: number;
  readonly count: number;
  readonly pieces: readonly string[];
  readonly squared: readonly number[];
  /** With a border of background. */
  readonly smooth: readonly number[];
}

// tools/reference_cuts.py
const cases = JSON.parse(readFileSync(fixturePath("reference/cuts.json"), "utf8")) as readonly Case[];
const pixelsOf = (rows: readonly string[]): Uint8Array => Uint8Array.from(rows.join(""), (letter) => (letter === "." ? 0 : Number(letter)));

describe("objects cut apart", () => {
  it("have SciPy's distances, and SciPy's Gaussian of these", () => {
    for (const { mask, sigmaPx, squared, smooth } of cases) {
      const [height, width] = [mask.length + 2, mask[0]!.length + 2];
      const border = ".".repeat(width);
      const outside = pixelsOf([border, ...mask.map((row) => `.${row}.`), border]).map((value) => 1 - value);
      const own = squaredDistances(outside, height, width);
      const inner = [...own].filter((_, i) => i >= width && i < (height - 1) * width && i % width > 0 && i % width < width - 1);
      expect(inner).toEqual(squared);
      const data = Float64Array.from(own, Math.sqrt);
      smoothInPlace(data, { height, width }, gaussianKernel(sigmaPx));
      expect(Math.max(...smooth.map((value, i) => Math.abs(value - data[i]!)))).toBeLessThan(1e-6);
    }
  });

  it("are scikit-image's watershed from its maxima: as many pieces, and each the same but where two are equally high", () => {
    const split = createSplitByDistance();
    let [all, different] = [0, 0];
    for (const { mask, sigmaPx, depthPx, count, pieces } of cases) {
      const [height, width] = [mask.length, mask[0]!.length];
      const own = split(pixelsOf(mask), height, width, depthPx, sigmaPx);
      expect(own.count).toBe(count);
      const wanted = pixelsOf(pieces);
      // Of each of our pieces, the other's that most of it lies in.
      const shared = Array.from({ length: count + 1 }, () => new Map<number, number>());
      for (const [i, piece] of wanted.entries()) shared[own.data[i]!]!.set(piece, (shared[own.data[i]!]!.get(piece) ?? 0) + 1);
      const partners = shared.map((counts) => [...counts].toSorted((a, b) => b[1] - a[1])[0]!);
      expect(new Set(partners.map(([piece]) => piece)).size).toBe(count + 1);
      all += wanted.length;
      different += wanted.length - partners.reduce((sum, [, pixels]) => sum + pixels, 0);
    }
    expect(different / all).toBeLessThan(0.01);
  });
});
