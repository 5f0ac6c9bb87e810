// Runs jobs in a terminal: their progress shown, signals understood. The first Ctrl-C, SIGTERM or hangup stops a training and keeps
// what was learnt, and cancels everything else; the second ends the program at once. Files are written whole or not at all, so
// that ending at once harms none.

import { setMaxListeners } from "node:events";
import { type Job, type Progress, runJob } from "../../core/job.ts";
import { type Interrupt, ownProcess, type TerminalProcess } from "./process.ts";
import { createProgressView } from "./progress.ts";

export interface Signals {
  /** Cancels: nothing is kept. */
  readonly signal: AbortSignal;
  /** Stops: what was learnt is kept. */
  readonly stop: AbortSignal;
  readonly log: (line: string) => void;
}

/** Where jobs run one after another: a Ctrl-C ends the one that runs. */
export interface Shell extends Signals {
  /** Runs a job to its end with its progress shown, and told to whoever else follows it. Throws AbortError. */
  run<R>(job: Job<R>, follow?: (progress: Progress) => void): Promise<R>;
}

/** What the shell expects of a program that a signal ended. After a Ctrl-C that kept all that was learnt, the program ends as usual. */
const exitCodes: Readonly<Record<Interrupt, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const ended = new WeakMap<TerminalProcess, number>();

/** The exit code of a run that SIGTERM or a hangup ended, whatever it kept; undefined for any other. */
export function exitCodeOf(own: TerminalProcess): number | undefined {
  return ended.get(own);
}

/** Returns what `work` does. `stopNotice`: said at the first Ctrl-C once something was learnt; without it, Ctrl-C cancels. */
export async function withShell<R>(work: (shell: Shell) => Promise<R>, stopNotice?: string): Promise<R> {
  const own = ownProcess();
  const view = createProgressView(own.stderr);
  const cancel = new AbortController();
  const stop = new AbortController();
  setMaxListeners(0, cancel.signal); // every chunk of a slide that is waited for listens; Node would call that a leak
  let hasLearnt = false;
  const interrupt = (signal: Interrupt): void => {
    if (stop.signal.aborted || cancel.signal.aborted) {
      view.line("Ended at once.");
      own.exit(exitCodes[signal]);
      return;
    }
    if (signal !== "SIGINT") ended.set(own, exitCodes[signal]);
    if (stopNotice === undefined || !hasLearnt) cancel.abort();
    else {
      view.line(stopNotice);
      stop.abort();
    }
  };
  const run: Shell["run"] = async (job, follow) => {
    try {
      return await runJob(job, (progress: Progress) => {
        hasLearnt ||= progress.kind === "step";
        view.show(progress);
        follow?.(progress);
      });
    } finally {
      hasLearnt = false;
      view.end();
    }
  };
  const ignoreInterrupts = own.onInterrupt(interrupt);
  try {
    return await work({ signal: cancel.signal, stop: stop.signal, log: view.line, run });
  } finally {
    ignoreInterrupts();
    view.end();
  }
}

/** Runs a single job in a shell of its own and returns its result. Throws AbortError. */
export function runInTerminal<R>(start: (signals: Signals) => Job<R>, stopNotice?: string): Promise<R> {
  return withShell((shell) => shell.run(start(shell)), stopNotice);
}
