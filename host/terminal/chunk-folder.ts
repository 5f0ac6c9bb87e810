// Chunks as files of a folder: of one that counts already, or of one that is fresh and counts once all of it is on the disk.

import { access, mkdir, open, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ChunkStore } from "../../core/sink/store.ts";
import { inParallel } from "../../core/source/in-parallel.ts";
import { describeWriteFailure, writeFileWhole } from "../../core/source/write-file.ts";

const syncedAtOnce = 8;

/** Each chunk is on the disk, whole, before it has its name. */
export function createChunkFolder(folder: string): ChunkStore {
  const makeParent = createParents();
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(name, bytes) {
      const path = join(folder, name);
      await makeParent(path);
      await writeFileWhole(path, bytes);
    },
    pathOf: (name) => join(folder, name),
    has: (name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
  };
}

/** Chunks of a folder that nobody reads before `sync` has brought them to the disk. */
export function createFreshFolder(folder: string): Pick<ChunkStore, "write"> & { sync(): Promise<void> } {
  const makeParent = createParents();
  const written = new Set<string>();
  const guard = (path: string, work: () => Promise<void>): Promise<void> =>
    work().catch((cause: unknown) => {
      throw describeWriteFailure(cause, path);
    });
  return {
    write(name, bytes) {
      const path = join(folder, name);
      written.add(path);
      return guard(path, async () => {
        await makeParent(path);
        await writeFile(path, bytes);
      });
    },
    async sync() {
      const folders = new Set([...written].map(dirname));
      const limit = syncedAtOnce; // a disk takes several together, and a large slide has thousands
      await inParallel([...written], { limit }, (path) => guard(path, () => syncPath(path)));
      await inParallel([...folders], { limit }, (path) => guard(path, () => syncPath(path)));
    },
  };
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the folder of a file, once. */
function createParents(): (path: string) => Promise<void> {
  const known = new Set<string>();
  return async (path) => {
    const parent = dirname(path);
    if (!known.has(parent)) await mkdir(parent, { recursive: true });
    known.add(parent);
  };
}
