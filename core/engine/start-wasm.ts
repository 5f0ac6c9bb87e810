// tfjs's wasm backend, from bytes, with our kernels under it. Nothing is fetched.

import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { engine, env, setBackend } from "@tensorflow/tfjs-core";
import { type KernelReport, registerKernels } from "../kernel/register.ts";

/** Files that the backends need, as bytes: the caller knows where they are. */
export interface BackendAssets {
  /** tfjs-backend-wasm-simd.wasm */
  tfjsWasm(): Promise<Uint8Array>;
  /** Our kernels in their two builds; absent: stock ops only. */
  kernels?(): Promise<{ readonly simd: Uint8Array<ArrayBuffer>; readonly relaxedSimd: Uint8Array<ArrayBuffer> }>;
}

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
  const watch = watchInstantiation(bytes.byteLength);
  try {
    if (!(await Promise.race([setBackend("wasm"), watch.failed]))) throw new Error("WebAssembly SIMD could not be started here");
  } finally {
    watch.restore();
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
  // What tfjs asks of a response, and no more: Node's own Response starts another WASM, which little memory may not bear.
  const response = { ok: true, arrayBuffer: async () => bytes.slice().buffer } as unknown as Response;
  platform.fetch = async (path, init) => (path === address ? response : original(path, init));
  return () => {
    platform.fetch = original;
  };
}

/** tfjs waits for ever for WASM that cannot be instantiated, where memory is limited, and nobody catches why: this tells it. */
function watchInstantiation(bytes: number): { readonly failed: Promise<never>; restore(): void } {
  const original = WebAssembly.instantiate;
  let restore = (): void => {};
  const failed = new Promise<never>((_, reject) => {
    const instantiate = (source: BufferSource | WebAssembly.Module, imports?: WebAssembly.Imports): Promise<unknown> => {
      const result: Promise<unknown> = original(source as BufferSource, imports);
      const isOurs = "byteLength" in source && source.byteLength === bytes;
      return isOurs ? new Promise((resolve) => result.then(resolve, reject)) : result;
    };
    WebAssembly.instantiate = instantiate as typeof original;
    restore = () => {
      WebAssembly.instantiate = original;
    };
  });
  failed.catch(() => {}); // told where it is raced
  return { failed, restore };
}

/** Throws when a file that should be WebAssembly is something else, for instance a page that says "not found". */
function assertWasm(bytes: Uint8Array, file: string): void {
  const magic = [0x00, 0x61, 0x73, 0x6d];
  if (magic.every((byte, i) => bytes[i] === byte)) return;
  const start = new TextDecoder().decode(bytes.subarray(0, 15));
  throw new Error(`${file} is not WebAssembly (it begins with ${JSON.stringify(start)}); the server may answer a page in its place`);
}
