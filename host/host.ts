// A host without a face: open images, installed commands, jobs, recorder and macros behind the contract's `Host`. The viewer
// and the terminal give it their files and put their own windows or lines around it.
// The pieces are in the files beside this one, each usable alone; run-command.ts is the one to read next.

import { joinSignals } from "../core/job.ts";
import { Problem } from "../core/problem.ts";
import type { Host, HostImage, Parameters } from "../plugin/contract.ts";
import { type CommandRegistry, createCommandRegistry, isJob, lookupHandlers } from "./commands.ts";
import { createEmitter } from "./emitter.ts";
import { createImageList, type ImageList } from "./images.ts";
import { createJobQueue, type JobQueue } from "./jobs.ts";
import { parseMacro } from "./macro/parse.ts";
import { checkMacro, type MacroContext, type MacroTarget, type MacroUse, runMacro, type SaveKind } from "./macro/run.ts";
import type { Manifest } from "./manifest.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { createRunCommand, type FindSlideJob, type JobStart, type JobWatch, type RunContext, showResult } from "./run-command.ts";

/** How a host reaches files. */
export interface HostFiles {
  /** The image at a path or URL; its title is what macros call it by. */
  open(pathOrUrl: string, signal?: AbortSignal): Promise<HostImage>;
  /** Writes an image, or for the kind "Model" the archive of `model`: the last model that a command made or used. */
  save(kind: SaveKind, path: string, image: HostImage | undefined, model?: string): Promise<void>;
}

export interface HostOptions {
  readonly files: HostFiles;
  /** Takes what macros print and what commands log; default: nowhere. */
  readonly log?: (line: string) => void;
  /** Throws a Problem where an image or model that a macro will read is not there; default: it is found missing when it is read. */
  readonly assertThere?: MacroTarget["assertThere"];
  /** Jobs at a time; default 1. */
  readonly concurrency?: number;
  /** The samples or dataset that "train" gets; default: the parameter `dataset`. */
  readonly samples?: (parameters: Parameters, signal: AbortSignal) => Promise<unknown>;
  /** Asked at the start of every job; default: nobody watches. */
  readonly watch?: (start: JobStart) => JobWatch | undefined;
  /** Where segmentations of images go that do not fit the memory; default: nowhere, they are tried in memory. */
  readonly slides?: FindSlideJob;
}

/** The contract's Host, and what the people around it (menus, panels, a terminal) need besides. */
export interface LocalHost extends Host {
  readonly commands: CommandRegistry;
  readonly jobs: JobQueue;
  readonly recorder: Recorder;
  readonly activeImage: HostImage | undefined;
  run(command: string, options?: string | Parameters, context?: RunContext): Promise<unknown>;
  runMacro(source: string, context?: MacroContext): Promise<void>;
  /** Throws what `runMacro` would throw before its first statement: faults of language, commands and options. Returns what the macro will read. */
  checkMacro(source: string): readonly MacroUse[];
  /** Installs what a plugin's `activate` returned; the returned function uninstalls. Throws Problem InvalidData. */
  install(manifest: Manifest, plugin: object): () => void;
  /** Adds an image that is in memory already; it becomes active unless told otherwise. Not recorded. */
  addImage(image: HostImage, options?: { readonly activate?: boolean }): HostImage;
  /** Recorded, like the statements of the same names. */
  open(pathOrUrl: string): Promise<HostImage>;
  selectImage(title: string): void;
  rename(title: string): void;
  close(title?: string): void;
  saveAs(kind: SaveKind, path: string): Promise<void>;
  /** Ends the job, or all jobs. */
  cancel(job?: string): void;
  /** Ends the job, or all jobs, early: a training keeps what it learnt. */
  stop(job?: string): void;
  dispose(): void;
}

