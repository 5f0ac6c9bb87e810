// A training as the screen shows it: its curves, its progress, how it ended.

import type { Signal } from "@preact/signals-core";
import type { Progress, TrainResult } from "../../plugin/contract.ts";

/** A training run, under way or ended. */
export interface TrainingRun {
  readonly losses: readonly { readonly step: number; readonly loss: number }[];
  readonly validations: readonly { readonly step: number; readonly scores: Readonly<Record<string, number>>; readonly best: boolean }[];
  readonly progress: Progress | undefined;
  readonly notice: string | undefined;
  readonly state: "running" | "done" | "failed" | "cancelled";
  readonly result: TrainResult | undefined;
  readonly reason: string | undefined;
  readonly secondsRun: number;
}

export interface RunFollower {
  follow(progress: Progress): void;
  /** Shows the end. */
  end(how: Pick<TrainingRun, "state"> & Partial<Pick<TrainingRun, "result" | "reason">>): void;
}

// Progress may come hundreds of times a second; the screen hears of it twice. Where there is no GPU, drawing the page and its
// curves takes time from the computation.
const showEveryMs = 500;

/** Shows a training in `run`: at once, or, where another one is still under way, once that one has ended. */
export function createRunFollower(run: Signal<TrainingRun | undefined>): RunFollower {
  let started = performance.now();
  let shown: TrainingRun = {
    losses: [],
    validations: [],
    progress: undefined,
    notice: undefined,
    state: "running",
    result: undefined,
    reason: undefined,
    secondsRun: 0,
  };
  const losses: { step: number; loss: number }[] = [];
  const validations: TrainingRun["validations"][number][] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasBegun = false;
  const begin = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    started = performance.now();
    run.value = shown;
  };
  const show = (change: Partial<TrainingRun> = {}): void => {
    clearTimeout(timer);
    timer = undefined;
    const secondsRun = (performance.now() - started) / 1000;
    shown = { ...shown, ...change, losses: [...losses], validations: [...validations], secondsRun };
    run.value = shown;
  };
  if (run.peek()?.state !== "running") begin();
  return {
    follow(progress) {
      begin();
      if (progress.kind === "step") losses.push({ step: progress.done, loss: progress.loss });
      if (progress.kind === "validation") validations.push({ step: progress.done, scores: progress.scores, best: progress.best });
      if (progress.kind === "notice")
        shown = { ...shown, notice: [shown.notice, progress.message].filter((one) => one !== undefined).join(" ") };
      else if (progress.kind !== "preview") shown = { ...shown, progress };
      timer ??= setTimeout(show, showEveryMs);
    },
    end(how) {
      // One that was cancelled while it waited was never shown.
      if (hasBegun) show(how);
    },
  };
}
