// The workspace of a browser, made in the job worker: models and checkpoints in the browser's storage, workers from the same
// script, files fetched.

import { describeError, Problem } from "../core/problem.ts";
import type { AssetBytes } from "./assets.ts";
import { createBrowserSpawn } from "./browser-worker.ts";
import type { WorkerScript } from "./bundle.ts";
import { resolveAddress } from "./inputs.ts";
import { createLibrary } from "./library.ts";
import { openBrowserStore } from "./store/browser-store.ts";
import type { Workspace } from "./workspace.ts";

/** What the page tells its worker; plain data. */
export interface StartOptions {
  readonly assets: AssetBytes;
  /** What workers that compute start from. */
  readonly script: WorkerScript;
  /** The page's address: relative ones are relative to it. */
  readonly base: string | undefined;
}

export async function openBrowserWorkspace({ assets, script, base }: StartOptions): Promise<Workspace> {
  const store = await openBrowserStore();
  const readBytes: Workspace["readBytes"] = (from, signal) => fetchBytes(from, base, signal);
  return {
    assets,
    spawn: createBrowserSpawn(script),
    cores: navigator.hardwareConcurrency ?? 2,
    library: createLibrary({ files: store.open("models"), readBytes, lock: store.lock }),
    checkpoints: store.open("checkpoints"),
    notes: store.open("notes"),
    lock: store.lock,
    storage: store.kind,
    backends: ["webgpu", "webgl", "wasm", "cpu"],
    readBytes,
  };
}

/** Bytes of a Blob or of an address. Throws Problem MissingFile, AbortError. */
async function fetchBytes(from: Blob | URL | string, base: string | undefined, signal: AbortSignal | undefined): Promise<Uint8Array> {
  if (from instanceof Blob) return new Uint8Array(await from.arrayBuffer());
  const path = resolveAddress(from, base);
  const missing = (reason: string, cause?: unknown): Problem =>
    new Problem(
      "MissingFile",
      `There must be a file at ${path}; got ${reason}. Check the address, and that its server allows this page.`,
      { path },
      { cause },
    );
  const fail = (cause: unknown): never => {
    signal?.throwIfAborted();
    throw missing(`no answer (${describeError(cause)})`, cause);
  };
  const response = await fetch(path, { signal: signal ?? null }).catch(fail);
  if (!response.ok) throw missing(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer().catch(fail));
}
