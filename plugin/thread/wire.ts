// The wire between a thread and its worker, with the holes of comlink closed in one place: errors keep their kind and
// details, a worker that dies rejects what is pending, and the two ends compare protocol versions before anything else.

import { type Endpoint, type Remote, transferHandlers, wrap } from "comlink";
import { describeError, fromPlainProblem, type PlainProblem, Problem, toPlainProblem } from "../../core/problem.ts";
import type { ProtocolVersion } from "../contract.ts";

export const protocolVersion: ProtocolVersion = 1;

/** A worker, in a browser or in Node. */
export interface WorkerThread {
  readonly endpoint: Endpoint;
  /** Calls back once, when the worker fails to start or ends by itself. */
  onDeath(callback: (reason: string) => void): void;
  /** Called once the worker has answered: what can be watched only from then on. */
  onAlive?(callback: (reason: string) => void): void;
  terminate(): void;
}

export type SpawnWorker = () => WorkerThread;

/** The first answer of every worker. */
export interface Greeter {
  greet(): number | Promise<number>;
}

/** The other end of the wire. */
export interface Connection<Api> {
  /** Calls a method; rejects with Problem WorkerLost when the worker dies meanwhile. */
  call<R>(ask: (api: Remote<Api>) => Promise<R>): Promise<R>;
  readonly isLost: boolean;
  close(): void;
}

/**
 * Starts a worker and compares versions. `life`: when it is aborted the connection is closed, also while it starts. Throws Problem
 * WorkerLost within `timeoutMs`, ProtocolMismatch.
 */
export async function connect<Api extends Greeter>(
  spawn: SpawnWorker,
  timeoutMs = startTimeoutMs,
  life?: AbortSignal,
): Promise<Connection<Api>> {
  carryProblems();
  const worker = start(spawn);
  const api = wrap<Api>(worker.endpoint);
  let lost: Problem | undefined;
  const pending = new Set<(problem: Problem) => void>();
  const lose = (reason: string): void => {
    lost ??= new Problem(
      "WorkerLost",
      `The worker must stay alive; it ended (${reason}). Try again; if it happens again, use a smaller tile.`,
      { reason },
    );
    for (const reject of pending) reject(lost);
    pending.clear();
  };
  worker.onDeath(lose);

  const connection: Connection<Api> = {
    call: (ask) =>
      new Promise((resolve, reject) => {
        if (lost !== undefined) return reject(lost);
        pending.add(reject);
        ask(api)
          .then(resolve, reject)
          .finally(() => pending.delete(reject));
      }),
    get isLost() {
      return lost !== undefined;
    },
    close() {
      life?.removeEventListener("abort", connection.close);
      lose("it was closed");
      worker.terminate();
    },
  };
  life?.addEventListener("abort", connection.close);
  if (life?.aborted) connection.close();
  const late = setTimeout(() => lose(`it did not start within ${timeoutMs / 1000} s`), timeoutMs);
  try {
    const theirs = await connection.call((remote) => (remote as unknown as Remote<Greeter>).greet());
    if (theirs !== protocolVersion) {
      throw new Problem(
        "ProtocolMismatch",
        `Page and worker must speak protocol ${protocolVersion}; the worker speaks ${theirs}. Reload the page without its cache.`,
        {
          ours: protocolVersion,
          theirs,
        },
      );
    }
    worker.onAlive?.(lose);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

export const startTimeoutMs = 5000;

/** A worker, or Problem WorkerLost where the page's rules forbid one. */
function start(spawn: SpawnWorker): WorkerThread {
  try {
    return spawn();
  } catch (cause) {
    const reason = describeError(cause);
    throw new Problem(
      "WorkerLost",
      `A worker must be allowed to start; it was refused (${reason}). Allow "worker-src blob: 'self'" on this page.`,
      { reason },
      { cause },
    );
  }
}

type Thrown = { readonly isError: boolean; readonly value: unknown; readonly problem?: PlainProblem };

let carries = false;

/** Makes comlink carry Problems whole, and other errors with name and message. Both ends call it. */
export function carryProblems(): void {
  if (carries) return;
  carries = true;
  const stock = transferHandlers.get("throw")!;
  transferHandlers.set("throw", {
    canHandle: stock.canHandle,
    serialize(thrown: unknown) {
      const { value } = thrown as { value: unknown };
      if (value instanceof Problem) return [{ isError: true, value: undefined, problem: toPlainProblem(value) } satisfies Thrown, []];
      return stock.serialize(thrown);
    },
    deserialize(thrown: unknown) {
      const { problem } = thrown as Thrown;
      if (problem !== undefined) throw fromPlainProblem(problem);
      return stock.deserialize(thrown);
    },
  });
}
