// Files in IndexedDB, for pages without OPFS. A transaction is whole or not at all.

import type { Files } from "./files.ts";

const databaseName = "overtile";
const storeName = "files";

/** Opens the database. Rejects where it is missing, forbidden, or the disk is full. */
export async function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(storeName);
  const database = await toPromise(request);
  // Another tab wants a newer version: it goes first, and this one opens again when needed.
  database.onversionchange = () => database.close();
  return database;
}

/** The files of one folder in the database. */
export function createDatabaseFiles(database: IDBDatabase, folder: string): Files {
  const range = IDBKeyRange.bound([folder], [folder, []]);
  const change = (work: (store: IDBObjectStore) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(storeName, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortedTransaction"));
      work(transaction.objectStore(storeName));
    });
  const look = (): IDBObjectStore => database.transaction(storeName, "readonly").objectStore(storeName);
  return {
    list: async () => (await toPromise(look().getAllKeys(range))).map((key) => (key as string[])[1]!),
    read: async (name) => (await toPromise(look().get([folder, name]))) as Uint8Array<ArrayBuffer> | undefined,
    // A copy: a view would be stored with all of its buffer.
    write: (name, bytes) => change((store) => store.put(bytes.slice(), [folder, name])),
    remove: (name) => change((store) => store.delete([folder, name])),
  };
}

function toPromise<R>(request: IDBRequest<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    if ("onblocked" in request) request.onblocked = () => reject(new DOMException("another tab holds an older version", "BlockedError"));
  });
}
