import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { cleanLabels } from "../../../core/label/clean.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { findObjects } from "../../../core/label/find-objects.ts";
import { labelBands } from "../../../core/label/label-bands.ts";
import { boxOf, countByRegion, isAtBorder } from "../../../core/label/object-table.ts";
import { listObjects } from "../../../core/label/objects.ts";
import { fillShape } from "../../../core/label/region/region.ts";
import { isProblem } from "../../../core/problem.ts";
import { fixturePath } from "../../support/data.ts";
import { anyBandHeights, bandsOf, collectBands } from "./bands.ts";
import { anyLabels, labels, noisyLabels, toText } from "./text.ts";

async function labelInBands(image: LabelImage, heights: readonly number[], how: { minSizePx?: number; fillHoles?: boolean }) {
  const read = bandsOf(image, heights);
  const table = await findObjects(read, { ...image, ...how });
  return { table, labels: await collectBands(labelBands(read, table), image) };
}

/** Indices outside of all regions, and of background that is joined to them by sides and corners. */
function growOverBackground(classes: Uint32Array, regionOf: Uint32Array, width: number): Set<number> {
  const outside = new Set([...regionOf.keys()].filter((i) => regionOf[i] === 0));
  const stack = [...outside];
  while (stack.length > 0) {
    const i = stack.pop()!;
    for (const dy of [-1, 0, 1]) {
      for (const dx of [-1, 0, 1]) {
        const x = (i % width) + dx;
        const j = i + dy * width + dx;
        if (x < 0 || x >= width || j < 0 || j >= classes.length || classes[j] !== 0 || outside.has(j)) continue;
        outside.add(j);
        stack.push(j);
      }
    }
  }
  return outside;
}

