// Where chunks go: named values, whole or not there at all. A folder on disk (in a terminal), or memory in tests.

export interface ChunkStore {
  /** Undefined when there is none of that name. Names are paths with slashes. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Writes whole or not at all. Throws Problem CannotWrite. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  has(name: string): Promise<boolean>;
  /** Path of a value for messages; absent where there is none. */
  pathOf?(name: string): string;
  /** Only where `pathOf` is absent: a value that is broken can go by this alone. */
  remove?(name: string): Promise<void>;
}

/** Chunks that take their place once all of them are there. */
export interface GrowingFolder {
  readonly store: Pick<ChunkStore, "write">;
  finish(): Promise<void>;
  /** Nothing is left of it. */
  abandon(): Promise<void>;
}

export function createMemoryStore(): ChunkStore & { readonly names: () => readonly string[] } {
  const chunks = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    names: () => [...chunks.keys()].sort(),
    read: async (name) => chunks.get(name)?.slice(),
    write: async (name, bytes) => void chunks.set(name, Uint8Array.from(bytes)),
    has: async (name) => chunks.has(name),
  };
}
