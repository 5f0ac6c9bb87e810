// Is this the backend that the kernels were written for? They work inside tfjs's own memory, so everything they rely on is
// looked at before, and on any doubt they step aside: stock kernels are slower, never wrong.

import { version_wasm } from "@tensorflow/tfjs-backend-wasm";
import type { WasmBackend } from "./heap.ts";

const expectedVersion = "4.22.0";

/** The backend's memory, or why the kernels cannot work in it. */
export type BackendLayout = { readonly memory: WebAssembly.Memory; readonly backend: WasmBackend } | { readonly reason: string };

/** Looks at version, shape and memory of a tfjs `wasm` backend. Never throws. */
export function inspectBackend(candidate: unknown, version: string = version_wasm): BackendLayout {
  if (version !== expectedVersion) return { reason: `tfjs-backend-wasm must be ${expectedVersion}; it is ${version}.` };
  const backend = candidate as Partial<WasmBackend> | null | undefined;
  const wasm = backend?.wasm;
  if (!backend || !wasm) return { reason: "The backend must be tfjs's WASM backend; it has no WASM module." };
  for (const name of ["makeOutput", "disposeData"] as const) {
    if (typeof backend[name] !== "function") return { reason: `The WASM backend must have "${name}"; it has not.` };
  }
  for (const name of ["_malloc", "_free"] as const) {
    if (typeof wasm[name] !== "function") return { reason: `The WASM module must have "${name}"; it has not.` };
  }
  const memory = wasm.asm?.memory;
  if (!(memory instanceof WebAssembly.Memory)) {
    return { reason: "The WASM module must export its memory; it does not (the threaded build keeps it)." };
  }
  if (typeof SharedArrayBuffer !== "undefined" && memory.buffer instanceof SharedArrayBuffer) {
    return { reason: "The WASM memory must not be shared; it is. Set WASM_HAS_MULTITHREAD_SUPPORT to false." };
  }
  try {
    return isZeroCopy(backend as WasmBackend, memory)
      ? { memory, backend: backend as WasmBackend }
      : { reason: "A tensor's numbers must lie at its memoryOffset; they do not." };
  } catch (error) {
    return { reason: `The WASM backend's layout could not be read: ${String(error)}` };
  }
}

// Writes into a tensor's memory from outside and reads it back through tfjs.
function isZeroCopy(backend: WasmBackend, memory: WebAssembly.Memory): boolean {
  const tensor = backend.makeOutput([4], "float32");
  try {
    const { memoryOffset, dtype } = backend.dataIdMap.get(tensor.dataId);
    if (typeof memoryOffset !== "number" || dtype !== "float32") return false;
    new Float32Array(memory.buffer, memoryOffset >>> 0, 4).set([1, -2, 0.5, 3]);
    const heap = new Float32Array(backend.wasm.HEAPU8.buffer, memoryOffset >>> 0, 4);
    return heap[0] === 1 && heap[1] === -2 && heap[2] === 0.5 && heap[3] === 3;
  } finally {
    backend.disposeData(tensor.dataId);
  }
}
