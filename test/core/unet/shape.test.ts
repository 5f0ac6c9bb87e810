import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countMultiplyAdds } from "../../../core/unet/cost.ts";
import { countParameters, planLayers, skipCrop } from "../../../core/unet/layers.ts";
import {
  isLegalInput,
  marginPx,
  nearestLegalInput,
  outputSide,
  shapeLayers,
  smallestInput,
  smallestUsableInput,
} from "../../../core/unet/shape.ts";
import { createSpec } from "../../../core/unet/spec.ts";

describe("the paper's network", () => {
  const spec = createSpec();

  it("has 31,030,658 parameters", () => {
    expect(countParameters(planLayers(spec))).toBe(31_030_658);
  });

  it("does 150.4e9 multiply-adds on a 572 tile", () => {
    expect(countMultiplyAdds(spec, 572) / 1e9).toBeCloseTo(150.4, 1);
  });

  it("turns 572 into 388 through the sizes of the paper's figure 1", () => {
    const sides = shapeLayers(spec, 572).map(({ output }) => output[0]);
    expect(sides).toEqual([
      570, 568, 284, 282, 280, 140, 138, 136, 68, 66, 64, 32, 30, 28, 28, 56, 56, 54, 52, 104, 104, 102, 100, 200, 200, 198, 196, 392, 392,
      390, 388, 388,
    ]);
  });

  it("crops its skips by 4, 16, 40, 88 at each side", () => {
    expect([3, 2, 1, 0].map((level) => skipCrop(4, level))).toEqual([4, 16, 40, 88]);
  });

  it("takes 188 + 16 k, and tiles of at least 204", () => {
    expect([187, 188, 189, 204, 572].map((side) => isLegalInput(4, side))).toEqual([false, true, false, true, true]);
    expect(smallestUsableInput(4)).toBe(204);
  });
});

describe("shape arithmetic", () => {
  it("says the usable tiles start at 18, 44, 100, 204, 412, 828", () => {
    expect([1, 2, 3, 4, 5, 6].map(smallestUsableInput)).toEqual([18, 44, 100, 204, 412, 828]);
  });

  it("calls a size legal exactly when every pooling sees an even size and something is left", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 1200 }), (levels, side) => {
        expect(isLegalInput(levels, side)).toBe(walk(levels, side) !== undefined);
        if (isLegalInput(levels, side)) expect(outputSide(levels, side)).toBe(walk(levels, side));
      }),
      { numRuns: 500 },
    );
  });

  it("crops each skip to the map it is joined with", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(3), (levels, k) => {
        const spec = createSpec({ levels, features: 1 });
        const side = smallestInput(levels) + k * 2 ** levels;
        const shaped = shapeLayers(spec, side);
        for (const { layer, input } of shaped) {
          if (layer.kind !== "concat") continue;
          const skip = shaped.find((other) => other.layer.kind === "conv" && other.layer.skip && other.layer.level === layer.level)!;
          expect(skip.output[0] - 2 * layer.crop).toBe(input[0]);
        }
        expect(shaped.at(-1)!.output).toEqual([side - 2 * marginPx(levels), side - 2 * marginPx(levels), 2]);
      }),
    );
  });

  it("names the nearest legal size", () => {
    expect(nearestLegalInput(4, 573)).toBe(588);
    expect(() => shapeLayers(createSpec(), 573)).toThrow('"tile" must be 188 + a multiple of 16 for 4 levels; got 573. Use 572 or 588.');
  });

  it("refuses specs that are no network, with the way out", () => {
    expect(() => createSpec({ levels: 7 })).toThrow('"levels" must be a whole number from 1 to 6; got 7. Use 6.');
    expect(() => createSpec({ features: 1.5 })).toThrow('"features" must be a whole number from 1 to 512; got 1.5. Use 2.');
    expect(() => createSpec({ dropout: 1 })).toThrow('"dropout" must be from 0 to below 1; got 1.');
  });
});

/** The network's sizes, walked one layer at a time as the paper draws them; undefined when a size does not work out. */
function walk(levels: number, side: number): number | undefined {
  let size = side;
  for (let level = 0; level < levels; level++) {
    size -= 4;
    if (size <= 0 || size % 2 === 1) return undefined;
    size /= 2;
  }
  size -= 4;
  for (let level = 0; level < levels; level++) {
    if (size <= 0) return undefined;
    size = 2 * size - 4;
  }
  return size > 0 ? size : undefined;
}
