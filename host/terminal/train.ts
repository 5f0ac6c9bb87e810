// `overtile train`: a dataset becomes a model's file, with its checkpoint beside it while it trains. What was learnt is never lost to
// a full disk, to a signal, or to another process that trains the same file.

import { basename, dirname, join } from "node:path";
import { agreementIn, describeAgreement } from "../../core/label/agreement.ts";
import { readModel, writeModel } from "../../core/model/archive.ts";
import type { Model } from "../../core/model/model.ts";
import { describeError, isProblem, Problem } from "../../core/problem.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";
import { lengthAt, parseLengths } from "../../core/training/pace.ts";
import { createOvertileJobs } from "../../plugin/actions.ts";
import type { Parameters, TrainResult } from "../../plugin/contract.ts";
import type { Library } from "../../plugin/library/library.ts";
import { resolveParameters } from "../../plugin/parameter/parameters.ts";
import { createNodeFiles } from "../../plugin/store/node-files.ts";
import { checkpointName } from "../../plugin/train/keep-trained.ts";
import { takeName } from "../../plugin/train/train-action.ts";
import { assertZip, modelName, type Options, toParameters } from "./options.ts";
import { assertFree, assertWritable, exists, openTrainingFiles, print } from "./output.ts";
import { describeScores } from "./progress.ts";
import { runInTerminal } from "./run-job.ts";
import { keepTemporarily, lockFolder, openLibrary, openWorkspace, readBytes } from "./workspace.ts";

export async function trainCommand(dataset: string, options: Options): Promise<void> {
  const out = String(options["out"]);
  assertZip(out);
  const name = modelName(out);
  const given = toParameters("train", options);
  const { validate, resume } = resolveParameters("train", given);
  const samples = await openTrainingFiles(dataset, validate);
  const folder = dirname(out);
  await assertWritable(folder);
  const release = await takeName(lockFolder(folder), name);
  try {
    const checkpoint = join(folder, encodeURIComponent(checkpointName(name)));
    const finished = resume && !(await exists(checkpoint)) ? await findFinished(out, samples.title, given) : undefined;
    if (finished !== undefined) return tell(out, finished, options, "It is finished already: there is nothing to go on with.");
    if (!resume) await assertNothingToLose({ out, checkpoint, overwrite: options["overwrite"] === true });
    const workspace = await openWorkspace();
    // The model goes to its file, not into the library; the checkpoint lies beside it. The lock is held already.
    const library = { ...workspace.library, add: createModelWriter(out, checkpoint) };
    const here = { ...workspace, library, checkpoints: createNodeFiles(folder), lock: undefined };
    const result = await runInTerminal(
      (signals) => createOvertileJobs(here).train(async () => samples, given, { name, ...signals }),
      "Stopping: what was learnt is kept. Press Ctrl-C again to end at once.",
    );
    await tell(out, result, options);
  } finally {
    release();
  }
}

type Told = Pick<TrainResult, "scores" | "ended" | "curve" | "parameters" | "backend">;

/** Prints how a training ended. */
async function tell(out: string, { scores, ended, curve, parameters, backend }: Told, options: Options, note?: string): Promise<void> {
  if (options["json"] === true)
    return print(JSON.stringify({ model: out, scores, ended, curve, parameters, backend, ...(note && { note }) }, null, 2));
  const { stop_at: step, lengths = "" } = parameters as { readonly stop_at: number; readonly lengths?: string };
  const steps = lengthAt(step, Number(parameters["steps"]), parseLengths(lengths));
  print(`${out}: ${step} steps, ended by ${ended}${Object.keys(scores).length > 0 ? `; best: ${describeScores(scores)}` : ""}`);
  const agreement = agreementIn(scores);
  if (agreement !== undefined) print(`Objects kept to measure with: ${describeAgreement(agreement)}`);
  if (note !== undefined) return print(note);
  if (await exists(lastPath(out))) print(`${lastPath(out)}: the last model, which is not the best`);
  if (step < steps && ended !== "patience") print(`To go on to step ${steps}, run the same command again with --resume.`);
}

