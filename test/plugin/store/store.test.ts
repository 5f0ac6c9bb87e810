// The store: whatever write fails, wherever, the old file is whole; refusals of the browser are Problems that say what to do.

import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { guardFiles, openBrowserStore } from "../../../plugin/store/browser-store.ts";
import { createMemoryFiles, type Files } from "../../../plugin/store/files.ts";
import { createLocalLock } from "../../../plugin/store/lock.ts";
import { createSlotFiles, type SlotFolder } from "../../../plugin/store/slot-files.ts";

/** A folder that writes in place, a few bytes at a time, and fails at the operation `failAt` and all after it. */
function createFailingFolder(): SlotFolder & { failAt: number; operations: number } {
  const files = new Map<string, number[]>();
  const folder = {
    failAt: Number.POSITIVE_INFINITY,
    operations: 0,
    async list() {
      return [...files.keys()];
    },
    async read(name: string) {
      const bytes = files.get(name);
      return bytes && Uint8Array.from(bytes);
    },
    async readEnd(name: string, length: number) {
      const bytes = files.get(name);
      return bytes && { bytes: Uint8Array.from(bytes.slice(-length)), size: bytes.length };
    },
    async write(name: string, parts: readonly Uint8Array[]) {
      operate();
      const bytes: number[] = [];
      files.set(name, bytes);
      for (const part of parts) {
        for (let i = 0; i < part.length; i += 3) {
          operate();
          bytes.push(...part.subarray(i, i + 3));
        }
      }
      operate(); // flush
    },
    async remove(name: string) {
      operate();
      files.delete(name);
    },
  };
  function operate(): void {
    if (++folder.operations >= folder.failAt) throw new DOMException("no space", "QuotaExceededError");
  }
  return folder;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const read = async (files: Files, name: string): Promise<string | undefined> => {
  const bytes = await files.read(name);
  return bytes && new TextDecoder().decode(bytes);
};

describe("slots", () => {
  test("what is written is read, under any name", async () => {
    const files = createSlotFiles(createFailingFolder());
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }),
        fc.uint8Array({ maxLength: 50 }),
        async (name, bytes) => {
          await files.write(name, bytes);
          expect(await files.read(name)).toEqual(bytes);
          expect(await files.list()).toContain(name);
        },
      ),
      { seed: 7 },
    );
  });

  test("for every N, when the N-th operation of a write fails, the old version or the new one is read, whole", async () => {
    for (const before of [undefined, ["first"], ["first", "second, longer than it"]]) {
      for (let failAt = 1; ; failAt++) {
        const folder = createFailingFolder();
        const files = createSlotFiles(folder);
        for (const version of before ?? []) await files.write("model", text(version));
        folder.operations = 0;
        folder.failAt = failAt;
        const failed = await files.write("model", text("the new version of it")).then(
          () => false,
          () => true,
        );
        folder.failAt = Number.POSITIVE_INFINITY;
        const found = await read(files, "model");
        // The last operation of all is the flush: then everything was written already.
        expect(failed ? [before?.at(-1), "the new version of it"] : ["the new version of it"]).toContain(found);
        expect(await files.list()).toEqual(found === undefined ? [] : ["model"]);
        // And the store goes on.
        await files.write("model", text("after"));
        expect(await read(files, "model")).toBe("after");
        if (folder.operations < failAt) break;
      }
    }
  });

  test("for every N, when the N-th operation of a removal fails, the newest version is still read", async () => {
    for (let failAt = 1; failAt <= 4; failAt++) {
      const folder = createFailingFolder();
      const files = createSlotFiles(folder);
      await files.write("model", text("old"));
      await files.write("model", text("new"));
      folder.operations = 0;
      folder.failAt = failAt;
      await files.remove("model").catch(() => {});
      expect(["new", undefined]).toContain(await read(files, "model"));
    }
  });

  test("a flipped byte is noticed: the file counts as missing", async () => {
    const folder = createFailingFolder();
    const files = createSlotFiles(folder);
    await files.write("model", text("weights"));
    const [slot] = await folder.list();
    const bytes = (await folder.read(slot!))!;
    bytes[2]! ^= 1;
    await folder.write(slot!, [bytes]);
    expect(await files.read("model")).toBeUndefined();
  });
});

describe("refusals", () => {
  const refusing = (error: Error): Files => ({
    ...createMemoryFiles(),
    write: async () => {
      throw error;
    },
    list: async () => {
      throw error;
    },
  });

  test("a full storage is CannotWrite, and says what is safe and what to do", async () => {
    const files = guardFiles(refusing(new DOMException("full", "QuotaExceededError")), "models");
    await expect(files.write("a", text("x"))).rejects.toMatchObject({
      kind: "CannotWrite",
      message: expect.stringMatching(/What was stored before is whole\. Remove/),
    });
  });

  test("a forbidden storage is StorageUnavailable", async () => {
    const files = guardFiles(refusing(new DOMException("denied", "SecurityError")), "models");
    await expect(files.write("a", text("x"))).rejects.toMatchObject({ kind: "StorageUnavailable" });
    await expect(files.list()).rejects.toMatchObject({ kind: "StorageUnavailable" });
  });
});

test("OPFS that another tab is just writing to is OPFS; one that refuses writing is passed over", async () => {
  const folder = (error: string): object => ({
    getDirectoryHandle: async () => folder(error),
    getFileHandle: async (_: string, options?: { create?: boolean }) => {
      if (!options?.create) throw new DOMException("missing", "NotFoundError");
      return { createSyncAccessHandle: () => Promise.reject(new DOMException("no", error)) };
    },
    removeEntry: async () => {},
  });
  const kinds: string[] = [];
  for (const error of ["NoModificationAllowedError", "InvalidStateError", "SecurityError"]) {
    vi.stubGlobal("navigator", { storage: { getDirectory: async () => folder(error) } });
    kinds.push((await openBrowserStore()).kind);
  }
  vi.unstubAllGlobals();
  expect(kinds).toEqual(["opfs", "opfs", "memory"]);
});

test("a lock is held by one until it is released", async () => {
  const lock = createLocalLock();
  const release = await lock("a");
  expect(await lock("a")).toBeUndefined();
  expect(await lock("b")).toBeDefined();
  release!();
  expect(await lock("a")).toBeDefined();
});
