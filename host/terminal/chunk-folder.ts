// Chunks as files of a folder.

import { access, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ChunkStore } from "../../core/sink/store.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";

export function createChunkFolder(folder: string): ChunkStore {
  const known = new Set<string>();
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
      const parent = dirname(path);
      if (!known.has(parent)) await mkdir(parent, { recursive: true });
      known.add(parent);
      await writeFileWhole(path, bytes);
    },
    has: (name) =>
      access(join(folder, name)).then(
        () => true,
        () => false,
      ),
  };
}
