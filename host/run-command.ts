// Running a command from its name to its results: parameters resolved, the line recorded, the work queued as a job, and what
// came back shown as images. What is no job (cancel, models) computes nothing: it answers at once, since it must not wait
// behind the jobs that it may be about to end.

import type { Context, HostImage, HostResult, Parameters, Pixels, Progress, SlideContext } from "../plugin/contract.ts";
import { type CommandRegistry, isJob, type RegisteredCommand, takesInput } from "./commands.ts";
import type { ImageList } from "./images.ts";
import type { JobQueue } from "./jobs.ts";
import type { Variables } from "./macro/run.ts";
import type { OpenLine, Recorder } from "./recorder.ts";

/** The segmentation of one slide block by block: where it is kept, and who follows it. */
export interface SlideJob {
  readonly slide: SlideContext;
  follow(progress: Progress): void;
  /** `result`: what the command returned; undefined where it failed or was cancelled. */
  end(result: unknown): void;
}

/** Where a segmentation is kept; undefined for one that fits the memory. */
export type FindSlideJob = (order: {
  readonly image: HostImage;
  readonly command: RegisteredCommand;
  readonly parameters: Parameters;
  readonly job: string;
}) => Promise<SlideJob | undefined>;

export interface RunContext extends Pick<Context, "signal" | "stop" | "onProgress" | "view"> {
  /** False: no line is recorded. Default true. */
  readonly record?: boolean;
  /** What `&name` means in the options. */
  readonly variables?: Variables;
}

/** A command that becomes a job. */
export interface JobStart {
  readonly entry: RegisteredCommand;
  readonly parameters: Parameters;
  /** The image that it works on; none for a training, and for what names its images. */
  readonly image: HostImage | undefined;
}

/** What a host's windows want of a job, whoever has started it: a click or a macro. */
export interface JobWatch extends Pick<Context, "view" | "onProgress"> {
  /** Its turn has come; this is its id. */
  begin?(job: string): void;
  end(outcome: { readonly result: unknown } | { readonly error: unknown }): void;
}

/** Runs the command of that id or macro name to its end and returns what its handler did. */
export type RunCommand = (idOrName: string, options?: string | Parameters, context?: RunContext) => Promise<unknown>;

/** What running a command needs of its host. */
export interface Workplace {
  readonly commands: CommandRegistry;
  readonly images: ImageList;
  readonly jobs: JobQueue;
  readonly recorder: Recorder;
  readonly log: (line: string) => void;
  /** What "train" gets. */
  readonly samples: (parameters: Parameters, signal: AbortSignal) => Promise<unknown>;
  /** Asked at the start of every job. */
  readonly watch?: ((start: JobStart) => JobWatch | undefined) | undefined;
  readonly slides: FindSlideJob;
  /** Called with the model that a command made or used. */
  readonly onModel: (model: string) => void;
  /** Called when the library of models has changed. */
  readonly onModelsChange: () => void;
}

/** The function that runs commands at this workplace. */
export function createRunCommand(workplace: Workplace): RunCommand {
  return async (idOrName, options, context = {}) => {
    const entry = workplace.commands.find(idOrName);
    const parameters = entry.check(options, context.variables);
    const all = entry.fill(parameters);
    return isJob(entry.command)
      ? await runJob(workplace, entry, { parameters, all }, context)
      : await answer(workplace, entry, { parameters, all }, context);
  };
}

// Methods of the contract that only ask, or are of the moment: a macro that repeats them repeats nothing.
const unrecorded: ReadonlySet<string> = new Set(["cancel", "diagnostics", "models.list"]);

// The methods of the contract's Models that change the library.
const changesModels: ReadonlySet<string> = new Set(["models.import", "models.rename", "models.remove"]);

interface Given {
  /** What the caller gave. */
  readonly parameters: Parameters;
  /** The same with presets and defaults. */
  readonly all: Parameters;
}

