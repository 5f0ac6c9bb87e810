import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openGrid } from "../../../core/image/read-grid.ts";
import { runJob } from "../../../core/job.ts";
import { labelBands } from "../../../core/label/label-bands.ts";
import { type ObjectRule, plainRule } from "../../../core/label/object-rule.ts";
import type { ObjectTable } from "../../../core/label/object-table.ts";
import { createMeasurer } from "../../../core/label/shape/measure.ts";
import { objectsFrom, type Segmentation, segment } from "../../../core/segment.ts";
import { type BlockStore, findBlockStore, openBlockStore } from "../../../core/sink/block-store.ts";
import type { SlideRecord } from "../../../core/sink/slide-record.ts";
import { type ChunkStore, createMemoryStore } from "../../../core/sink/store.ts";
import { writeJson } from "../../../core/sink/zarr.ts";
import { segmentSlide } from "../../../core/slide/segment-slide.ts";
import { joinObjects } from "../../../core/slide/slide-objects.ts";
import { writeSlideResults } from "../../../core/slide/slide-results.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import type { Symmetry } from "../../../core/symmetry.ts";
import type { TilePixels } from "../../../core/tile/run.ts";
import { planSlide, type SlidePlan } from "../../../core/tile/slide-plan.ts";
import { nearestLegalInput } from "../../../core/unet/shape.ts";
import { createThreshold, thresholdSpec as spec } from "../../support/threshold.ts";

const plane = { z: 0, t: 0, channels: [0] };
const blockPx = 32;

/** Smooth blobs, so that there are objects of all sizes. */
function drawBlobs(height: number, width: number, seed: number): ImageSource {
  const data = Uint8Array.from({ length: height * width }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return 128 + 60 * Math.sin(x / 4 + seed) * Math.cos(y / 5 - seed) + ((x * 7 + y * 13 + seed) % 11);
  });
  return openPixels({ data, shape: [height, width], name: "blobs" });
}

interface Cut {
  readonly tile?: number;
  readonly pixelsPerStep?: number;
  readonly region?: { y0: number; x0: number; y1: number; x1: number };
  readonly keep?: boolean;
  readonly threshold?: number;
  readonly symmetry?: Symmetry;
  /** False: as older builds, without bytes. */
  readonly keepsBytes?: boolean;
  readonly blockPx?: number;
}

async function planRun(source: ImageSource, cut: Cut) {
  const { tile = 44, pixelsPerStep = 1, region, keep = false, blockPx: side = blockPx, threshold, keepsBytes = true } = cut;
  const grid = await openGrid(source, { plane, channels: 1, pixelsPerStep });
  const { height, width } = source;
  const plan = planSlide({ height, width, gridHeight: grid.height, gridWidth: grid.width, levels: 1, tile, region, blockPx: side });
  const record: SlideRecord = {
    path: "blobs",
    name: source.name,
    height,
    width,
    dtype: source.dtype,
    plane,
    model: "threshold@1",
    weights: "",
    classNames: ["background", "object"],
    levels: 1,
    tile,
    blockPx: side,
    gridHeight: grid.height,
    gridWidth: grid.width,
    ...(region && { region }),
    ...(keep && { probabilityType: "float32" as const }),
    skipEmpty: false,
    backend: "test",
    ranges: grid.ranges,
    minSizePx: 0,
    splitDepthPx: 0,
    ...(threshold !== undefined && { threshold }),
    ...(keepsBytes && { keepsBytes }),
  };
  return { grid, plan, record };
}

async function runBlocks(
  source: ImageSource,
  cut: Cut,
  { store = createMemoryStore() as ChunkStore, pick = (plan: SlidePlan) => plan, networks = [createThreshold()] } = {},
): Promise<{ readonly blocks: BlockStore; readonly run: Awaited<ReturnType<typeof runJob<{ found: number; predicted: number }>>> }> {
  const { grid, plan, record } = await planRun(source, cut);
  const blocks = await openBlockStore(store, record);
  const how = { keepProbabilities: cut.keep === true, threshold: cut.threshold, symmetry: cut.symmetry };
  const run = await runJob(segmentSlide({ plan: pick(plan), grid, spec, networks, sink: blocks, ...how }));
  return { blocks, run };
}

