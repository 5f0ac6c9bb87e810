// The Train & segment panel's doings, bound by role to any plugin: what is learnt from, the run under way, models and the values
// of dialogs. Segmenting is in segmenting.ts; no screen here, panel/train-panel.ts shows it.

import { batch, computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import { describeError, isProblem, Problem } from "../../core/problem.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { LocalHost } from "../../host/host.ts";
import type { JobStart, JobWatch } from "../../host/run-command.ts";
import type { ModelInfo, Models, Parameters, TrainResult } from "../../plugin/contract.ts";
import { createId } from "../model/id.ts";
import type { Workspace } from "../model/workspace.ts";
import type { Datasets, Frozen } from "../store/datasets.ts";
import { noteLearning } from "../store/learning-mark.ts";
import { type Ask, createAskFirst } from "./ask-first.ts";
import { hasParameter, knownValues, needCommand } from "./bound-command.ts";
import { type Computing, readComputing } from "./computing.ts";
import type { Library } from "./library.ts";
import { followLearning, viewOf } from "./preview-feed.ts";
import { type AnnotatedPlane, findShown, freezeSamples, listAnnotatedPlanes, type ShownSample } from "./samples.ts";
import { createSegmenting, type Segmenting } from "./segmenting.ts";
import type { SlideRuns } from "./slide-runs.ts";
import { createTeller } from "./tell-notices.ts";
import { firstValues } from "./training-length.ts";
import { createRunFollower, type TrainingRun } from "./training-run.ts";

/** A training that was begun: what is needed to go on with it. */
export interface BegunTraining {
  readonly parameters: Parameters;
  /** A name of its own; absent in what an earlier version stored. */
  readonly id?: string;
}

export interface Training extends Segmenting {
  readonly annotatedPlanes: ReadonlySignal<readonly AnnotatedPlane[]>;
  readonly run: Signal<TrainingRun | undefined>;
  /** The training under way, as it is stored; and the one under way when the page was left the last time. */
  readonly begun: Signal<BegunTraining | undefined>;
  readonly interrupted: Signal<BegunTraining | undefined>;
  /** Name of the model to segment with; undefined: the newest. */
  readonly model: Signal<string | undefined>;
  /** Values of parameters by command id, as last set in dialogs. */
  readonly values: Signal<Readonly<Record<string, Parameters>>>;
  /** The newest version of each model, the newest of the user's own first; those that come with the plugin last. */
  readonly models: Signal<readonly ModelInfo[]>;
  /** False while plugins start or their models are still being listed: what is not in `models` may come yet. */
  readonly modelsKnown: ReadonlySignal<boolean>;
  /** What computed the last job; undefined before the first one has ended. */
  readonly computing: ReadonlySignal<Computing | undefined>;
  /** Begin with the chosen model's weights, where the plugin can. */
  readonly goOn: Signal<boolean>;
  /** Learns from the annotations, or from a dataset's zip; `given` goes before the values of panel and settings. */
  train(dataset?: Blob, given?: Parameters): Promise<void>;
  /** Goes on with the training that was interrupted: from what was saved, where the plugin can; else from the beginning. */
  resume(): Promise<void>;
  /** For the host: what the command "train" gets. */
  samplesFor(parameters: Parameters): Promise<Frozen | string>;
  /** For the host: shows a job's progress, also one that a macro has started. */
  watch(start: JobStart): JobWatch | undefined;
  /** Ends the training but keeps the best model so far, where the plugin can; else cancels. */
  stopAndKeep(): void;
  cancel(): void;
  refreshModels(): Promise<void>;
}

/** Nothing learnt yet. */
export function createTraining(
  workspace: Workspace,
  host: LocalHost,
  library: Library,
  { datasets, slides, ask }: { datasets: Datasets; slides: SlideRuns; ask: Ask },
): Training {
  let handed: Frozen | undefined;
  const run = signal<TrainingRun | undefined>(undefined);
  const begun = signal<BegunTraining | undefined>(undefined);
  const interrupted = signal<BegunTraining | undefined>(undefined);
  const models = signal<readonly ModelInfo[]>([]);
  const model = signal<string | undefined>(undefined);
  const values = signal<Readonly<Record<string, Parameters>>>({});
  const goOn = signal(true);
  const computing = signal<Computing | undefined>(undefined);
  const askFirst = createAskFirst(library, ask);
  // The job that learns now.
  let learning: string | undefined;
  // Where its samples are on the screen.
  let shownSamples: readonly (ShownSample | undefined)[] = [];

  // The plugins' models that were listed last.
  const listed = signal<Models | undefined>(undefined);
  const modelsKnown = computed(() => {
    const plugins = library.plugins.value;
    return !plugins.some(({ state }) => state === "loading") && library.models() === listed.value;
  });
  const refreshModels = async (): Promise<void> => {
    const asked = library.models();
    try {
      const found = newestOf((await asked?.list()) ?? []);
      batch(() => {
        models.value = found;
        listed.value = asked;
      });
    } catch (error) {
      listed.value = asked;
      throw error;
    }
    if (model.value !== undefined && !models.value.some(({ name }) => name === model.value)) model.value = undefined;
  };
  /** As the panel shows it: the first of the list until another is chosen. */
  const chosenModel = computed(() => model.value ?? models.value[0]?.name);
  host.on("models", () => void refreshModels());

  async function findSamples({ dataset }: Parameters): Promise<Frozen | string> {
    const known = typeof dataset === "string" && dataset !== "" ? await datasets.find(dataset) : undefined;
    if (known) return known;
    if (typeof dataset === "string" && /^training \d+$/.test(dataset)) throw lostDataset(dataset);
    if (typeof dataset === "string" && dataset !== "") return dataset;
    const samples = handed ?? (await freezeSamples(workspace));
    handed = undefined;
    if (samples instanceof Blob || samples.length > 0) return samples;
    throw new Problem("InvalidData", "A training needs annotated objects; there are none. Draw around 3 to 5 cells first.", {
      reason: "no annotations",
    });
  }

  function propose(entry: RegisteredCommand): Parameters {
    if (entry.command.role !== "train") return segmentation.propose(entry);
    // What comes with Overtile is tried by the plugin itself (from=auto).
    const chosen = models.value.find(({ name }) => name === chosenModel.value);
    const from = goOn.value && hasParameter(entry, "from") && chosen?.starter !== true ? chosen?.name : undefined;
    return {
      ...firstValues(entry, knownValues(entry, values.value)),
      ...(from !== undefined && { from }),
    };
  }

  async function train(dataset?: Blob, given?: Parameters): Promise<void> {
    const entry = needCommand(library, "train");
    const parameters = given ?? propose(entry);
    if (dataset === undefined && !(await mayGoOn(parameters))) return;
    handed = dataset ?? (await freezeSamples(workspace));
    const { name, reason } = await datasets.add(handed);
    if (reason !== undefined) {
      const text = `The samples of this training are kept until the page is closed, no longer: ${reason}. Its macro line needs them.`;
      workspace.status.value = { kind: "info", text, stays: true };
    }
    await start({ ...parameters, ...(hasParameter(entry, "dataset") && { dataset: name }) });
  }

  /** A model that goes on learning should know the images. */
  function mayGoOn({ from, channel, scale }: Parameters): Promise<boolean> {
    const meetings = listAnnotatedPlanes(workspace).map(({ entry, plane }) => {
      const { sizeZ } = entry.source;
      return { entry, planes: [{ z: plane % sizeZ, t: Math.floor(plane / sizeZ) }] };
    });
    return askFirst.mayMeet(from, meetings, { channel, scale, adapts: true, yes: "Train anyway" });
  }

  /** Runs to its end; a training that was cancelled is no failure. */
  async function start(parameters: Parameters): Promise<void> {
    await host.run(needCommand(library, "train").command.id, parameters).catch((error: unknown) => {
      if (!isAbort(error)) throw error;
    });
    await refreshModels();
  }

  // Whoever started it: the panel or a macro.
  function watchTraining({ parameters }: JobStart): JobWatch {
    const shown = createRunFollower(run);
    const previews = followLearning(workspace, () => shownSamples);
    let own: string | undefined;
    return {
      view: () => viewOf(workspace, shownSamples),
      begin(job) {
        own = job;
        learning = job;
        const id = createId();
        begun.value = { parameters, id };
        interrupted.value = undefined;
        noteLearning(id);
      },
      onProgress(progress) {
        shown.follow(progress);
        previews.show(progress);
      },
      end(outcome) {
        // One that was cancelled while it waited leaves the one before it alone.
        if (own !== undefined) {
          learning = undefined;
          previews.end();
          begun.value = undefined;
          noteLearning(undefined);
        }
        if ("result" in outcome) {
          const result = outcome.result as TrainResult;
          shown.end({ state: "done", result });
          model.value = result.model.split("@")[0];
          return;
        }
        const { error } = outcome;
        shown.end({ state: isAbort(error) ? "cancelled" : "failed", reason: describeError(error) });
      },
    };
  }

  const segmentation = createSegmenting(workspace, host, library, { model: chosenModel, values, slides, computing, askFirst });
  return {
    ...segmentation,
    annotatedPlanes: computed(() => listAnnotatedPlanes(workspace)),
    run,
    begun,
    interrupted,
    models,
    modelsKnown,
    model,
    values,
    computing,
    goOn,
    propose,
    train,
    async resume() {
      const before = interrupted.peek();
      if (!before) return;
      const { parameters } = before;
      const { dataset } = parameters;
      if (typeof dataset === "string" && (await datasets.find(dataset)) === undefined) throw lostDataset(dataset);
      try {
        await start(hasParameter(needCommand(library, "train"), "resume") ? { ...parameters, resume: true } : parameters);
      } catch (error) {
        // Where it was left before anything was saved, there is no value that differs.
        const isUnsaved = isProblem(error, "InvalidParameter") && error.details.parameter === "resume" && error.details.value === undefined;
        if (!isUnsaved) throw error;
        await start(parameters);
      }
    },
    async samplesFor(parameters) {
      const samples = await findSamples(parameters);
      shownSamples = typeof samples === "string" || samples instanceof Blob ? [] : findShown(workspace, samples);
      return samples;
    },
    watch(start) {
      const watch = start.entry.command.role === "train" ? watchTraining(start) : segmentation.watch(start);
      const tell = createTeller(workspace, { stays: true }); // its answer may hide them
      return {
        onProgress: (progress) => progress.kind === "notice" && tell(progress.message),
        ...watch,
        end(outcome) {
          if ("result" in outcome) computing.value = readComputing(outcome.result) ?? computing.peek();
          watch?.end(outcome);
        },
      };
    },
    stopAndKeep: () => learning !== undefined && host.stop(learning),
    cancel: () => learning !== undefined && host.cancel(learning),
    refreshModels,
  };
}

function newestOf(models: readonly ModelInfo[]): ModelInfo[] {
  const newest = models.filter(({ name, version }) => !models.some((other) => other.name === name && other.version > version));
  // Those that come with the plugin are last, in its order.
  return newest.toSorted(
    (a, b) => Number(a.starter === true) - Number(b.starter === true) || (a.starter ? 0 : b.created.localeCompare(a.created)),
  );
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

function lostDataset(name: string): Problem<"MissingFile"> {
  return new Problem(
    "MissingFile",
    `The samples "${name}" must be in this browser's storage; they are not: only those of the last trainings are kept. Open the images and train again.`,
    { path: name },
  );
}
