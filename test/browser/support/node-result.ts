// What the terminal's side makes of the same call: the actions in this process, on wasm.

import { readFile } from "node:fs/promises";
import { runJob } from "../../../core/job.ts";
import { openSource } from "../../../core/source/open.ts";
import type { Parameters, SegmentResult, TrainResult } from "../../../plugin/contract.ts";
import { createLibrary } from "../../../plugin/library/library.ts";
import { segmentImage } from "../../../plugin/segment/segment-action.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import { loadAssets } from "../../../plugin/thread/assets.ts";
import { trainOnSamples } from "../../../plugin/train/train-action.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import type { Cells } from "./stand.ts";

/** A workspace in memory that computes in this thread, with the WASM files of dist/. */
export async function openNodeWorkspace(): Promise<Workspace> {
  const readBytes = async (): Promise<Uint8Array> => {
    throw new Error("nothing is read here");
  };
  return {
    assets: await loadAssets(async (file) => new Uint8Array(await readFile(`dist/${file}`))),
    cores: 1,
    library: createLibrary({ files: createMemoryFiles(), readBytes }),
    checkpoints: createMemoryFiles(),
    backends: ["wasm", "cpu"],
    readBytes,
  };
}

/** Trains on the cells and segments them. */
export async function trainAndSegment(
  { side, image, labels }: Cells,
  train: Parameters,
  segment: Parameters,
): Promise<{ trained: TrainResult; segmented: SegmentResult }> {
  const workspace = await openNodeWorkspace();
  const pixels = { data: Uint8Array.from(image), shape: [side, side] };
  const sample = {
    name: "cells",
    image: await openSource(pixels),
    labels: await openSource({ data: Uint16Array.from(labels), shape: [side, side] }),
  };
  const trained = await runJob(trainOnSamples({ train: [sample], validate: [], title: "cells" }, train, workspace, { name: "tiny" }));
  const segmented = await runJob(segmentImage(pixels, { ...segment, model: "tiny" }, workspace));
  return { trained, segmented };
}
