// Slides of 10,000 x 10,000 and 40,000 x 40,000 pixels through the built terminal, from a model that this run trains: peak memory, and
// what reading, joining and writing cost beside the network.
//   npm run bench:slides -- [--sides 10000,40000] [--features 16] [--levels 4] [--train-steps 100] [--output labels,geojson,table]
//     [--fill 1] [--workers N] [--folder build/bench-slides] [--json build/bench-slides.json]
// A slide is an OME-Zarr with a pyramid whose chunks repeat: 2 x 2 chunks of generated cells, linked to every place. With --fill 0.1
// only a square of a tenth of a slide beyond the first has any; the other chunks are absent, and skipped as empty. The network's own
// time is that of its tiles predicted by a crew of the same size with nothing beside, before and after each run. Seconds are told
// by the clock and of all of the process's threads, which a busy machine disturbs less.

import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { readModel } from "../core/model/archive.ts";
import { generateCells } from "../core/sample/synthetic.ts";
import { pyramidSizes } from "../core/sink/pyramid.ts";
import { openZarr, writeOmeGroup, writeZarrMetadata, type ZarrLayout } from "../core/sink/zarr.ts";
import { marginPx, nearestLegalInput } from "../core/unet/shape.ts";
import { createChunkFolder } from "../host/terminal/chunk-folder.ts";
import { loadAssets } from "../plugin/assets.ts";
import { openCrew } from "../plugin/compute.ts";
import { createNodeSpawn } from "../plugin/node-worker.ts";

const { values } = parseArgs({
  options: {
    sides: { type: "string", default: "10000,40000" },
    features: { type: "string", default: "16" },
    levels: { type: "string", default: "4" },
    "train-steps": { type: "string", default: "100" },
    output: { type: "string", default: "labels,geojson,table" },
    fill: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    folder: { type: "string", default: "build/bench-slides" },
    json: { type: "string", default: "build/bench-slides.json" },
  },
});
const { folder } = values;
const chunkPx = 1024;
const patternPx = 2048;
const levels = Number(values.levels);
const tile = nearestLegalInput(levels, chunkPx + 2 * marginPx(levels)); // a tile a block, as "auto" has it

interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface RunCost extends Cost {
  readonly peakBytes: number;
}

mkdirSync(folder, { recursive: true });
const model = join(folder, `model-${values.levels}-${values.features}-${values["train-steps"]}.zip`);
if (!existsSync(model)) await trainModel();
const { image: pattern } = generateCells({ height: patternPx, width: patternPx, seed: 7 });
const rows = [];
for (const [i, side] of values.sides.split(",").map(Number).entries()) rows.push(await measure(side, i === 0 ? 1 : Number(values.fill)));
mkdirSync(dirname(values.json), { recursive: true });
writeFileSync(values.json, JSON.stringify({ ...values, rows }, null, 2));
const [first, last] = [rows[0]!, rows.at(-1)!];
console.log(`peak memory of ${last.side}^2 over that of ${first.side}^2: ${(last.peakBytes / first.peakBytes).toFixed(3)}`);
process.exit(0);

async function trainModel(): Promise<void> {
  const cells = join(folder, "cells");
  await overtile(["sample", cells, "--images", "4", "--side", "512", "--seed", "5", "--overwrite"]);
  const { features, "train-steps": steps } = values;
  const size = ["--levels", values.levels, "--features", features, "--tile", String(nearestLegalInput(levels, 284))];
  await overtile(["train", cells, "-o", model, ...size, "--steps", steps, "--batch", "2", "--interval", "1000", "--overwrite"]);
}

/** One slide from end to end, between two measurements of its network alone. */
async function measure(side: number, fill: number) {
  const slide = join(folder, `slide-${side}-${fill}.zarr`);
  const out = join(folder, `out-${side}`);
  rmSync(out, { recursive: true, force: true });
  await writeSlide(slide, side, fill);
  const before = await measureNetwork();
  const words = ["segment", slide, "--model", model, "-o", out, "--output", values.output, "--format", "ome-zarr", "--json"];
  const skip = fill < 1 ? ["--skip-empty"] : [];
  const { stdout, ...cost } = await overtile([...words, ...skip, "--tile", String(tile), "--workers", values.workers]);
  const after = await measureNetwork();
  const [{ objects, predicted }] = JSON.parse(stdout) as [{ objects: number; predicted: number }];
  // A block is a tile of the full size, but at the right and lower edge.
  const tiles = fill < 1 ? predicted : (side / chunkPx) ** 2;
  const network = {
    seconds: (tiles * (before.seconds + after.seconds)) / 2,
    cpuSeconds: (tiles * (before.cpuSeconds + after.cpuSeconds)) / 2,
  };
  const beside = { seconds: cost.seconds / network.seconds - 1, cpuSeconds: cost.cpuSeconds / network.cpuSeconds - 1 };
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  console.log(
    `${side} x ${side}: ${predicted} blocks, ${objects} objects; ${cost.seconds.toFixed(0)} s (network alone ${network.seconds.toFixed(0)} s, beside it ` +
      `${share(beside.seconds)}); of all threads ${cost.cpuSeconds.toFixed(0)} s (${network.cpuSeconds.toFixed(0)} s, ${share(beside.cpuSeconds)}); ` +
      `at most ${(cost.peakBytes / 2 ** 20).toFixed(0)} MiB; load ${loadavg()[0]!.toFixed(1)}`,
  );
  return { side, tile, predicted, objects, ...cost, before, after, beside, load: loadavg()[0] };
}

