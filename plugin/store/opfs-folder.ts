// A folder of the origin's private file system (OPFS), as slot-files.ts wants it. Runs in a worker: only there every browser
// has a way to write (sync access handles).

import type { SlotFolder } from "./slot-files.ts";

/** Safari had this before createWritable; the type is missing where the DOM's is. */
interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

/** The folder `overtile/name`, made when missing. Rejects where OPFS is missing or forbidden. */
export async function openOpfsFolder(name: string): Promise<SlotFolder> {
  const root = await navigator.storage.getDirectory();
  const folder = await (await root.getDirectoryHandle("overtile", { create: true })).getDirectoryHandle(name, { create: true });
  // Another tab may remove a file while it is read: then it is missing as well.
  const readFile = async <R>(file: string, read: (found: File) => Promise<R>): Promise<R | undefined> => {
    try {
      return await read(await (await folder.getFileHandle(file)).getFile());
    } catch (error) {
      if (isNamed(error, "NotFoundError")) return undefined;
      throw error;
    }
  };
  return {
    async list() {
      const names: string[] = [];
      for await (const file of (folder as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(file);
      return names;
    },
    read: (file) => readFile(file, async (found) => new Uint8Array(await found.arrayBuffer())),
    readEnd: (file, length) =>
      readFile(file, async (found) => {
        const bytes = new Uint8Array(await found.slice(Math.max(0, found.size - length)).arrayBuffer());
        return { bytes, size: found.size };
      }),
    async write(file, parts) {
      const handle = await folder.getFileHandle(file, { create: true });
      const access = await (handle as unknown as { createSyncAccessHandle(): Promise<SyncHandle> }).createSyncAccessHandle();
      try {
        access.truncate(0);
        let at = 0;
        for (const part of parts) {
          const written = access.write(part, { at });
          if (written !== part.length) throw new DOMException(`only ${written} of ${part.length} bytes were written`, "QuotaExceededError");
          at += part.length;
        }
        access.flush();
      } finally {
        access.close();
      }
    },
    async remove(file) {
      await folder.removeEntry(file).catch((error: unknown) => {
        if (!isNamed(error, "NotFoundError")) throw error;
      });
    },
  };
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
