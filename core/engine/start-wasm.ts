// tfjs's wasm backend, from bytes, with our kernels under it. Nothing is fetched.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { engine, env, setBackend } from "@tensorflow/tfjs-core";
import { type KernelReport, registerKernels } from "../kernel/register.ts";
import type { BackendAssets } from "./backend.ts";

/** Makes wasm the current backend; returns what became of our kernels where they were wanted. */
export async function startWasm(assets: BackendAssets, useKernels: boolean): Promise<KernelReport | undefined> {
  const bytes = await assets.tfjsWasm();
  assertWasm(bytes, "tfjs-backend-wasm-simd.wasm");
  // In a cross-origin isolated page tfjs would load its threaded build, whose memory our kernels cannot reach.
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths(
    {
      "tfjs-backend-wasm.wasm": wasmAddress,
      "tfjs-backend-wasm-simd.wasm": wasmAddress,
      "tfjs-backend-wasm-threaded-simd.wasm": wasmAddress,
    },
    true,
  );
  const restore = answerFetch(wasmAddress, bytes);
  try {
    if (!(await setBackend("wasm"))) throw new Error("WebAssembly SIMD could not be started here");
  } finally {
    restore();
  }
  if (!useKernels || assets.kernels === undefined) return undefined;
  return registerKernels({ backend: engine().backend, bytes: await assets.kernels() });
}

const wasmAddress = "overtile:tfjs-backend-wasm-simd.wasm";

/** tfjs wants an address for its WASM; this answers the address with bytes, so that nothing is fetched. */
function answerFetch(address: string, bytes: Uint8Array): () => void {
  const platform = env().platform;
  const original = platform.fetch.bind(platform);
  platform.fetch = async (path, init) => (path === address ? new Response(bytes as Uint8Array<ArrayBuffer>) : original(path, init));
  return () => {
    platform.fetch = original;
  };
}

/** Throws when a file that should be WebAssembly is something else, for instance a page that says "not found". */
function assertWasm(bytes: Uint8Array, file: string): void {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  if (magic.every((byte, i) => bytes[i] === byte)) return;
  const start = new TextDecoder().decode(bytes.subarray(0, 15));
  throw new Error(`${file} is not WebAssembly (it begins with ${JSON.stringify(start)}); the server may answer a page in its place`);
}
