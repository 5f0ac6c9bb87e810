// The queue of jobs: one at a time unless told otherwise, each with its progress and two ways to end it: `cancel` gives its
// work up, `stop` keeps what a training has learnt so far. A job that was told to end stays "running" until it has ended, so that the next one never shares the machine with it.

import type { Context, Progress } from "../plugin/contract.ts";
import { createEmitter } from "./emitter.ts";

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";

/** What is known of a job; a new value at each change. */
export interface JobInfo {
  readonly id: string;
  readonly title: string;
  readonly state: JobState;
  readonly progress?: Progress;
  /** Why it failed. */
  readonly error?: unknown;
}

/** What a job is to do. It gets its id, its two signals, and the function that takes its progress. */
export interface Task<R> {
  readonly title: string;
  readonly run: (context: Required<Pick<Context, "signal" | "stop" | "job" | "onProgress">>) => Promise<R>;
  /** Ends the job like `cancel`. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the job like `stop`. */
  readonly stop?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface JobQueue {
  /** Jobs in the order of their arrival; of those that have ended, the last hundred. */
  readonly list: readonly JobInfo[];
  /** Puts a job at the end. Rejects with the task's error, or with AbortError when cancelled. */
  add<R>(task: Task<R>): { readonly id: string; readonly promise: Promise<R> };
  /** Ends the job of that id, or all: a queued one at once, a running one by its signal. */
  cancel(id?: string): void;
  /** Ends the job of that id, or all, early: a running one keeps what it has so far, a queued one has nothing to keep. */
  stop(id?: string): void;
  on(event: "jobs", listener: () => void): () => void;
  /** Cancels all; whoever adds a job afterwards gets AbortError. */
  dispose(): void;
}

interface Entry {
  info: JobInfo;
  readonly controller: AbortController;
  readonly stopper: AbortController;
  readonly start: () => Promise<void>;
  readonly drop: () => void;
}

const keptWhenEnded = 100;

/** A queue that runs `concurrency` jobs at a time. */
export function createJobQueue({ concurrency = 1 }: { concurrency?: number } = {}): JobQueue {
  const emitter = createEmitter<"jobs">();
  let entries: Entry[] = [];
  let count = 0;
  let disposed = false;

  function update(entry: Entry, change: Partial<JobInfo>): void {
    entry.info = { ...entry.info, ...change };
    const ended = entries.filter(({ info }) => info.state !== "queued" && info.state !== "running");
    const forgotten = new Set(ended.slice(0, Math.max(0, ended.length - keptWhenEnded)));
    entries = entries.filter((other) => !forgotten.has(other));
    emitter.emit("jobs");
  }

  function startNext(): void {
    while (entries.filter(({ info }) => info.state === "running").length < concurrency) {
      const next = entries.find(({ info }) => info.state === "queued");
      if (next === undefined) return;
      void next.start();
    }
  }

  function end(entry: Entry, how: "controller" | "stopper" = "controller"): void {
    if (entry.info.state === "queued") entry.drop();
    else if (entry.info.state === "running") entry[how].abort();
  }

  function endAll(id?: string, how?: "controller" | "stopper"): void {
    for (const entry of [...entries]) if (id === undefined || entry.info.id === id) end(entry, how);
  }

  function add<R>(task: Task<R>): { id: string; promise: Promise<R> } {
    const controller = new AbortController();
    const stopper = new AbortController();
    const id = `job-${++count}`;
    const { promise, resolve, reject } = withResolvers<R>();
    const settle = (change: Partial<JobInfo>): void => {
      task.signal?.removeEventListener("abort", onAbort);
      task.stop?.removeEventListener("abort", onStop);
      update(entry, change);
    };
    const drop = (): void => {
      settle({ state: "cancelled" });
      controller.abort();
      reject(controller.signal.reason);
    };
    const onProgress = (progress: Progress): void => {
      if (entry.info.state !== "running") return;
      task.onProgress?.(progress);
      update(entry, { progress });
    };
    const start = async (): Promise<void> => {
      update(entry, { state: "running" });
      try {
        const result = await task.run({ signal: controller.signal, stop: stopper.signal, job: id, onProgress });
        settle({ state: "done" });
        resolve(result);
      } catch (error) {
        settle(isAbort(error) || controller.signal.aborted ? { state: "cancelled" } : { state: "failed", error });
        reject(error);
      }
      startNext();
    };
    const entry: Entry = { info: { id, title: task.title, state: "queued" }, controller, stopper, start, drop };
    const onAbort = (): void => end(entry);
    const onStop = (): void => end(entry, "stopper");
    entries.push(entry);
    task.signal?.addEventListener("abort", onAbort);
    task.stop?.addEventListener("abort", onStop);
    if (disposed || task.signal?.aborted || task.stop?.aborted) drop();
    else startNext();
    return { id, promise };
  }

  return {
    get list() {
      return entries.map((entry) => entry.info);
    },
    add,
    cancel: (id) => endAll(id),
    stop: (id) => endAll(id, "stopper"),
    on: emitter.on,
    dispose() {
      disposed = true;
      endAll();
      emitter.dispose();
    },
  };
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}

// Promise.withResolvers is younger than the browsers that we support.
function withResolvers<R>(): { promise: Promise<R>; resolve: (value: R) => void; reject: (reason: unknown) => void } {
  let resolve!: (value: R) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<R>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
