// `overtile macro`: reads a macro whole, then runs it once, or once for each image that is named: that is batch.

import { readFile } from "node:fs/promises";
import { describeError, isProblem, Problem } from "../../core/problem.ts";
import { isNodeFolder, openFileReader } from "../../core/source/node-file.ts";
import { decodeText } from "../../core/source/plain-text.ts";
import { isArchivePath } from "../../plugin/library/library.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import type { MacroUse } from "../macro/run.ts";
import { createMacroFiles } from "./macro-files.ts";
import { print } from "./output.ts";
import { type Shell, withShell } from "./run-job.ts";
import { createTerminalHost } from "./terminal-host.ts";
import { openWorkspace } from "./workspace.ts";

/** Runs the macro to its end. Throws Problem InvalidMacro with the line, others with line and image; AbortError after Ctrl-C. */
export async function macroCommand(path: string, images: readonly string[], { overwrite }: { readonly overwrite: boolean }): Promise<void> {
  const source = await readSource(path);
  const workspace = await openWorkspace();
  const files = createMacroFiles({ library: workspace.library, overwrite });
  const runOnce = async (shell: Shell, image?: string): Promise<void> => {
    shell.stop.throwIfAborted();
    const host = createTerminalHost({ files, workspace, shell, print, overwrite });
    try {
      if (image !== undefined) await host.open(image);
      await host.runMacro(source, shell);
    } finally {
      host.dispose();
    }
  };
  await withShell(async (shell) => {
    const host = createTerminalHost({ files, workspace, shell, print, overwrite });
    const uses = host.checkMacro(source); // before anything is opened
    host.dispose();
    await assertThere(uses, workspace);
    if (images.length === 0) return await runOnce(shell);
    for (const image of images) await runOnce(shell, image).catch(tellImage(image));
  }, "Stopping: what was learnt is kept, and the macro ends here. Press Ctrl-C again to end at once.");
}

/** Throws Problem MissingFile or InvalidParameter, with the line, for an image or model that is not there: an hour may lie before it. */
async function assertThere(uses: readonly MacroUse[], { library }: Workspace): Promise<void> {
  for (const use of uses) {
    const { kind, path } = use;
    try {
      if (kind === "model" && !isArchivePath(path)) await library.assertKnown(path);
      else if (!/^[a-z]+:\/\//i.test(path) && !(await isNodeFolder(path))) await openFileReader(path);
    } catch (error) {
      throw isProblem(error) ? new Problem(error.kind, `Line ${use.line}: ${error.message}`, error.details, { cause: error }) : error;
    }
  }
}

async function readSource(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Problem("MissingFile", `There must be a macro at ${path}; it cannot be read (${describeError(error)}). Check the path.`, {
      path,
    });
  });
  return decodeText(bytes);
}

/** Of several images, the error says which. */
function tellImage(image: string): (error: unknown) => never {
  return (error) => {
    if (!isProblem(error)) throw error;
    throw new Problem(error.kind, `${image}: ${error.message}`, error.details, { cause: error });
  };
}