async function readAll(bands: AsyncIterable<{ readonly data: ArrayLike<number> }>): Promise<number[]> {
  const out: number[] = [];
  for await (const { data } of bands) for (let i = 0; i < data.length; i++) out.push(data[i]!);
  return out;
}

const sizes = { height: fc.integer({ min: 1, max: 110 }), width: fc.integer({ min: 1, max: 110 }), seed: fc.nat(100) };
const sides = fc.constantFrom(16, 32, 64);
const tiles = fc.integer({ min: 18, max: 60 }).map((side) => nearestLegalInput(1, side));

describe("the plan of a slide", () => {
  it("has every pixel in one block, and every pixel of a block's grid in one tile that starts on the pooling grid", () => {
    const options = fc.record({
      height: fc.integer({ min: 1, max: 300 }),
      width: fc.integer({ min: 1, max: 300 }),
      scale: fc.double({ min: 0.3, max: 3, noNaN: true }),
      tile: tiles,
    });
    fc.assert(
      fc.property(options, ({ height, width, scale, tile }) => {
        const [gridHeight, gridWidth] = [height, width].map((side) => Math.max(1, Math.round(side / scale))) as [number, number];
        const plan = planSlide({ height, width, gridHeight, gridWidth, levels: 1, tile, blockPx });
        const seen = new Uint8Array(height * width);
        for (const { box, source, tiles: cores } of plan.blocks) {
          for (let y = box.y0; y < box.y1; y++) for (let x = box.x0; x < box.x1; x++) seen[y * width + x]!++;
          const covered = cores.reduce((sum, { core }) => sum + (core.y1 - core.y0) * (core.x1 - core.x0), 0);
          expect(covered).toBe((source.y1 - source.y0) * (source.x1 - source.x0));
          // Asked of all tiles at once: a call of expect for each would take most of this test's time.
          expect(cores.filter(({ core }) => core.y0 % 2 !== 0 || core.x0 % 2 !== 0)).toEqual([]);
          expect(cores.filter(({ input }) => input.y1 - input.y0 > tile)).toEqual([]);
          expect(cores.filter(({ core, input }) => input.y1 - plan.marginPx < core.y1)).toEqual([]);
        }
        expect(seen.every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

const rule = { ...plainRule, minSizePx: 5, fillHoles: true, smoothPx: 1 };

/** The image in one piece. */
function segmentWhole(source: ImageSource, how: ObjectRule & { readonly pixelsPerStep?: number }): Promise<Segmentation> {
  const budget = { memoryBytes: 1e8, shares: [1] };
  return runJob(segment(source, spec, [createThreshold()], { plane, tile: "auto", budget, ...how, keepProbabilities: true }));
}

/** The objects of a run. */
async function joinAll(blocks: BlockStore, how: ObjectRule): Promise<{ readonly table: ObjectTable; readonly labels: readonly number[] }> {
  const labels: number[] = [];
  const table = await runJob(
    joinObjects(blocks, { ...how, measures: false }, async (found) => {
      labels.push(...(await readAll(labelBands(() => blocks.readClasses(how.threshold), found))));
      return [];
    }),
  );
  return { table, labels };
}

describe("a slide", () => {
  it("block by block is the image in one piece: classes, labels, probabilities; for any tile and block", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ...sizes,
          tile: tiles,
          keep: fc.boolean(),
          splitDepthPx: fc.constantFrom(0, 0.5, 1),
          begun: fc.constantFrom(0.3, 0.5, 0.7),
          threshold: fc.constantFrom(0.3, 0.5, 0.7),
          side: sides,
        }),
        async ({ height, width, seed, tile, keep, splitDepthPx, begun, threshold, side }) => {
          const source = drawBlobs(height, width, seed);
          const how = { ...rule, splitDepthPx, threshold };
          const whole = await segmentWhole(source, how);
          const { blocks } = await runBlocks(source, { tile, keep, threshold: begun, blockPx: side });
          expect(await readAll(blocks.readClasses(threshold))).toEqual([...whole.classes.data]);
          const isAbove = (_: number, i: number): number => +(whole.probabilities!.data[2 * i + 1]! > Math.round(256 * threshold) / 256);
          expect([...whole.classes.data]).toEqual(Array.from(whole.classes.data, isAbove));
          const { table, labels } = await joinAll(blocks, how);
          expect(table.count).toBe(whole.labels.count);
          expect(labels).toEqual([...whole.labels.data]);
          // In memory, what was predicted with another threshold gives the same objects, too.
          const other = await segmentWhole(source, { ...plainRule, threshold: begun });
          expect((await objectsFrom(other.bytes!, how)).labels).toEqual(whole.labels);
          if (!keep) return;
          const found = await readAll(blocks.readProbabilities(1));
          const errors = found.map((value, i) => Math.abs(value - whole.probabilities!.data[2 * i + 1]!));
          expect(Math.max(...errors)).toBeLessThan(5e-6);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("has the mean over symmetries as the image in one piece has it", async () => {
    const source = drawBlobs(70, 90, 5);
    // Each pixel gets the answer of its right neighbour, so that mirror images differ.
    const threshold = createThreshold();
    const beside = { ...threshold, predict: (tile: TilePixels) => threshold.predict({ ...tile, data: tile.data.slice(1) }) };
    const classesOf = async (symmetry: Symmetry): Promise<number[]> =>
      readAll((await runBlocks(source, { symmetry }, { networks: [beside] })).blocks.readClasses());
    const wholeOf = async (symmetry: Symmetry): Promise<number[]> => {
      const options = { plane, tile: "auto" as const, budget: { memoryBytes: 1e8, shares: [1] }, ...plainRule, keepProbabilities: false };
      return [...(await runJob(segment(source, spec, [beside], { ...options, symmetry }))).classes.data];
    };
    const all = { none: await classesOf("none"), flips: await classesOf("flips"), eight: await classesOf("eight") };
    for (const [symmetry, classes] of Object.entries(all)) expect(classes).toEqual(await wholeOf(symmetry as Symmetry));
    expect(all.flips).not.toEqual(all.none);
    expect(all.eight).not.toEqual(all.flips);
  });

  it("has the same classes whether probabilities are kept or not, also where both are a half to rounding", async () => {
    const source = drawBlobs(50, 70, 3);
    const strong = createThreshold();
    const weak = {
      ...strong,
      predict: async (...of: Parameters<typeof strong.predict>) => (await strong.predict(...of)).map((v) => v * 1e-9),
    };
    const classesOf = async (network: typeof strong, keep: boolean): Promise<number[]> =>
      await readAll((await runBlocks(source, { keep }, { networks: [network] })).blocks.readClasses());
    const wanted = await classesOf(strong, false);
    expect(new Set(wanted)).toEqual(new Set([0, 1]));
    for (const keep of [false, true]) expect(await classesOf(weak, keep)).toEqual(wanted);
  });

  it("killed anywhere and gone on with, by any number of shards and workers, is the same bytes; nothing is done twice", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          ...sizes,
          kill: fc.nat(40),
          shards: fc.integer({ min: 1, max: 4 }),
          workers: fc.integer({ min: 1, max: 3 }),
          keep: fc.boolean(),
        }),
        async (given) => {
          const { height, width, seed, kill, shards, workers, keep } = given;
          const source = drawBlobs(height, width, seed);
          const once = createMemoryStore();
          const cut = { tile: 52, keep }; // a tile a block
          const { plan } = await planRun(source, cut);
          await runBlocks(source, cut, { store: once });

          const store = createMemoryStore();
          let predictions = 0;
          const dying = createThreshold(() => {
            if (++predictions > kill) throw new Error("killed");
          });
          await runBlocks(source, cut, { store, networks: [dying] }).catch((error: Error) => expect(error.message).toBe("killed"));
          const kept = store.names().filter((name) => /^classes\/0\/\d/.test(name)).length;
          let again = 0;
          const networks = Array.from({ length: workers }, () => createThreshold(() => again++));
          for (let i = 0; i < shards; i++) {
            const pick = (all: SlidePlan): SlidePlan => ({ ...all, blocks: all.blocks.filter(({ index }) => index % shards === i) });
            await runBlocks(source, cut, { store, networks, pick });
          }
          expect(again).toBe(plan.blocks.length - kept);
          expect(store.names()).toEqual(once.names());
          for (const name of once.names()) expect(await store.read(name), name).toEqual(await once.read(name));
        },
      ),
      { numRuns: 20 },
    );
  });

  it("begun by an older build, which kept classes only, goes on so and has the threshold that it was begun with", async () => {
    const source = drawBlobs(70, 80, 5);
    const store = createMemoryStore();
    const begun = { threshold: 0.3, keepsBytes: false };
    const first = (plan: SlidePlan): SlidePlan => ({ ...plan, blocks: plan.blocks.slice(0, 3) });
    await runBlocks(source, begun, { store, pick: first });
    const { blocks, run } = await runBlocks(source, { threshold: 0.3 }, { store });
    expect([run.found, blocks.record.keepsBytes]).toEqual([3, undefined]);
    expect(store.names().filter((name) => name.startsWith("probability"))).toEqual([]);
    const { classes } = await segmentWhole(source, { ...plainRule, threshold: 0.3 });
    expect(await readAll(blocks.readClasses(0.3))).toEqual([...classes.data]);
    expect(() => blocks.readClasses(0.5)).toThrow(/"threshold" must be 0.3 here: .* without probabilities, .*; got 0.5. Leave it out/);
    await expect(runBlocks(source, { threshold: 0.5 }, { store })).rejects.toThrow(/"resume" .* different are threshold \(0.5, not 0.3\)/);
  });

  it("goes on with the threshold that its blocks were begun with, whatever is asked for later: that is for the objects", async () => {
    const source = drawBlobs(70, 80, 5);
    const store = createMemoryStore();
    const first = (plan: SlidePlan): SlidePlan => ({ ...plan, blocks: plan.blocks.slice(0, 3) });
    await runBlocks(source, { threshold: 0.3 }, { store, pick: first });
    const { record } = await openBlockStore(store, (await planRun(source, { threshold: 0.7 })).record);
    expect(record.threshold).toBe(0.3);
    const { blocks } = await runBlocks(source, { threshold: 0.3 }, { store });
    for (const threshold of [0.5, 0.7]) {
      const whole = await segmentWhole(source, { ...rule, threshold });
      expect((await joinAll(blocks, { ...rule, threshold })).labels).toEqual([...whole.labels.data]);
    }
  });

  it("of a region gives that region's pixels and background elsewhere", async () => {
    const source = drawBlobs(90, 100, 3);
    const region = { y0: 10, x0: 37, y1: 66, x1: 71 };
    const { blocks: all } = await runBlocks(source, {});
    const { blocks: part } = await runBlocks(source, { region });
    const expected = (await readAll(all.readClasses())).map((value, i) => {
      const [y, x] = [Math.floor(i / 100), i % 100];
      return y >= region.y0 && y < region.y1 && x >= region.x0 && x < region.x1 ? value : 0;
    });
    expect(await readAll(part.readClasses())).toEqual(expected);

    const means: number[] = [];
    const wanted: number[] = [];
    const options = { ...plainRule, measures: true, source };
    const { data: grey } = await source.read({ y0: 0, x0: 0, y1: 90, x1: 100 });
    await runJob(
      joinObjects(part, options, async (table) => {
        const measurer = createMeasurer(table, { channels: 1 });
        const ids = await readAll(labelBands(part.readClasses, table));
        for (let id = 1; id <= table.count; id++) {
          const own = ids.flatMap((value, i) => (value === id ? [grey[i]!] : []));
          wanted.push(own.reduce((a, b) => a + b, 0) / own.length);
        }
        const end = async (): Promise<void> => void means.push(...wanted.map((_, i) => measurer.of(i + 1).channels[0]!.mean));
        return [{ add: async ({ runs, pixels }) => measurer.add(runs, pixels), end }];
      }),
    );
    expect(means.length).toBeGreaterThan(1);
    for (const [i, mean] of means.entries()) expect(mean).toBeCloseTo(wanted[i]!, 9);
  });

  it("of another pixel size is mapped back without a shift: discs keep their centres within 0.05 px", async () => {
    const centre = { y: 61.5, x: 47 };
    const data = Uint8Array.from({ length: 120 * 100 }, (_, i) => {
      const distance = Math.hypot(Math.floor(i / 100) - centre.y, (i % 100) - centre.x);
      return Math.max(0, Math.min(255, 128 + 8 * (30 - distance)));
    });
    for (const pixelsPerStep of [0.5, 0.8, 1, 1.25, 2, 3.1]) {
      const { blocks } = await runBlocks(openPixels({ data, shape: [120, 100] }), { pixelsPerStep });
      const classes = await readAll(blocks.readClasses());
      let [count, ys, xs] = [0, 0, 0];
      classes.forEach((value, i) => {
        count += value;
        ys += value * Math.floor(i / 100);
        xs += value * (i % 100);
      });
      expect(Math.abs(ys / count - centre.y), `y at ${pixelsPerStep}`).toBeLessThan(0.05);
      expect(Math.abs(xs / count - centre.x), `x at ${pixelsPerStep}`).toBeLessThan(0.05);
      expect(Math.abs(count / (Math.PI * 30 ** 2) - 1)).toBeLessThan(0.02);
    }
  });

  it("of another pixel size is, block by block, the image in one piece on that grid", async () => {
    const ratios = fc.constantFrom(0.5, 0.8, 1.25, 2, 3.1);
    await fc.assert(
      fc.asyncProperty(sizes.height, sizes.width, sizes.seed, ratios, async (height, width, seed, pixelsPerStep) => {
        const source = drawBlobs(height, width, seed);
        const whole = await segmentWhole(source, { ...plainRule, threshold: 0.4, pixelsPerStep });
        const { blocks } = await runBlocks(source, { pixelsPerStep, threshold: 0.4 });
        expect(await readAll(blocks.readClasses())).toEqual([...whole.classes.data]);
        const other = await segmentWhole(source, { ...plainRule, threshold: 0.7, pixelsPerStep });
        expect(await readAll(blocks.readClasses(0.7))).toEqual([...other.classes.data]);
        expect([whole.classes.height, whole.classes.width, whole.labels.data.length]).toEqual([height, width, height * width]);
      }),
      { numRuns: 15 },
    );
  });

  it("is not gone on with by another plan, and objects are not joined while a block is missing", async () => {
    const source = drawBlobs(80, 80, 1);
    const store = createMemoryStore();
    const first = (plan: SlidePlan): SlidePlan => ({ ...plan, blocks: plan.blocks.slice(0, 2) });
    const { blocks } = await runBlocks(source, {}, { store, pick: first });
    await expect(runBlocks(source, { tile: 28 }, { store })).rejects.toThrow(/different are tile \(28, not 44\)/);
    await expect(readAll(blocks.readClasses())).rejects.toThrow(/block 0, 2 is missing.*--resume/);
  });

  it("that is too large for COCO is refused before any of its blocks is looked at", async () => {
    const { record } = await planRun(drawBlobs(40, 40, 1), {});
    const store = createMemoryStore();
    await writeJson(store, "run.json", { ...record, height: 2 ** 16, width: 2 ** 16 });
    const nothing = async (): Promise<never> => expect.unreachable("something was opened");
    const options = {
      kinds: ["labels", "coco"],
      format: "ome-tiff",
      ...plainRule,
      tolerancePx: 0,
    } as const;
    const place = { openFile: nothing, openFolder: nothing };
    await expect(runJob(writeSlideResults(await findBlockStore(store, ""), { ...options, place }))).rejects.toThrow(/COCO holds images/);
  });

  it("tells a chunk that was damaged, and its name", async () => {
    const source = drawBlobs(40, 40, 1);
    const store = createMemoryStore();
    const { blocks } = await runBlocks(source, {}, { store });
    const bytes = (await store.read("classes/0/1/0"))!;
    bytes[bytes.length >> 1]! ^= 255;
    await store.write("classes/0/1/0", bytes);
    await expect(readAll(blocks.readClasses())).rejects.toThrow(/classes\/0\/1\/0/);
  });

  it("counts a block as done when all of its chunks are there, whichever is missing", async () => {
    const source = drawBlobs(70, 70, 1);
    const store = createMemoryStore();
    const cut = { keep: true };
    await runBlocks(source, cut, { store });
    const names = store.names().filter((name) => /\/0\/(\d\/)?1\/1$/.test(name));
    expect(names).toEqual(["classes/0/1/1", "probabilities/0/0/1/1", "probabilities/0/1/1/1", "probability/0/1/1"]);
    for (const name of names) {
      const bytes = (await store.read(name))!;
      const holed = { ...store, has: async (other: string) => other !== name && store.has(other) };
      const { run } = await runBlocks(source, cut, { store: holed });
      expect(run).toMatchObject({ found: 8, predicted: 1 });
      expect(await store.read(name)).toEqual(bytes);
    }
  });
});
