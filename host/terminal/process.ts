// The process that a run of the terminal belongs to: its streams, its environment, its signals, the folder of its built files.
// All of host/terminal reaches them through `ownProcess`, never through Node's own `process`, so that several runs in one
// process (of tests, of a host that embeds the program) do not disturb each other. Paths stay relative to Node's own folder.

import { AsyncLocalStorage } from "node:async_hooks";

/** What a run needs of the process around it. */
export interface TerminalProcess {
  /** Takes results. */
  readonly stdout: TextStream;
  /** Takes progress, notices and errors. */
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of terminal-worker.mjs and the WASM files. */
  readonly dist: URL;
  /** Calls the listener at every signal that asks for an end; returns what ends that. */
  onInterrupt(listener: (signal: Interrupt) => void): () => void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** Ctrl-C, a request to end, and the loss of the terminal. */
export type Interrupt = "SIGINT" | "SIGTERM" | "SIGHUP";

const interrupts: readonly Interrupt[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Node's own process. This file is bundled into dist/terminal.mjs, beside which the built files lie. */
export const nodeProcess: TerminalProcess = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  dist: new URL(".", import.meta.url),
  onInterrupt(listener) {
    for (const signal of interrupts) process.on(signal, listener);
    return () => {
      for (const signal of interrupts) process.off(signal, listener);
    };
  },
  exit: (code) => process.exit(code),
};

const running = new AsyncLocalStorage<TerminalProcess>();

/** Calls `work`, whose `ownProcess` is the given one, also after it has waited. */
export function withProcess<R>(own: TerminalProcess, work: () => R): R {
  return running.run(own, work);
}

/** The process of the run that calls this; outside of one, Node's own. */
export function ownProcess(): TerminalProcess {
  return running.getStore() ?? nodeProcess;
}
