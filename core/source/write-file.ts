// Writing files to disk so that a full disk, a crash or a lost cable never leaves half a file: the bytes go to a temporary file
// beside the target, reach the disk, and only then take its name. Node only; its modules come by dynamic import.

import { describeError, Problem } from "../problem.ts";

/** What a file system can be asked for; tests hand in one that fails. */
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
  EISDIR: "there is a folder of that name. Choose another name",
};

/**
 * Writes `bytes` to `path`, whole or not at all: after a failure the old file is as it was and no temporary file is left.
 * Throws Problem CannotWrite, saying what to do.
 */
export async function writeFileWhole(path: string, bytes: Uint8Array, files?: WriteFileSystem): Promise<void> {
  const fs = files ?? (await import("node:fs/promises"));
  const { basename, dirname, join } = await import("node:path");
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${Math.random().toString(36).slice(2, 10)}.tmp`);
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

/** What the system said, as a Problem that says what to do. */
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
