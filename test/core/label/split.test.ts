import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { cleanLabels } from "../../../core/label/clean.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { findObjects } from "../../../core/label/find-objects.ts";
import { labelBands } from "../../../core/label/label-bands.ts";
import { mergeSmallPieces } from "../../../core/label/merge-pieces.ts";
import { plainRule } from "../../../core/label/object-rule.ts";
import { boxOf, countByRegion } from "../../../core/label/object-table.ts";
import { listObjects } from "../../../core/label/objects.ts";
import { splitObjects } from "../../../core/label/split-objects.ts";
import { createSplitByDistance } from "../../../core/label/watershed.ts";
import { toObjects } from "../../../core/segment.ts";
import { anyBandHeights, bandsOf, collectBands } from "./bands.ts";
import { labels, noisyLabels, toText } from "./text.ts";

const side = 32;
const splitByDistance = createSplitByDistance();

/** Discs over each other, of two classes: objects that touch and merge. */
const anyDiscs: fc.Arbitrary<LabelImage> = fc
  .array(
    fc.tuple(
      fc.integer({ min: 3, max: side - 3 }),
      fc.integer({ min: 3, max: side - 3 }),
      fc.integer({ min: 4, max: 13 }),
      fc.constantFrom(1, 1, 1, 2, 0),
    ),
    {
      minLength: 8,
      maxLength: 14,
    },
  )
  .map((discs) => ({
    height: side,
    width: side,
    data: Uint32Array.from({ length: side * side }, (_, i) => {
      const last = discs.findLast(([x, y, r]) => Math.hypot((i % side) - x, Math.floor(i / side) - y) < r / 2);
      return last === undefined ? 0 : last[3];
    }),
  }));

/** Distance of each pixel to the nearest one that is not of its object; beyond the image nothing is. */
function distances({ height, width, data }: LabelImage, id: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const [i, value] of data.entries()) {
    if (value !== id) continue;
    let least = Number.POSITIVE_INFINITY;
    for (let y = -1; y <= height; y++) {
      for (let x = -1; x <= width; x++) {
        const isIn = y >= 0 && x >= 0 && y < height && x < width && data[y * width + x] === id;
        if (!isIn) least = Math.min(least, Math.hypot(y - Math.floor(i / width), x - (i % width)));
      }
    }
    found.set(i, least);
  }
  return found;
}

/** The distances under a Gaussian of 1 px, cut at 4 px, from the definition; in steps of 1/64 px. Where there is none it is 0. */
function smoothed(heights: Map<number, number>, width: number): Map<number, number> {
  const reach = Array.from({ length: 9 }, (_, i) => i - 4);
  const bell = (d: number) => Math.exp((-d * d) / 2);
  const norm = reach.reduce((sum, d) => sum + bell(d), 0) ** 2;
  return new Map(
    [...heights.keys()].map((pixel) => {
      const [y, x] = [Math.floor(pixel / width), pixel % width];
      let sum = 0;
      for (const dy of reach) {
        for (const dx of reach) {
          if (x + dx < 0 || x + dx >= width) continue;
          sum += bell(dy) * bell(dx) * (heights.get((y + dy) * width + x + dx) ?? 0);
        }
      }
      return [pixel, Math.max(1, Math.round((64 * sum) / norm)) / 64];
    }),
  );
}

/** Peaks that stand out by `depth` or more, from the definition: flood fill of everything at or above each level. */
function countPeaks(heights: Map<number, number>, width: number, depth: number): number {
  const reach = (from: number, level: number) => {
    const seen = new Set([from]);
    const stack = [from];
    while (stack.length > 0) {
      const i = stack.pop()!;
      for (const j of [i - width, i + width, ...(i % width > 0 ? [i - 1] : []), ...(i % width < width - 1 ? [i + 1] : [])]) {
        if ((heights.get(j) ?? -1) < level || seen.has(j)) continue;
        seen.add(j);
        stack.push(j);
      }
    }
    return seen;
  };
  const levels = [...new Set(heights.values())].sort((a, b) => b - a);
  let count = 0;
  for (const [pixel, height] of heights) {
    const rivals = (region: Set<number>) =>
      [...region].some((other) => heights.get(other)! > height || (heights.get(other) === height && other < pixel));
    const meeting = levels.find((level) => level <= height && rivals(reach(pixel, level)));
    if (meeting === undefined || height - meeting >= depth) count++;
  }
  return count;
}

