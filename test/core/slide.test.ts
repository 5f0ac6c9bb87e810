import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runJob } from "../../core/job.ts";
import { labelBands } from "../../core/label/label-bands.ts";
import { openGrid } from "../../core/read-grid.ts";
import { segment } from "../../core/segment.ts";
import { segmentSlide } from "../../core/segment-slide.ts";
import { type BlockStore, findBlockStore, openBlockStore, type SlideRecord } from "../../core/sink/block-store.ts";
import { pyramidSizes } from "../../core/sink/pyramid.ts";
import { type ChunkStore, createMemoryStore } from "../../core/sink/store.ts";
import { type NgffVersion, writeJson, writeOmeGroup } from "../../core/sink/zarr.ts";
import { joinObjects } from "../../core/slide-objects.ts";
import { writeSlideResults } from "../../core/slide-results.ts";
import { openPixels } from "../../core/source/pixels.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { planSlide, type SlidePlan } from "../../core/tile/slide-plan.ts";
import { nearestLegalInput } from "../../core/unet/shape.ts";
import { sharedPath } from "../support/data.ts";
import { createThreshold, thresholdSpec as spec } from "../support/threshold.ts";

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

/** Each pixel the mean of `step` x `step` of the full size. */
function drawMeans(
  { height, width }: { height: number; width: number },
  step: number,
  pixel: (y: number, x: number) => number,
): Float32Array {
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [y0, x0] = [Math.floor(i / width) * step, (i % width) * step];
    let sum = 0;
    for (let y = y0; y < y0 + step; y++) for (let x = x0; x < x0 + step; x++) sum += pixel(y, x);
    return sum / step ** 2;
  });
}

interface Cut {
  readonly tile?: number;
  readonly pixelsPerStep?: number;
  readonly region?: { y0: number; x0: number; y1: number; x1: number };
  readonly keep?: boolean;
  readonly blockPx?: number;
}

