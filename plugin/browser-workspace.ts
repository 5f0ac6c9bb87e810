// The workspace of a browser, made in the job worker: models and checkpoints in the browser's storage, workers from the same
// script, files fetched.

import { download, largestArchiveBytes } from "../core/source/download.ts";
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
  return download(resolveAddress(from, base), { what: "a file", most: largestArchiveBytes, signal });
}
