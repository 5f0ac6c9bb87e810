import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { choosePixelsPerStep, diameterPx, gridSize, scaleForObjects } from "../../../core/image/object-scale.ts";

const image = { name: "a.png", height: 400, width: 600 };

describe("the grid on which a network sees an image", () => {
  it("is as asked for; else by the sizes of pixels where both are known, else as the model's own images were seen", () => {
    expect(choosePixelsPerStep(0.25, {}, image)).toBe(4);
    expect(choosePixelsPerStep("auto", {}, image)).toBe(1);
    expect(choosePixelsPerStep("auto", { scale: 0.5 }, image)).toBe(2);
    const sized = { ...image, pixelSizeUm: 0.2 };
    expect(choosePixelsPerStep("auto", { scale: 0.5, pixelSizeUm: 0.6 }, sized)).toBeCloseTo(3);
    expect(choosePixelsPerStep("auto", { scale: 0.5 }, sized)).toBe(2);
    expect(choosePixelsPerStep(1, { scale: 0.5, pixelSizeUm: 0.6 }, sized)).toBe(1);
    // About equal: resampling would cost more than it gains.
    expect(choosePixelsPerStep("auto", { pixelSizeUm: 0.203 }, sized)).toBe(1);
  });

  it("is the image's own where sizes of pixels that a file has wrong would make it unusable; a scale that does so is refused", () => {
    expect(choosePixelsPerStep("auto", { pixelSizeUm: 300 }, { ...image, pixelSizeUm: 0.2 })).toBe(1);
    expect(choosePixelsPerStep("auto", { pixelSizeUm: 0.2 }, { ...image, pixelSizeUm: 352.8 })).toBe(1);
    const message = (scale: number): string => {
      try {
        choosePixelsPerStep(scale, {}, image);
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(message(0.01)).toBe(
      '"scale" must give an image that can be worked with; with 0.01, a.png becomes one of 6 x 4 pixels. Leave it out, or give one nearer to 1.',
    );
    expect(choosePixelsPerStep(0.05, {}, image)).toBe(20);
    expect(() => choosePixelsPerStep(16, {}, { ...image, height: 20000, width: 20000 })).toThrow("becomes one of 320000 x 320000 pixels");
  });
});

describe("the scale for drawn objects", () => {
  const disk = (diameter: number): number => (Math.PI * diameter ** 2) / 4;

  it("is 1 for objects that a network sees well, and brings others to 24 px; a speck is not made a cell", () => {
    for (const diameter of [7.1, 20, 63]) expect(scaleForObjects([disk(diameter)])).toBe(1);
    expect(scaleForObjects([])).toBe(1);
    expect(scaleForObjects([disk(120), disk(10), disk(130)])).toBe(0.2);
    expect(scaleForObjects([disk(6)])).toBe(4);
    expect(scaleForObjects([1])).toBe(4);
  });

  it("is that of the middle object, whatever the order; seen at it, it is between 7 and 64 px where it was larger", () => {
    const areas = fc.array(fc.integer({ min: 40, max: 1_000_000 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(areas, (areasPx) => {
        const scale = scaleForObjects(areasPx);
        expect(scaleForObjects(areasPx.toReversed())).toBe(scale);
        const middle = areasPx.toSorted((a, b) => a - b)[areasPx.length >> 1]!;
        const seen = scale * diameterPx(middle);
        expect(seen).toBeGreaterThan(6.9);
        expect(seen).toBeLessThan(65);
        expect(gridSize(image, 1 / scale).height).toBe(Math.max(1, Math.round(400 * scale)));
      }),
    );
  });
});
