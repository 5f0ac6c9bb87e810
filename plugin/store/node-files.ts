// Files in a folder on disk. Only imported in Node.

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describeError, Problem } from "../../core/problem.ts";
import { describeWriteFailure, writeFileWhole } from "../../core/source/write-file.ts";
import type { Files } from "./files.ts";

/** The files of `folder`, which is made with the first write. */
export function createNodeFiles(folder: string): Files {
  // Slashes, colons and the like in names must not reach the file system.
  const pathOf = (name: string): string => join(folder, encodeURIComponent(name));
  return {
    async list() {
      const names = await readdir(folder).catch(emptyWhenMissing<string[]>([], folder));
      return names.filter((name) => !name.startsWith(".")).flatMap(decodeName);
    },
    read: async (name) => {
      const bytes = await readFile(pathOf(name)).catch(emptyWhenMissing<undefined>(undefined, pathOf(name)));
      return bytes && new Uint8Array(bytes);
    },
    async write(name, bytes) {
      await mkdir(folder, { recursive: true }).catch(refuse(folder));
      await writeFileWhole(pathOf(name), bytes);
    },
    remove: (name) => rm(pathOf(name), { force: true }).catch(refuse(pathOf(name))),
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

function emptyWhenMissing<T>(empty: T, path: string): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === "ENOENT") return empty;
    const reason = reasons[error.code ?? ""] ?? describeError(error);
    const message = `Expected to read ${path}; ${reason}. Choose another folder: that of the library is $OVERTILE_HOME.`;
    throw new Problem("StorageUnavailable", message, { reason }, { cause: error });
  };
}

const reasons: Readonly<Record<string, string>> = {
  ENOTDIR: "a part of the path is a file, not a folder",
  EACCES: "it may not be read",
  EPERM: "it may not be read",
  EISDIR: "there is a folder in place of a file",
};

/** Throws Problem CannotWrite. */
function refuse(path: string): (cause: unknown) => never {
  return (cause) => {
    throw describeWriteFailure(cause, path);
  };
}
