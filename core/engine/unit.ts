// A compute unit: one thread's backend with one network on it. It keeps the CPU's copy of the weights, so that it can begin
// again on a fresh backend: an exhausted heap kills a WASM instance for good, a GPU can be lost at any time. A GPU backend that
// fails twice is given up for the next one. What runs in every worker is one of these.

import { joinSignals } from "../job.ts";
import { describeError, isProblem, Problem } from "../problem.ts";
import type { UNetSpec } from "../unet/spec.ts";
import { type Backend, type BackendName, type BackendTrial, type OpenBackendOptions, openBackend } from "./backend.ts";
import { createNetwork, type Network } from "./network.ts";

export interface Unit extends Network {
  /** "wasm (relaxed-simd kernels)" */
  readonly backend: string;
  readonly backendName: BackendName;
  readonly trials: readonly BackendTrial[];
  /** Bytes of the WASM heap, which never shrinks; undefined on other backends. */
  heapBytes(): number | undefined;
}

// Once may be a driver that was updated; twice is a GPU that cannot do it.
const allowedFailures = 2;

type Ask<R> = (signal: AbortSignal) => Promise<R>;

const longestLayerMs = 2000;

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Opens a backend and puts a network of `spec` on it. Throws Problem NoBackend. */
export async function openUnit(spec: UNetSpec, options: OpenBackendOptions): Promise<Unit> {
  const failures = new Map<BackendName, number>();
  const failed = new Map<BackendName, string>(options.failed);
  let backend = await openBackend(options);
  let network = createNetwork(spec, backend);
  let weights: Float32Array | undefined;

  const restart = async (): Promise<void> => {
    backend.dispose();
    backend = await reopen({ ...options, failed });
    network = createNetwork(spec, backend);
    if (weights !== undefined) await network.setWeights(weights);
  };

  /** The error as a reason to begin again on a fresh backend; undefined where it is none. */
  const findFailure = (error: unknown, signal: AbortSignal | undefined): string | undefined => {
    if (signal?.aborted || isProblem(error)) return undefined;
    const isGpu = backend.name === "webgpu" || backend.name === "webgl";
    // On a GPU everything may be the trace of its loss: textures that are too large, shaders that do not compile, lost maps.
    return isGpu || isExhaustion(error) ? (backend.watch.reason() ?? describeError(error)) : undefined;
  };

  /** Runs `ask` and distrusts what a lost GPU answers. When it fails nothing of it runs on: tfjs would let it start backends of its choice. */
  const attempt = async <R>(ask: Ask<R>, signal: AbortSignal | undefined): Promise<R> => {
    const failure = new AbortController();
    const either = joinSignals(signal, failure.signal);
    const asked = ask(either.signal);
    try {
      const result = await Promise.race([asked, backend.watch.failed]);
      const reason = backend.watch.reason();
      if (reason !== undefined) throw new Error(reason);
      return result;
    } catch (error) {
      failure.abort();
      // Reads from a lost GPU may never answer; who waits for one computes no more.
      await Promise.race([asked.catch(() => {}), delay(longestLayerMs)]);
      throw error;
    } finally {
      either.release();
    }
  };

  /** Runs `ask`; when the backend died of it, makes a new one. What can be made smaller is then refused, so that it is. */
  const guard = async <R>(ask: Ask<R>, { signal, canShrink }: { signal?: AbortSignal | undefined; canShrink: boolean }): Promise<R> => {
    for (;;) {
      try {
        return await attempt(ask, signal);
      } catch (error) {
        const reason = findFailure(error, signal);
        if (reason === undefined) throw error;
        const { name } = backend;
        const count = (failures.get(name) ?? 0) + 1;
        failures.set(name, count);
        const isGivenUp = count >= allowedFailures && name !== "wasm" && name !== "cpu" && options.backend === "auto";
        if (isGivenUp) failed.set(name, `given up: ${reason}`);
        await restart();
        const mayRepeat = isGivenUp || (!canShrink && name !== "wasm" && count < allowedFailures);
        if (!mayRepeat) {
          const message = `The network needed more than ${name} has here (${reason}). Use a smaller tile.`;
          throw new Problem("OutOfMemory", message, {}, { cause: error });
        }
      }
    }
  };

  return {
    get backend() {
      return backend.title;
    },
    get backendName() {
      return backend.name;
    },
    get trials() {
      return backend.trials;
    },
    heapBytes: () => backend.heapBytes(),
    async setWeights(values) {
      weights = values;
      await guard(() => network.setWeights(values), { canShrink: false });
    },
    predict: (tile, signal) => guard((either) => network.predict(tile, either), { signal, canShrink: true }),
    gradient: (example, scale, signal) => guard((either) => network.gradient(example, scale, either), { signal, canShrink: false }),
    dispose() {
      network.dispose();
      backend.dispose();
    },
  };
}

/** Opens a backend again. A GPU that was asked for by name gets time to come back: its driver or process starts anew. */
async function reopen(options: OpenBackendOptions): Promise<Backend> {
  const isGpu = options.backend === "webgpu" || options.backend === "webgl";
  for (let triesLeft = isGpu ? 3 : 0; ; triesLeft--) {
    try {
      return await openBackend(options);
    } catch (error) {
      if (triesLeft === 0) throw error;
      await delay(1000);
    }
  }
}

/** True for what an exhausted WASM heap throws: "Aborted()", "memory access out of bounds", a failed allocation. */
function isExhaustion(error: unknown): boolean {
  if (isProblem(error)) return false;
  if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return true;
  return error instanceof Error && /abort\(|aborted\(|out of memory|out of bounds/i.test(error.message);
}
