import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mirrorIndex } from "../../../core/array/mirror.ts";

const line = (n: number, from: number, to: number) =>
  Array.from({ length: to - from }, (_, k) => "abcdefgh"[mirrorIndex(from + k, n)]).join("");

describe("the mirror", () => {
  it("does not repeat the edge, and folds again and again", () => {
    expect(line(4, -3, 7)).toBe("dcbabcdcba".slice(0, 10));
    expect(line(3, -7, 8)).toBe("bcbabcbabcbabcb".slice(0, 15));
    expect(line(2, -4, 5)).toBe("ababababa");
    expect(line(1, -3, 4)).toBe("aaaaaaa");
  });

  it("is symmetric about both edge pixels, and leaves the inside as it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: -500, max: 500 }), (n, i) => {
        const at = mirrorIndex(i, n);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThan(n);
        expect(mirrorIndex(0 - i, n)).toBe(at);
        expect(mirrorIndex(2 * (n - 1) - i, n)).toBe(at);
        if (i >= 0 && i < n) expect(at).toBe(i);
        if (n > 1) expect(Math.abs(mirrorIndex(i + 1, n) - at)).toBe(1);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("takes no longer for a position far away", () => {
    expect(mirrorIndex(-(2 ** 52) + 1, 9)).toBe(mirrorIndex((2 ** 52 - 1) % 16, 9));
    expect(Object.is(mirrorIndex(-16, 9), 0)).toBe(true);
  });
});