async function answer(workplace: Workplace, entry: RegisteredCommand, { parameters, all }: Given, context: RunContext): Promise<unknown> {
  const { command, name, handler } = entry;
  const { signal, onProgress, record } = context;
  // The plugin knows of the jobs that run; the queue also of those that wait.
  if (command.handler === "cancel") workplace.jobs.cancel(parameters["job"] as string | undefined);
  const isRecorded = record !== false && !unrecorded.has(command.handler);
  const line = isRecorded ? workplace.recorder.begin({ name, schema: command.parameters, leavesImages: true }, all) : undefined;
  try {
    const following = { log: workplace.log, ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const result = await handler(undefined, parameters, following);
    line?.complete({});
    if (changesModels.has(command.handler)) workplace.onModelsChange();
    return result;
  } catch (error) {
    line?.fail(error);
    throw error;
  }
}

async function runJob(workplace: Workplace, entry: RegisteredCommand, { parameters, all }: Given, context: RunContext): Promise<unknown> {
  const { images, jobs, samples, log } = workplace;
  // The image that was active when the command was given, also if the job begins later.
  const { role } = entry.command;
  const image = role !== "train" && takesInput(entry.command) ? images.assertActive() : undefined;
  const watch = workplace.watch?.({ entry, parameters, image });
  const line = context.record === false ? undefined : beginLine(workplace.recorder, entry, all);
  const { promise } = jobs.add({
    title: entry.name,
    signal: context.signal,
    stop: context.stop,
    onProgress(progress) {
      context.onProgress?.(progress);
      watch?.onProgress?.(progress);
    },
    run: async ({ signal, stop, job, onProgress }) => {
      watch?.begin?.(job);
      const input = role === "train" ? await samples(parameters, signal) : image?.image;
      const view = context.view ?? watch?.view;
      const following = { signal, stop, job, onProgress, log, ...(view && { view }) };
      const isSegmentation = image !== undefined && role === "segment";
      const slide = isSegmentation ? await workplace.slides({ image, command: entry, parameters, job }) : undefined;
      signal.throwIfAborted(); // it may have been cancelled while input or place were sought; handlers only hear of it later
      const work = (more: Partial<Context>) => entry.handler(input, parameters, { ...following, ...more });
      const result = await (slide ? runSlide(slide, onProgress, work) : work({}));
      takeResult(workplace, result, image?.title ?? "", all);
      if (role === "train" || changesModels.has(entry.command.handler)) workplace.onModelsChange();
      return result;
    },
  });
  try {
    const result = await promise;
    line?.complete(toRecord(toRecord(result)["parameters"]));
    watch?.end({ result });
    return result;
  } catch (error) {
    line?.fail(error);
    watch?.end({ error });
    throw error;
  }
}

/** Tells the run all that the job tells, and how it ended. */
export async function runSlide(
  { slide, follow, end }: SlideJob,
  onProgress: NonNullable<Context["onProgress"]>,
  work: (more: Pick<Context, "slide" | "onProgress">) => Promise<unknown>,
): Promise<unknown> {
  let result: unknown;
  try {
    result = await work({
      slide,
      onProgress(progress) {
        follow(progress);
        onProgress(progress);
      },
    });
    return result;
  } finally {
    end(result);
  }
}

function beginLine(recorder: Recorder, { command, name }: RegisteredCommand, parameters: Parameters): OpenLine {
  const leavesImages = !takesInput(command);
  if (command.role !== "train" && !leavesImages) recorder.recordSelection();
  return recorder.begin({ name, schema: command.parameters, leavesImages }, parameters);
}

/** Shows what a command returned: its images under `TITLE.kind`, the first of `output` active; tells its model. */
function takeResult({ images, onModel }: Workplace, result: unknown, title: string, parameters: Parameters): void {
  const fields = toRecord(result);
  const resolved = toRecord(fields["parameters"]);
  const kinds = outputsOf(fields, { ...parameters, ...resolved });
  const [maker, plane] = [fields["model"], { ...parameters, ...resolved }["plane"]];
  const madeBy = { ...(typeof maker === "string" && { model: maker }), ...(typeof plane === "string" && { plane }) };
  for (const [i, kind] of kinds.entries()) showResult(images, { title, kind, pixels: fields[kind] as Pixels, madeBy }, i === 0);
  // As resolved it finds the model again also where that is a file; a training tells the one that it made.
  const model = resolved["model"] ?? fields["model"];
  if (typeof model === "string") onModel(model);
}

/** Adds a result to the images: a plain image under its title, anything else under `TITLE.kind`. */
export function showResult(images: ImageList, { title, kind, pixels, madeBy }: HostResult, activate = true): void {
  images.add({ title: kind === "image" ? title : `${title}.${kind}`, image: pixels, ...(madeBy && { madeBy }) }, { activate });
}

const resultKinds = ["labels", "classes", "probabilities"] as const;

/** The images of a result, in the order of the parameter `output`. */
function outputsOf(fields: Readonly<Record<string, unknown>>, { output }: Parameters): (typeof resultKinds)[number][] {
  const asked = (Array.isArray(output) ? output : String(output ?? "").split(",")).map((word) => String(word).trim());
  const place = (kind: string): number => (asked.includes(kind) ? asked.indexOf(kind) : asked.length);
  return resultKinds.filter((kind) => isPixels(fields[kind])).sort((a, b) => place(a) - place(b));
}

function isPixels(value: unknown): boolean {
  const { data, shape } = toRecord(value);
  return ArrayBuffer.isView(data) && Array.isArray(shape);
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
