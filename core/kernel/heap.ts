// tfjs's WASM heap as the kernels see it: where tensors lie, new outputs, and scratch that is freed when its work is done.
// An exhausted heap is noticed here (malloc answers 0) before anything is written to address 0; prepared filters go first then.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import { Problem } from "../problem.ts";
import type { KernelCalls } from "./records.ts";

/** The part of tfjs-backend-wasm 4.22.0 that the kernels use; `findLayoutProblem` in backend.ts checks it. */
export interface WasmBackend {
  readonly wasm: {
    readonly asm?: { readonly memory?: unknown };
    readonly HEAPU8: Uint8Array;
    _malloc(bytes: number): number;
    _free(address: number): void;
  };
  readonly dataIdMap: {
    get(dataId: object): { readonly memoryOffset: number; readonly dtype: string };
    has(dataId: object): boolean;
  };
  makeOutput(shape: number[], dtype: "float32"): TensorInfo;
  disposeData(dataId: object, force?: boolean): boolean;
}

/** Everything that a kernel works with: the WASM calls, the heap, and the cache of prepared filters. */
export interface KernelContext {
  readonly calls: KernelCalls;
  readonly heap: Heap;
  readonly filters: FilterStore;
}

/** Prepared filters, kept by the data id of the filter they were made from. */
export interface FilterStore {
  /** Runs `use` with the address of the prepared filter: a kept one, or one that `prepare` writes; freed afterwards if it is not kept. */
  withPrepared<R>(filter: TensorInfo, form: string, bytes: number, prepare: (address: number) => void, use: (address: number) => R): R;
  /** True when the next `withPrepared` would keep, or has kept, this form of the filter. */
  keeps(filter: TensorInfo, form: string): boolean;
}

export interface Heap {
  /** The tensor's address: unsigned, so above 2 GiB too. */
  addressOf(tensor: TensorInfo): number;
  /** A new float32 tensor, its content undefined. Throws Problem OutOfMemory. */
  createOutput(shape: readonly number[]): TensorInfo;
  /** Runs `run`; when it throws, the outputs that it made are freed. */
  withOutputs<R>(run: () => R): R;
  /** Memory of `bytes`, aligned to cache lines. Throws Problem OutOfMemory. */
  allocate(bytes: number): Allocation;
  /** Runs `use` with one address for each of `sizes` (bytes), aligned to cache lines, and frees them. */
  withScratch<R>(sizes: readonly number[], use: (...addresses: number[]) => R): R;
}

/** Memory from malloc: `address` is aligned, `base` is what free wants. */
export interface Allocation {
  readonly base: number;
  readonly address: number;
  readonly bytes: number;
}

const lineBytes = 64;

/** `bytes` rounded up to whole cache lines. */
export function toLines(bytes: number): number {
  return Math.ceil(bytes / lineBytes) * lineBytes;
}

/** The heap of a backend whose layout was checked. `reclaim`: frees what can be spared when it is exhausted; false where nothing can. */
export function createHeap(backend: WasmBackend, reclaim: () => boolean = () => false): Heap {
  const addressOf = (tensor: TensorInfo): number => backend.dataIdMap.get(tensor.dataId).memoryOffset >>> 0;
  const allocate = (bytes: number): Allocation => {
    const base = backend.wasm._malloc(bytes + lineBytes) >>> 0;
    if (base !== 0) return { base, address: toLines(base), bytes };
    if (!reclaim()) throw exhausted(bytes);
    return allocate(bytes);
  };
  let outputs: TensorInfo[] = [];
  const createOutput = (shape: readonly number[]): TensorInfo => {
    const tensor = backend.makeOutput([...shape], "float32");
    const bytes = 4 * shape.reduce((product, side) => product * side, 1);
    if (addressOf(tensor) !== 0 || bytes === 0) {
      outputs.push(tensor);
      return tensor;
    }
    backend.disposeData(tensor.dataId);
    if (!reclaim()) throw exhausted(bytes);
    return createOutput(shape);
  };
  return {
    addressOf,
    withOutputs(run) {
      try {
        return run();
      } catch (error) {
        for (const tensor of outputs) backend.disposeData(tensor.dataId);
        throw error;
      } finally {
        outputs = [];
      }
    },
    createOutput,
    allocate,
    withScratch(sizes, use) {
      const { base, address } = allocate(sizes.reduce((sum, bytes) => sum + toLines(bytes), 0));
      let next = address;
      const addresses = sizes.map((bytes) => {
        const start = next;
        next += toLines(bytes);
        return start;
      });
      try {
        return use(...addresses);
      } finally {
        backend.wasm._free(base);
      }
    },
  };
}

function exhausted(bytes: number): Problem {
  return new Problem(
    "OutOfMemory",
    `The WASM heap must hold ${Math.ceil(bytes / 2 ** 20)} MiB more; it is exhausted. Use a smaller tile, or fewer features.`,
    { neededBytes: bytes },
  );
}
