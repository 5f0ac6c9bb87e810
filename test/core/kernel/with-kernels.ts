// What the kernel tests share (the WASM is built when it is missing or older than its sources): a wasm backend with the kernels of one build on it, blocks of random numbers, and comparisons.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import v8 from "node:v8";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { backend, engine, env, setBackend, type Tensor, type TensorInfo, tensor } from "@tensorflow/tfjs-core";
import { expect } from "vitest";
import { type Block, zeros } from "../../../core/kernel/oracle.ts";
import { type KernelBuild, type KernelReport, registerKernels } from "../../../core/kernel/register.ts";
import { buildKernel, kernelFile } from "../../../tools/build-kernel.mjs";

// While the file is imported, where no hook's timeout counts.
await buildKernel({ ifNeeded: true });

export const builds: readonly KernelBuild[] = ["relaxed-simd", "simd"];

export const kernelBytes = () => ({ simd: readFileSync(kernelFile("simd")), relaxedSimd: readFileSync(kernelFile("relaxed-simd")) });

/** tfjs's WASM backend, single-threaded, from node_modules. */
export async function openWasmBackend(): Promise<unknown> {
  v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths(`${join(dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist")}/`);
  await setBackend("wasm");
  return backend();
}

/** The kernels of one build, registered. */
export async function openKernels(build: KernelBuild): Promise<KernelReport> {
  const report = await registerKernels({ backend: await openWasmBackend(), bytes: kernelBytes(), build });
  expect(report.reason).toBeUndefined();
  return report;
}

/** A small seeded generator (mulberry32), from -1 to 1. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Random float32 numbers, `offset` added. */
export function randomBlock(shape: readonly number[], random: () => number, offset = 0): Block {
  const block = zeros(shape);
  for (let i = 0; i < block.data.length; i++) block.data[i] = Math.fround(random() + offset);
  return block;
}

/** Runs a kernel on blocks and returns its outputs as blocks; every tensor is disposed. */
export function runKernel(
  name: string,
  inputs: Readonly<Record<string, Block | undefined>>,
  attrs: Readonly<Record<string, unknown>> = {},
): Block[] {
  const tensors: Record<string, Tensor> = {};
  for (const [key, block] of Object.entries(inputs)) if (block) tensors[key] = toTensor(block);
  const result = engine().runKernel(name, tensors, attrs as never) as Tensor | Tensor[];
  const outputs = Array.isArray(result) ? result : [result];
  const blocks = outputs.map((output) => ({ shape: output.shape, data: Float64Array.from(output.dataSync()) }));
  for (const each of [...outputs, ...Object.values(tensors)]) each.dispose();
  return blocks;
}

export const toTensor = (block: Block): Tensor => tensor(Float32Array.from(block.data), [...block.shape], "float32");

/** Fails when a number differs from `expected` by more than `tolerance` times the largest of `expected`. */
export function expectClose(actual: Block, expected: Block, tolerance: number, what: string): void {
  expect(actual.shape, `${what}: shape`).toEqual(expected.shape);
  const error = relativeError(actual, expected);
  expect(error, `${what} ${JSON.stringify(expected.shape)}: error relative to the largest value`).toBeLessThanOrEqual(tolerance);
}

/** The largest difference relative to the largest value; Infinity where only one of two is a number. */
export function relativeError(actual: Block, expected: Block): number {
  let largest = 1e-30;
  let difference = 0;
  for (let i = 0; i < expected.data.length; i++) {
    largest = Math.max(largest, Math.abs(expected.data[i]!));
    const distance = Math.abs(actual.data[i]! - expected.data[i]!);
    if (!(distance <= difference)) difference = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
  }
  return difference / largest;
}

export type { TensorInfo };
