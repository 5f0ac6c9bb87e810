import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cleanLabels, fillHoles, relabelInOrder, removeSmallObjects } from "../../../core/label/clean.ts";
import { listObjects } from "../../../core/label/objects.ts";
import { fixturePath } from "../../support/data.ts";
import { anyLabels, labels, toText } from "./text.ts";

describe("clean", () => {
  it.each([
    ["a hole is filled", "111/1.1/111", "111/111/111"],
    ["the edge of the image is no object: a bay is no hole", "111/1.1/1.1", "111/1.1/1.1"],
    ["background passes between corners, so this is no hole", "111./1..1/1111", "111./1..1/1111"],
    ["what lies between two objects stays background", "1111/1..2/2222", "1111/1..2/2222"],
    ["an object in a ring keeps its gap", "11111/1...1/1.2.1/1...1/11111", "11111/1...1/1.2.1/1...1/11111"],
    ["holes of two objects go to their owners", "1112222/1.12..2/1112222", "1112222/1112222/1112222"],
  ])("%s", (_, before, after) => {
    expect(toText(fillHoles(labels(before)))).toBe(after);
  });

  it("filled holes are SciPy's", () => {
    const { holes } = JSON.parse(readFileSync(fixturePath("reference/grids.json"), "utf8"));
    for (const { mask, filled } of holes) {
      const [height, width] = mask.shape;
      expect(toText(fillHoles({ height, width, data: Uint32Array.from(mask.data) }))).toBe(toText({ height, width, data: filled.data }));
    }
  });

  it("small objects go, and the rest is numbered in reading order", () => {
    expect(toText(removeSmallObjects(labels("9.44/9..4/9.3."), 3))).toBe("1.22/1..2/1...");
    expect(toText(relabelInOrder(labels("9.44/9..4/9.3.")))).toBe("1.22/1..2/1.3.");
    expect(toText(cleanLabels(labels("555/5.5/555/..2"), { holes: true, minSizePx: 9 }))).toBe("111/111/111/...");
  });

  it("keeps exactly the objects that are large enough, and changes no input", () => {
    fc.assert(
      fc.property(anyLabels(), fc.integer({ min: 0, max: 30 }), (image, minSizePx) => {
        const before = toText(image);
        const areas = (objects: ReturnType<typeof listObjects>) => objects.map(({ areaPx }) => areaPx);
        const cleaned = removeSmallObjects(image, minSizePx);
        expect(areas(listObjects(cleaned))).toEqual(areas(listObjects(image)).filter((area) => area >= minSizePx));
        expect(listObjects(cleaned).map(({ id }) => id)).toEqual(Array.from({ length: cleaned.count }, (_, i) => i + 1));
        fillHoles(image);
        expect(toText(image)).toBe(before);
      }),
      { seed: 2 },
    );
  });

  it("lists objects with area, box, centre and class", () => {
    expect(listObjects(labels("..2/112/1.."), Uint8Array.from([0, 0, 3, 1, 1, 3, 1, 0, 0]))).toEqual([
      { id: 2, areaPx: 2, box: { y0: 0, x0: 2, y1: 2, x1: 3 }, centre: { y: 0.5, x: 2 }, class: 3 },
      { id: 1, areaPx: 3, box: { y0: 1, x0: 0, y1: 3, x1: 2 }, centre: { y: 4 / 3, x: 1 / 3 }, class: 1 },
    ]);
    expect(listObjects(labels("..."))).toEqual([]);
  });
});
