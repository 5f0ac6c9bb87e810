// A run of the macro in the editor.

import { describeError, isProblem } from "../../core/problem.ts";
import { showText } from "../../core/source/plain-text.ts";
import type { App } from "../app.ts";
import type { MacroState } from "../model/macro-state.ts";

/** Runs the editor's text; where it fails, `fault` says at which line. */
export async function runMacroText({ host, workspace }: App, state: MacroState): Promise<boolean> {
  if (state.running.value) return false;
  const controller = new AbortController();
  state.running.value = controller;
  state.fault.value = undefined;
  try {
    await host.runMacro(state.source.value, { signal: controller.signal });
    return true;
  } catch (error) {
    if (controller.signal.aborted) workspace.status.value = { kind: "info", text: "Macro stopped." };
    else {
      const text = showText(describeError(error), "\n");
      const line = isProblem(error, "InvalidMacro") ? error.details.line : Number(/^Line (\d+)/.exec(text)?.[1]);
      state.fault.value = { line: Number.isInteger(line) ? line : undefined, text };
    }
    return false;
  } finally {
    state.running.value = undefined;
  }
}
