// Counts what is allocated in tfjs's WASM memory, by watching malloc and free: the heap itself grows in steps and never shrinks.

import { engine } from "@tensorflow/tfjs-core";

interface Allocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

export interface AllocationWatch {
  /** Most bytes allocated at one time since the watch began, or since `reset`. */
  peakBytes(): number;
  reset(): void;
  stop(): void;
}

/** Watches the current `wasm` backend. What was allocated before is not counted. */
export function watchAllocations(): AllocationWatch {
  const { wasm } = engine().backend as unknown as { wasm: Allocator };
  const { _malloc: malloc, _free: free } = wasm;
  const sizes = new Map<number, number>();
  let live = 0;
  let peak = 0;
  wasm._malloc = (bytes) => {
    const address = malloc(bytes) >>> 0;
    sizes.set(address, bytes);
    live += bytes;
    peak = Math.max(peak, live);
    return address;
  };
  wasm._free = (address) => {
    live -= sizes.get(address >>> 0) ?? 0;
    sizes.delete(address >>> 0);
    free(address);
  };
  return {
    peakBytes: () => peak,
    reset: () => {
      peak = live;
    },
    stop: () => {
      wasm._malloc = malloc;
      wasm._free = free;
    },
  };
}
