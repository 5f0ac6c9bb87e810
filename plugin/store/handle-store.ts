// Chunks and growing files in folders that a browser hands over: of the origin's private file system (OPFS), or of the disk.
// A chunk is whole or not there at all, so that a run whose tab was closed goes on from what it has.

import { describeError, isProblem, Problem } from "../../core/problem.ts";
import type { GrowingFile } from "../../core/sink/ome-tiff.ts";
import type { ChunkStore } from "../../core/sink/store.ts";
import { isFull } from "./browser-store.ts";

/** The part of a file's handle that is used; Safari 16 has no createWritable, only OPFS has the others. */
interface FileHandle extends Pick<FileSystemFileHandle, "getFile" | "name"> {
  createWritable?(): Promise<Writable>;
  createSyncAccessHandle?(): Promise<SyncAccess>;
  move?(name: string): Promise<void>;
}

interface Writable {
  write(data: Uint8Array | { readonly type: "write"; readonly position: number; readonly data: Uint8Array }): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

interface SyncAccess {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** Named chunks below `root`. Throws Problem CannotWrite, which says what to do, where there is no room left. */
export function createFolderChunks(root: FileSystemDirectoryHandle): ChunkStore {
  const folders = new Map<string, Promise<FileSystemDirectoryHandle>>();
  const folderOf = async (path: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> => {
    if (path.length === 0) return root;
    const name = path.join("/");
    const known = folders.get(name);
    if (known !== undefined) return known;
    const opened = folderOf(path.slice(0, -1), create).then((parent) => parent.getDirectoryHandle(path.at(-1)!, { create }));
    folders.set(name, opened);
    opened.catch(() => folders.delete(name));
    return opened;
  };
  // A file is made empty before it is filled in one go: an empty one is of a tab that was closed in between.
  const find = async (name: string): Promise<File | undefined> => {
    const path = name.split("/");
    try {
      const handle = await (await folderOf(path.slice(0, -1), false)).getFileHandle(path.at(-1)!);
      const file = await handle.getFile();
      return file.size > 0 ? file : undefined;
    } catch (error) {
      if (error instanceof Error && error.name === "NotFoundError") return undefined;
      throw error;
    }
  };
  return {
    has: async (name) => (await find(name)) !== undefined,
    async remove(name) {
      const path = name.split("/");
      await (await folderOf(path.slice(0, -1), false)).removeEntry(path.at(-1)!);
    },
    async read(name) {
      const file = await find(name);
      return file && new Uint8Array(await file.arrayBuffer());
    },
    write: (name, bytes) =>
      guardWrite(name, async () => {
        const path = name.split("/");
        await writeWhole(await folderOf(path.slice(0, -1), true), path.at(-1)!, bytes);
      }),
  };
}

/** Swapped in as it is closed, or, in Safari before 26, moved to its name. */
async function writeWhole(folder: FileSystemDirectoryHandle, name: string, bytes: Uint8Array): Promise<void> {
  const open = (file: string): Promise<FileHandle> =>
    folder.getFileHandle(file, { create: true }) as Promise<unknown> as Promise<FileHandle>;
  const target = await open(name);
  if (target.createWritable !== undefined) {
    const writable = await target.createWritable();
    try {
      await writable.write(bytes);
      return await writable.close();
    } catch (error) {
      await writable.abort().catch(() => {}); // gives its room back
      throw error;
    }
  }
  const temporary = await open(`${name}.part`);
  const access = await temporary.createSyncAccessHandle!();
  try {
    access.truncate(0);
    writeAll(access, bytes, 0);
    access.flush();
  } finally {
    access.close();
  }
  await temporary.move!(name);
}

/**
 * What grows in a file that is there already: written in place in the private file system, elsewhere swapped in by `finish`.
 * `remove`: what becomes of the file when it is abandoned.
 */
export async function growFile(file: FileSystemFileHandle, remove: () => Promise<void> = async () => {}): Promise<GrowingFile> {
  const { name } = file;
  const out = await guardWrite(name, () => openOutput(file as unknown as FileHandle));
  let length = 0;
  let isOpen = true;
  return {
    append(bytes) {
      const offset = length;
      length += bytes.length;
      return guardWrite(name, async () => {
        if (bytes.length > 0) await out.write(bytes, offset);
        return offset;
      });
    },
    patch: (offset, bytes) => guardWrite(name, async () => out.write(bytes, offset)),
    async finish() {
      isOpen = false;
      await guardWrite(name, async () => out.close());
    },
    async abandon() {
      if (!isOpen) return;
      isOpen = false;
      await Promise.resolve(out.drop()).catch(() => {});
      await remove().catch(() => {});
    },
  };
}

interface Output {
  write(bytes: Uint8Array, at: number): void | Promise<void>;
  close(): void | Promise<void>;
  drop(): void | Promise<void>;
}

async function openOutput(file: FileHandle): Promise<Output> {
  const access = await file.createSyncAccessHandle?.().catch(() => undefined); // refused outside of the private file system
  if (access !== undefined) {
    access.truncate(0);
    const close = (): void => {
      access.flush();
      access.close();
    };
    return { write: (bytes, at) => writeAll(access, bytes, at), close, drop: () => access.close() };
  }
  const writable = await file.createWritable!();
  return {
    write: (data, position) => writable.write({ type: "write", position, data }),
    close: () => writable.close(),
    drop: () => writable.abort(),
  };
}

function writeAll(access: SyncAccess, bytes: Uint8Array, at: number): void {
  const written = access.write(bytes, { at });
  if (written === bytes.length) return;
  throw new DOMException(`only ${written} of ${bytes.length} bytes were written`, "QuotaExceededError");
}

/** The work, and what it was refused as a Problem that says what to do. */
async function guardWrite<R>(name: string, work: () => Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (cause) {
    if (isProblem(cause)) throw cause;
    const reason = describeError(cause);
    const expected = `Expected to write ${name}`;
    const text = isFull(cause)
      ? `${expected}; the browser's storage is full (${reason}). What was done before is kept. Delete results and models that you no longer need, then go on.`
      : `${expected}; the browser refused (${reason}). What was done before is kept. Try again, or choose another folder.`;
    throw new Problem("CannotWrite", text, { path: name, reason }, { cause });
  }
}
