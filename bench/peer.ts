// One peer of the bench in a process of its own: node peer.mjs KIND FEATURES TILE. It answers each message { task } with
// { seconds, bytes } of one forward pass or one training step, so that the parent can take the peers in turn, and a busy machine is
// unfair to none. Bundled and started by run.mjs.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import v8 from "node:v8";
import { openBackend } from "../core/engine/backend.ts";
import { initializeWeights } from "../core/engine/initialize.ts";
import { createNetwork } from "../core/engine/network.ts";
import { createSgd } from "../core/engine/optimizer.ts";
import { writeOnnx } from "../core/model/onnx.ts";
import { outputSide } from "../core/unet/shape.ts";
import { createSpec, type UNetSpec } from "../core/unet/spec.ts";
import { kernelFile } from "../tools/build-kernel.mjs";
import { measurePeak } from "./kernels.ts";

export type PeerTask = "forward" | "step" | "peak";
export interface PeerAnswer {
  readonly seconds?: number;
  /** GMAC/s of the bare product. */
  readonly peak?: number;
  /** The most memory that the process has held. */
  readonly bytes: number;
  /** The WASM heap, which never shrinks: what a browser tab would hold. */
  readonly heapBytes?: number;
  readonly title: string;
  readonly problem?: string;
}

interface Peer {
  readonly title: string;
  forward(): Promise<void>;
  step?(): Promise<void>;
  peak?(): Promise<number>;
  heapBytes?(): number | undefined;
}

const file = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(path));

/** Our engine on tfjs's WASM backend: with our kernels (the build that `relaxed` allows), or with stock ones. */
async function openOurs(spec: UNetSpec, tile: number, { useKernels, relaxed }: { useKernels: boolean; relaxed: boolean }): Promise<Peer> {
  if (relaxed) v8.setFlagsFromString("--experimental-wasm-relaxed-simd");
  const tfjs = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json"));
  const backend = await openBackend({
    backend: "wasm",
    useKernels,
    assets: {
      tfjsWasm: async () => file(join(tfjs, "dist", "tfjs-backend-wasm-simd.wasm")),
      kernels: async () => ({ simd: file(kernelFile("simd")), relaxedSimd: file(kernelFile("relaxed-simd")) }),
    },
  });
  const network = createNetwork(spec, backend);
  const weights = initializeWeights(spec, 0);
  await network.setWeights(weights);
  const optimizer = createSgd();
  let state = optimizer.init(weights.length);
  const side = outputSide(spec.levels, tile);
  const input = { height: tile, width: tile, data: randomPixels(tile * tile * spec.channels) };
  const target = { target: new Uint8Array(side * side), weight: new Float32Array(side * side).fill(1) };
  const build = relaxed ? "relaxed-simd" : "simd";
  return {
    title: backend.title,
    async forward() {
      await network.predict(input);
    },
    async step() {
      const { gradient } = await network.gradient({ ...input, ...target, seed: 0, index: 0 }, 1 / side ** 2);
      state = optimizer.update(weights, gradient, state, 1e-5);
      await network.setWeights(weights);
    },
    heapBytes: () => backend.heapBytes(),
    ...(useKernels ? { peak: () => measurePeak(build) } : {}),
  };
}

interface OnnxRuntime {
  readonly env: { readonly wasm?: { numThreads?: number }; readonly versions?: Readonly<Record<string, string | undefined>> };
  readonly Tensor: new (type: "float32", data: Float32Array, shape: readonly number[]) => unknown;
  readonly InferenceSession: {
    create(model: Uint8Array, options: object): Promise<{ run(feeds: Record<string, unknown>): Promise<unknown> }>;
  };
}

/** onnxruntime, one thread, on the model that we export. */
async function openOnnx(name: "onnxruntime-web" | "onnxruntime-node", spec: UNetSpec, tile: number): Promise<Peer> {
  const require = createRequire(import.meta.url);
  const runtime = require(name) as OnnxRuntime;
  if (runtime.env.wasm) runtime.env.wasm.numThreads = 1;
  const providers = name === "onnxruntime-web" ? ["wasm"] : ["cpu"];
  const session = await runtime.InferenceSession.create(writeOnnx(spec, initializeWeights(spec, 0)), {
    executionProviders: providers,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
  });
  const input = new runtime.Tensor("float32", randomPixels(tile * tile * spec.channels), [1, tile, tile, spec.channels]);
  return {
    title: `${name} ${runtime.env.versions?.["common"] ?? ""}`,
    async forward() {
      await session.run({ input });
    },
  };
}

function randomPixels(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  });
}

const openers: Readonly<Record<string, (spec: UNetSpec, tile: number) => Promise<Peer>>> = {
  relaxed: (spec, tile) => openOurs(spec, tile, { useKernels: true, relaxed: true }),
  simd: (spec, tile) => openOurs(spec, tile, { useKernels: true, relaxed: false }),
  stock: (spec, tile) => openOurs(spec, tile, { useKernels: false, relaxed: false }),
  "onnxruntime-web": (spec, tile) => openOnnx("onnxruntime-web", spec, tile),
  "onnxruntime-node": (spec, tile) => openOnnx("onnxruntime-node", spec, tile),
};

/** Opens the peer and answers tasks until the parent goes. */
export async function servePeer([kind, features, tile]: readonly string[]): Promise<void> {
  const answer = (message: Partial<PeerAnswer>): void => {
    process.send?.({ bytes: process.resourceUsage().maxRSS * 1024, ...message });
  };
  try {
    const peer = await openers[kind!]!(createSpec({ features: Number(features) }), Number(tile));
    process.on("message", ({ task }: { task: PeerTask }) => {
      void (async () => {
        try {
          if (task === "peak") {
            answer({ title: peer.title, peak: (await peer.peak?.()) ?? 0 });
            return;
          }
          const start = performance.now();
          await peer[task]?.();
          const seconds = (performance.now() - start) / 1000;
          const heapBytes = peer.heapBytes?.();
          answer({ title: peer.title, seconds, ...(heapBytes !== undefined && { heapBytes }) });
        } catch (error) {
          answer({ title: peer.title, problem: String(error) });
        }
      })();
    });
    answer({ title: peer.title });
  } catch (error) {
    answer({ title: kind!, problem: String(error) });
    process.disconnect?.();
  }
}
