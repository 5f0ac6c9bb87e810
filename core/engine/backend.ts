// Which tfjs backend computes, and why. Candidates are tried in order; each must answer a small network whose result is
// known (probe.ts) before it is trusted. Software adapters rank below wasm (adapters.ts). What was tried and why it was passed over is a value that a user can copy.
// tfjs keeps one current backend a thread, so a thread has at most one open Backend.

import { enableProdMode, engine, findBackendFactory, memory, registerBackend, removeBackend, setBackend } from "@tensorflow/tfjs-core";
import type { KernelReport } from "../kernel/register.ts";
import { describeError, Problem } from "../problem.ts";
import { inspectAdapter } from "./adapters.ts";
import { createFailureWatch, type FailureWatch } from "./failure.ts";
import { probeBackend } from "./probe.ts";
import { type BackendAssets, startWasm } from "./start-wasm.ts";
import { startWebGl } from "./start-webgl.ts";
import { startWebGpu } from "./start-webgpu.ts";

export type BackendName = "webgpu" | "webgl" | "wasm" | "cpu";

export interface OpenBackendOptions {
  readonly assets: BackendAssets;
  /** One backend, or `auto`: the first of the order that can be trusted. */
  readonly backend?: BackendName | "auto";
  /** Tried before the others of the order: what was found to be the fastest here. */
  readonly prefer?: BackendName | undefined;
  /** Not tried again, with the reason: they failed while they were used. */
  readonly failed?: ReadonlyMap<BackendName, string>;
  /** False: leave our kernels out, to compare. */
  readonly useKernels?: boolean;
}

/** Outcome of one candidate. */
export interface BackendTrial {
  readonly backend: BackendName;
  readonly chosen: boolean;
  readonly reason: string;
}

export interface Backend {
  readonly name: BackendName;
  /** `name` with the build of our kernels: "wasm (relaxed-simd kernels)". */
  readonly title: string;
  readonly trials: readonly BackendTrial[];
  /** Bytes of tensors now. */
  tensorBytes(): number;
  /** Tensors now: what tests of leaks look at. */
  tensorCount(): number;
  /** Bytes of the WASM heap, which never shrinks; undefined on other backends. */
  heapBytes(): number | undefined;
  /** Our kernels, where they are registered: they keep prepared filters from now on, or keep none. */
  keepFilters(on: boolean): void;
  /** What a GPU tells late: its loss. */
  readonly watch: FailureWatch;
  /** Ends the backend and frees its memory. */
  dispose(): void;
}

/** Opens the first backend that answers the probe rightly. Throws Problem NoBackend with what was tried. */
export async function openBackend(options: OpenBackendOptions): Promise<Backend> {
  const { assets, backend = "auto", useKernels = true } = options;
  const trials: BackendTrial[] = [];
  enableProdMode(); // no advertisement on the console, no checks after every op
  for (const name of backend === "auto" ? await rankBackends(options, trials) : [backend]) {
    let started: Started | undefined;
    try {
      started = await startBackend(name, assets, useKernels);
      await probeBackend(backend === "auto" ? undefined : patienceMs);
      const { title, kernels } = started;
      trials.push({ backend: name, chosen: true, reason: kernels?.reason ?? title });
      return createBackend(name, started, trials);
    } catch (error) {
      trials.push({ backend: name, chosen: false, reason: started?.watch.reason() ?? describeError(error) });
      closeBackend(name);
      started?.dispose();
    }
  }
  const tried = trials.map((trial) => `${trial.backend}: ${trial.reason}`).join("; ");
  throw new Problem(
    "NoBackend",
    `A backend that computes rightly is needed; none was found (${tried}). ${inBrowser() ? 'Try another browser, or backend "cpu".' : 'Try "backend" cpu.'}`,
    {
      tried: trials,
    },
  );
}

// Who asks for one backend by name waits longer for it than `auto` does: its shaders may take their time to compile.
const patienceMs = 30_000;

/** Backends that `auto` tries, in order; those left out go into `trials`. */
async function rankBackends({ prefer, failed = new Map() }: OpenBackendOptions, trials: BackendTrial[]): Promise<readonly BackendName[]> {
  const passOver = (backend: BackendName, reason: string): void => void trials.push({ backend, chosen: false, reason });
  const software: BackendName[] = [];
  const hardware: BackendName[] = [];
  for (const backend of inBrowser() ? (["webgpu", "webgl"] as const) : []) {
    const reason = failed.get(backend);
    if (reason !== undefined) {
      passOver(backend, reason);
      continue;
    }
    const found = await inspectAdapter(backend);
    if ("reason" in found) passOver(backend, found.reason);
    else if (found.isSoftware) {
      software.push(backend);
      passOver(backend, `${found.title} is a software adapter, which ranks below wasm`);
    } else hardware.push(backend);
  }
  // Software adapters last: they compile for seconds what plain JavaScript has done by then.
  const order: BackendName[] = [...hardware, "wasm", "cpu", ...software];
  return prefer !== undefined && order.includes(prefer) ? [prefer, ...order.filter((name) => name !== prefer)] : order;
}

function inBrowser(): boolean {
  return typeof navigator !== "undefined" && !("process" in globalThis);
}

/** Ends the backend's instance, which frees its memory, but leaves its factory, so that it can be opened again. */
function closeBackend(name: BackendName): void {
  const factory = findBackendFactory(name);
  if (factory === undefined || factory === null) return;
  removeBackend(name);
  registerBackend(name, factory);
}

/** A backend that runs and is not yet trusted. */
interface Started {
  /** Its name, with the build of our kernels. */
  readonly title: string;
  readonly kernels?: KernelReport | undefined;
  readonly watch: FailureWatch;
  dispose(): void;
}

/** Makes `name` the current backend. */
async function startBackend(name: BackendName, assets: BackendAssets, useKernels: boolean): Promise<Started> {
  switch (name) {
    case "webgpu":
      return { title: name, ...(await startWebGpu()) };
    case "webgl":
      return { title: name, ...(await startWebGl()) };
    case "wasm": {
      const kernels = await startWasm(assets, useKernels);
      const title = kernels?.active ? `wasm (${kernels.build} kernels)` : "wasm (stock kernels)";
      return { title, kernels, watch: createFailureWatch(), dispose: () => kernels?.unregister() };
    }
    case "cpu":
      await import("@tensorflow/tfjs-backend-cpu");
      if (!(await setBackend(name))) throw new Error("it could not be started here");
      return { title: name, watch: createFailureWatch(), dispose: () => {} };
  }
}

function createBackend(name: BackendName, { title, kernels, watch, dispose }: Started, trials: readonly BackendTrial[]): Backend {
  return {
    name,
    title,
    trials,
    watch,
    tensorBytes: () => memory().numBytes,
    tensorCount: () => memory().numTensors,
    heapBytes: () => (name === "wasm" ? wasmHeapBytes() : undefined),
    keepFilters: (on) => kernels?.keepFilters(on),
    dispose() {
      if (name === "wasm") dispose(); // our kernels go before the heap that they live in
      closeBackend(name);
      if (name !== "wasm") dispose();
    },
  };
}

function wasmHeapBytes(): number {
  const { wasm } = engine().backend as unknown as { wasm: { HEAPU8: Uint8Array } };
  return wasm.HEAPU8.length;
}
