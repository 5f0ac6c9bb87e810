// What a compute worker answers, and the crew of such workers that shares the tiles of an image or of a batch. A worker that
// dies is replaced and its tile is done again. Where no worker can be started, the work is done in this thread.

import { type Remote, transfer } from "comlink";
import type { BackendName, BackendTrial } from "../../core/engine/backend.ts";
import type { Example, ExampleGradient, Network, TileInput } from "../../core/engine/network.ts";
import { openUnit, type Unit } from "../../core/engine/unit.ts";
import { describeError, isProblem } from "../../core/problem.ts";
import type { UNetSpec } from "../../core/unet/spec.ts";
import { type AssetBytes, toBackendAssets } from "../thread/assets.ts";
import { type Connection, connect, type Greeter, protocolVersion, type SpawnWorker } from "../thread/wire.ts";

export interface ComputeOptions {
  readonly assets: AssetBytes;
  readonly backend: BackendName | "auto";
  /** Tried first where `backend` is auto. */
  readonly prefer?: BackendName | undefined;
  readonly useKernels: boolean;
  /** False: predictions keep no filters prepared between tiles, to save memory. */
  readonly keepFilters?: boolean;
}

/** Backend of a worker. */
export interface ComputeReport {
  /** "wasm (relaxed-simd kernels)" */
  readonly backend: string;
  readonly backendName: BackendName;
  readonly trials: readonly BackendTrial[];
}

/** The worker's side. Calls are numbered, so that one can be aborted while it runs. */
export interface ComputeApi extends Greeter {
  open(spec: UNetSpec, options: ComputeOptions): Promise<ComputeReport>;
  setWeights(weights: Float32Array): Promise<Answer<void>>;
  predict(call: number, tile: TileInput): Promise<Answer<Float32Array>>;
  gradient(call: number, example: Example, scale: number): Promise<Answer<ExampleGradient>>;
  abort(call: number): void;
}

/** Answer of a call, with a report where the backend has changed: a GPU was given up. */
interface Answer<R> {
  readonly value: R;
  readonly report?: ComputeReport;
}

export function createComputeApi(): ComputeApi {
  let unit: Unit | undefined;
  let told = "";
  const running = new Map<number, AbortController>();
  const answer = <R>(value: R): Answer<R> => {
    if (unit!.backend === told) return { value };
    told = unit!.backend;
    return { value, report: toReport(unit!) };
  };
  const run = async <R>(call: number, work: (unit: Unit, signal: AbortSignal) => Promise<R>): Promise<R> => {
    const controller = new AbortController();
    running.set(call, controller);
    try {
      return await work(unit!, controller.signal);
    } finally {
      running.delete(call);
    }
  };
  return {
    greet: () => protocolVersion,
    async open(spec, { assets, ...options }) {
      unit?.dispose();
      unit = await openUnit(spec, { assets: toBackendAssets(assets), ...options });
      told = unit.backend;
      return toReport(unit);
    },
    setWeights: async (weights) => answer(await unit!.setWeights(weights)),
    predict: (call, tile) =>
      run(call, async (open, signal) => {
        const logits = await open.predict(tile, signal);
        return transfer(answer(logits), [logits.buffer as ArrayBuffer]);
      }),
    gradient: (call, example, scale) =>
      run(call, async (open, signal) => {
        const result = await open.gradient(example, scale, signal);
        return transfer(answer(result), [result.gradient.buffer as ArrayBuffer]);
      }),
    abort: (call) => running.get(call)?.abort(),
  };
}

function toReport({ backend, backendName, trials }: Unit): ComputeReport {
  return { backend, backendName, trials };
}

/** Networks of one spec, one a worker. The report is of now: it changes where a GPU is given up. */
export interface Crew extends ComputeReport {
  readonly networks: readonly Network[];
  dispose(): void;
}

export interface CrewOptions extends ComputeOptions {
  readonly spec: UNetSpec;
  readonly count: number;
  /** Absent: compute in this thread. */
  readonly spawn?: SpawnWorker | undefined;
  readonly log?: ((line: string) => void) | undefined;
  /** Ends the opening. */
  readonly signal?: AbortSignal | undefined;
}

type Member = Network & ComputeReport;

