// Images that are segmented one after the other, with workers that stand by: real threads, counted.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { runJob } from "../../../core/job.ts";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import type { ObjectRule, Pixels } from "../../../plugin/contract.ts";
import { makeObjects } from "../../../plugin/segment/objects-action.ts";
import { createSegmenter, segmentImage } from "../../../plugin/segment/segment-action.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal, createFolder } from "../../host/terminal/run-overtile.ts";

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

it("objects by another rule, made of what was predicted, are those that a segmentation by that rule finds", async () => {
  const stack = { data: Uint8Array.from([...cells(60, 1).data, ...cells(60, 2).data]), shape: [2, 60, 60], axes: "zyx", name: "cells" };
  const given = { model: modelPath, workers: 1, plane: "all", min_size: 4 };
  const first = await runJob(segmentImage(stack, given, workspace));
  expect(first.rule).toMatchObject({ threshold: 0.5, minSizePx: 4 });
  const middle = [...(first.probability!.data as Uint8Array)].sort((a, b) => a - b)[3600]!;
  expect(first.probability).toMatchObject({ shape: [2, 60, 60], axes: "zyx", name: "cells.probability" });
  const other = { threshold: (middle + 1) / 256, split: 0.5, fill_holes: "yes" };
  const wanted = await runJob(segmentImage(stack, { ...given, ...other }, workspace));
  const rule = { ...first.rule, threshold: other.threshold, splitDepthPx: 0.5, fillHoles: true };
  expect(wanted.rule).toEqual(rule);
  expect(wanted.objects).not.toBe(first.objects);
  expect(await runJob(makeObjects(first.probability!, rule))).toEqual({ labels: wanted.labels, objects: wanted.objects });
  const refusals = [
    [wanted.labels, {}, /made of the "probability" that segment gave: bytes, .*; it is Uint16Array of 2 x 60 x 60 with 7200 values/],
    [undefined, {}, /it has no pixels/],
    [first.probability, { threshold: 1 }, /"threshold" of a rule must be a number between 0 and 1; got 1/],
    [first.probability, { split: 1 }, /"split" of a rule must be one of threshold, fillHoles, /],
  ] as const;
  for (const [pixels, wrong, message] of refusals)
    await expect(runJob(makeObjects(pixels as Pixels, wrong as Partial<ObjectRule>))).rejects.toThrow(message);
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