describe("objects in bands", () => {
  it("are those of the whole image, whatever the bands: components, holes, small objects, reading order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyLabels(24, 3), noisyLabels(16, 1), noisyLabels(16, 2)),
        anyBandHeights,
        fc.integer({ min: 0, max: 20 }),
        fc.boolean(),
        async (image, heights, minSizePx, fillHoles) => {
          const whole = cleanLabels(labelComponents(image), { minSizePx, holes: fillHoles });
          const { table, labels: found } = await labelInBands(image, heights, { minSizePx, fillHoles });
          expect(toText(found)).toBe(toText(whole));
          expect(table.count).toBe(whole.count);
          const objects = listObjects(whole, Uint8Array.from(image.data));
          expect(objects.map(({ id }) => [table.areasPx[id], boxOf(table, id), table.classes[id]])).toEqual(
            objects.map((object) => [object.areaPx, object.box, object.class]),
          );
        },
      ),
      { seed: 11, numRuns: 600 },
    );
  });

  it("are SciPy's, up to the numbers", async () => {
    const { components } = JSON.parse(readFileSync(fixturePath("reference/grids.json"), "utf8"));
    for (const { classes, labels: wanted, count } of components) {
      const [height, width] = classes.shape;
      const { table, labels: found } = await labelInBands({ height, width, data: Uint32Array.from(classes.data) }, [3], {});
      expect(table.count).toBe(count);
      const pairs = new Set(wanted.data.map((id: number, i: number) => `${id}=${found.data[i]}`));
      expect(pairs.size).toBe(count + (wanted.data.includes(0) ? 1 : 0));
    }
  });

  it("a part of the background beside many objects remembers each contact once", async () => {
    // Two bars within a ring that they meet at its lower end, or never: rivals in every row, more than are kept unsorted.
    const height = 12_000;
    for (const gaps of [[1], [1, height - 2]]) {
      const rowOf = (y: number) => (gaps.includes(y) ? "1.....1" : y === 0 || y === height - 1 ? "1111111" : "1.1.1.1");
      const bars = labels(Array.from({ length: height }, (_, y) => rowOf(y)).join("/"));
      const whole = cleanLabels(labelComponents(bars), { holes: true });
      const found = await labelInBands(bars, [1000], { fillHoles: true });
      expect(found.table.count).toBe(gaps.length === 1 ? 1 : 3);
      expect(Buffer.compare(Buffer.from(found.labels.data.buffer), Buffer.from(whole.data.buffer))).toBe(0);
    }
  });

  it("keep to regions: what is outside is background and no hole; each counts for the region of its first pixel", async () => {
    const corner = fc.tuple(fc.integer({ min: -3, max: 20 }), fc.integer({ min: -3, max: 20 }));
    const anyRegions = fc.array(fc.array(corner, { minLength: 3, maxLength: 6 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(anyLabels(20, 2), noisyLabels(14, 1)),
        anyRegions,
        anyBandHeights,
        fc.nat(4),
        fc.boolean(),
        async (image, drawn, heights, minSizePx, fillHoles) => {
          const { height, width, data } = image;
          const inside = drawn.map((corners) => ({ polygons: [[corners.flat()]] }));
          const regionOf = new Uint32Array(data.length);
          for (const [i, { polygons }] of [...inside.entries()].reverse()) {
            fillShape(polygons[0]!, image, (y, x0, x1) => regionOf.fill(i + 1, y * width + x0, y * width + x1));
          }
          const table = await findObjects(bandsOf(image, heights), { ...image, minSizePx, fillHoles, inside });
          const found = await collectBands(labelBands(bandsOf(image, heights), table), image);
          // Outside pixels become an object of their own that is taken away in the end, so that what touches it is no hole; what
          // touches it at a corner only is joined to it by growing it over background first.
          const masked = data.map((value, i) => (regionOf[i] === 0 ? 0 : value));
          const outside = growOverBackground(masked, regionOf, width);
          const objects = labelComponents({ height, width, data: masked.map((value, i) => (outside.has(i) ? 99 : value)) });
          const filled = fillHoles ? cleanLabels(objects, { holes: true }) : objects;
          const whole = cleanLabels({ height, width, data: filled.data.map((id, i) => (outside.has(i) ? 0 : id)) }, { minSizePx });
          expect(toText(found)).toBe(toText(whole));
          const objectsFound = listObjects(whole, Uint8Array.from(regionOf));
          expect([...table.regions!.ofObject.slice(1)]).toEqual(objectsFound.map((object) => object.class));
          expect([...countByRegion(table.regions!).slice(1)]).toEqual(
            inside.map((_, i) => objectsFound.filter((one) => one.class === i + 1).length),
          );
          expect([...table.regions!.areasPx.slice(1)]).toEqual(inside.map((_, i) => regionOf.filter((one) => one === i + 1).length));
        },
      ),
      { seed: 12, numRuns: 300 },
    );
  });

  it("tell whether they touch the edge", async () => {
    const { table } = await labelInBands(labels("1..../..1../....1/.1.../....."), [2], {});
    expect([1, 2, 3, 4].map((id) => isAtBorder(table, id))).toEqual([true, false, true, false]);
    const extent = { y0: 0, x0: 0, y1: 4, x1: 4 }; // what was looked at of it
    expect([2, 4].map((id) => isAtBorder({ ...table, extent }, id))).toEqual([false, true]);
  });

  it("bands that are missing, out of order or of another image are a Problem", async () => {
    const image = labels("1.1/111/1.1");
    const good = { y0: 0, height: 3, width: 3, data: Uint8Array.from(image.data) };
    for (const bands of [[], [{ ...good, y0: 1 }], [{ ...good, width: 4 }], [good, { ...good, y0: 3 }], [{ ...good, height: 2 }]]) {
      const read = async function* () {
        yield* bands;
      };
      await expect(findObjects(read, image)).rejects.toSatisfy((error) => isProblem(error, "InvalidData"));
    }
    const table = await findObjects(bandsOf(image, [1]), image);
    const other = bandsOf(labels("1.1/1.1/1.1"), [1]);
    await expect(collectBands(labelBands(other, table), image)).rejects.toThrow(/changed between two readings/);
  });

  it("stop when they are told to", async () => {
    const controller = new AbortController();
    const image = labels("1/1/1/1");
    const read = async function* () {
      for await (const band of bandsOf(image, [1])()) {
        if (band.y0 === 2) controller.abort();
        yield band;
      }
    };
    await expect(findObjects(read, { ...image, signal: controller.signal })).rejects.toThrow(/abort/i);
  });
});
