// A workspace in a memory of its own, in which every allocation has NaN on both sides: what reads beyond a tensor computes NaN,
// what writes beyond one is found when it is freed. The content of an allocation is whatever lay there before.

import { readFileSync } from "node:fs";
import v8 from "node:v8";
import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { KernelContext } from "../../../core/kernel/heap.ts";
import type { Block } from "../../../core/kernel/oracle.ts";
import { createKernelCalls } from "../../../core/kernel/records.ts";
import type { KernelBuild } from "../../../core/kernel/register.ts";
import { kernelFile } from "../../../tools/build-kernel.mjs";

const guardFloats = 64;
const guardBits = 0x7fc0dead;

export interface GuardedWorkspace extends KernelContext {
  /** A tensor with the block's numbers. */
  put(block: Block): TensorInfo;
  /** The tensor's numbers. */
  take(tensor: TensorInfo): Block;
  /** Checks every guard and forgets all tensors; what they held stays in memory. */
  reset(): void;
  /** The most bytes of scratch and prepared filters at one time since the last reset. */
  scratchPeak(): number;
}

/** Memory of `megabytes` whose allocations begin at byte `start`, everything NaN at first (below 64 MiB). */
export async function createGuardedWorkspace(build: KernelBuild, { start = 4096, megabytes = 64 } = {}): Promise<GuardedWorkspace> {
  v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  const memory = new WebAssembly.Memory({ initial: Math.ceil((start + megabytes * 2 ** 20) / 65536) });
  const { instance } = await WebAssembly.instantiate(readFileSync(kernelFile(build)), { env: { memory } });
  const words = new Uint32Array(memory.buffer);
  words.fill(guardBits, start / 4, (start + megabytes * 2 ** 20) / 4);
  const calls = createKernelCalls(instance, memory, 1024);

  let top = start;
  let guards: number[] = [];
  let scratch = 0;
  let peak = 0;
  const guard = (): void => {
    words.fill(guardBits, top / 4, top / 4 + guardFloats);
    guards.push(top);
    top += 4 * guardFloats;
  };
  // Scratch is aligned to cache lines; tensors to 4 bytes more than that, to be no better off than malloc's.
  const allocate = (bytes: number, offset: number): number => {
    guard();
    const address = top + offset;
    words.fill(guardBits, top / 4, address / 4);
    top = Math.ceil((address + bytes) / 4) * 4;
    guard();
    top = Math.ceil(top / 64) * 64;
    return address;
  };
  const checkGuards = (): void => {
    for (const at of guards) {
      for (let i = at / 4; i < at / 4 + guardFloats; i++) {
        if (words[i] !== guardBits) throw new Error(`The guard at byte ${4 * i} must be whole; a kernel wrote there.`);
      }
    }
  };
  const addresses = new Map<object, number>();
  const size = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
  const createOutput = (shape: readonly number[]): TensorInfo => {
    const dataId = {};
    addresses.set(dataId, allocate(4 * size(shape), 4));
    return { dataId, shape: [...shape], dtype: "float32" };
  };
  const withScratch = <R>(sizes: readonly number[], use: (...found: number[]) => R): R => {
    const before = top;
    const kept = guards.length;
    const bytes = sizes.reduce((sum, each) => sum + Math.ceil(each / 64) * 64, 64);
    scratch += bytes;
    peak = Math.max(peak, scratch);
    const found = sizes.map((each) => allocate(each, 0));
    try {
      return use(...found);
    } finally {
      checkGuards();
      guards = guards.slice(0, kept);
      scratch -= bytes;
      // Outputs may have been made meanwhile; they stay, and so does the room of the scratch.
      if (addresses.size === 0) top = before;
    }
  };
  return {
    calls,
    heap: {
      addressOf: (tensor) => addresses.get(tensor.dataId)!,
      createOutput,
      withOutputs: (run) => run(),
      allocate: (bytes) => ({ base: 0, address: allocate(bytes, 0), bytes }),
      withScratch,
    },
    filters: {
      keeps: () => false,
      withPrepared: (_filter, _form, bytes, prepare, use) =>
        withScratch([bytes], (address) => {
          prepare(address!);
          return use(address!);
        }),
    },
    put(block) {
      const tensor = createOutput(block.shape);
      new Float32Array(memory.buffer, addresses.get(tensor.dataId)!, block.data.length).set(block.data);
      return tensor;
    },
    take(tensor) {
      return {
        shape: tensor.shape,
        data: Float64Array.from(new Float32Array(memory.buffer, addresses.get(tensor.dataId)!, size(tensor.shape))),
      };
    },
    reset() {
      checkGuards();
      guards = [];
      addresses.clear();
      top = start;
      peak = 0;
    },
    scratchPeak: () => peak,
  };
}
