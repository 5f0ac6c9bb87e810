// What every action leans on: what goes wrong becomes a sentence, files are asked for, the image gets the focus back.

import { describeError } from "../../core/problem.ts";
import type { Workspace } from "../model/workspace.ts";

export { focusCanvas } from "../dom/focus.ts";

/** Does some work; what it throws is told in the notice, an abort is not. */
export type Attempt = (work: () => unknown) => Promise<void>;

export function createAttempt(workspace: Workspace): Attempt {
  return async (work) => {
    try {
      await work();
    } catch (error) {
      if (error instanceof Error && error.name === "AbortError") return;
      workspace.status.value = { kind: "error", text: describeError(error) };
    }
  };
}

/** Files that the user chooses, or those of a folder with their paths in it; none when he dismisses the dialog. */
export function pickFiles(accept: string, multiple = true, folder = false): Promise<readonly File[]> {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = accept;
    input.multiple = multiple;
    input.webkitdirectory = folder;
    input.hidden = true;
    const end = (files: readonly File[]): void => {
      input.remove();
      resolve(files);
    };
    input.addEventListener("change", () => end([...(input.files ?? [])]));
    input.addEventListener("cancel", () => end([]));
    // In the page, or the browser may collect it before its dialog shows.
    document.body.append(input);
    input.click();
  });
}