describe("merged objects", () => {
  it.each([
    ["two squares with a neck are two", "1111.1111/1111.1111/111111111/1111.1111/1111.1111", 0.6, "11112222/"],
    ["a square is one", "1111/1111/1111/1111", 0.5, undefined],
    ["a line is one", "1111111111", 0.5, undefined],
  ])("%s", (_, text, depth, expected) => {
    const image = labels(text);
    const { count, data } = splitByDistance(Uint8Array.from(image.data), image.height, image.width, depth);
    expect(count).toBe(expected === undefined ? 1 : 2);
    if (expected !== undefined)
      expect(
        toText({ ...image, data })
          .split("/")[0]!
          .replace(".", ""),
      ).toBe(expected.replace("/", ""));
  });

  it("have as many pieces as peaks that stand out, all of their pixels, and each piece is in one piece", () => {
    let cut = 0;
    fc.assert(
      fc.property(
        fc.oneof(anyDiscs, anyDiscs, noisyLabels(10, 1)),
        fc.constantFrom(0.3, 0.7, 1),
        fc.constantFrom(0, 1),
        (image, depth, smoothPx) => {
          const objects = labelComponents(image);
          for (const { id } of listObjects(objects)) {
            const mask = Uint8Array.from(objects.data, (value) => (value === id ? 1 : 0));
            const pieces = splitByDistance(mask, image.height, image.width, depth, smoothPx);
            expect([...pieces.data].map((piece) => (piece === 0 ? 0 : 1))).toEqual([...mask]);
            expect(labelComponents({ ...image, data: pieces.data }).count).toBe(pieces.count);
            const heights = distances(objects, id);
            expect(pieces.count).toBe(countPeaks(smoothPx === 0 ? heights : smoothed(heights, image.width), image.width, depth));
            if (pieces.count > 1) cut++;
          }
        },
      ),
      { seed: 81, numRuns: 40 },
    );
    expect(cut).toBeGreaterThan(10);
  }, 30_000);

  it("with a notch in their outline are one when the distance is smoothed", () => {
    // An ellipse with a notch: its distance has two peaks that stand out by 1 px, its smoothed distance one.
    const [height, width] = [17, 27];
    const isIn = (y: number, x: number): boolean => ((y - 8) / 8.5) ** 2 + ((x - 13) / 13.5) ** 2 <= 1 && !(y < 5 && x === 13);
    const mask = Uint8Array.from({ length: height * width }, (_, i) => +isIn(Math.floor(i / width), i % width));
    const counts = [0, 1].map((smoothPx) => splitByDistance(mask, height, width, 1, smoothPx).count);
    expect(counts).toEqual([2, 1]);
  });

  it("are cut in bands of any height as in the whole image: ids in reading order, tables that agree", async () => {
    let cut = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyDiscs, noisyLabels(16, 1)), anyBandHeights, fc.boolean(), async (image, heights, fillHoles) => {
        const whole = cleanLabels(labelComponents(image), { holes: fillHoles });
        const data = new Uint32Array(whole.data.length);
        let count = 0;
        for (const { id } of listObjects(whole)) {
          const mask = Uint8Array.from(whole.data, (value) => (value === id ? 1 : 0));
          const pieces = splitByDistance(mask, image.height, image.width, 0.5);
          for (const [i, piece] of pieces.data.entries()) if (piece !== 0) data[i] = count + piece;
          count += pieces.count;
        }
        const expected = cleanLabels({ ...image, data });
        const read = bandsOf(image, heights);
        const found = await findObjects(read, { ...image, fillHoles });
        const { table, tooLarge } = await splitObjects(read, found, { minDepthPx: 0.5 });
        expect(toText(await collectBands(labelBands(read, table), image))).toBe(toText(expected));
        expect(tooLarge).toEqual([]);
        const classes = Uint8Array.from(whole.data, (id) => found.classes[id]!);
        expect(listObjects(expected, classes).map(({ areaPx, box, class: kind }) => [areaPx, box, kind])).toEqual(
          Array.from({ length: table.count }, (_, i) => [table.areasPx[i + 1], boxOf(table, i + 1), table.classes[i + 1]]),
        );
        if (table.count > found.count) cut++;
      }),
      { seed: 82, numRuns: 150 },
    );
    expect(cut).toBeGreaterThan(20);
  });

  it("are not cut where a piece would be under the smallest object: pieces stay 4-connected and cover the same, for any bands", async () => {
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(anyDiscs, anyBandHeights, fc.constantFrom(8, 20, 60), async (image, heights, minSizePx) => {
        const read = bandsOf(image, heights);
        const found = await findObjects(read, { ...image, minSizePx });
        const { table } = await splitObjects(read, found, { minDepthPx: 0.5, minSizePx });
        for (let id = 1; id <= table.count; id++) expect(table.areasPx[id]).toBeGreaterThanOrEqual(minSizePx);
        const pieces = await collectBands(labelBands(read, table), image);
        const whole = await collectBands(labelBands(read, found), image);
        expect(Array.from(pieces.data, Math.sign)).toEqual(Array.from(whole.data, Math.sign));
        expect(labelComponents(pieces).count).toBe(table.count);
        const classes = { ...image, channels: 1, data: Uint8Array.from(image.data) };
        const { labels: inMemory } = await toObjects(classes, { ...plainRule, minSizePx, splitDepthPx: 0.5 });
        expect(toText(pieces)).toBe(toText(inMemory));
        const uncut = await splitObjects(read, found, { minDepthPx: 0.5 });
        if (uncut.table.count > table.count && table.count > found.count) kept++;
      }),
      { seed: 83, numRuns: 80 },
    );
    expect(kept).toBeGreaterThan(3);
  });

  it("give a piece that is too small to the neighbour that it shares most with", () => {
    const text = "11122233/11122233/11122244/55555544";
    const { data } = labels(text);
    expect(toText({ height: 4, width: 8, data: mergeSmallPieces({ count: 5, data }, 8, 5).data })).toBe(
      "11122222/11122222/11122222/33333322",
    );
    expect(toText({ height: 4, width: 8, data: mergeSmallPieces({ count: 5, data }, 8, 99).data })).toBe(text.replaceAll(/\d/g, "1"));
  });

  it("count each piece for the region of its own first pixel", async () => {
    const image = labels("1111.1111/1111.1111/111111111/1111.1111/1111.1111");
    const box = (x0: number, x1: number) => ({ polygons: [[[x0, 0, x1, 0, x1, 5, x0, 5]]] });
    const read = bandsOf(image, [2]);
    const found = await findObjects(read, { ...image, inside: [box(0, 4), box(4, 9)] });
    const { table } = await splitObjects(read, found, { minDepthPx: 0.6 });
    expect([...countByRegion(table.regions!).slice(1)]).toEqual([1, 1]);
  });

  it("that are too large stay whole and are listed; a table is split once", async () => {
    const image = labels("11.11111.1111/11.11111.1111/1111111111111/11.11111.1111/11.11111.1111".replaceAll("/", ".2/"));
    const read = bandsOf({ ...image, width: image.width }, [2]);
    const found = await findObjects(read, image);
    const { table, tooLarge } = await splitObjects(read, found, { minDepthPx: 0.5, maxBoxPx: 20 });
    expect([table.count, tooLarge, table.splits?.tooLarge]).toEqual([found.count, [1], [1]]);
    await expect(splitObjects(read, table)).rejects.toThrow(/split before/);
    await expect(splitObjects(read, found, { minDepthPx: 0 })).rejects.toThrow(/above 0/);
  });
});
