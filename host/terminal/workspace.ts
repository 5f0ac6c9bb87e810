// The workspace of a terminal: files on disk, worker threads, the library in $OVERTILE_HOME.

import { readFile } from "node:fs/promises";
import { availableParallelism, homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeError, Problem } from "../../core/problem.ts";
import { loadAssets } from "../../plugin/assets.ts";
import { createLibrary, type Library } from "../../plugin/library.ts";
import { createNodeSpawn } from "../../plugin/node-worker.ts";
import { createNodeFiles } from "../../plugin/store/node-files.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { ownProcess } from "./process.ts";

/** The library's folder: $OVERTILE_HOME, else $XDG_DATA_HOME/overtile, else ~/.local/share/overtile. */
export function libraryFolder(): string {
  const { OVERTILE_HOME: home, XDG_DATA_HOME: data } = ownProcess().env;
  return home ?? join(data ?? join(homedir(), ".local", "share"), "overtile");
}

/** `dist`: the folder of terminal-worker.mjs and the WASM files. */
export async function openWorkspace(dist: URL = ownProcess().dist): Promise<Workspace> {
  return {
    assets: await loadAssets(async (file) => new Uint8Array(await readFile(new URL(file, dist)))),
    ...openThreads(dist),
    library: openLibrary(),
    checkpoints: createNodeFiles(join(libraryFolder(), "checkpoints")),
    backends: ["wasm", "cpu"],
    readBytes,
  };
}

/** Worker threads alone. */
export function openThreads(dist: URL = ownProcess().dist): Pick<Workspace, "spawn" | "cores"> {
  return { spawn: createNodeSpawn(new URL("terminal-worker.mjs", dist)), cores: availableParallelism() };
}

/** The library of models, which computes nothing and starts no worker. */
export function openLibrary(): Library {
  return createLibrary({ files: createNodeFiles(join(libraryFolder(), "models")), readBytes });
}

/** Bytes of a path, an address or a Blob. Throws Problem MissingFile, AbortError. */
async function readBytes(from: Blob | URL | string, signal?: AbortSignal): Promise<Uint8Array> {
  if (from instanceof Blob) return new Uint8Array(await from.arrayBuffer());
  const text = String(from);
  if (/^https?:\/\//.test(text)) {
    const response = await fetch(text, { signal: signal ?? null }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new Problem("MissingFile", `A model must be at ${text}; it cannot be reached (${describeError(error)}). Check the address.`, {
        path: text,
      });
    });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new Problem("MissingFile", `A model must be at ${text}; the server answered ${response.status}. Check the address.`, {
      path: text,
    });
  }
  const path = text.startsWith("file:/") ? fileURLToPath(text) : text;
  return readFile(path).then(
    (bytes) => new Uint8Array(bytes),
    (error: unknown) => {
      throw new Problem("MissingFile", `There must be a file at ${path}; it cannot be read (${describeError(error)}). Check the path.`, {
        path,
      });
    },
  );
}
