// The workspace of a browser, made in the job worker: models and checkpoints in the browser's storage, workers from the same
// script, files fetched.

import { createBlobReader } from "../../core/source/bytes.ts";
import { type DownloadOptions, describeDownload, download, largestArchiveBytes } from "../../core/source/download.ts";
import { createLibrary } from "../library/library.ts";
import { starterCatalog } from "../library/starter-catalog.ts";
import { createStarters, type StartersOptions, type TellProgress } from "../library/starters.ts";
import { openBrowserStore } from "../store/browser-store.ts";
import type { ReadBytes } from "../store/read-bytes.ts";
import type { AssetBytes } from "../thread/assets.ts";
import { createBrowserSpawn } from "../thread/browser-worker.ts";
import type { BundledModels, WorkerScript } from "../thread/bundle.ts";
import type { Workspace } from "../workspace.ts";
import { resolveAddress } from "./inputs.ts";

/** Facts that the page hands to its worker; plain data. */
export interface StartOptions {
  readonly assets: AssetBytes;
  /** What workers that compute start from. */
  readonly script: WorkerScript;
  /** The page's address: relative ones are relative to it. */
  readonly base: string | undefined;
  /** Archives that come with the bundle. */
  readonly models: BundledModels;
}

export async function openBrowserWorkspace({ assets, script, base, models }: StartOptions): Promise<Workspace> {
  const store = await openBrowserStore();
  const readBytes = createFetcher(base);
  const fetchFile: StartersOptions["fetchFile"] = (file, signal, tell) => fetchModel(models, file, signal, tell);
  const starters = createStarters({ catalog: starterCatalog, kept: store.open("starters"), fetchFile });
  return {
    assets,
    spawn: createBrowserSpawn(script),
    cores: navigator.hardwareConcurrency ?? 2,
    library: createLibrary({ files: store.open("models"), readBytes, lock: store.lock, starters }),
    checkpoints: store.open("checkpoints"),
    notes: store.open("notes"),
    lock: store.lock,
    storage: store.kind,
    backends: ["webgpu", "webgl", "wasm", "cpu"],
    readBytes,
  };
}

/** The archive of a model that comes with the bundle. Throws Problem MissingFile, AbortError; Error where it is not of this build. */
async function fetchModel(
  { address, files }: BundledModels,
  file: string,
  signal: AbortSignal | undefined,
  tell: TellProgress | undefined,
): Promise<Uint8Array> {
  const inside = files[file];
  if (inside !== undefined) return inside;
  if (address === undefined) throw new Error("the single file does not carry it");
  return download(new URL(file, address).href, { what: "a model", most: largestArchiveBytes, signal, onBytes: followBytes(file, tell) });
}

/** Reads Blobs and fetches addresses; relative ones are relative to `base`. Throws Problem MissingFile, AbortError. */
function createFetcher(base: string | undefined): ReadBytes {
  return async (from, signal, tell, judge) => {
    if (from instanceof Blob) {
      await judge?.(createBlobReader(from), signal);
      return new Uint8Array(await from.arrayBuffer());
    }
    const address = resolveAddress(from, base);
    return await download(address, { what: "a file", most: largestArchiveBytes, signal, onBytes: followBytes(address, tell), judge });
  };
}

/** Turns bytes that come into the progress that `tell` hears. */
function followBytes(name: string, tell: TellProgress | undefined): DownloadOptions["onBytes"] {
  return tell && ((done, total) => tell(describeDownload(name, done, total)));
}
