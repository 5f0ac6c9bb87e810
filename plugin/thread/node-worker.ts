// Workers in Node. Only imported there.

import { setFlagsFromString } from "node:v8";
import { type MessagePort, Worker } from "node:worker_threads";
import type { Endpoint } from "comlink";
import type { SpawnWorker } from "./wire.ts";

/** A Node port or worker as comlink wants it: with DOM-style listeners. */
export function toEndpoint(port: MessagePort | Worker): Endpoint {
  const listeners = new Map<unknown, (data: unknown) => void>();
  return {
    postMessage: (message, transfer) => port.postMessage(message, transfer as never),
    addEventListener(_type, listener) {
      const call = (data: unknown): void => {
        const event = { data } as MessageEvent;
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      };
      listeners.set(listener, call);
      port.on("message", call);
    },
    removeEventListener(_type, listener) {
      const call = listeners.get(listener);
      if (call === undefined) return;
      port.off("message", call);
      listeners.delete(listener);
    },
    start: () => {},
  };
}

/** Spawns worker threads from the file at `url`. */
export function createNodeSpawn(url: URL): SpawnWorker {
  // Node 20 has relaxed SIMD behind a flag, which workers started later inherit.
  setFlagsFromString("--experimental-wasm-relaxed-simd");
  return () => {
    const worker = new Worker(url);
    return {
      endpoint: toEndpoint(worker),
      onDeath(callback) {
        worker.once("error", (error) => callback(error.message));
        worker.once("exit", (code) => callback(`exit code ${code}`));
      },
      terminate: () => void worker.terminate(),
    };
  };
}
