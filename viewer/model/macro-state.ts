// The macros of the page: the text in the editor, what was recorded, what a run printed and where it failed.

import { type Signal, signal } from "@preact/signals-core";

export interface MacroState {
  readonly source: Signal<string>;
  /** What was recorded before the page was loaded, and all that was recorded. */
  readonly earlier: Signal<string>;
  readonly recorded: Signal<string>;
  readonly output: Signal<readonly string[]>;
  readonly fault: Signal<{ readonly line: number | undefined; readonly text: string } | undefined>;
  readonly running: Signal<AbortController | undefined>;
}

/** Nothing written, nothing run. */
export function createMacroState(): MacroState {
  return {
    source: signal(""),
    earlier: signal(""),
    recorded: signal(""),
    output: signal([]),
    fault: signal(undefined),
    running: signal(undefined),
  };
}