/** Starts `count` workers, one where a GPU computes: it is shared anyway. Throws Problem NoBackend. */
export async function openCrew({ spec, count, spawn, log, signal, ...options }: CrewOptions): Promise<Crew> {
  signal?.throwIfAborted();
  if (spawn !== undefined) {
    const members: Member[] = [];
    const open = (more: Partial<ComputeOptions>): Promise<Member> => openMember(spec, spawn, { ...options, ...more }, { log, signal });
    try {
      members.push(await open({}));
      const { backendName } = members[0]!;
      const isGpu = backendName === "webgpu" || backendName === "webgl";
      // The same backend for all: their results are put together.
      const others = Array.from({ length: isGpu ? 0 : count - 1 }, () => open({ prefer: backendName }));
      members.push(...(await keepOpened(others)));
      signal?.throwIfAborted();
      return joinCrew(members, () => disposeAll(members));
    } catch (error) {
      disposeAll(members);
      signal?.throwIfAborted();
      if (!isProblem(error, "WorkerLost")) throw error;
      log?.(`No worker could be started (${describeError(error)}); computing in this thread.`);
    }
  }
  const release = await takeThread();
  try {
    const unit = await openUnit(spec, { ...options, assets: toBackendAssets(options.assets) });
    return joinCrew([unit], () => {
      unit.dispose();
      release();
    });
  } catch (error) {
    release();
    throw error;
  }
}

/** A crew that reports what its first member says now. */
function joinCrew(members: readonly Member[], dispose: () => void): Crew {
  const [first] = members as readonly [Member];
  return {
    get backend() {
      return first.backend;
    },
    get backendName() {
      return first.backendName;
    },
    get trials() {
      return first.trials;
    },
    networks: members,
    dispose,
  };
}

/** Those that could be opened; a machine that has room for fewer computes with fewer. */
async function keepOpened(members: readonly Promise<Member>[]): Promise<readonly Member[]> {
  const settled = await Promise.allSettled(members);
  return settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
}

let threadTaken: Promise<void> = Promise.resolve();

/** tfjs has one current backend a thread: who computes in this one waits until the one before has ended. */
async function takeThread(): Promise<() => void> {
  const before = threadTaken;
  let release!: () => void;
  threadTaken = new Promise((resolve) => {
    release = resolve;
  });
  await before;
  return release;
}

function disposeAll(members: readonly Pick<Member, "dispose">[]): void {
  for (const member of members) member.dispose();
}

// Several start at once, on a machine that may be busy.
const startTimeoutMs = 20_000;

// A tile that kills its worker again and again is not tried for ever.
const maxRestarts = 2;

/** A network in a worker. When the worker dies it is started again, with the last weights, and the call is made again. */
async function openMember(
  spec: UNetSpec,
  spawn: SpawnWorker,
  options: ComputeOptions,
  { log, signal }: Pick<CrewOptions, "log" | "signal">,
): Promise<Member> {
  const life = new AbortController();
  const end = (): void => life.abort();
  const start = async (): Promise<{ connection: Connection<ComputeApi>; report: ComputeReport }> => {
    const connection = await connect<ComputeApi>(spawn, startTimeoutMs, life.signal);
    try {
      return { connection, report: await connection.call((api) => api.open(spec, options)) };
    } catch (error) {
      connection.close();
      throw error;
    }
  };
  signal?.addEventListener("abort", end);
  let { connection, report } = await start().finally(() => signal?.removeEventListener("abort", end));
  let weights: Float32Array | undefined;
  let calls = 0;

  const take = <R>({ value, report: changed }: Answer<R>): R => {
    if (changed !== undefined) {
      const reason = changed.trials.find(({ backend }) => backend === report.backendName)?.reason ?? "it failed";
      log?.(`${report.backend} computes no more (${reason}); going on with ${changed.backend}.`);
      report = changed;
    }
    return value;
  };

  const insist = async <R>(ask: (api: Remote<ComputeApi>) => Promise<Answer<R>>): Promise<R> => {
    for (let restarts = 0; ; restarts++) {
      try {
        return take(await connection.call(ask));
      } catch (error) {
        if (!connection.isLost || life.signal.aborted || restarts === maxRestarts) throw error;
        connection.close();
        ({ connection, report } = await start());
        if (weights !== undefined) take(await connection.call((api) => api.setWeights(weights!)));
      }
    }
  };

  const abortable = async <R>(
    signal: AbortSignal | undefined,
    ask: (api: Remote<ComputeApi>, call: number) => Promise<Answer<R>>,
  ): Promise<R> => {
    signal?.throwIfAborted();
    const call = calls++;
    const abort = (): void => void connection.call((api) => api.abort(call)).catch(() => {});
    signal?.addEventListener("abort", abort);
    try {
      return await insist((api) => ask(api, call));
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  };

  return {
    get backend() {
      return report.backend;
    },
    get backendName() {
      return report.backendName;
    },
    get trials() {
      return report.trials;
    },
    async setWeights(values) {
      weights = values;
      await insist((api) => api.setWeights(values));
    },
    predict: (tile, signal) => abortable(signal, (api, call) => api.predict(call, tile)),
    gradient: (example, scale, signal) => abortable(signal, (api, call) => api.gradient(call, example, scale)),
    dispose: end,
  };
}
