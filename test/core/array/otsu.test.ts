import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { otsuBin } from "../../../core/array/otsu.ts";

describe("Otsu's threshold", () => {
  it("leaves the least variance within the two classes, as by trying every bin", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 2, maxLength: 12 }), (counts) => {
        if (counts.filter((count) => count > 0).length < 2) return;
        const within = (from: number, to: number): number => {
          const values = counts.flatMap((count, bin) => (bin >= from && bin < to ? Array<number>(count).fill(bin) : []));
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        };
        const cost = (bin: number): number => within(0, bin + 1) + within(bin + 1, counts.length);
        const found = otsuBin(Float64Array.from(counts));
        for (let bin = 0; bin < counts.length - 1; bin++) expect(cost(found)).toBeLessThanOrEqual(cost(bin) + 1e-9);
      }),
      { seed: 8 },
    );
  });
});