/** A host that reaches files through `files`. */
export function createHost(options: HostOptions): LocalHost {
  const { files, log = () => {}, concurrency = 1, samples = defaultSamples, watch, slides = async () => undefined, assertThere } = options;
  const emitter = createEmitter<"images" | "models" | "jobs">();
  const images = createImageList(() => emitter.emit("images"));
  const commands = createCommandRegistry();
  const jobs = createJobQueue({ concurrency });
  const recorder = createRecorder(() => images.active?.title);
  let model: string | undefined;
  const run = createRunCommand({
    commands,
    images,
    jobs,
    recorder,
    log,
    samples,
    watch,
    slides,
    onModel: (name) => {
      model = name;
    },
    onModelsChange: () => emitter.emit("models"),
  });
  const disposal = new AbortController();
  const statements = createStatements(images, files, () => model);
  const target: MacroTarget = {
    ...statements,
    ...(assertThere && { assertThere }),
    check: (command, options, variables) => {
      const entry = commands.find(command);
      const { model } = entry.fill(entry.check(options, variables));
      return {
        model: entry.command.role === "segment" ? model : undefined,
        isMaker: entry.command.role === "train" || !isJob(entry.command),
      };
    },
    run: (command, options, context) => run(command, options, { ...context, record: false }),
    print: log,
    setOption: (name, on) => log(`setOption("${name}", ${on}) has no effect in this host.`),
  };
  jobs.on("jobs", () => emitter.emit("jobs"));
  return {
    commands,
    jobs,
    recorder,
    get images() {
      return images.list;
    },
    get activeImage() {
      return images.active;
    },
    run,
    runMacro: oneAtATime((source, context) => runMacro(source, target, context), disposal.signal),
    checkMacro: (source) => checkMacro(parseMacro(source), target),
    addResult: (result) => showResult(images, result),
    on: emitter.on,
    install: (manifest, plugin) => commands.register(manifest, lookupHandlers(plugin)),
    addImage: images.add,
    ...recordStatements(statements, images, recorder),
    cancel: jobs.cancel,
    stop: jobs.stop,
    dispose() {
      disposal.abort();
      jobs.dispose();
      emitter.dispose();
    },
  };
}

type Statements = Pick<MacroTarget, "selectImage" | "rename" | "close" | "getTitle" | "saveAs"> & {
  open(pathOrUrl: string, signal?: AbortSignal): Promise<HostImage>;
};

/** What the statements about images do. `lastModel` gives what saveAs("Model", ...) writes. */
function createStatements(images: ImageList, files: HostFiles, lastModel: () => string | undefined): Statements {
  return {
    async open(pathOrUrl, signal) {
      const opened = await files.open(pathOrUrl, signal);
      // Who stopped waiting for it does not want it any more.
      signal?.throwIfAborted();
      return images.add(opened);
    },
    selectImage: (title) => void images.select(title),
    rename: (title) => void images.rename(title),
    close: images.close,
    getTitle: () => images.assertActive().title,
    async saveAs(kind, path) {
      const model = lastModel();
      if (kind !== "Model") return await files.save(kind, path, images.assertActive(), model);
      if (model !== undefined) return await files.save(kind, path, images.active, model);
      const reason = "no model yet";
      throw new Problem("InvalidData", "A model must have been trained or used before it is saved; there is none. Run a command first.", {
        reason,
      });
    },
  };
}

type RecordedStatements = Pick<LocalHost, "open" | "selectImage" | "rename" | "close" | "saveAs">;

/** The same statements for whoever clicks: each writes its line once it is done. */
function recordStatements(statements: Statements, images: ImageList, recorder: Recorder): RecordedStatements {
  return {
    async open(pathOrUrl) {
      const opened = await statements.open(pathOrUrl);
      recorder.record("open", pathOrUrl);
      return opened;
    },
    selectImage(title) {
      statements.selectImage(title);
      recorder.record("selectImage", title);
    },
    rename(title) {
      recorder.recordSelection();
      statements.rename(title);
      recorder.record("rename", title);
    },
    close(title = images.assertActive().title) {
      statements.close(title);
      recorder.record("close", title);
    },
    async saveAs(kind, path) {
      if (kind !== "Model") recorder.recordSelection();
      await statements.saveAs(kind, path);
      recorder.record("saveAs", kind, path);
    },
  };
}

/** Macros act on the active image, so two at a time would disturb each other. Each ends with its caller's signal or with `end`. */
function oneAtATime(start: (source: string, context: MacroContext) => Promise<void>, end: AbortSignal): LocalHost["runMacro"] {
  let runs = false;
  return async (source, context = {}) => {
    if (runs) {
      const what = "Line 1: One macro must end before the next one starts, since both would act on the active image. Stop it or wait.";
      throw new Problem("InvalidMacro", what, { line: 1 });
    }
    const { signal, release } = joinSignals(end, context.signal);
    runs = true;
    try {
      await start(source, { ...context, signal });
    } finally {
      runs = false;
      release();
    }
  };
}

async function defaultSamples({ dataset }: Parameters): Promise<unknown> {
  if (dataset !== undefined && dataset !== "") return dataset;
  throw new Problem("InvalidParameter", '"dataset" must name a folder or zip with images and labels; got nothing.', {
    parameter: "dataset",
  });
}
