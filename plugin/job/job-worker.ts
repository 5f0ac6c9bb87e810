// The one job worker of a caller: started early, replaced with the next call when it died.

import type { Remote } from "comlink";
import { Problem } from "../../core/problem.ts";
import { loadAssets } from "../thread/assets.ts";
import { createBrowserSpawn } from "../thread/browser-worker.ts";
import type { Bundle, WorkerScript } from "../thread/bundle.ts";
import { untilAborted } from "../thread/until-aborted.ts";
import { type Connection, connect, type Greeter, startTimeoutMs } from "../thread/wire.ts";
import type { JobApi } from "./job-api.ts";

export type JobWorkerApi = JobApi & Greeter;

/** The job worker, started early and again when it died. */
export interface JobWorker {
  reach(): Promise<Connection<JobWorkerApi>>;
  ask<R>(call: (api: Remote<JobWorkerApi>) => Promise<R>): Promise<R>;
  dispose(): void;
}

/** Starts the worker. A failure is told by the first call. */
export function openJobWorker(bundle: Bundle): JobWorker {
  const { script, kept, release } = bundle.openScripts();
  // Read once, while the network is there; a worker that is replaced gets the same bytes.
  const assets = loadAssets(bundle.readFile);
  const life = new AbortController();
  let opened: Promise<Connection<JobWorkerApi>> | undefined;
  let connection: Connection<JobWorkerApi> | undefined;

  const spawn = (from: WorkerScript): Promise<Connection<JobWorkerApi>> =>
    connect<JobWorkerApi>(createBrowserSpawn(from), startTimeoutMs, life.signal);
  const start = async (): Promise<Connection<JobWorkerApi>> => {
    const started = await spawn(script).catch(async (error: unknown) => {
      // The network may be gone. The copy is the second choice, since it cannot load the readers that are loaded on demand.
      const copy = await kept.catch(() => script);
      if (life.signal.aborted || copy === script) throw error;
      return spawn(copy);
    });
    try {
      const options = { assets: await assets, script: await kept.catch(() => script), base: pageAddress(), models: bundle.models };
      await started.call((api) => api.start(options));
    } catch (error) {
      started.close();
      throw error;
    }
    connection = started;
    return started;
  };
  const reach = async (): Promise<Connection<JobWorkerApi>> => {
    life.signal.throwIfAborted();
    if (opened === undefined || connection?.isLost) {
      connection?.close(); // one that is lost may live on, and hold what the next one needs
      connection = undefined;
      const attempt = start();
      opened = attempt;
      attempt.catch(() => {
        if (opened === attempt) opened = undefined;
      });
    }
    return untilAborted(opened, life.signal);
  };
  void reach().catch(() => {}); // told by the first call
  return {
    reach,
    ask: async (call) => (await reach()).call(call),
    dispose() {
      life.abort(disposed());
      release();
    },
  };
}

/** Returns the base of relative addresses. */
export function pageAddress(): string | undefined {
  const { document, location } = globalThis as { document?: { readonly baseURI: string }; location?: { readonly href: string } };
  return document?.baseURI ?? location?.href;
}

function disposed(): Problem<"WorkerLost"> {
  return new Problem("WorkerLost", "Overtile must not be disposed before it is used; it was. Call activate() again.", {
    reason: "disposed",
  });
}
