// Files and folders of the disk, for Node. Node modules are named in this file, process-mark.ts and write-file.ts alone, and only by
// dynamic import, so that browser bundles never meet them.

import { describeError, Problem } from "../problem.ts";
import { assertRange, type ByteReader } from "./bytes.ts";
import { isDatasetFolder } from "./dataset-files.ts";
import type { Folder } from "./folder.ts";

/**
 * A reader of the file at a path or a file URL. The file is open only while it is read: a dataset of thousands would exhaust
 * the open files that a process may have. Throws Problem MissingFile when there is none or it may not be read.
 */
export async function openFileReader(file: string | URL): Promise<ByteReader> {
  const { open, stat } = await import("node:fs/promises");
  const path = String(file);
  const found = await stat(file).catch(async (cause: unknown) => {
    throw createMissing(path, cause, await findOtherCase(file));
  });
  if (!found.isFile())
    throw new Problem("MissingFile", `Expected a file at ${path}; it is a folder or a device. Give the path of a file.`, { path });
  return {
    size: found.size,
    async read(offset, length, signal) {
      assertRange(offset, length, found.size);
      signal?.throwIfAborted();
      const handle = await open(file, "r").catch((cause: unknown) => {
        throw createMissing(path, cause);
      });
      try {
        const bytes = new Uint8Array(length);
        for (let filled = 0; filled < length; ) {
          const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
          if (bytesRead === 0) throw new RangeError(`the file ends after ${offset + filled} bytes`);
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}

/**
 * The dataset's folder at `path`, one level of sub-folders deep; the one folder in it that has images/ where it has none itself.
 * Throws Problem MissingFile when there is none.
 */
export async function openDatasetFolder(path: string): Promise<Folder> {
  const folder = await openNodeFolder(path);
  if (await folder.list("images")) return folder;
  const names = await folder.folders();
  const inner = await Promise.all(names.map((name) => openNodeFolder(`${path}/${name}`)));
  const whole: Folder[] = [];
  for (const one of inner) if (await one.list("images")) whole.push(one);
  if (whole.length === 1) return whole[0]!;
  // What is in the one folder instead can then be told.
  return inner.length === 1 && !isDatasetFolder(names[0]!) ? inner[0]! : folder;
}

/** The folder at `path`, one level of sub-folders deep. Throws Problem MissingFile when there is none. */
export async function openNodeFolder(path: string): Promise<Folder> {
  const { readdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  try {
    await readdir(path);
  } catch (cause) {
    throw createMissing(path, cause);
  }
  return {
    name: path,
    async folders(folder) {
      const entries = await readdir(folder === undefined ? path : join(path, folder), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    },
    async list(folder) {
      try {
        const entries = await readdir(join(path, folder), { withFileTypes: true });
        return entries.filter((entry) => entry.isFile() || entry.isSymbolicLink()).map((entry) => entry.name);
      } catch {
        return undefined;
      }
    },
    open: (folder, file) => openFileReader(join(path, folder, file)),
  };
}

/** The path that a file URL stands for; a path stays as it is. */
export async function toPath(path: string): Promise<string> {
  const { fileURLToPath } = await import("node:url");
  return path.startsWith("file:/") ? fileURLToPath(path) : path;
}

/** Opens the file at a path below a folder; undefined when there is none. */
export async function openFileBelow(folder: string, path: string): Promise<ByteReader | undefined> {
  const { stat } = await import("node:fs/promises");
  const { join } = await import("node:path");
  const full = join(folder, path);
  const found = await stat(full).catch((cause: { code?: string }) => {
    if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return undefined;
    throw createMissing(full, cause);
  });
  return found?.isFile() ? openFileReader(full) : undefined;
}

/** True when `path` is a folder. */
export async function isNodeFolder(path: string): Promise<boolean> {
  const { stat } = await import("node:fs/promises");
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The path with its file's name as it is there in other letters, capital and small; undefined where there is none. */
async function findOtherCase(file: string | URL): Promise<string | undefined> {
  const { readdir } = await import("node:fs/promises");
  const { basename, dirname, join } = await import("node:path");
  const path = await toPath(String(file));
  const names = await readdir(dirname(path)).catch(() => []);
  const found = names.find((name) => name.toLowerCase() === basename(path).toLowerCase());
  return found === undefined ? undefined : join(dirname(path), found);
}

function createMissing(path: string, cause: unknown, other?: string): Problem {
  const code = (cause as { code?: string }).code;
  const known: readonly [string, string] | undefined =
    code === "ENOENT"
      ? ["there is none", "Check the path."]
      : code === "EACCES"
        ? ["it may not be read", "Ask its owner for the right to read it."]
        : undefined;
  const [reason, advice] = known ?? [describeError(cause), "Check the path."];
  return new Problem(
    "MissingFile",
    `Expected ${path}; ${reason}. ${other === undefined ? advice : `Did you mean ${other}?`}`,
    { path },
    { cause },
  );
}
