// A crew of workers that are played by this thread: what it reports, and that it leaves no worker behind, whenever it ends.

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { expose } from "comlink";
import { expect, test } from "vitest";
import { createSpec } from "../../../core/unet/spec.ts";
import type { ComputeReport } from "../../../plugin/crew/compute.ts";
import { openCrew } from "../../../plugin/crew/compute.ts";
import { toEndpoint } from "../../../plugin/thread/node-worker.ts";
import { carryProblems, protocolVersion, type SpawnWorker } from "../../../plugin/thread/wire.ts";

const webgl: ComputeReport = { backend: "webgl", backendName: "webgl", trials: [] };
const wasm: ComputeReport = {
  backend: "wasm (simd kernels)",
  backendName: "wasm",
  trials: [{ backend: "webgl", chosen: false, reason: "given up: the context was lost" }],
};
const never = (): Promise<never> => new Promise(() => {});
const tile = { height: 4, width: 4, data: new Float32Array(16) };
const options = { spec: createSpec({ levels: 1, features: 2 }), count: 1, assets: {}, backend: "auto", useKernels: true } as const;

/** Spawns a worker for each api, in their order; a `die` in an api kills its worker. */
function play(apis: readonly ((die: () => void) => object)[]): { spawn: SpawnWorker; living: () => number } {
  let spawned = 0;
  const ended = new Set<number>();
  carryProblems();
  const spawn: SpawnWorker = () => {
    const { port1, port2 } = new MessageChannel();
    let tell = (_: string): void => {};
    const number = spawned++;
    const api = apis[number]!(() => tell("it was shot"));
    expose({ greet: () => protocolVersion, open: () => webgl, setWeights: () => ({}), ...api }, toEndpoint(port2 as MessagePort));
    return {
      endpoint: toEndpoint(port1),
      onDeath: (callback) => {
        tell = callback;
      },
      terminate: () => {
        ended.add(number);
        port1.close();
      },
    };
  };
  return { spawn, living: () => spawned - ended.size };
}

test("the report is of now: a GPU that was given up is named no more, and the log says why", async () => {
  const lines: string[] = [];
  const { spawn, living } = play([() => ({ predict: () => ({ value: Float32Array.of(7), report: wasm }) })]);
  const crew = await openCrew({ ...options, spawn, log: (line) => void lines.push(line) });
  expect(crew.backend).toBe("webgl");
  expect(await crew.networks[0]!.predict(tile)).toEqual(Float32Array.of(7));
  expect([crew.backend, crew.backendName]).toEqual(["wasm (simd kernels)", "wasm"]);
  expect(lines).toEqual(["webgl computes no more (given up: the context was lost); going on with wasm (simd kernels)."]);
  crew.dispose();
  expect(living()).toBe(0);
});

test("a crew that is disposed while a worker starts again leaves none behind", async () => {
  let isStarting = (): void => {};
  const starting = new Promise<void>((resolve) => {
    isStarting = resolve;
  });
  const { spawn, living } = play([
    (die) => ({
      predict() {
        die();
        return never();
      },
    }),
    () => ({
      open() {
        isStarting();
        return never();
      },
    }),
  ]);
  const crew = await openCrew({ ...options, spawn });
  const predicting = crew.networks[0]!.predict(tile).catch((error: unknown) => error);
  await starting;
  crew.dispose();
  expect(await predicting).toMatchObject({ kind: "WorkerLost" });
  expect(living()).toBe(0);
});

test("opening ends with its signal, whatever the worker hangs on", async () => {
  for (const api of [{ greet: never }, { open: never }]) {
    const controller = new AbortController();
    const { spawn, living } = play([() => api]);
    const opening = openCrew({ ...options, spawn, signal: controller.signal }).catch((error: unknown) => error);
    setTimeout(() => controller.abort(), 20);
    expect(await opening).toMatchObject({ name: "AbortError" });
    expect(living()).toBe(0);
  }
});
