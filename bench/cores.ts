// All cores against one: the same work by one worker and by one a core, in turn, medians of the rounds.
//   npm run bench:cores -- [--features 16] [--tile 572] [--rounds 5]
// `segment` of an image of 12 tiles, and a training step of 2 tiles, through the stories and the crew that everybody uses; before
// each what the workers alone reach, which is what the machine gives.

import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { measureRanges, normalizeRaster } from "../core/array/normalize.ts";
import { initializeWeights } from "../core/engine/initialize.ts";
import type { Example, Network } from "../core/engine/network.ts";
import { runJob } from "../core/job.ts";
import { plainRule } from "../core/label/object-rule.ts";
import { defaultAugmentation } from "../core/sample/draw.ts";
import { createExample } from "../core/sample/example.ts";
import { prepareImage } from "../core/sample/prepare.ts";
import { generateCells } from "../core/sample/synthetic.ts";
import { segment } from "../core/segment.ts";
import { openPixels } from "../core/source/pixels.ts";
import { type Schedule, train } from "../core/train.ts";
import { createSpec } from "../core/unet/spec.ts";
import { openCrew } from "../plugin/crew/compute.ts";
import { loadAssets } from "../plugin/thread/assets.ts";
import { createNodeSpawn } from "../plugin/thread/node-worker.ts";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "16" },
    tile: { type: "string", default: "572" },
    rounds: { type: "string", default: "5" },
  },
});
const spec = createSpec({ features: Number(values.features), dropout: 0 });
const tile = Number(values.tile);
const cores = availableParallelism();
const dist = pathToFileURL(`${process.cwd()}/dist/`);
const assets = await loadAssets(async (file) => new Uint8Array(readFileSync(new URL(file, dist))));
const spawn = createNodeSpawn(new URL("terminal-worker.mjs", dist));
const crew = await openCrew({ spec, count: cores, assets, spawn, backend: "wasm", useKernels: true });
const weights = initializeWeights(spec, 1);
await Promise.all(crew.networks.map((network) => network.setWeights(weights)));

const core = Math.floor((tile - 184) / 16) * 16;
const { image, labels } = generateCells({ height: 3 * core, width: 4 * core, seed: 1 });
const source = openPixels({ data: image.data, shape: [image.height, image.width], name: "cells" });
const prepared = prepareImage(
  { image: normalizeRaster(image, measureRanges(image)), labels },
  { weights: { form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: false } },
);

async function segmentTiles(networks: readonly Network[]): Promise<void> {
  const plane = { z: 0, t: 0, channels: [0] };
  const options = {
    plane,
    tile,
    budget: { memoryBytes: 4e9, shares: [1] },
    ...plainRule,
    keepProbabilities: false,
  };
  const { plan } = await runJob(segment(source, spec, networks, options));
  if (plan.tiles.length !== 12) throw new Error(`Expected 12 tiles; got ${plan.tiles.length}.`);
}

const schedule: Schedule = {
  tile,
  steps: 3,
  batch: 2,
  optimizer: "adam",
  momentum: 0.99,
  learningRate: 1e-3,
  rateSchedule: "cosine",
  averaging: 0.99,
  augmentation: defaultAugmentation,
  seed: 1,
  validationInterval: 10,
  patience: 0,
};

/** Seconds of the second and the third step: the first has nothing prepared. */
async function trainSteps(networks: readonly Network[]): Promise<number> {
  const times: number[] = [];
  const request = {
    spec,
    schedule,
    images: [prepared],
    validation: [],
    networks,
    limits: { budget: { memoryBytes: 4e9, shares: [1] }, ...plainRule },
  };
  await runJob(train(request), ({ kind }) => void (kind === "step" && times.push(performance.now())));
  return (times[2]! - times[0]!) / 2000;
}

async function time(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;
// What the machine itself gives: the same calls of the workers without a story around them.
const calls = Array.from({ length: 12 }, (_, index) =>
  createExample(1, index, [prepared], { tileHeight: tile, tileWidth: tile, levels: spec.levels, augmentation: defaultAugmentation }),
);
const examples = calls.map(({ input, target, weight }, index) => ({
  height: tile,
  width: tile,
  data: input,
  target,
  weight,
  seed: 1,
  index,
}));
async function callAll(
  networks: readonly Network[],
  count: number,
  call: (network: Network, example: Example) => Promise<unknown>,
): Promise<void> {
  await Promise.all(
    networks.map(async (network, n) => {
      for (let i = n; i < count; i += networks.length) await call(network, examples[i]!);
    }),
  );
}

const tasks = {
  "12 bare predictions": (networks: readonly Network[]) =>
    time(() => callAll(networks, 12, (network, example) => network.predict(example))),
  "segment, 12 tiles": (networks: readonly Network[]) => time(() => segmentTiles(networks)),
  "4 bare gradients": (networks: readonly Network[]) =>
    time(() => callAll(networks, 4, (network, example) => network.gradient(example, 1))),
  "training step, batch 2": trainSteps,
};
for (const [title, work] of Object.entries(tasks)) {
  const one: number[] = [];
  const all: number[] = [];
  for (let round = 0; round <= Number(values.rounds); round++) {
    const single = await work(crew.networks.slice(0, 1));
    const shared = await work(crew.networks);
    if (round > 0) one.push(single) && all.push(shared); // the first round warms up
  }
  const ratio = (median(one) / median(all)).toFixed(2);
  console.log(
    `features ${spec.features}, tile ${tile}, ${title}: 1 worker ${median(one).toFixed(2)} s, ${crew.networks.length} workers ${median(all).toFixed(2)} s, ratio ${ratio}`,
  );
}
crew.dispose();
process.exit(0);
