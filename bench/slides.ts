// Slides of 10,000 x 10,000 and 40,000 x 40,000 pixels through the built terminal, from a model that this run trains: peak memory, and
// what reading, joining and writing cost beside the network.
//   npm run bench:slides -- [--sides 10000,40000] [--features 16] [--levels 4] [--train-steps 100] [--output labels,geojson,table]
//     [--fill 1] [--split auto] [--workers N] [--folder build/bench-slides] [--json build/bench-slides.json]
// A slide is an OME-Zarr with a pyramid whose chunks repeat: 2 x 2 chunks of generated cells, linked to every place. With --fill 0.1
// only a square of a tenth of a slide beyond the first has any; the other chunks are absent, and skipped as empty. The network's time
// is what its threads computed in that very run (Linux tells it), so that a machine that is slower for a while disturbs nothing, and
// what the engine's other threads (collection, compilation) add to it, as a share that is measured on tiles alone. What lies beside is
// told as a share of the network's time: of all threads, and by the clock, both against tiles alone and against the least that the
// network could need, its threads' time divided by the number of workers.

import { spawn } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { readModel } from "../core/model/archive.ts";
import { generateCells } from "../core/sample/synthetic.ts";
import { pyramidSizes } from "../core/sink/pyramid.ts";
import { openWorkingArray, writeOmeGroup, writeZarrMetadata, type ZarrLayout } from "../core/sink/zarr.ts";
import { marginPx, nearestLegalInput } from "../core/unet/shape.ts";
import { createChunkFolder } from "../host/terminal/chunk-folder.ts";
import { openCrew } from "../plugin/crew/compute.ts";
import { loadAssets } from "../plugin/thread/assets.ts";
import { createNodeSpawn } from "../plugin/thread/node-worker.ts";

