import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { fixturePath } from "../../support/data.ts";
import { anyLabels, labels, noisyLabels, toText } from "./text.ts";

/** Components by flood fill, in reading order. */
function floodFill({ height, width, data }: LabelImage): string {
  const out = new Uint32Array(data.length);
  let count = 0;
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || out[start] !== 0) continue;
    out[start] = ++count;
    const stack = [start];
    while (stack.length > 0) {
      const i = stack.pop()!;
      const x = i % width;
      for (const j of [x > 0 ? i - 1 : -1, x + 1 < width ? i + 1 : -1, i - width, i + width]) {
        if (j < 0 || j >= data.length || data[j] !== data[i] || out[j] !== 0) continue;
        out[j] = count;
        stack.push(j);
      }
    }
  }
  return toText({ height, width, data: out });
}

describe("components", () => {
  it.each([
    ["corners do not join", "1.1/.1.", "1.2/.3."],
    ["two arms of one object get the smaller number", "1.1/111/..1", "1.1/111/..1"],
    ["classes that touch are two objects", "1122/1122", "1122/1122"],
    ["an object that closes late", "1.1.1/1.1.1/11111", "1.1.1/1.1.1/11111"],
    ["one pixel", "7", "1"],
    ["nothing", "..", ".."],
  ])("%s", (_, classes, expected) => {
    expect(toText(labelComponents(labels(classes)))).toBe(expected);
  });

  it("are those of a flood fill, in reading order", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(), noisyLabels(20, 2)), (image) => {
        const found = labelComponents(image);
        expect(toText(found)).toBe(floodFill(image));
        expect(found.count).toBe(found.data.reduce((most, id) => Math.max(most, id), 0));
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("are SciPy's, up to the numbers", () => {
    const { components } = JSON.parse(readFileSync(fixturePath("reference/grids.json"), "utf8"));
    for (const { classes, labels: wanted, count } of components) {
      const [height, width] = classes.shape;
      const found = labelComponents({ height, width, data: Uint8Array.from(classes.data) });
      expect(found.count).toBe(count);
      expect(toText(found)).toBe(toText(labelComponents({ height, width, data: Uint32Array.from(wanted.data) })));
      const pairs = new Set(wanted.data.map((id: number, i: number) => `${id}=${found.data[i]}`));
      expect(pairs.size).toBe(count + (wanted.data.includes(0) ? 1 : 0));
    }
  });
});
