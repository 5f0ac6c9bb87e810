// Files in IndexedDB, for pages without OPFS. A transaction is whole or not at all.

import type { Files } from "./files.ts";

const databaseName = "overtile";
const storeName = "files";

/** Begins a transaction on the files. */
export type Transact = (mode: IDBTransactionMode) => Promise<IDBTransaction>;

/** Opens the database. Rejects where it is missing, forbidden, or the disk is full. */
export async function openDatabase(): Promise<Transact> {
  let opened: Promise<IDBDatabase> | undefined;
  const forget = (): void => {
    opened = undefined;
  };
  const open = async (): Promise<IDBDatabase> => {
    const request = indexedDB.open(databaseName, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(storeName);
    const database = await toPromise(request);
    database.onclose = forget;
    // Another tab wants a newer version, or none: it goes first, and this one opens again when needed.
    database.onversionchange = () => {
      database.close();
      forget();
    };
    return database;
  };
  const transact: Transact = async (mode) => {
    opened ??= open();
    const database = await opened.catch((error: unknown) => {
      forget();
      throw error;
    });
    return database.transaction(storeName, mode, { durability: "strict" });
  };
  await transact("readonly");
  return transact;
}

/** The files of one folder in the database. */
export function createDatabaseFiles(transact: Transact, folder: string): Files {
  const range = IDBKeyRange.bound([folder], [folder, []]);
  const change = async (work: (store: IDBObjectStore) => void): Promise<void> => {
    const transaction = await transact("readwrite");
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new DOMException("the transaction was aborted", "AbortedTransaction"));
      work(transaction.objectStore(storeName));
    });
  };
  const look = async <R>(ask: (store: IDBObjectStore) => IDBRequest<R>): Promise<R> =>
    toPromise(ask((await transact("readonly")).objectStore(storeName)));
  return {
    list: async () => (await look((store) => store.getAllKeys(range))).map((key) => (key as string[])[1]!),
    read: async (name) => (await look((store) => store.get([folder, name]))) as Uint8Array<ArrayBuffer> | undefined,
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
