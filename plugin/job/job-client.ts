// The jobs of one caller: each with a name to cancel it by, its own line to the worker, and its inputs packed.

import { type Remote, transfer } from "comlink";
import type { Context, Parameters } from "../contract.ts";
import { untilAborted } from "../thread/until-aborted.ts";
import type { Packing } from "./inputs.ts";
import type { JobOrder } from "./job-api.ts";
import { openLine } from "./job-line.ts";
import { type JobWorker, type JobWorkerApi, pageAddress } from "./job-worker.ts";

// A job that was cancelled ends within a layer; its caller waits for no longer than this, whatever it hangs on.
const graceMs = 700;
// The next one waits for its end, since it still holds its name and the machine; but not for one that hangs.
const longestEndMs = 10_000;

/** Packs the inputs, before anything is awaited, and returns what asks the worker. */
export type PackJob<R> = (packing: Packing) => (api: Remote<JobWorkerApi>, order: JobOrder) => Promise<R>;

export interface JobClient {
  run<R>(parameters: Parameters, context: Context, pack: PackJob<R>): Promise<R>;
  /** Ends the jobs of that name, or all. */
  cancel(job?: string): void;
}

export function createJobClient(worker: JobWorker): JobClient {
  const jobs = new Map<string, Set<AbortController>>();
  /** Ends of the cancelled jobs. */
  const ends = new Set<Promise<void>>();
  const base = pageAddress();
  let count = 0;

  const follow = <R>(asked: Promise<R>, signal: AbortSignal): Promise<R> => {
    const ignore = (): void => {};
    signal.addEventListener("abort", () => {
      const end = Promise.race([asked.then(ignore, ignore), delay(longestEndMs)]);
      ends.add(end);
      void end.then(() => ends.delete(end));
    });
    return untilAborted(asked, signal, graceMs);
  };

  const enter = (job: string, controller: AbortController): (() => void) => {
    const named = jobs.get(job) ?? new Set();
    jobs.set(job, named.add(controller));
    return () => {
      named.delete(controller);
      if (named.size === 0) jobs.delete(job);
    };
  };

  return {
    async run(parameters, context, pack) {
      const { signal } = context;
      signal?.throwIfAborted();
      const job = context.job ?? `overtile-${++count}`;
      const controller = new AbortController();
      const abort = (): void => controller.abort(signal?.reason);
      const packing: Packing = { base, transfer: context.transfer === true, transfers: [] };
      const ask = pack(packing);
      const leave = enter(job, controller);
      signal?.addEventListener("abort", abort);
      const line = openLine({ ...context, signal: controller.signal });
      const { slide } = context;
      const order = transfer({ job, parameters: { ...parameters }, port: line.port, ...(slide && { slide }) }, [
        line.port,
        ...packing.transfers,
      ]);
      try {
        const connection = await untilAborted(worker.reach(), controller.signal);
        await untilAborted(Promise.all(ends), controller.signal);
        return await follow(
          connection.call((api) => ask(api, order)),
          controller.signal,
        );
      } catch (error) {
        controller.signal.throwIfAborted();
        throw error;
      } finally {
        line.close();
        signal?.removeEventListener("abort", abort);
        leave();
      }
    },
    cancel(job) {
      const chosen = job === undefined ? [...jobs.values()] : [jobs.get(job) ?? new Set<AbortController>()];
      for (const controllers of chosen) for (const controller of controllers) controller.abort();
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
