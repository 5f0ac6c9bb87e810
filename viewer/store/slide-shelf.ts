// The folders of slides: in the origin's private files, one a run, what is known of each beside them (SlideFacts). The plugin
// writes into the folders; here they are made, found again, looked into and removed.

import type { Box } from "../../core/array/raster.ts";
import { blockPx } from "../labels/slide-tiles.ts";
import type { SlideFacts } from "../model/slide-layer.ts";
import type { BlobStore } from "./blob-store.ts";

export interface SlideShelf {
  /** False where this page has no private files. */
  readonly isThere: boolean;
  make(facts: SlideFacts): Promise<FileSystemDirectoryHandle>;
  list(): Promise<readonly { readonly facts: SlideFacts; readonly folder: FileSystemDirectoryHandle }[]>;
  /** True once all of it is segmented and written. */
  isDone(folder: FileSystemDirectoryHandle): Promise<boolean>;
  /** What tells the image of a run from others of its name and size; undefined where it is not known. */
  fingerprintOf(folder: FileSystemDirectoryHandle): Promise<string | undefined>;
  /** The blocks that are done. */
  listWritten(folder: FileSystemDirectoryHandle, facts: SlideFacts): Promise<readonly Box[]>;
  /** False for a run that was replaced: it is removed when the page is opened again. True takes that back. */
  keep(facts: SlideFacts, isKept: boolean): Promise<void>;
  remove(id: string): Promise<void>;
}

const prefix = "slide-";

/** The shelf of this origin. `store` keeps the facts. */
export async function openSlideShelf(store: BlobStore): Promise<SlideShelf> {
  const shelf = await openFolder().catch(() => undefined);
  const need = (): FileSystemDirectoryHandle => {
    if (shelf) return shelf;
    throw new Error("This page has no private files.");
  };
  const put = (facts: SlideFacts & { readonly isReplaced?: boolean }): Promise<void> =>
    store.put(`${prefix}${facts.id}`, new Blob([JSON.stringify(facts)]));
  /** Removes the folder, then its facts: a folder that stays is removed when the page is opened again. */
  const remove = async (id: string): Promise<void> => {
    const name = `${prefix}${id}`;
    const facts = await store.get(name);
    if (facts) await put({ ...(JSON.parse(await facts.text()) as SlideFacts), isReplaced: true }).catch(() => {}); // storage may be full
    if (shelf && !(await removeFolder(shelf, id))) return;
    await store.remove(name);
  };
  /** Replaced in this page: they can be brought back. */
  const replacedHere = new Set<string>();
  return {
    isThere: shelf !== undefined,
    async make(facts) {
      const folder = await need().getDirectoryHandle(facts.id, { create: true });
      await put(facts);
      // Hours of work should not be the first to go when the disk gets full; a browser may say no.
      void navigator.storage.persist?.().catch(() => {});
      return folder;
    },
    async list() {
      if (!shelf) return [];
      const names = (await store.list()).filter((name) => name.startsWith(prefix));
      const found = await Promise.all(
        names.map(async (name) => {
          try {
            const { isReplaced, ...facts } = JSON.parse(await (await store.get(name))!.text()) as SlideFacts & { isReplaced?: boolean };
            if (isReplaced && !replacedHere.has(facts.id)) await remove(facts.id);
            if (isReplaced) return [];
            return [{ facts, folder: await shelf.getDirectoryHandle(facts.id) }];
          } catch {
            return []; // of a run that was removed half-way
          }
        }),
      );
      return found.flat();
    },
    isDone: (folder) =>
      folder.getFileHandle("result.json").then(
        async (handle) => (await handle.getFile()).size > 0,
        () => false,
      ),
    async fingerprintOf(folder) {
      try {
        const record: unknown = JSON.parse(await (await (await folder.getFileHandle("run.json")).getFile()).text());
        const { source } = record as { readonly source?: unknown };
        return typeof source === "string" ? source : undefined;
      } catch {
        return undefined; // not begun yet, or by an older build
      }
    },
    async listWritten(folder, { width, height }) {
      const chunks = await findFolder(folder, ["classes", "0"]);
      const boxes: Box[] = [];
      for await (const [row, columns] of chunks?.entries() ?? []) {
        if (columns.kind !== "directory") continue;
        for await (const [column, chunk] of (columns as FileSystemDirectoryHandle).entries()) {
          const [y0, x0] = [Number(row) * blockPx, Number(column) * blockPx];
          const isWhole = chunk.kind === "file" && (await (chunk as FileSystemFileHandle).getFile()).size > 0;
          if (isWhole && Number.isInteger(x0))
            boxes.push({ y0, x0, y1: Math.min(height, y0 + blockPx), x1: Math.min(width, x0 + blockPx) });
        }
      }
      return boxes;
    },
    async keep(facts, isKept) {
      if (!isKept) replacedHere.add(facts.id);
      await put(isKept ? facts : { ...facts, isReplaced: true });
    },
    remove,
  };
}

async function openFolder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle("overtile-slides", { create: true });
}

// Blocks that are being written when a run is cancelled keep their files open for a moment.
const patienceMs = [0, 50, 200, 500, 1000, 2000];

/** True where the folder is gone. */
async function removeFolder(shelf: FileSystemDirectoryHandle, id: string): Promise<boolean> {
  for (const waitMs of patienceMs) {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    try {
      await shelf.removeEntry(id, { recursive: true });
      return true;
    } catch (error) {
      if (error instanceof DOMException && error.name === "NotFoundError") return true;
    }
  }
  return false;
}

async function findFolder(
  folder: FileSystemDirectoryHandle,
  [name, ...rest]: readonly string[],
): Promise<FileSystemDirectoryHandle | undefined> {
  if (name === undefined) return folder;
  const next = await folder.getDirectoryHandle(name).catch(() => undefined);
  return next && findFolder(next, rest);
}
