import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Network } from "../../core/engine/network.ts";
import { type Progress, runJob } from "../../core/job.ts";
import { plainRule } from "../../core/label/object-rule.ts";
import { type Segmentation, type SegmentOptions, segment, toObjects } from "../../core/segment.ts";
import { openPixels } from "../../core/source/pixels.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { createThreshold, thresholdSpec as spec } from "../support/threshold.ts";

const defaults: SegmentOptions = {
  plane: { z: 0, t: 0, channels: [0] },
  tile: "auto",
  budget: { memoryBytes: 1e8, shares: [1] },
  ...plainRule,
  keepProbabilities: false,
};

/** An image of "." and "#" as dark and bright pixels. */
function draw(...rows: readonly string[]): ImageSource {
  const data = Uint8Array.from(rows.join(""), (letter) => (letter === "#" ? 200 : 10));
  return openPixels({ data, shape: [rows.length, rows[0]!.length] });
}

const run = (
  source: ImageSource,
  options: Partial<SegmentOptions> = {},
  networks: readonly Network[] = [createThreshold()],
): Promise<Segmentation> => runJob(segment(source, spec, networks, { ...defaults, ...options }));

const rowsOf = ({ data, width }: { readonly data: ArrayLike<number>; readonly width: number }): readonly string[] =>
  Array.from({ length: data.length / width }, (_, y) => Array.from({ length: width }, (_, x) => data[y * width + x] || ".").join(""));

