// What each command of the terminal does: options to parameters, the action run with a progress bar and Ctrl-C, its result
// printed or written.

import { join } from "node:path";
import { initializeWeights } from "../../core/engine/initialize.ts";
import { runJob } from "../../core/job.ts";
import { writeModel } from "../../core/model/archive.ts";
import { Problem } from "../../core/problem.ts";
import { generateCells } from "../../core/sample/synthetic.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";
import { writePng } from "../../core/source/write-png.ts";
import { assertLegalInput, nearestLegalInput } from "../../core/unet/shape.ts";
import { createOvertileJobs } from "../../plugin/actions.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { openCrew } from "../../plugin/crew/compute.ts";
import { evaluatePairs } from "../../plugin/evaluate/evaluate-action.ts";
import { loadModel } from "../../plugin/library/load-model.ts";
import { createTestTensors } from "../../plugin/library/model-test.ts";
import { resolveParameters } from "../../plugin/parameter/parameters.ts";
import type { Segmenter } from "../../plugin/segment/segment-action.ts";
import { planSpec } from "../../plugin/train/train-plan.ts";
import { describeNetwork, formatNetwork } from "./info.ts";
import { assertZip, modelName, type Options, pick, toParameters } from "./options.ts";
import { assertFree, assertWritable, formatScores, makeFolder, matchName, pairFiles, print, resultPaths, writeResult } from "./output.ts";
import { runInTerminal } from "./run-job.ts";
import { isSlideRun, segmentSlideFile, slideOnlyKinds } from "./slide.ts";
import type { SlideFlags } from "./slide-options.ts";
import { openWorkspace } from "./workspace.ts";

export async function newCommand(path: string, options: Options): Promise<void> {
  assertZip(path);
  await assertFree(path, options["overwrite"] === true);
  const { channels, classes, levels, features, dropout, seed } = resolveParameters("new", toParameters("new", options));
  const spec = planSpec({ levels, features, dropout }, { channels, classes: classes === "auto" ? 2 : classes, images: [] });
  const weights = initializeWeights(spec, seed);
  const { assets } = await openWorkspace();
  const crew = await openCrew({ spec, count: 1, assets, backend: "auto", useKernels: true });
  try {
    const archive = await writeModel({
      name: modelName(path),
      version: 1,
      description: "A fresh U-Net that has learnt nothing yet.",
      spec,
      weights,
      classNames: Array.from({ length: spec.classes }, (_, c) => (c === 0 ? "background" : `class ${c}`)),
      channelNames: Array.from({ length: spec.channels }, (_, c) => `channel ${c + 1}`),
      normalization: { kind: "scale_range", percentiles: [1, 99.8], eps: 1e-6 },
      training: { seed, steps: 0 },
      created: new Date().toISOString(),
      ...(await createTestTensors(spec, weights, crew.networks[0]!)),
    });
    await writeFileWhole(path, archive);
  } finally {
    crew.dispose();
  }
  print(`${path}: ${weights.length.toLocaleString("en")} parameters`);
}

export async function infoCommand(path: string | undefined, options: Options): Promise<void> {
  const { tile } = resolveParameters("info", pick(options, ["tile"]));
  const given = toParameters("new", options);
  if (path !== undefined) assertNotGiven(given);
  const model = path === undefined ? undefined : await runJob(loadModel(path, await openWorkspace()));
  const { channels, classes, levels, features, dropout } = resolveParameters("new", { preset: "ronneberger2015", ...given });
  const spec = model?.spec ?? planSpec({ levels, features, dropout }, { channels, classes: classes === "auto" ? 2 : classes, images: [] });
  const side = tile === "auto" ? nearestLegalInput(spec.levels, 572) : tile;
  assertLegalInput(spec.levels, side);
  const info = describeNetwork(spec, side, model);
  print(options["json"] === true ? JSON.stringify(info, null, 2) : formatNetwork(info));
}

export async function sampleCommand(folder: string, options: Options): Promise<void> {
  const [images, side, seed] = (["images", "side", "seed"] as const).map((name) => wholeNumber(name, options[name])) as [
    number,
    number,
    number,
  ];
  for (const part of ["images", "labels"]) await makeFolder(join(folder, part));
  for (let i = 0; i < images; i++) {
    const { image, labels } = generateCells({ height: side, width: side, seed: seed * 1000 + i });
    const file = `cells-${String(i + 1).padStart(2, "0")}.png`;
    const ids = { height: side, width: side, channels: 1, data: Uint16Array.from(labels.data) };
    for (const [part, raster] of [
      ["images", image],
      ["labels", ids],
    ] as const) {
      const path = join(folder, part, file);
      await assertFree(path, options["overwrite"] === true);
      await writeFileWhole(path, await writePng(raster));
    }
  }
  print(`${folder}: ${images} images of ${side} x ${side} pixels with labels`);
}

