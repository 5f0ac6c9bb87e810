import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { cleanLabels } from "../../../core/label/clean.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { findRuns } from "../../../core/label/run-band.ts";
import { type Outline, ringArea } from "../../../core/label/shape/outline.ts";
import { createOutlineTracer, traceOutlines } from "../../../core/label/shape/trace-outlines.ts";
import { anyBandHeights, planBands } from "./bands.ts";
import { anyLabels, labels, noisyLabels, toText } from "./text.ts";

/** Even-odd, by pixel centres, ring by ring. */
function fillOutlines(outlines: readonly Outline[], { height, width }: LabelImage): string {
  const data = new Uint32Array(height * width);
  for (const { id, polygons } of outlines) {
    for (let i = 0; i < data.length; i++) {
      const [x, y] = [(i % width) + 0.5, Math.floor(i / width) + 0.5];
      let crossings = 0;
      for (const ring of polygons.flat()) {
        for (let k = 0; k < ring.length; k += 2) {
          const [x0, y0, x1, y1] = [ring[k]!, ring[k + 1]!, ring[(k + 2) % ring.length]!, ring[(k + 3) % ring.length]!];
          if (x0 === x1 && x0 < x && Math.min(y0, y1) < y && y < Math.max(y0, y1)) crossings++;
        }
      }
      if (crossings % 2 === 1) data[i] = id;
    }
  }
  return toText({ height, width, data });
}

function traceInBands(image: LabelImage, heights: readonly number[]): readonly Outline[] {
  const tracer = createOutlineTracer();
  const done = planBands(image.height, heights).flatMap(({ y0, y1 }) =>
    tracer.add(
      findRuns({
        y0,
        height: y1 - y0,
        width: image.width,
        data: image.data.subarray(y0 * image.width, y1 * image.width) as Uint32Array<ArrayBuffer>,
      }),
    ),
  );
  return [...done, ...tracer.finish()];
}

const flat = (outlines: readonly Outline[]) =>
  outlines.map(({ id, polygons }) => [id, polygons.map((rings) => rings.map((ring) => [...ring]))]);

describe("outlines", () => {
  it.each([
    ["one pixel, to the right along its upper edge", "1", [[1, [[[0, 0, 1, 0, 1, 1, 0, 1]]]]]],
    [
      "a hole runs the other way",
      "111/1.1/111",
      [
        [
          1,
          [
            [
              [0, 0, 3, 0, 3, 3, 0, 3],
              [1, 1, 1, 2, 2, 2, 2, 1],
            ],
          ],
        ],
      ],
    ],
    ["pieces of one id", "1.1", [[1, [[[0, 0, 1, 0, 1, 1, 0, 1]], [[2, 0, 3, 0, 3, 1, 2, 1]]]]]],
    [
      "a bay closed by a corner is a hole that touches",
      "111/1.1/11.",
      [
        [
          1,
          [
            [
              [0, 0, 3, 0, 3, 2, 2, 2, 2, 3, 0, 3],
              [1, 1, 1, 2, 2, 2, 2, 1],
            ],
          ],
        ],
      ],
    ],
  ])("%s", (_, text, expected) => {
    expect(flat(traceOutlines(labels(text)))).toEqual(expected);
  });

  it("filled again are the same labels: any ids, in any pieces", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(), noisyLabels(14, 1), noisyLabels()), (image) => {
        expect(fillOutlines(traceOutlines(image), image)).toBe(toText(image));
      }),
      { seed: 21, numRuns: 500 },
    );
  });

  it("are simple polygons: one outer ring for each 4-connected piece, each corner once in a ring, a turn at each corner", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(24, 2), noisyLabels(14, 1)), (image) => {
        const objects = labelComponents(image);
        const outlines = traceOutlines(objects);
        expect(outlines.map(({ id, polygons }) => [id, polygons.length])).toEqual(
          Array.from({ length: objects.count }, (_, i) => [i + 1, 1]),
        );
        for (const [outer, ...holes] of outlines.flatMap(({ polygons }) => polygons)) {
          expect(ringArea(outer)).toBeGreaterThan(0);
          for (const hole of holes) expect(ringArea(hole)).toBeLessThan(0);
          for (const ring of [outer, ...holes]) {
            const corners = Array.from({ length: ring.length / 2 }, (_, i) => `${ring[2 * i]},${ring[2 * i + 1]}`);
            expect(new Set(corners).size).toBe(corners.length);
            for (let i = 0; i < ring.length; i += 2) {
              const isLevel = ring[i + 1] === ring[(i + 3) % ring.length];
              expect(isLevel).not.toBe(ring[i] === ring[(i + 2) % ring.length]);
              expect(isLevel).not.toBe(ring[(i + 3) % ring.length] === ring[(i + 5) % ring.length]);
            }
          }
        }
      }),
      { seed: 22, numRuns: 300 },
    );
  });

  it("come in bands of any height in the same order: by last row, then by id", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(24, 4), noisyLabels()), anyBandHeights, (image, heights) => {
        const objects = cleanLabels(labelComponents(image), {});
        const found = traceInBands(objects, heights);
        const lastRow = (id: number) => Math.floor(objects.data.lastIndexOf(id) / objects.width);
        const ids = Array.from({ length: objects.count }, (_, i) => i + 1).sort((a, b) => lastRow(a) - lastRow(b) || a - b);
        expect(found.map(({ id }) => id)).toEqual(ids);
        expect(flat(found).sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(flat(traceOutlines(objects)));
      }),
      { seed: 23, numRuns: 300 },
    );
  });

  it("leave as soon as the row after their last one is known", () => {
    const tracer = createOutlineTracer();
    const rowOf = (y0: number, text: string) => findRuns({ ...labels(text), y0 } as never);
    expect(tracer.add(rowOf(0, "1.2")).map(({ id }) => id)).toEqual([]);
    expect(tracer.add(rowOf(1, "1.."))).toMatchObject([{ id: 2 }]);
    expect(tracer.finish()).toMatchObject([{ id: 1 }]);
  });
});
