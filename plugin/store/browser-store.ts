// Where a browser keeps models and checkpoints: OPFS, else IndexedDB, else memory, whichever the page's context allows
// (CONTRACT.md, Contexts). Each is tried once by opening it; what it then refuses is told with the reason and what to do.

import { describeError, isProblem, Problem } from "../../core/problem.ts";
import { createMemoryFiles, type Files } from "./files.ts";
import { createDatabaseFiles, openDatabase } from "./indexed-db-files.ts";
import { createLock, type Lock } from "./lock.ts";
import { openOpfsFolder } from "./opfs-folder.ts";
import { createSlotFiles } from "./slot-files.ts";

export type StoreKind = "opfs" | "indexeddb" | "memory";
const folders = ["models", "checkpoints", "notes", "starters"] as const;
type Folder = (typeof folders)[number];

export interface BrowserStore {
  readonly kind: StoreKind;
  open(folder: Folder): Files;
  readonly lock: Lock;
}

/** The best store that this context allows; never rejects. */
export async function openBrowserStore(): Promise<BrowserStore> {
  const lock = createLock();
  for (const [kind, open] of [
    ["opfs", openOpfs],
    ["indexeddb", openIndexedDb],
  ] as const) {
    try {
      const opened = await open();
      return { kind, lock, open: (folder) => guardFiles(opened(folder), folder) };
    } catch {
      // The next one; which one it became is in the diagnostics.
    }
  }
  const files = new Map<Folder, Files>(folders.map((folder) => [folder, createMemoryFiles()]));
  return { kind: "memory", lock, open: (folder) => files.get(folder)! };
}

async function openOpfs(): Promise<(folder: Folder) => Files> {
  const opened = await Promise.all(folders.map(async (name) => createSlotFiles(await openOpfsFolder(name))));
  await tryWriting(opened[folders.indexOf("notes")]!);
  return (folder) => opened[folders.indexOf(folder)]!;
}

async function openIndexedDb(): Promise<(folder: Folder) => Files> {
  const transact = await openDatabase();
  await tryWriting(createDatabaseFiles(transact, "notes"));
  return (folder) => createDatabaseFiles(transact, folder);
}

/**
 * Some browsers hand out storage that then refuses writing (private windows). One that is only full is kept: the models are in
 * it. So is one where another tab is just writing the same.
 */
async function tryWriting(files: Files): Promise<void> {
  await files.write("store", Uint8Array.of(1)).catch((error: unknown) => {
    if (!isFull(error) && !isLocked(error)) throw error;
  });
}

/** The second name is Safari's. */
function isLocked(error: unknown): boolean {
  return error instanceof Error && /^(NoModificationAllowed|InvalidState)Error$/.test(error.name);
}

/** The files with every refusal of the browser as a Problem. */
export function guardFiles(files: Files, folder: string): Files {
  const read = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (error) {
      throw unavailable(error);
    }
  };
  return {
    list: () => read(() => files.list()),
    read: (name) => read(() => files.read(name)),
    remove: (name) => read(() => files.remove(name)),
    async write(name, bytes) {
      try {
        await files.write(name, bytes);
      } catch (error) {
        if (isProblem(error)) throw error;
        if (!isFull(error)) throw unavailable(error);
        const reason = describeError(error);
        const megabytes = Math.ceil(bytes.length / 1e6);
        throw new Problem(
          "CannotWrite",
          `"${name}" needs ${megabytes} MB of this browser's storage, which is full (${reason}). What was stored before is whole. Remove models you no longer need, or export this one.`,
          { path: `${folder}/${name}`, reason },
          { cause: error },
        );
      }
    },
  };
}

/** True for what a browser says when there is no room left. */
export function isFull(error: unknown): boolean {
  return error instanceof Error && /quota|full|space/i.test(`${error.name} ${error.message}`);
}

function unavailable(error: unknown): Problem {
  if (isProblem(error)) return error;
  const reason = describeError(error);
  return new Problem(
    "StorageUnavailable",
    `This browser's storage must be readable and writable; it refused (${reason}). What was stored before is whole. Allow storage for this page, or export the model.`,
    { reason },
    { cause: error },
  );
}
