// A file that grows under a temporary name, and takes its own when all that was asked for is whole; folders grow alike
// (slide-place.ts).

import { type FileHandle, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { GrowingFile } from "../../core/sink/ome-tiff.ts";
import { isRunning } from "../../core/source/process-mark.ts";
import { describeWriteFailure, removeStale, temporaryName } from "../../core/source/write-file.ts";

/** What is given its name apart from its end, so that many results can take theirs at once. */
export interface Publishable {
  /** The name that it grew for. After `finish`. */
  publish(): Promise<void>;
}

/** The temporary name of what grows at `path`; what killed processes left under such names is removed. */
export async function claimTemporary(path: string): Promise<string> {
  await removeLeftovers(path);
  return temporaryName(path);
}

/** Removes what killed processes left beside `path` under temporary names, also under those that older builds gave. */
export async function removeLeftovers(path: string): Promise<void> {
  const [folder, name] = [dirname(path), basename(path)];
  await removeStale(folder);
  for (const other of await readdir(folder).catch(() => [])) {
    const owner = other.startsWith(`.${name}.`) ? /^\d+(?=(\.old)?\.tmp$)/.exec(other.slice(name.length + 2)) : null;
    if (owner !== null && isGone(Number(owner[0]))) await rm(join(folder, other), { recursive: true, force: true });
  }
}

/** Removes a folder at once: under its name it is there as a whole, or not at all. */
export async function removeWhole(path: string): Promise<void> {
  await rm(await setAside(path), { recursive: true, force: true });
}

/** Puts the folder at `from` where there may be another: for no longer than two renamings there is neither. */
export async function replaceFolder(from: string, path: string): Promise<void> {
  const old = await setAside(path);
  await rename(from, path);
  await rm(old, { recursive: true, force: true });
}

/** Where what was at `path` is now, if anything. */
async function setAside(path: string): Promise<string> {
  const old = await temporaryName(path, ".old");
  await rename(path, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  return old;
}

/** True for a process that ended, and for an earlier one of this number: this build gives other names. */
function isGone(pid: number): boolean {
  return pid === process.pid || !isRunning(pid);
}

export async function createGrowingFile(path: string): Promise<GrowingFile & Publishable> {
  const temporary = await claimTemporary(path);
  const guard = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work();
    } catch (cause) {
      throw describeWriteFailure(cause, path);
    }
  };
  const handle = await guard(() => open(temporary, "w"));
  let length = 0;
  return {
    append: (bytes) => {
      const offset = length;
      length += bytes.length;
      return guard(async () => {
        await writeAll(handle, bytes, offset);
        return offset;
      });
    },
    patch: (offset, bytes) => guard(() => writeAll(handle, bytes, offset)),
    finish: () =>
      guard(async () => {
        await handle.sync();
        await handle.close();
      }),
    publish: () => guard(() => rename(temporary, path)),
    async abandon() {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}

/** A call may write less than it was given, as at the end of a quota: the next one says why. */
async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    done += bytesWritten;
  }
}
