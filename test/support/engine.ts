// Opens a backend in a test, from the files in node_modules and build/.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import { type Backend, type BackendName, openBackend } from "../../core/engine/backend.ts";
import type { BackendAssets } from "../../core/engine/start-wasm.ts";
import type { KernelBuild } from "../../core/kernel/register.ts";
import { buildKernel, kernelFile } from "../../tools/build-kernel.mjs";

const require = createRequire(import.meta.url);
const tfjsWasm = require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm");

// Node 20 has relaxed SIMD behind this flag.
setFlagsFromString("--experimental-wasm-relaxed-simd");

export const testAssets: BackendAssets = {
  tfjsWasm: async () => new Uint8Array(await readFile(tfjsWasm)),
  async kernels() {
    await buildKernel({ ifNeeded: true });
    const [simd, relaxedSimd] = await Promise.all([readFile(kernelFile("simd")), readFile(kernelFile("relaxed-simd"))]);
    return { simd: new Uint8Array(simd), relaxedSimd: new Uint8Array(relaxedSimd) };
  },
};

/** A backend for a test, with our kernels unless told otherwise; `build`: those of this one, where another would be chosen. */
export function openTestBackend(backend: BackendName = "wasm", useKernels = true, build?: KernelBuild): Promise<Backend> {
  const assets: BackendAssets = build === undefined ? testAssets : { ...testAssets, kernels: () => kernelsOf(build) };
  return openBackend({ assets, backend, useKernels });
}

/** The files with one build in the place of both: what an engine that lacks relaxed SIMD takes, or one that has it. */
async function kernelsOf(build: KernelBuild): ReturnType<NonNullable<BackendAssets["kernels"]>> {
  const { simd, relaxedSimd } = await testAssets.kernels!();
  return build === "simd" ? { simd, relaxedSimd: new Uint8Array() } : { simd: new Uint8Array(), relaxedSimd };
}
