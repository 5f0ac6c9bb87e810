// Images that are segmented one after the other, with workers that stand by: real threads, counted.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { initializeWeights } from "../../core/engine/initialize.ts";
import { runJob } from "../../core/job.ts";
import { writeModel } from "../../core/model/archive.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { openWorkspace } from "../../host/terminal/workspace.ts";
import { createSegmenter, segmentImage } from "../../plugin/actions.ts";
import type { Pixels } from "../../plugin/contract.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { createModel } from "../core/model/sample-model.ts";
import { bundleTerminal, createFolder } from "../host/terminal/run-overtile.ts";

const { path: folder, remove } = createFolder();
const modelPath = join(folder, "model.zip");
let workspace: Workspace;
let started = 0;
let ended = 0;
let read = 0;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  const plain = createModel({ levels: 2, features: 3 });
  writeFileSync(modelPath, await writeModel({ ...plain, weights: initializeWeights(plain.spec, 1) }));
  const real = await openWorkspace(pathToFileURL(`${await bundleTerminal()}/`));
  const spawn = () => {
    started++;
    const thread = real.spawn!();
    const terminate = (): void => {
      ended++;
      thread.terminate();
    };
    return { ...thread, terminate };
  };
  const readBytes: Workspace["readBytes"] = (from) => {
    read++;
    return real.readBytes(from);
  };
  workspace = { ...real, spawn, readBytes };
});
afterAll(remove);

const cells = (side: number, seed: number): Pixels => {
  const { image } = generateCells({ height: side, width: side, seed });
  return { data: image.data, shape: [side, side] };
};

it("workers stand by while images ask for the same tile, and results are those of each image by itself", async () => {
  const images = [cells(60, 1), cells(60, 2), cells(150, 3), cells(60, 4)];
  const given = { model: modelPath, output: "labels,probabilities", workers: 2 };
  const segmenter = createSegmenter(given, workspace);
  const counts: number[] = [];
  const results: Awaited<ReturnType<typeof once>>[] = [];
  const once = (image: Pixels) => runJob(segmenter.segment(image));
  for (const image of images) {
    results.push(await once(image));
    counts.push(started);
    expect(started - ended).toBe(2);
  }
  expect(results.map(({ parameters }) => parameters["tile"])).toEqual([100, 100, 192, 100]);
  expect(counts).toEqual([2, 2, 4, 6]);
  expect(read).toBe(1);
  segmenter.release();
  segmenter.release();
  expect(ended).toBe(6);

  for (const [i, image] of images.entries()) expect(await runJob(segmentImage(image, given, workspace))).toEqual(results[i]);
  expect(ended).toBe(started);
});

it("released workers are started anew, and an aborted image leaves the others to be done", async () => {
  const segmenter = createSegmenter({ model: modelPath, workers: 1 }, workspace);
  const wanted = await runJob(segmenter.segment(cells(60, 1)));
  await expect(runJob(segmenter.segment(cells(60, 2), { signal: AbortSignal.abort() }))).rejects.toMatchObject({ name: "AbortError" });
  expect(await runJob(segmenter.segment(cells(60, 1)))).toEqual(wanted);
  segmenter.release();
  expect(await runJob(segmenter.segment(cells(60, 1)))).toEqual(wanted);
  segmenter.release();
  expect(ended).toBe(started);
});