/** Seconds of the network for a tile, all workers busy and nothing beside. */
async function measureNetwork(): Promise<Cost> {
  const { spec, weights } = await readModel(new Uint8Array(readFileSync(model)));
  const dist = pathToFileURL(`${process.cwd()}/dist/`);
  const assets = await loadAssets(async (file) => new Uint8Array(readFileSync(new URL(file, dist))));
  const spawnWorker = createNodeSpawn(new URL("terminal-worker.mjs", dist));
  const count = Number(values.workers);
  const crew = await openCrew({ spec, count, assets, spawn: spawnWorker, backend: "wasm", useKernels: true });
  await Promise.all(crew.networks.map((network) => network.setWeights(weights)));
  const predictAll = (): Promise<unknown> =>
    Promise.all(
      crew.networks.map((network) => network.predict({ height: tile, width: tile, data: new Float32Array(tile * tile).fill(0.5) })),
    );
  await predictAll();
  const rounds = 8;
  const start = performance.now();
  const cpu = process.cpuUsage();
  for (let i = 0; i < rounds; i++) await predictAll();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  crew.dispose();
  const tiles = rounds * count;
  return { seconds: seconds / tiles, cpuSeconds: (user + system) / 1e6 / tiles };
}

/** Runs the built terminal to its end. It tells by itself what it took: worker threads are threads of its process. */
async function overtile(words: readonly string[]): Promise<RunCost & { readonly stdout: string }> {
  const told = join(folder, "cost.json");
  const hook = `import { writeFileSync } from "node:fs"; import { isMainThread } from "node:worker_threads";
    if (isMainThread) process.on("exit", () => writeFileSync(${JSON.stringify(told)}, JSON.stringify(process.resourceUsage())));`;
  const start = performance.now();
  const preload = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`];
  const child = spawn(process.execPath, [...preload, "dist/terminal.mjs", ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`overtile ${words.join(" ")} ended with ${code}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(told, "utf8")) as NodeJS.ResourceUsage;
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakBytes: maxRSS * 1024,
    stdout,
  };
}

/** An OME-Zarr of the side, of whose pixels a square of the share `fill` in the middle holds the pattern; one that is there stays. */
async function writeSlide(path: string, side: number, fill: number): Promise<void> {
  if (existsSync(path)) return;
  const store = createChunkFolder(path);
  const sizes = pyramidSizes(side, side, chunkPx);
  const shapes = sizes.map(({ height, width }) => [height, width]);
  await writeOmeGroup(store, "", { version: "0.4", name: "cells", axes: ["y", "x"], shapes, pixelSizeUm: 0.5, isLabels: false });
  const inset = (side * (1 - Math.sqrt(fill))) / 2;
  for (const [level, { height }] of sizes.entries()) {
    const layout: ZarrLayout = { shape: [height, height], chunks: [chunkPx, chunkPx], dtype: "uint8", version: "0.4", axes: ["y", "x"] };
    await writeZarrMetadata(store, String(level), layout);
    const array = openZarr(store, String(level), layout);
    const count = Math.ceil(height / chunkPx);
    const first = new Map<string, string>(); // the chunk of each content that is written already
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < count; column++) {
        const box = { row, column, step: 2 ** level, from: inset, to: side - inset };
        const content = describeChunk(box);
        if (content === "empty") continue;
        const name = join(path, String(level), String(row), String(column));
        const twin = first.get(content);
        if (twin === undefined) {
          await array.write([row, column], cutChunk(box));
          first.set(content, name);
        } else {
          mkdirSync(dirname(name), { recursive: true });
          linkSync(twin, name);
        }
      }
    }
  }
}

interface ChunkBox {
  readonly row: number;
  readonly column: number;
  readonly step: number;
  /** The square that holds the pattern, in pixels of the finest level. */
  readonly from: number;
  readonly to: number;
}

/** What is the same of chunks with the same pixels. */
function describeChunk({ row, column, step, from, to }: ChunkBox): string {
  const spans = [row, column].map((i) => [i * chunkPx * step, (i + 1) * chunkPx * step] as const);
  if (spans.some(([start, end]) => end <= from || start >= to)) return "empty";
  if (spans.some(([start, end]) => start < from || end > to)) return `${row},${column}`;
  return spans.map(([start]) => start % patternPx).join();
}

/** Every `step`-th pixel of the repeated pattern: means would be grey everywhere at coarse levels. */
function cutChunk({ row, column, step, from, to }: ChunkBox): Uint8Array {
  const { data } = pattern;
  return Uint8Array.from({ length: chunkPx * chunkPx }, (_, i) => {
    const y = (row * chunkPx + Math.floor(i / chunkPx)) * step;
    const x = (column * chunkPx + (i % chunkPx)) * step;
    const isInside = y >= from && y < to && x >= from && x < to;
    return isInside ? data[(y % patternPx) * patternPx + (x % patternPx)]! : 0;
  });
}