// What a training that goes on may be asked for anew, and what the record calls otherwise.
const free = new Set(["resume", "minutes", "stop_at", "workers", "memory", "backend", "from", "validate"]);

/** The record of the model at `out`, where it is the end of the training that is asked for. */
async function findFinished(out: string, title: string, given: Parameters): Promise<Told | undefined> {
  if (!(await exists(out))) return undefined;
  const { training } = await readBytes(out).then((bytes) => readModel(bytes, { path: out }));
  const { parameters, scores, ended, curve, backend } = training as Readonly<Record<string, unknown>> & Partial<Told>;
  if (parameters === undefined || ended === undefined || parameters["dataset"] !== title) return undefined;
  const values: Parameters = resolveParameters("train", given);
  const asked = Object.keys(given).filter((key) => !free.has(key) && values[key] !== "auto");
  if (asked.some((key) => String(values[key]) !== String(parameters[key]))) return undefined;
  return { parameters, ended, scores: scores ?? {}, curve: curve ?? [], backend: backend ?? "" };
}

/** Throws Problem CannotWrite where a model, or a training that could go on, would be written over unasked. */
async function assertNothingToLose(paths: {
  readonly out: string;
  readonly checkpoint: string;
  readonly overwrite: boolean;
}): Promise<void> {
  const { out, checkpoint, overwrite } = paths;
  if (!overwrite && (await exists(checkpoint))) {
    throw new Problem(
      "CannotWrite",
      `There must be no ended training of this name yet; there is one, ${checkpoint}. Add --resume to go on with it, or --overwrite to begin anew.`,
      { path: checkpoint, reason: "exists" },
    );
  }
  for (const path of [out, lastPath(out)]) await assertFree(path, overwrite);
}

/** Where the last model goes, when another was the best. */
function lastPath(out: string): string {
  return out.replace(/\.zip$/i, "-last.zip");
}

/** Keeps a trained model as the file `out`. Where that fails, it is kept where there is room, and the Problem says where. */
function createModelWriter(out: string, checkpoint: string): Library["add"] {
  return async (model, { onRefused } = {}) => {
    const versioned = { ...model, version: 1 };
    const archive = await writeModel(versioned);
    const isBest = model.name === modelName(out);
    try {
      await writeFileWhole(isBest ? out : lastPath(out), archive);
    } catch (cause) {
      if (!isProblem(cause, "CannotWrite")) throw cause;
      if (isBest) throw await rescue(cause, model, archive, { out, checkpoint });
      onRefused?.(cause); // the best one is there
    }
    return { model: versioned, archive };
  };
}

/** Keeps the model in the library, else in the temporary folder; returns the Problem that says so. */
async function rescue(
  cause: Problem<"CannotWrite">,
  model: Omit<Model, "version">,
  archive: Uint8Array,
  { out, checkpoint }: { readonly out: string; readonly checkpoint: string },
): Promise<Problem<"CannotWrite">> {
  const inLibrary = async (): Promise<string> => {
    const { name, version } = (await openLibrary().add(model)).model;
    return `The model is in the library as ${name}@${version}: make room, then overtile models export "${name}@${version}" "${out}".`;
  };
  const inTemporary = async (): Promise<string> => `The model is kept as ${await keepTemporarily(basename(out), archive)}: move it soon.`;
  const where = await inLibrary()
    .catch(inTemporary)
    .catch((error: unknown) => `There is no room for the model elsewhere either: ${describeError(error)}`);
  const resumes = `${checkpoint} holds what was learnt until it was last saved: make room, then run the same command again with --resume.`;
  const message = [cause.message, where, ...((await exists(checkpoint)) ? [resumes] : [])].join(" ");
  return new Problem("CannotWrite", message, cause.details, { cause });
}
