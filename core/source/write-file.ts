// Writing files to disk so that a full disk, a crash or a lost cable never leaves half a file: the bytes go to a temporary file
// beside the target, reach the disk, and only then take its name. What killed processes left under temporary names is removed by
// the next one that writes into the folder. Node only; its modules come by dynamic import.

import { describeError, Problem } from "../problem.ts";
import { lifeOf, markForm, markOfProcess } from "./process-mark.ts";

/** The part of a file system that is used; tests hand in one that fails. */
export interface WriteFileSystem {
  open(
    path: string,
    flags: string,
  ): Promise<{ writeFile(bytes: Uint8Array): Promise<void>; sync(): Promise<void>; close(): Promise<void> }>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: boolean }): Promise<void>;
}

const advice: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full. Free some space, or choose another folder",
  EDQUOT: "your quota is used up. Free some space, or choose another folder",
  EACCES: "you may not write there. Choose another folder, or change its permissions",
  EPERM: "you may not write there. Choose another folder, or change its permissions",
  EROFS: "the disk is read-only. Choose another folder",
  ENOENT: "the folder does not exist. Create it first",
  ENOTDIR: "a part of the path is not a folder. Correct the path",
  EEXIST: "a part of the path is a file, not a folder. Correct the path",
  EISDIR: "there is a folder of that name. Choose another name",
};

/**
 * Writes `bytes` to `path`, whole or not at all: after a failure the old file is as it was and no temporary file is left.
 * Throws Problem CannotWrite, saying what to do.
 */
export async function writeFileWhole(path: string, bytes: Uint8Array, files?: WriteFileSystem): Promise<void> {
  const fs = files ?? (await import("node:fs/promises"));
  const { dirname } = await import("node:path");
  const temporary = await temporaryName(path);
  if (files === undefined) await sweepOnce(dirname(path));
  try {
    const handle = await fs.open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
  } catch (cause) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw describeWriteFailure(cause, path, bytes.length);
  }
  await syncFolder(dirname(path));
}

/** A temporary name beside `path`, which tells whose it is. `end`: what it ends in, before ".tmp". */
export async function temporaryName(path: string, end = ""): Promise<string> {
  const { basename, dirname, join } = await import("node:path");
  const unique = `${await markOfProcess()}-${Math.random().toString(36).slice(2, 10)}`;
  // Cut, since names of 255 bytes are the longest.
  return join(dirname(path), `.${basename(path).slice(0, 40)}.overtile-${unique}${end}.tmp`);
}

const temporaryForm = new RegExp(`^\\..*\\.overtile-(${markForm})-[0-9a-z]*(\\.old)?\\.tmp$`, "s");
const swept = new Set<string>();

/** Sweeps a folder when this process first writes into it. */
async function sweepOnce(folder: string): Promise<void> {
  const { resolve } = await import("node:path");
  const path = resolve(folder);
  if (swept.has(path)) return;
  swept.add(path);
  await removeStale(path);
}

const dayMs = 86_400_000;

/** Removes the temporary files and folders of processes that are gone. Those of another machine count as such after a day without a change. */
export async function removeStale(folder: string): Promise<void> {
  const { readdir, rm, stat } = await import("node:fs/promises");
  const { join } = await import("node:path");
  for (const name of await readdir(folder).catch(() => [])) {
    const mark = temporaryForm.exec(name)?.[1];
    if (mark === undefined) continue;
    const life = await lifeOf(mark);
    const path = join(folder, name);
    const isOld = life === "unknown" && Date.now() - ((await stat(path).catch(() => undefined))?.mtimeMs ?? Date.now()) > dayMs;
    if (life === "gone" || isOld) await rm(path, { recursive: true, force: true }).catch(() => {}); // another's, in a folder of several
  }
}

/** Turns an error of the system into a Problem with advice. */
export function describeWriteFailure(cause: unknown, path: string, bytes?: number): Problem<"CannotWrite"> {
  const code = (cause as { code?: string } | null)?.code ?? "";
  const reason = advice[code] ?? `${describeError(cause)}. Choose another folder`;
  const expected = bytes === undefined ? `Expected to write ${path}` : `Expected to write ${bytes} bytes to ${path}`;
  return new Problem("CannotWrite", `${expected}; ${reason}. What was there before is unchanged.`, { path, reason }, { cause });
}

/** Makes the new name itself durable, where the platform can. */
async function syncFolder(path: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const handle = await open(path, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