const { values } = parseArgs({
  options: {
    sides: { type: "string", default: "10000,40000" },
    features: { type: "string", default: "16" },
    levels: { type: "string", default: "4" },
    "train-steps": { type: "string", default: "100" },
    output: { type: "string", default: "labels,geojson,table" },
    fill: { type: "string", default: "1" },
    split: { type: "string", default: "auto" },
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

interface RunCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly threadSeconds: readonly number[];
  readonly peakBytes: number;
  readonly stdout: string;
}

mkdirSync(folder, { recursive: true });
const model = join(folder, `model-${values.levels}-${values.features}-${values["train-steps"]}.zip`);
if (!existsSync(model)) await trainModel();
const { image: pattern } = generateCells({ height: patternPx, width: patternPx, seed: 7 });
const alone = await measureAlone();
console.log(
  `tiles alone, over the time of the workers' own threads: of all threads ${alone.cpu.toFixed(3)}, by the clock ${alone.clock.toFixed(3)}`,
);
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

/** One slide from end to end. */
async function measure(side: number, fill: number) {
  const slide = join(folder, `slide-${side}-${fill}.zarr`);
  const out = join(folder, `out-${side}`);
  rmSync(out, { recursive: true, force: true });
  await writeSlide(slide, side, fill);
  const { output, workers, split } = values;
  const words = ["segment", slide, "--model", model, "-o", out, "--output", output, "--format", "ome-zarr", "--json"];
  const skip = fill < 1 ? ["--skip-empty"] : [];
  const { stdout, ...cost } = await overtile([...words, ...skip, "--tile", String(tile), "--workers", workers, "--split", split]);
  const [{ objects, predicted }] = JSON.parse(stdout) as [{ objects: number; predicted: number }];
  // Threads of the network compute nearly all of the time; others are idle for most of it.
  const network = cost.threadSeconds.toSorted((a, b) => b - a).slice(0, Number(workers));
  const ownSeconds = network.reduce((sum, one) => sum + one, 0);
  const networkSeconds = alone.cpu * ownSeconds;
  const least = ownSeconds / network.length;
  const beside = {
    cpuSeconds: cost.cpuSeconds / networkSeconds - 1,
    seconds: cost.seconds / (alone.clock * least) - 1,
    secondsOverLeast: cost.seconds / least - 1,
  };
  const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
  console.log(
    `${side} x ${side}: ${predicted} blocks, ${objects} objects; of all threads ${cost.cpuSeconds.toFixed(0)} s (the network's ${networkSeconds.toFixed(0)} s, ` +
      `beside them ${share(beside.cpuSeconds)}); by the clock ${cost.seconds.toFixed(0)} s (${share(beside.seconds)} beside tiles alone, ${share(beside.secondsOverLeast)} over the least); ` +
      `at most ${(cost.peakBytes / 2 ** 20).toFixed(0)} MiB; load ${loadavg()[0]!.toFixed(1)}`,
  );
  return { side, tile, predicted, objects, ...cost, networkSeconds, beside, load: loadavg()[0] };
}

/** Tiles with nothing beside: processor time of all threads, and time by the clock of all workers, over that of the workers' own. */
async function measureAlone(): Promise<{ readonly cpu: number; readonly clock: number }> {
  const { spec, weights } = await readModel(new Uint8Array(readFileSync(model)));
  const dist = pathToFileURL(`${process.cwd()}/dist/`);
  const assets = await loadAssets(async (file) => new Uint8Array(readFileSync(new URL(file, dist))));
  const spawnWorker = createNodeSpawn(new URL("terminal-worker.mjs", dist));
  const count = Number(values.workers);
  const crew = await openCrew({ spec, count, assets, spawn: spawnWorker, backend: "wasm", useKernels: true });
  await Promise.all(crew.networks.map((network) => network.setWeights(weights)));
  const data = new Float32Array(tile * tile).fill(0.5);
  const predictAll = async (rounds: number): Promise<void> => {
    const walk = async (network: (typeof crew.networks)[number]): Promise<void> => {
      for (let i = 0; i < rounds; i++) await network.predict({ height: tile, width: tile, data });
    };
    await Promise.all(crew.networks.map(walk));
  };
  await predictAll(2);
  const before = readThreads();
  const start = performance.now();
  await predictAll(16);
  const clock = (performance.now() - start) / 1000;
  const after = readThreads();
  crew.dispose();
  const spent = Object.entries(after).map(([id, seconds]) => seconds - (before[id] ?? 0));
  const sum = (some: readonly number[]): number => some.reduce((total, one) => total + one, 0);
  const own = sum(spent.toSorted((a, b) => b - a).slice(0, count));
  return { cpu: sum(spent) / own, clock: (clock * count) / own };
}

/** Processor seconds of each thread of this process. */
function readThreads(): Readonly<Record<string, number>> {
  const ids = readdirSync("/proc/self/task");
  return Object.fromEntries(
    ids.map((id) => {
      const fields = readFileSync(`/proc/self/task/${id}/stat`, "utf8").split(") ").pop()!.split(" ");
      return [id, (Number(fields[11]) + Number(fields[12])) / 100];
    }),
  );
}

/** Runs the built terminal to its end. It tells by itself what it took, and what each of its threads did. */
async function overtile(words: readonly string[]): Promise<RunCost> {
  const told = join(folder, "cost.json");
  const hook = `import { readdirSync, readFileSync, writeFileSync } from "node:fs"; import { isMainThread } from "node:worker_threads";
    const threads = {};
    const look = () => {
      for (const id of readdirSync("/proc/self/task")) {
        try {
          const fields = readFileSync("/proc/self/task/" + id + "/stat", "utf8").split(") ").pop().split(" ");
          threads[id] = (Number(fields[11]) + Number(fields[12])) / 100;
        } catch {}
      }
    };
    if (isMainThread) {
      setInterval(look, 200).unref();
      process.on("exit", () => writeFileSync(${JSON.stringify(told)}, JSON.stringify({ ...process.resourceUsage(), threads })));
    }`;
  const start = performance.now();
  const preload = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`];
  const child = spawn(process.execPath, [...preload, "dist/terminal.mjs", ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`overtile ${words.join(" ")} ended with ${code}`);
  const cost = JSON.parse(readFileSync(told, "utf8")) as NodeJS.ResourceUsage & { threads: Readonly<Record<string, number>> };
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (cost.userCPUTime + cost.systemCPUTime) / 1e6,
    threadSeconds: Object.values(cost.threads),
    peakBytes: cost.maxRSS * 1024,
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
    const array = openWorkingArray(store, String(level), layout);
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
