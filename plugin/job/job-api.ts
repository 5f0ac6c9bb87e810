// The job worker: runs the stories for the page, keeps the library, and starts the workers that compute (compute.ts). Every job
// has a line of its own (job-line.ts); its result crosses without a copy.

import { transfer } from "comlink";
import { type Job, runJob } from "../../core/job.ts";
import type { ObjectRule } from "../../core/label/object-rule.ts";
import { Problem } from "../../core/problem.ts";
import { loadReaders } from "../../core/source/readers.ts";
import { createOvertileJobs, type OvertileJobs } from "../actions.ts";
import type {
  Image,
  MadeObjects,
  ModelInfo,
  Models,
  Parameters,
  Pixels,
  Sample,
  Scores,
  SegmentResult,
  SlideContext,
  SlideExport,
  TrainResult,
} from "../contract.ts";
import { nameOf, openSamples } from "../train/open-samples.ts";
import type { Workspace } from "../workspace.ts";
import { openBrowserWorkspace, type StartOptions } from "./browser-workspace.ts";
import { followLine } from "./job-line.ts";

export interface JobOrder {
  readonly job: string;
  readonly port: MessagePort;
  readonly parameters: Parameters;
  readonly slide?: SlideContext;
}

export interface JobApi {
  start(options: StartOptions): Promise<void>;
  segment(image: Image, order: JobOrder): Promise<SegmentResult>;
  objectsFrom(probability: Pixels, rule: Partial<ObjectRule>, order: JobOrder): Promise<MadeObjects>;
  exportSlide(folder: FileSystemDirectoryHandle, what: SlideExport, file: FileSystemFileHandle, order: JobOrder): Promise<void>;
  train(samples: readonly Sample[] | Image, order: JobOrder): Promise<TrainResult>;
  evaluate(predicted: Image, truth: Image, order: JobOrder): Promise<Scores>;
  listModels(): Promise<readonly ModelInfo[]>;
  importModel(archive: Blob | string, name: string | undefined, order: JobOrder): Promise<ModelInfo>;
  exportModel(model: string): Promise<Blob>;
  renameModel(model: string, name: string): Promise<ModelInfo>;
  removeModel(model: string): Promise<void>;
  diagnose(): Promise<string>;
}

export function createJobApi(): JobApi {
  let started: { readonly workspace: Workspace; readonly jobs: OvertileJobs } | undefined;
  const here = (): NonNullable<typeof started> => {
    if (started !== undefined) return started;
    throw new Problem("WorkerLost", "The worker must be started before it is asked. Reload the page.", { reason: "not started" });
  };
  const models = (): Models => here().workspace.library;

  /** Runs a job along its line. */
  const run = async <R>({ job, port }: JobOrder, begin: (context: ReturnType<typeof followLine>["context"]) => Job<R>): Promise<R> => {
    const line = followLine(port, job);
    try {
      const { signal, onProgress } = line.context;
      // Whatever was thrown in its wake, a job that was cancelled ends with AbortError.
      const result = await runJob(begin(line.context), (progress) => onProgress({ ...progress, job })).catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      });
      await line.heard();
      return result;
    } finally {
      line.close();
    }
  };

  return {
    async start(options) {
      const workspace = await openBrowserWorkspace(options);
      started = { workspace, jobs: createOvertileJobs(workspace) };
      // While the network is there. What could not be loaded is told by the image that needs it.
      void loadReaders().catch(() => {});
    },
    async segment(image, order) {
      const { slide, parameters } = order;
      const result = await run(order, (context) => here().jobs.segment(image, parameters, { ...context, ...(slide && { slide }) }));
      return transfer(result, buffersOf([result.labels, result.classes, result.probabilities, result.probability]));
    },
    async objectsFrom(probability, rule, order) {
      const made = await run(order, (context) => here().jobs.objectsFrom(probability, rule, context));
      return transfer(made, buffersOf([made.labels]));
    },
    exportSlide: (folder, what, file, order) => run(order, (context) => here().jobs.exportSlide(folder, what, file, context)),
    async train(samples, order) {
      const { jobs, workspace } = here();
      return run(order, (context) =>
        jobs.train((words, signal) => openSamples(samples, words, workspace, signal), order.parameters, context),
      );
    },
    async evaluate(predicted, truth, order) {
      const pair = { predicted, truth, name: nameOf(truth) ?? "prediction and truth" };
      return run(order, (context) => here().jobs.evaluate([pair], order.parameters, context));
    },
    listModels: async () => models().list(),
    importModel: (archive, name, order) => run(order, (context) => here().jobs.importModel(archive, name, context)),
    exportModel: async (model) => models().export(model),
    renameModel: async (model, name) => models().rename(model, name),
    removeModel: async (model) => models().remove(model),
    diagnose: async () => here().jobs.diagnose(),
  };
}

function buffersOf(results: readonly (Pixels | undefined)[]): ArrayBuffer[] {
  return results.flatMap((pixels) => (pixels === undefined ? [] : [pixels.data.buffer as ArrayBuffer]));
}