export async function segmentCommand(images: readonly string[], options: Options): Promise<void> {
  const folder = String(options["out"]);
  const flags = options as SlideFlags;
  const slideOnly = slideOnlyKinds(flags.output);
  const inMemory = flags.output?.split(",").filter((word) => !slideOnly.includes(word));
  const { output: _, ...others } = options;
  const given = toParameters("segment", { ...others, ...(inMemory && inMemory.length > 0 && { output: inMemory.join() }) });
  const { output } = resolveParameters("segment", given);
  assertDistinct(images);
  const workspace = await openWorkspace();
  const model = await runJob(loadModel(String(options["model"] ?? ""), workspace));
  const slides = new Set<string>();
  for (const image of images) {
    if (isSlideRun(flags, await sizeOf(image), model)) slides.add(image);
    else for (const path of resultPaths(folder, image, output)) await assertFree(path, options["overwrite"] === true);
  }
  await assertWritable(folder);
  const reports: object[] = [];
  const segmenter = createOvertileJobs(workspace).createSegmenter(given, model);
  try {
    for (const image of images) {
      // A slide starts workers of its own: both together would be over the memory.
      if (slides.has(image)) segmenter.release();
      const report = slides.has(image)
        ? await segmentSlideFile(image, given, flags, workspace)
        : await segmentFile(image, segmenter, folder);
      reports.push(report);
      if (options["json"] !== true) print(describeReport(image, report));
    }
  } finally {
    segmenter.release();
  }
  if (options["json"] === true) print(JSON.stringify(reports, null, 2));
}

async function segmentFile(image: string, segmenter: Segmenter, folder: string): Promise<Report> {
  const result = await runInTerminal((signals) => segmenter.segment(image, signals));
  const files = await writeResult(folder, image, result);
  const { objects, missingChunks, nothing, model, parameters, backend } = result;
  const told = { ...(missingChunks !== undefined && { missingChunks }), ...(nothing !== undefined && { nothing }) };
  return { image, files, objects, ...told, model, parameters, backend };
}

async function sizeOf(image: string): Promise<Pick<ImageSource, "height" | "width" | "pixelSizeUm">> {
  const source = await openSource(image);
  source.dispose?.();
  return source;
}

interface Report {
  readonly image: string;
  readonly files: readonly string[];
  readonly objects?: number | undefined;
  readonly note?: string;
  readonly [more: string]: unknown;
}

function describeReport(image: string, { files, objects, note }: Report): string {
  if (objects === undefined) return `${image}: ${note}`;
  return `${image}: ${objects} objects -> ${files.join(", ")}${note === undefined ? "" : `. ${note}`}`;
}

export async function evaluateCommand(predicted: string, truth: string, options: Options): Promise<void> {
  const parameters = toParameters("evaluate", options);
  const { compare } = resolveParameters("evaluate", parameters);
  const pairs = await pairFiles(predicted, truth, compare);
  const scores = await runInTerminal(({ signal }) => evaluatePairs(pairs, parameters, { signal }));
  if (options["json"] === true) return print(JSON.stringify({ images: pairs.length, ...scores }, null, 2));
  print(`${pairs.length} image${pairs.length === 1 ? "" : "s"}`);
  print(formatScores(scores));
}

/** Throws Problem InvalidParameter for what a model already says. */
function assertNotGiven(given: Parameters): void {
  const [name] = Object.keys(given);
  if (name === undefined) return;
  const message = `"${name}" must not be given together with a model, which says it itself; got ${String(given[name])}. Leave it out.`;
  throw new Problem("InvalidParameter", message, { parameter: name, value: given[name] });
}

/** Results are named after the images: two images of one name would write over each other. */
function assertDistinct(images: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const image of images) {
    const twin = seen.get(matchName(image));
    if (twin !== undefined) {
      throw new Problem(
        "InvalidParameter",
        `Images must have different names, since results are named after them; ${twin} and ${image} have not. Segment them into different folders.`,
        {
          parameter: "image",
          value: image,
        },
      );
    }
    seen.set(matchName(image), image);
  }
}

function wholeNumber(name: string, value: unknown): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new Problem("InvalidParameter", `"${name}" must be a whole number from 1; got "${String(value)}". Correct it.`, {
    parameter: name,
  });
}
