// Puts our SIMD kernels under tfjs: they replace some of the `wasm` backend's kernels and add the backward ones that it has not.
// They work zero-copy in tfjs's own memory. What a kernel does not cover goes to the stock one; what is not as expected makes
// all of them step aside, with the reason in the report. Read kernels.ts next; the definition of every kernel is oracle.ts.

import { getKernel, type KernelConfig, type KernelFunc, registerKernel, unregisterKernel } from "@tensorflow/tfjs-core";
import { inspectBackend } from "./backend.ts";
import { createFilterCache } from "./filter-cache.ts";
import { createHeap, type KernelContext } from "./heap.ts";
import { type Attributes, type Inputs, ourKernels } from "./kernels.ts";
import { createKernelCalls, recordBytes } from "./records.ts";

export type KernelBuild = "relaxed-simd" | "simd";

/** Needed to register: a tfjs `wasm` backend, and the bytes of the two WASM files. */
export interface RegisterOptions {
  readonly backend: unknown;
  readonly bytes: { readonly simd: BufferSource; readonly relaxedSimd: BufferSource };
  /** Only this build; otherwise the relaxed one where WebAssembly.validate takes it. */
  readonly build?: KernelBuild;
  /** Keep prepared filters until their tensors go (default). Switch off while training: `keepFilters(false)`. */
  readonly keepFilters?: boolean;
}

/** Outcome of registering. When `active` is false nothing was changed and `reason` says why. */
export interface KernelReport {
  readonly active: boolean;
  readonly build?: KernelBuild;
  readonly kernels: readonly string[];
  readonly reason?: string;
  /** Bytes of prepared filters that are kept now. */
  filterCacheBytes(): number;
  /** Frees all prepared filters; they are made again when needed. */
  dropFilterCache(): void;
  /** Keeps prepared filters from now on (true), or drops them and keeps none (false). */
  keepFilters(on: boolean): void;
  /** Puts the stock kernels back. Safe on a dead backend, and a second time. */
  unregister(): void;
}

const backendName = "wasm";
let current: KernelReport | undefined;

/** Registers the kernels on `backend`; an earlier registration is taken back first. Never rejects for what it finds: see `reason`. */
export async function registerKernels({ backend, bytes, build, keepFilters = true }: RegisterOptions): Promise<KernelReport> {
  current?.unregister();
  const layout = inspectBackend(backend);
  if ("reason" in layout) return inactive(layout.reason);
  const chosen = build ?? (WebAssembly.validate(bytes.relaxedSimd) ? "relaxed-simd" : "simd");
  let instance: WebAssembly.Instance;
  try {
    const module = await WebAssembly.compile(chosen === "simd" ? bytes.simd : bytes.relaxedSimd);
    instance = await WebAssembly.instantiate(module, { env: { memory: layout.memory } });
  } catch (error) {
    return inactive(`The "${chosen}" kernels could not be loaded: ${String(error)}`);
  }
  const { wasm } = layout.backend;
  const heap = createHeap(layout.backend, () => filters.drop());
  const filters = createFilterCache(heap, ({ base }) => wasm._free(base), keepFilters);
  try {
    const argumentBlock = heap.allocate(recordBytes);
    const calls = createKernelCalls(instance, layout.memory, argumentBlock.address);
    const stopWatching = watchDisposal(layout.backend, filters.forget);
    const kernels = createKernels({ heap, calls, filters }, backend);
    const restore = replaceKernels(kernels);
    const report: KernelReport = {
      active: true,
      build: chosen,
      kernels: kernels.map((kernel) => kernel.kernelName),
      filterCacheBytes: filters.bytes,
      dropFilterCache: () => void filters.drop(),
      keepFilters: filters.keep,
      unregister() {
        if (current !== report) return;
        current = undefined;
        restore();
        stopWatching();
        try {
          filters.drop();
          wasm._free(argumentBlock.base);
        } catch {
          // A backend that died took its heap with it.
        }
      },
    };
    current = report;
    return report;
  } catch (error) {
    return inactive(String(error));
  }
}

/** Puts the stock kernels back, whoever registered. */
export function unregisterKernels(): void {
  current?.unregister();
}

function inactive(reason: string): KernelReport {
  const nothing = (): void => {};
  return {
    active: false,
    kernels: [],
    reason,
    filterCacheBytes: () => 0,
    dropFilterCache: nothing,
    keepFilters: nothing,
    unregister: nothing,
  };
}

// Calls `forget` with each data id that the backend really frees. Returns what ends it.
function watchDisposal(backend: { disposeData(dataId: object, force?: boolean): boolean }, forget: (dataId: object) => void): () => void {
  const dispose = backend.disposeData;
  backend.disposeData = (dataId, force) => {
    const freed = dispose.call(backend, dataId, force);
    if (freed) forget(dataId);
    return freed;
  };
  return () => {
    Reflect.deleteProperty(backend, "disposeData");
  };
}

interface BoundKernel {
  readonly kernelName: string;
  createKernelFunc(stock: KernelConfig | undefined): KernelFunc;
}

function createKernels(context: KernelContext, backend: unknown): BoundKernel[] {
  return ourKernels(context).map(({ kernelName, run }) => ({
    kernelName,
    createKernelFunc: (stock) => (params) => {
      if (params.backend === backend) {
        const outputs = context.heap.withOutputs(() => run(params.inputs as Inputs, (params.attrs ?? {}) as Attributes));
        if (outputs !== undefined) return outputs;
      }
      if (stock) return stock.kernelFunc(params);
      throw new Error(`"${kernelName}" must get float32 tensors of fitting shapes on the backend it was registered for; it did not.`);
    },
  }));
}

function replaceKernels(kernels: readonly BoundKernel[]): () => void {
  const stocks = kernels.map(({ kernelName, createKernelFunc }) => {
    const stock = getKernel(kernelName, backendName);
    if (stock) unregisterKernel(kernelName, backendName);
    registerKernel({ ...stock, kernelName, backendName, kernelFunc: createKernelFunc(stock) });
    return { kernelName, stock };
  });
  return () => {
    for (const { kernelName, stock } of stocks) {
      unregisterKernel(kernelName, backendName);
      if (stock) registerKernel(stock);
    }
  };
}
