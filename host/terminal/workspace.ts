// The workspace of a terminal: files on disk, worker threads, the library in $OVERTILE_HOME.

import { readFileSync } from "node:fs";
import { mkdtemp, readFile, stat } from "node:fs/promises";
import { availableParallelism, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeError, Problem } from "../../core/problem.ts";
import { createBlobReader } from "../../core/source/bytes.ts";
import { download, isAddress, largestArchiveBytes } from "../../core/source/download.ts";
import { openFileReader } from "../../core/source/node-file.ts";
import { describeKind } from "../../core/source/unread-formats.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";
import { createLibrary, type Library } from "../../plugin/library/library.ts";
import { starterCatalog } from "../../plugin/library/starter-catalog.ts";
import { createStarters } from "../../plugin/library/starters.ts";
import type { Lock } from "../../plugin/store/lock.ts";
import { createNodeFiles } from "../../plugin/store/node-files.ts";
import { createNodeLock } from "../../plugin/store/node-lock.ts";
import type { ReadBytes } from "../../plugin/store/read-bytes.ts";
import { loadAssets } from "../../plugin/thread/assets.ts";
import { createNodeSpawn } from "../../plugin/thread/node-worker.ts";
import type { Workspace } from "../../plugin/workspace.ts";
import { ownProcess } from "./process.ts";
import { createDownloadLine } from "./progress.ts";

/** The library's folder: $OVERTILE_HOME, else $XDG_DATA_HOME/overtile, else ~/.local/share/overtile. */
export function libraryFolder(): string {
  const { OVERTILE_HOME: home, XDG_DATA_HOME: data } = ownProcess().env;
  return home || join(data || join(findHome(), ".local", "share"), "overtile");
}

function findHome(): string {
  try {
    return homedir();
  } catch (cause) {
    const reason = "this user has no home folder";
    throw new Problem("StorageUnavailable", `The library needs a folder; ${reason}. Set OVERTILE_HOME to one.`, { reason }, { cause });
  }
}

/** `dist`: the folder of terminal-worker.mjs and the WASM files. */
export async function openWorkspace(dist: URL = ownProcess().dist): Promise<Workspace> {
  return {
    assets: await loadAssets(async (file) => new Uint8Array(await readFile(new URL(file, dist)))),
    ...openThreads(dist),
    library: openLibrary(dist),
    checkpoints: createNodeFiles(join(libraryFolder(), "checkpoints")),
    lock: lockFolder(join(libraryFolder(), "checkpoints")),
    backends: ["wasm", "cpu"],
    readBytes,
  };
}

/** WebAssembly reserves so many addresses for its memory, used or not; a thread that gets none would end the process. */
const workerAddressBytes = 12e9;

/** Bytes of addresses that this process may have (`ulimit -v`), where the system says so. */
function readAddressLimit(): number {
  try {
    const [, limit] = /^Max address space\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Worker threads alone, as many as the process has room for. */
export function openThreads(dist: URL = ownProcess().dist): Pick<Workspace, "spawn" | "cores"> {
  const cores = Math.min(availableParallelism(), Math.floor(readAddressLimit() / workerAddressBytes));
  if (cores < 1) return { spawn: undefined, cores: 1 };
  return { spawn: createNodeSpawn(new URL("terminal-worker.mjs", dist)), cores };
}

/** The library of models, which computes nothing and starts no worker. */
export function openLibrary(dist: URL = ownProcess().dist): Library {
  const folder = join(libraryFolder(), "models");
  const fetchFile = async (file: string): Promise<Uint8Array> => new Uint8Array(await readFile(new URL(`models/${file}`, dist)));
  const kept = createNodeFiles(join(libraryFolder(), "starters"));
  const starters = createStarters({ catalog: starterCatalog, kept, fetchFile, isLocal: true });
  return createLibrary({
    files: createNodeFiles(folder),
    readBytes,
    lock: lockFolder(folder),
    starters,
    elsewhere: keepTemporarily,
    nameFile,
  });
}

/** What a file is, by its first bytes; undefined where there is none at that path. */
async function nameFile(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (found.isDirectory()) return "a folder";
  const reader = await openFileReader(path);
  return describeKind(await reader.read(0, Math.min(132, reader.size)));
}

/** Keeps processes apart that write into a folder; where that is not possible, it is said. */
export function lockFolder(folder: string): Lock {
  const { stderr } = ownProcess();
  return createNodeLock(folder, { log: (line) => void stderr.write(`${line}\n`) });
}

/** Writes a file that its own place refuses into the system's temporary folder, and returns its path. Throws Problem CannotWrite. */
export async function keepTemporarily(file: string, bytes: Uint8Array): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "overtile-kept-")), file);
  await writeFileWhole(path, bytes);
  return path;
}

/** Bytes of a path, an address or a Blob. Throws Problem MissingFile, AbortError, and what `judge` throws. */
export const readBytes: ReadBytes = async (from, signal, _, judge) => {
  if (from instanceof Blob) {
    await judge?.(createBlobReader(from), signal);
    return new Uint8Array(await from.arrayBuffer());
  }
  const text = String(from);
  if (isAddress(text)) {
    const tell = createDownloadLine(text);
    return download(text, { what: "a file", most: largestArchiveBytes, signal, onBytes: tell.show, judge }).finally(tell.end);
  }
  const path = text.startsWith("file:/") ? fileURLToPath(text) : text;
  if (judge) await judge(await openFileReader(path), signal);
  return readFile(path).then(
    (bytes) => new Uint8Array(bytes),
    (error: unknown) => {
      throw new Problem("MissingFile", `There must be a file at ${path}; it cannot be read (${describeError(error)}). Check the path.`, {
        path,
      });
    },
  );
};
