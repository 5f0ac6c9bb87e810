// A file that grows under a temporary name and takes its own when it is whole; folders grow alike (slide-place.ts).

import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { GrowingFile } from "../../core/sink/ome-tiff.ts";
import { describeWriteFailure } from "../../core/source/write-file.ts";

/** The temporary name of what grows at `path`; what killed processes left under such names is removed. */
export async function claimTemporary(path: string): Promise<string> {
  const [folder, name] = [dirname(path), basename(path)];
  for (const other of await readdir(folder).catch(() => [])) {
    const owner = other.startsWith(`.${name}.`) ? /^\d+(?=\.tmp$)/.exec(other.slice(name.length + 2)) : null;
    if (owner !== null && !isRunning(Number(owner[0]))) await rm(join(folder, other), { recursive: true, force: true });
  }
  return join(folder, `.${name}.${process.pid}.tmp`);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // somebody else's
  }
}

export async function createGrowingFile(path: string): Promise<GrowingFile> {
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
        if (bytes.length > 0) await handle.write(bytes, 0, bytes.length, offset);
        return offset;
      });
    },
    patch: (offset, bytes) => guard(async () => void (await handle.write(bytes, 0, bytes.length, offset))),
    finish: () =>
      guard(async () => {
        await handle.sync();
        await handle.close();
        await rename(temporary, path);
      }),
    async abandon() {
      await handle.close().catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}
