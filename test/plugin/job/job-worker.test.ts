// The worker and its workers, which this thread plays: one that is lost is ended before the next one starts, and none outlives it.

import { expose } from "comlink";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openJobWorker } from "../../../plugin/job/job-worker.ts";
import type { Bundle } from "../../../plugin/thread/bundle.ts";
import { carryProblems, protocolVersion } from "../../../plugin/thread/wire.ts";

const workers: FakeWorker[] = [];
let api: object;

class FakeWorker extends EventTarget {
  readonly port: MessagePort;
  isEnded = false;
  constructor() {
    super();
    workers.push(this);
    const { port1, port2 } = new MessageChannel();
    this.port = port1;
    carryProblems();
    expose({ greet: () => protocolVersion, start: () => undefined, listModels: () => [], ...api }, port2);
    port1.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
  }
  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.port.postMessage(message, transfer);
  }
  terminate(): void {
    this.isEnded = true;
    this.port.close();
  }
}

const bundle: Bundle = {
  models: { files: {} },
  form: "fake",
  readFile: async () => new Uint8Array(),
  openScripts: () => {
    const script = { url: "worker.mjs", type: "module" } as const;
    return { script, kept: Promise.resolve(script), release: () => {} };
  },
};

beforeEach(() => {
  workers.length = 0;
  api = {};
  vi.stubGlobal("Worker", FakeWorker);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test("disposed between the greeting and the start: pending calls end, and so does the worker", async () => {
  let isStarting = (): void => {};
  const starting = new Promise<void>((resolve) => {
    isStarting = resolve;
  });
  api = {
    start() {
      isStarting();
      return new Promise(() => {});
    },
  };
  const worker = openJobWorker(bundle);
  const asked = worker.ask((remote) => remote.listModels());
  await starting;
  worker.dispose();
  await expect(asked).rejects.toMatchObject({ kind: "WorkerLost", details: { reason: "disposed" } });
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true]);
});

test("disposed while the files of the bundle do not come: pending calls end", async () => {
  const worker = openJobWorker({ ...bundle, readFile: () => new Promise(() => {}) });
  const asked = worker.ask((remote) => remote.listModels());
  await new Promise((resolve) => setTimeout(resolve, 20));
  worker.dispose();
  await expect(asked).rejects.toMatchObject({ details: { reason: "disposed" } });
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true]);
});

test("a worker that is lost by an error is ended before the next one starts: it may hold locks", async () => {
  const worker = openJobWorker(bundle);
  expect(await worker.ask((remote) => remote.listModels())).toEqual([]);
  workers[0]!.dispatchEvent(new Event("messageerror"));
  expect(await worker.ask((remote) => remote.listModels())).toEqual([]);
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, false]);
  worker.dispose();
  expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true]);
});
