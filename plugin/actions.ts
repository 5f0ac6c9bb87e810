// Overtile inside: every action as a job on one workspace. The job worker answers the page by it (job-api.ts), the terminal's
// commands and its macros call it in their own process. Each action resolves its parameters by the one table, opens what it is
// given, starts workers, and tells a story of core/.

import { followWork, type Job } from "../core/job.ts";
import type { ObjectRule } from "../core/label/object-rule.ts";
import type { Model } from "../core/model/model.ts";
import type {
  Context,
  Image,
  MadeObjects,
  ModelInfo,
  Parameters,
  Pixels,
  Scores,
  SegmentResult,
  SlideExport,
  TrainResult,
} from "./contract.ts";
import { describeMachine } from "./crew/describe-machine.ts";
import { evaluatePairs, type Pair } from "./evaluate/evaluate-action.ts";
import type { Values } from "./parameter/parameter-table.ts";
import { resolveParameters } from "./parameter/parameters.ts";
import { makeObjects } from "./segment/objects-action.ts";
import { createSegmenter, type Segmenter, segmentImage } from "./segment/segment-action.ts";
import { exportFromFolder, segmentIntoFolder } from "./segment/slide-run.ts";
import { type TrainingSamples, trainOnSamples } from "./train/train-action.ts";
import type { Workspace } from "./workspace.ts";

/** Opens what a training learns from, once its parameters are known to be right. */
export type OpenTrainingSamples = (
  values: Values<"train">,
  signal: AbortSignal | undefined,
) => Job<TrainingSamples> | Promise<TrainingSamples>;

/** The actions. Each throws Problem of many kinds, and AbortError once its context's signal is aborted. */
export interface OvertileJobs {
  /** Labels of an image; with `context.slide`, block by block into a folder. */
  segment(image: Image, parameters: Parameters, context: Context): Job<SegmentResult>;
  /** Labels of images one after the other with the same parameters, by workers that stand by. */
  createSegmenter(parameters: Parameters, model?: Model): Segmenter;
  objectsFrom(probability: Pixels, rule: Partial<ObjectRule>, context: Context): Job<MadeObjects>;
  exportSlide(folder: FileSystemDirectoryHandle, what: SlideExport, file: FileSystemFileHandle, context: Context): Job<void>;
  /** A model learnt from what `open` gives, kept under the parameter `name`, or `context.name` where that is given. */
  train(open: OpenTrainingSamples, parameters: Parameters, context: Context & { readonly name?: string }): Job<TrainResult>;
  evaluate(pairs: readonly Pair[], parameters: Parameters, context: Context): Job<Scores>;
  importModel(archive: Blob | string, name: string | undefined, context: Context): Job<ModelInfo>;
  /** Lines that a user can copy: storage, models, and what becomes of every backend. */
  diagnose(): Promise<string>;
}

/** Overtile's actions on what this place offers. */
export function createOvertileJobs(workspace: Workspace): OvertileJobs {
  return {
    segment: (image, parameters, context) =>
      context.slide
        ? segmentIntoFolder(image, context.slide, parameters, workspace, context)
        : segmentImage(image, parameters, workspace, context),
    createSegmenter: (parameters, model) => createSegmenter(parameters, workspace, model),
    objectsFrom: makeObjects,
    exportSlide: (folder, what, file, context) => exportFromFolder(folder, what, file, workspace, context),
    async *train(open, given, context) {
      const values = resolveParameters("train", given);
      const opening = open(values, context.signal);
      const samples = opening instanceof Promise ? await opening : yield* opening;
      return yield* trainOnSamples(samples, given, workspace, { ...context, name: context.name ?? values.name, values });
    },
    evaluate: evaluatePairs,
    importModel: (archive, name, { signal, job }) =>
      followWork((onProgress) =>
        workspace.library.import(archive, name, { onProgress, ...(signal && { signal }), ...(job !== undefined && { job }) }),
      ),
    diagnose: () => describeMachine(workspace),
  };
}
