// Where models and checkpoints are kept: a flat set of named files, whole or not there at all. One interface; where the files
// really are differs by context (node-files.ts; in a browser OPFS, IndexedDB or memory).

/** A flat store of files. Names are arbitrary texts. */
export interface Files {
  list(): Promise<readonly string[]>;
  /** Undefined when there is none of that name. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Writes whole or not at all: after a failure the old file is as it was. Throws Problem CannotWrite or StorageUnavailable. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Nothing happens when there is none of that name. */
  remove(name: string): Promise<void>;
}

/** Files that are gone when the program ends. */
export function createMemoryFiles(): Files {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    list: async () => [...files.keys()],
    read: async (name) => files.get(name)?.slice(),
    write: async (name, bytes) => void files.set(name, Uint8Array.from(bytes)),
    remove: async (name) => void files.delete(name),
  };
}
