// The host of `overtile macro`: images are files, results stay in memory until saveAs writes them, Overtile's commands run in
// this process. The macro's words mean what they mean in the viewer: the interpreter, the registry and the queue are the same.

import { basename } from "node:path";
import type { Progress as CoreProgress } from "../../core/job.ts";
import { Problem } from "../../core/problem.ts";
import { createOvertileJobs, type OpenTrainingSamples } from "../../plugin/actions.ts";
import type { Context, Image, Parameters, Scores, SegmentResult, TrainResult } from "../../plugin/contract.ts";
import { createManifest } from "../../plugin/parameter/manifest.ts";
import { checkpointName } from "../../plugin/train/keep-trained.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { createHost, type HostFiles, type LocalHost } from "../host.ts";
import { checkManifest } from "../manifest.ts";
import { formatModels, tellFaults } from "./models.ts";
import { assertWritable, exists, formatScores, openTrainingFiles } from "./output.ts";
import type { Shell } from "./run-job.ts";
import { libraryFolder } from "./workspace.ts";

export interface TerminalHostOptions {
  readonly files: HostFiles;
  readonly workspace: Workspace;
  readonly shell: Shell;
  /** Takes what macros print and what commands answer. */
  readonly print: (line: string) => void;
  /** True: an ended training of the same name is begun anew. */
  readonly overwrite: boolean;
}

/** A host with Overtile installed. Commands without an image answer in lines. */
export function createTerminalHost({ files, workspace, shell, print, overwrite }: TerminalHostOptions): LocalHost {
  const jobs = createOvertileJobs(workspace);
  const host = createHost({ files, log: print });
  const trained = new Set<string>();
  const findImage = (title: string): Image => host.images.find((image) => image.title === title)?.image ?? title;
  const tell = <T>(value: T, text: string): T => {
    print(text);
    return value;
  };
  host.install(checkManifest(createManifest()), {
    segment: (image: Image, parameters: Parameters, context: Context): Promise<SegmentResult> =>
      shell.run(jobs.segment(image, parameters, { ...context, log: shell.log }), follow(context)),

    async train(dataset: string, parameters: Parameters, context: Context): Promise<TrainResult> {
      const open: OpenTrainingSamples = async ({ name, validate, resume }) => {
        // A recorded text may hold a training that was stopped, and after it the whole one.
        if (!resume && !overwrite && !trained.has(name)) await assertNoCheckpoint(workspace, name);
        trained.add(name);
        await assertWritable(libraryFolder());
        return { ...(await openTrainingFiles(await findDataset(dataset), validate)), title: basename(dataset) };
      };
      return shell.run(jobs.train(open, parameters, { ...context, log: shell.log }), follow(context));
    },

    async evaluate(predicted: string, truth: string, parameters: Parameters, context: Context): Promise<Scores> {
      const pair = { predicted: findImage(predicted), truth: findImage(truth), name: truth };
      const scores = await shell.run(jobs.evaluate([pair], parameters, context), follow(context));
      return tell(scores, formatScores(scores));
    },

    diagnostics: async () => print(await jobs.diagnose()),
    cancel: (job?: string) => host.cancel(job),
    models: {
      ...workspace.library,
      async list() {
        const { models, faults } = await workspace.library.inspect();
        tellFaults(faults);
        return tell(models, formatModels(models));
      },
      async export(model: string): Promise<never> {
        const reason = "it names no file";
        const message = `A model is written to a file; "Overtile Export Model" names none for "${model}". Use saveAs("Model", "FILE.zip").`;
        throw new Problem("CannotWrite", message, { path: model, reason });
      },
    },
  });
  return host;
}

/** The viewer's name of a dataset finds the zip that it exported. */
async function findDataset(dataset: string): Promise<string> {
  const zip = `${dataset}.zip`;
  return !(await exists(dataset)) && (await exists(zip)) ? zip : dataset;
}

/** Hands a job's progress to the queue. */
function follow({ onProgress, job = "" }: Context): (progress: CoreProgress) => void {
  return (progress) => onProgress?.({ ...progress, job });
}

/** Throws Problem CannotWrite where a training that could go on would be written over. */
async function assertNoCheckpoint({ checkpoints }: Workspace, name: string): Promise<void> {
  const path = checkpointName(name);
  if (!(await checkpoints.list()).includes(path)) return;
  throw new Problem(
    "CannotWrite",
    `There must be no ended training of "${name}" yet; there is one. Write resume into its options to go on with it, or add --overwrite to begin anew.`,
    { path, reason: "exists" },
  );
}
