// Files in a folder on disk. Only imported in Node.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFileWhole } from "../../core/source/write-file.ts";
import type { Files } from "./files.ts";

/** The files of `folder`, which is made with the first write. */
export function createNodeFiles(folder: string): Files {
  // Slashes, colons and the like in names must not reach the file system.
  const pathOf = (name: string): string => join(folder, encodeURIComponent(name));
  return {
    async list() {
      const names = await readdir(folder).catch(emptyWhenMissing<string[]>([]));
      return names.filter((name) => !name.startsWith(".")).flatMap(decodeName);
    },
    read: async (name) => {
      const bytes = await readFile(pathOf(name)).catch(emptyWhenMissing<undefined>(undefined));
      return bytes && new Uint8Array(bytes);
    },
    async write(name, bytes) {
      await mkdir(folder, { recursive: true });
      await writeFileWhole(pathOf(name), bytes);
    },
    remove: (name) => rm(pathOf(name), { force: true }),
  };
}

/** The name that a file was written under; none for a file that is not ours. */
function decodeName(file: string): string[] {
  try {
    return [decodeURIComponent(file)];
  } catch {
    return [];
  }
}

function emptyWhenMissing<T>(empty: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === "ENOENT") return empty;
    throw error;
  };
}
