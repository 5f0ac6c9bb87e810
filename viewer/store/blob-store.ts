// Where the viewer keeps its things: the origin's private files, else IndexedDB, else memory only (a sandboxed frame has no
// storage at all). One interface, the first that works.

/** Blobs by name. */
export interface BlobStore {
  /** What the user should know of it; undefined where everything is kept. */
  readonly limit: string | undefined;
  get(name: string): Promise<Blob | undefined>;
  /** Replaces what was there. Throws where the storage is full or forbidden; what was there is kept then. */
  put(name: string, data: Blob): Promise<void>;
  remove(name: string): Promise<void>;
  list(): Promise<readonly string[]>;
}

/** The best store that works here. */
export async function openBlobStore(): Promise<BlobStore> {
  for (const open of [openPrivateFiles, openDatabase]) {
    try {
      const store = await open();
      await store.list();
      return store;
    } catch {
      // Not here: the next one.
    }
  }
  return createMemoryStore();
}

async function openPrivateFiles(): Promise<BlobStore> {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("overtile-viewer", { create: true });
  return {
    limit: undefined,
    async get(name) {
      try {
        return await (await folder.getFileHandle(name)).getFile();
      } catch (error) {
        if ((error as Error).name === "NotFoundError") return undefined;
        throw error;
      }
    },
    async put(name, data) {
      // createWritable writes beside and swaps on close: a failed write leaves the old file.
      const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
      try {
        await writable.write(data);
        await writable.close();
      } catch (error) {
        await writable.abort().catch(() => {});
        throw error;
      }
    },
    async remove(name) {
      await folder.removeEntry(name).catch(() => {});
    },
    async list() {
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names;
    },
  };
}

async function openDatabase(): Promise<BlobStore> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open("overtile-viewer", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("blobs");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const run = <T>(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction("blobs", mode);
      const request = ask(transaction.objectStore("blobs"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  return {
    limit: undefined,
    get: (name) => run("readonly", (store) => store.get(name) as IDBRequest<Blob | undefined>),
    async put(name, data) {
      await run("readwrite", (store) => store.put(data, name));
    },
    async remove(name) {
      await run("readwrite", (store) => store.delete(name));
    },
    list: async () => (await run("readonly", (store) => store.getAllKeys())).map(String),
  };
}

function createMemoryStore(): BlobStore {
  const blobs = new Map<string, Blob>();
  return {
    limit: "This page may not store anything: images, labels and models are lost when it closes. Export them.",
    get: async (name) => blobs.get(name),
    async put(name, data) {
      blobs.set(name, data);
    },
    async remove(name) {
      blobs.delete(name);
    },
    list: async () => [...blobs.keys()],
  };
}
