// The crew over real worker threads, some of which die in the middle of a tile.

import { pathToFileURL } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";
import { initializeWeights } from "../../../core/engine/initialize.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import { openWorkspace } from "../../../host/terminal/workspace.ts";
import { type Crew, openCrew } from "../../../plugin/crew/compute.ts";
import type { SpawnWorker, WorkerThread } from "../../../plugin/thread/wire.ts";
import type { Workspace } from "../../../plugin/workspace.ts";
import { bundleTerminal } from "../../host/terminal/run-overtile.ts";

const spec = createSpec({ levels: 2, features: 4, dropout: 0 });
const weights = initializeWeights(spec, 1);
const side = 92;
const random = createRandom(3);
const tile = { height: side, width: side, data: Float32Array.from({ length: side ** 2 }, () => random.normal()) };

let workspace: Workspace;
beforeAll(async () => {
  workspace = await openWorkspace(pathToFileURL(`${await bundleTerminal()}/`));
});
let crew: Crew | undefined;
afterEach(() => crew?.dispose());

async function open(spawn: SpawnWorker, count = 1): Promise<Crew> {
  crew = await openCrew({ spec, count, assets: workspace.assets, spawn, backend: "wasm", useKernels: true });
  await Promise.all(crew.networks.map((network) => network.setWeights(weights)));
  return crew;
}

/** Spawns threads and counts them; a thread for which `dies` is true ends as soon as it was asked for what `method` answers. */
function createSpawn(
  method: "predict" | "gradient",
  dies: (thread: number) => boolean,
): { spawn: SpawnWorker; count(): number; living(): number } {
  let count = 0;
  const ended = new Set<number>();
  const spawn = (): WorkerThread => {
    const number = count++;
    const thread = workspace.spawn!();
    const { endpoint } = thread;
    const postMessage: typeof endpoint.postMessage = (message, transfer) => {
      endpoint.postMessage(message, transfer);
      if (dies(number) && (message as { readonly path?: readonly string[] }).path?.at(-1) === method) thread.terminate();
    };
    const terminate = (): void => {
      ended.add(number);
      thread.terminate();
    };
    return { ...thread, terminate, endpoint: { ...endpoint, postMessage } };
  };
  return { spawn, count: () => count, living: () => count - ended.size };
}

describe("a compute worker that dies", () => {
  it("is replaced and its tile is done again: the logits are those of one that lives", async () => {
    const healthy = await open(workspace.spawn!);
    const wanted = await healthy.networks[0]!.predict(tile);
    healthy.dispose();
    const { spawn, count } = createSpawn("predict", (thread) => thread === 0);
    const { networks } = await open(spawn);
    expect(await networks[0]!.predict(tile)).toEqual(wanted);
    expect(count()).toBe(2);
    // The replacement stays.
    expect(await networks[0]!.predict(tile)).toEqual(wanted);
    expect(count()).toBe(2);
  });

  it("leaves the others alone, and gradients are made again too", async () => {
    const outputs = 52 ** 2;
    const example = {
      ...tile,
      target: new Uint8Array(outputs).fill(1, 0, 900),
      weight: new Float32Array(outputs).fill(1),
      seed: 1,
      index: 0,
    };
    const { spawn, count } = createSpawn("gradient", (thread) => thread === 1);
    const { networks } = await open(spawn, 2);
    const [first, second] = await Promise.all(networks.map((network) => network.gradient(example, 1 / outputs)));
    expect(second).toEqual(first);
    expect(count()).toBe(3);
  });

  it("again and again is given up: the tile may be what kills it", async () => {
    const { spawn, count } = createSpawn("predict", () => true);
    const { networks } = await open(spawn);
    await expect(networks[0]!.predict(tile)).rejects.toMatchObject({ kind: "WorkerLost" });
    expect(count()).toBe(3);
  });

  it("is not replaced once the crew is disposed of", async () => {
    const { spawn, count } = createSpawn("predict", () => false);
    const { networks, dispose } = await open(spawn);
    const asked = networks[0]!.predict(tile);
    dispose();
    await expect(asked).rejects.toMatchObject({ kind: "WorkerLost" });
    expect(count()).toBe(1);
  });

  it("leaves no replacement behind that was still starting when the crew was disposed of", async () => {
    const { spawn, count, living } = createSpawn("predict", (thread) => thread === 0);
    const { networks, dispose } = await open(spawn);
    const asked = networks[0]!.predict(tile).catch((error: unknown) => error);
    await expect.poll(count).toBe(2);
    dispose();
    expect(await asked).toMatchObject({ kind: "WorkerLost" });
    expect(living()).toBe(0);
  });
});