describe("segment", () => {
  it("tells the classes of every tile as it is done: put together they are the result", async () => {
    const rows = Array.from({ length: 70 }, (_, y) => Array.from({ length: 90 }, (_, x) => ((x * y) % 7 > 2 ? "#" : ".")).join(""));
    const built = { width: 90, data: new Uint8Array(70 * 90).fill(9) };
    let pieces = 0;
    const { classes } = await runJob(segment(draw(...rows), spec, [createThreshold()], { ...defaults, tile: 44, image: 3 }), (progress) => {
      if (progress.kind !== "preview") return;
      const { box, image, classes: part } = progress;
      expect(image).toBe(3);
      for (let y = box.y0, at = 0; y < box.y1; y++) for (let x = box.x0; x < box.x1; x++) built.data[y * 90 + x] = part[at++]!;
      pieces++;
    });
    expect(pieces).toBeGreaterThan(3);
    expect(built.data).toEqual(classes.data);
  });

  it("numbers the 4-connected objects in reading order", async () => {
    const { classes, labels } = await run(draw("##..#", "#..#.", "..##.", "#...#"));
    expect(rowsOf(classes)).toEqual(["11..1", "1..1.", "..11.", "1...1"]);
    expect(rowsOf({ ...labels, width: 5 })).toEqual(["11..2", "1..3.", "..33.", "4...5"]);
    expect(labels.count).toBe(5);
  });

  it("drops small objects and fills holes where it is asked to", async () => {
    const source = draw("###..", "#.#.#", "###..");
    expect(rowsOf((await run(source, { minSizePx: 2 })).labels)).toEqual(["111..", "1.1..", "111.."]);
    expect(rowsOf((await run(source, { fillHoles: true })).labels)).toEqual(["111..", "111.2", "111.."]);
    expect(rowsOf((await run(source, { minSizePx: 9, fillHoles: true })).labels)).toEqual(["111..", "111..", "111.."]);
  });

  it("cuts objects at necks where it is asked to", async () => {
    const source = draw(".........", ".###.###.", ".#######.", ".###.###.", ".........");
    expect((await run(source)).labels.count).toBe(1);
    expect(rowsOf((await run(source, { splitDepthPx: 0.5 })).labels).slice(1, 4)).toEqual([".111.222.", ".1111222.", ".111.222."]);
    expect((await run(source, { splitDepthPx: 2 })).labels.count).toBe(1);
  });

  it("gives the threshold's pixels for any size of image, any tile, any number of networks", async () => {
    const image = fc.record({ height: fc.integer({ min: 1, max: 40 }), width: fc.integer({ min: 1, max: 40 }), seed: fc.integer() });
    const tiles = fc.constantFrom<number | "auto">("auto", 18, 20, 26, 44);
    await fc.assert(
      fc.asyncProperty(image, tiles, fc.integer({ min: 1, max: 3 }), async ({ height, width, seed }, tile, count) => {
        // Dark and bright in equal parts: the 1st and 99.8th percentile are the two values, their middle 0.5.
        const data = Uint8Array.from({ length: height * width }, (_, i) => ((Math.imul(i + 1, 2654435761) ^ seed) & 64 ? 200 : 10));
        fc.pre(height * width === 1 || (data.includes(200) && data.includes(10)));
        const source = openPixels({ data, shape: [height, width] });
        const { classes } = await run(
          source,
          { tile },
          Array.from({ length: count }, () => createThreshold()),
        );
        expect([...classes.data]).toEqual(height * width === 1 ? [0] : [...data].map((value) => (value > 100 ? 1 : 0)));
      }),
      { seed: 572, numRuns: 60 },
    );
  });

  it("measures grey values of the whole image, never of a tile: a dark tile stays dark", async () => {
    // Left: two kinds of dark, which alone would be stretched to black and white.
    const data = Uint8Array.from({ length: 30 * 90 }, (_, i) => (i % 90 < 60 ? 10 + (i % 2) : 200));
    const { classes } = await run(openPixels({ data, shape: [30, 90] }), { tile: 20 });
    expect(rowsOf(classes)).toEqual(Array(30).fill(`${".".repeat(60)}${"1".repeat(30)}`));
  });

  it("keeps probabilities only when asked: they add up to 1, and the larger one is the class", async () => {
    const source = draw("##.#", ".##.");
    expect((await run(source)).probabilities).toBeUndefined();
    const { probabilities, classes } = await run(source, { keepProbabilities: true });
    expect(probabilities).toMatchObject({ height: 2, width: 4, channels: 2 });
    classes.data.forEach((value, i) => {
      const [p0, p1] = [probabilities!.data[2 * i]!, probabilities!.data[2 * i + 1]!];
      expect(p0 + p1).toBeCloseTo(1, 6);
      expect(p1).toBeCloseTo(value === 1 ? 1 / (1 + Math.exp(-2)) : 1 / (1 + Math.exp(2)), 5);
    });
  });

  it("tells of every tile once, and that the last one is the last", async () => {
    const told: Progress[] = [];
    let predicted = 0;
    const source = openPixels({ data: new Uint8Array(50 * 70).map((_, i) => i % 251), shape: [50, 70] });
    const { plan } = await runJob(segment(source, spec, [createThreshold(() => predicted++)], { ...defaults, tile: 26 }), (progress) =>
      told.push(progress),
    );
    const tiles = told.filter((progress) => progress.kind === "tile");
    expect(tiles.map(({ done }) => done)).toEqual(plan.tiles.map((_, i) => i + 1));
    expect(tiles.every(({ total }) => total === plan.tiles.length)).toBe(true);
    expect(tiles.at(-1)).toMatchObject({ secondsLeft: 0 });
    expect(predicted).toBe(plan.tiles.length);
  });

  it("ends with AbortError in the middle, and computes no further tile", async () => {
    let predicted = 0;
    const cancel = new AbortController();
    const source = openPixels({ data: new Uint8Array(60 * 60).map((_, i) => i % 251), shape: [60, 60] });
    const job = runJob(
      segment(source, spec, [createThreshold(() => predicted++)], { ...defaults, tile: 20 }, cancel.signal),
      ({ kind, done }) => {
        if (kind === "tile" && done === 3) cancel.abort();
      },
    );
    await expect(job).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(predicted).toBeLessThan(10);
  });

  it("makes objects of all classes but background: neighbours of two classes are two", async () => {
    const classes = { height: 1, width: 5, channels: 1, data: Uint8Array.of(1, 1, 2, 0, 2) };
    const { labels } = await toObjects(classes, plainRule);
    expect([...labels.data]).toEqual([1, 1, 2, 0, 3]);
  });
});
