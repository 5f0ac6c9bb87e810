import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSmoothed } from "../../../core/label/smoothing.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { openSource } from "../../../core/source/open.ts";
import { sharedPath } from "../../support/data.ts";
import { labels } from "./text.ts";

const side = 96;

/** The drawing scaled to half, each pixel the mean of four. */
function halve(data: ArrayLike<number>): { height: number; width: number; data: Uint8Array } {
  const half = side / 2;
  const out = new Uint8Array(half * half);
  for (let i = 0; i < out.length; i++) {
    const at = 2 * Math.floor(i / half) * side + 2 * (i % half);
    out[i] = Math.round((data[at]! + data[at + 1]! + data[at + side]! + data[at + side + 1]!) / 4);
  }
  return { height: half, width: half, data: out };
}

const drawn = (seed: number) => generateCells({ height: side, width: side, seed }).labels.data;

describe("a drawing that was smoothed", () => {
  it("is told: a mask and painted classes that were scaled, whatever their numbers", () => {
    for (const seed of [1, 2, 3]) {
      const ids = drawn(seed);
      expect(isSmoothed(halve(ids.map((id) => (id > 0 ? 255 : 0)))), "mask").toBe(true);
      expect(isSmoothed(halve(ids.map((id) => (id > 0 ? 85 * (1 + (id % 2)) : 0)))), "classes").toBe(true);
      expect(isSmoothed(halve(ids.map((id) => (id > 0 ? 40 + 5 * id : 0)))), "objects").toBe(true);
    }
  });

  it("is told where it is full of specks, as JPEG leaves them", () => {
    const noisy = drawn(4).map((id, i) => Math.max(0, (id > 0 ? 240 : 0) + ((i * 7919 + (i >> 3) * 31) % 11) - 5));
    expect(isSmoothed({ height: side, width: side, data: noisy })).toBe(true);
  });

  it("is none: objects that touch, classes, thin borders, single pixels", () => {
    for (const seed of [1, 2, 3, 4]) {
      const ids = drawn(seed);
      const shown = (data: Uint32Array) => ({ height: side, width: side, data });
      expect(isSmoothed(shown(ids)), `objects ${seed}`).toBe(false);
      expect(isSmoothed(shown(ids.map((id) => (id > 0 ? 85 * (1 + (id % 3)) : 0)))), `grey values ${seed}`).toBe(false);
      expect(isSmoothed(shown(ids.map((id) => (id > 0 ? 1 + (id % 4) : 0)))), `classes ${seed}`).toBe(false);
    }
    expect(isSmoothed(labels("....../.1111./.1221./.1221./.1111./......"))).toBe(false);
    expect(isSmoothed(labels("1.2.3.4/......./5.6.7.8/......./9.a.b.c"))).toBe(false);
    expect(isSmoothed(labels("1122/1122/3344/3344"))).toBe(false);
  });

  it("is none that was drawn in whole blocks of 2 x 2, whatever their numbers", () => {
    const blocks = fc.array(fc.nat({ max: 300 }), { minLength: 36, maxLength: 36 });
    fc.assert(
      fc.property(blocks, (numbers) => {
        const data = Uint32Array.from(
          { length: 144 },
          (_, i) => numbers[6 * ((i >> 1) >> 2 > 5 ? 5 : Math.floor(i / 24)) + ((i % 12) >> 1)]!,
        );
        expect(isSmoothed({ height: 12, width: 12, data })).toBe(false);
      }),
      { seed: 1, numRuns: 100 },
    );
  });

  const cases: readonly [string, boolean][] = [
    ["cases/m02_jpegmask/labels/c0.jpg", true],
    ["cases/m04_antialiased_labels/labels/c0.png", true],
    ["cases/m04_antialiased_labels/labels/c2.png", true],
    ["cases/m05c_grey85/classes/c0.png", false],
    ["cases/m28_classes_in_labels/labels/c1.png", false],
    ["data/membranes/train/labels/train01.png", false],
    ["data/nuclei/fluo/train/labels/0287e7ee5b00.png", false],
  ];
  it.each(cases.map(([path, is]) => [sharedPath(path), is] as const).filter(([path]) => path !== undefined))("%s: %s", async (path, is) => {
    const source = await openSource(new Uint8Array(readFileSync(path!)), { palette: "indices" });
    expect(isSmoothed(await source.read({ y0: 0, x0: 0, y1: source.height, x1: source.width }))).toBe(is);
  });
});