async function planRun(source: ImageSource, { tile = 44, pixelsPerStep = 1, region, keep = false, blockPx: side = blockPx }: Cut) {
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
  const keepProbabilities = cut.keep === true;
  const run = await runJob(segmentSlide({ plan: pick(plan), grid, spec, networks, sink: blocks, keepProbabilities }));
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
          for (const { core, input } of cores) {
            expect([core.y0 % 2, core.x0 % 2]).toEqual([0, 0]);
            expect(input.y1 - input.y0).toBeLessThanOrEqual(tile);
            expect(input.y1 - plan.marginPx).toBeGreaterThanOrEqual(core.y1);
          }
        }
        expect(seen.every((count) => count === 1)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a slide", () => {
  it("block by block is the image in one piece: classes, labels, probabilities; for any tile and block", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ ...sizes, tile: tiles, keep: fc.boolean(), splitDepthPx: fc.constantFrom(0, 1), side: sides }),
        async ({ height, width, seed, tile, keep, splitDepthPx, side }) => {
          const source = drawBlobs(height, width, seed);
          const whole = await runJob(
            segment(source, spec, [createThreshold()], {
              plane,
              tile: "auto",
              budget: { memoryBytes: 1e8, shares: [1] },
              minSizePx: 5,
              fillHoles: true,
              splitDepthPx,
              keepProbabilities: true,
            }),
          );
          const { blocks } = await runBlocks(source, { tile, keep, blockPx: side });
          expect(await readAll(blocks.readClasses())).toEqual([...whole.classes.data]);
          const bands: number[] = [];
          const table = await runJob(
            joinObjects(
              blocks,
              { minSizePx: 5, fillHoles: true, splitDepthPx, traces: false, measures: false },
              async ({ table: found }) => {
                bands.push(...(await readAll(labelBands(blocks.readClasses, found))));
                return [];
              },
            ),
          );
          expect(table.count).toBe(whole.labels.count);
          expect(bands).toEqual([...whole.labels.data]);
          if (!keep) return;
          const found = await readAll(blocks.readProbabilities(1));
          for (const [i, value] of found.entries()) expect(value).toBeCloseTo(whole.probabilities!.data[2 * i + 1]!, 5);
        },
      ),
      { numRuns: 25 },
    );
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
    const options = { minSizePx: 0, fillHoles: false, splitDepthPx: 0, traces: false, measures: true, source };
    const { data: grey } = await source.read({ y0: 0, x0: 0, y1: 90, x1: 100 });
    await runJob(
      joinObjects(part, options, async ({ table, measurementOf }) => {
        const ids = await readAll(labelBands(part.readClasses, table));
        for (let id = 1; id <= table.count; id++) {
          const own = ids.flatMap((value, i) => (value === id ? [grey[i]!] : []));
          wanted.push(own.reduce((a, b) => a + b, 0) / own.length);
        }
        const end = async (): Promise<void> => void means.push(...wanted.map((_, i) => measurementOf(i + 1).channels[0]!.mean));
        return [{ add: async () => {}, end }];
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

  it("is read from a coarser level without a shift, though the level's sides are rounded, up or down", async () => {
    const [height, width] = [403, 403]; // 100.75 pixels of four: the grid has 101, a level may have 100
    const centre = { y: 365.25, x: 362.5 }; // far from the corner, where a wrong scale shows
    const pixel = (y: number, x: number): number => Math.max(0, Math.min(200, 100 + 8 * (14 - Math.hypot(y - centre.y, x - centre.x))));
    for (const [round, step] of [
      [Math.ceil, 4],
      [Math.floor, 4],
      [Math.ceil, 3],
    ] as const) {
      // biome-ignore format: a row a case
      const levels = [1, step].map((f) => ({ height: round(height / f), width: round(width / f) }));
      const rasters = levels.map((level, i) => drawMeans(level, [1, step][i]!, pixel));
      let used = 0;
      const source: ImageSource = {
        ...openPixels({ data: rasters[0]!, shape: [height, width] }),
        levels,
        read: async ({ level = 0, ...box }) => {
          used = level;
          return openPixels({ data: rasters[level]!, shape: [levels[level]!.height, levels[level]!.width] }).read(box);
        },
      };
      for (const pixelsPerStep of [step, 4.6]) {
        const { grid } = await planRun(source, { pixelsPerStep });
        const data = await grid.read({ y0: 0, x0: 0, y1: grid.height, x1: grid.width });
        expect(used, `${round.name} ${step}, ${pixelsPerStep}`).toBe(1);
        const least = Math.min(...data);
        let [sum, ys, xs] = [0, 0, 0];
        data.forEach((value, i) => {
          sum += value - least;
          ys += (value - least) * (Math.floor(i / grid.width) + 0.5) * (height / grid.height);
          xs += (value - least) * ((i % grid.width) + 0.5) * (width / grid.width);
        });
        expect(Math.abs(ys / sum - 0.5 - centre.y), `y, ${round.name} ${step}, ${pixelsPerStep}`).toBeLessThan(0.05);
        expect(Math.abs(xs / sum - 0.5 - centre.x), `x, ${round.name} ${step}, ${pixelsPerStep}`).toBeLessThan(0.05);
      }
    }
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
      minSizePx: 0,
      fillHoles: false,
      splitDepthPx: 0,
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
});

describe("an OME-Zarr pyramid of odd sides", () => {
  it("declares that each level halves the one before, as its pixels were taken; and the window that its numbers have", async () => {
    const store = createMemoryStore();
    const shapes = pyramidSizes(4001, 2003, 512).map(({ height, width }) => [3, height, width]);
    const group = { version: "0.4", name: "p", axes: ["c", "y", "x"], shapes, pixelSizeUm: 0.5, isLabels: false } as const;
    await writeOmeGroup(store, "", { ...group, channels: ["a", "b", "c"], white: 255 });
    const { multiscales, omero } = JSON.parse(new TextDecoder().decode(await store.read(".zattrs")));
    const scales = multiscales[0].datasets.map(
      (one: { coordinateTransformations: { scale: number[] }[] }) => one.coordinateTransformations[0]!.scale,
    );
    expect(scales).toEqual([0.5, 1, 2, 4].map((um) => [1, um, um]));
    expect(omero.channels[0].window).toEqual({ min: 0, max: 255, start: 0, end: 255 });
  });
});

const schemas = sharedPath("data/ome-ngff");

describe.skipIf(schemas === undefined)("OME-Zarr that we write (needs shared/data/ome-ngff)", () => {
  it.each(["0.4", "0.5"] as const)("passes the official schema of %s", async (version: NgffVersion) => {
    const store = createMemoryStore();
    const shapes = [
      [2, 300, 200],
      [2, 150, 100],
    ];
    await writeOmeGroup(store, "", {
      version,
      name: "p",
      axes: ["c", "y", "x"],
      shapes,
      pixelSizeUm: 0.5,
      isLabels: false,
      channels: ["a", "b"],
    });
    const labels = { version, name: "l", axes: ["y", "x"], shapes: shapes.map((shape) => shape.slice(1)), isLabels: true } as const;
    await writeOmeGroup(store, "labels", { ...labels, labelled: "../../", note: { model: "m@1" } });
    const read = async (path: string): Promise<unknown> => {
      const file = version === "0.4" ? ".zattrs" : "zarr.json";
      const json = JSON.parse(new TextDecoder().decode(await store.read(`${path}${file}`)));
      return version === "0.4" ? json : json.attributes;
    };
    const ajv = new Ajv2020({ strict: false, logger: false });
    for (const name of version === "0.5" ? ["_version.schema", "image.schema", "label.schema"] : ["image.schema", "label.schema"]) {
      ajv.addSchema(JSON.parse(readFileSync(join(schemas!, version, name), "utf8")), name);
    }
    for (const [schema, path] of [
      ["image.schema", ""],
      ["image.schema", "labels/"],
      ["label.schema", "labels/"],
    ] as const) {
      expect(ajv.validate(schema, await read(path)), ajv.errorsText()).toBe(true);
    }
  });
});
