// Decoded chunks (tiles, strips), kept up to a number of bytes and shared by all reads of a source. Two reads that want the same
// chunk at the same time wait for one load; the load is cancelled when the last of them has gone.

export interface ChunkCache<T extends Sized> {
  /**
   * The chunk of this key: kept, being loaded, or loaded now by `load`, whose signal aborts when nobody waits any more.
   * Rejects with what `load` throws (nothing is kept then), or with the reason of `signal`.
   */
  get(key: string, load: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Forgets everything; loads that run are cancelled. */
  clear(): void;
  /** Bytes that are kept now. */
  readonly bytes: number;
}

interface Sized {
  readonly byteLength: number;
}

interface Load<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

// Whoever reads an image from top to bottom comes back to a row of chunks until its last row of pixels: it must fit.
const usualBytes = 2 ** 27;
const largestBytes = 2 ** 29;

/** How large a cache should be for an image whose chunks across are so many bytes together. */
export function chooseCacheBytes(rowOfChunksBytes: number): number {
  return Math.min(largestBytes, Math.max(usualBytes, rowOfChunksBytes));
}

/** A cache of at most `mostBytes`, or of one chunk. The chunk used longest ago goes first. */
export function createChunkCache<T extends Sized>(mostBytes: number): ChunkCache<T> {
  const kept = new Map<string, T>();
  const loads = new Map<string, Load<T>>();
  let bytes = 0;

  function keep(key: string, chunk: T): void {
    kept.set(key, chunk);
    bytes += chunk.byteLength;
    for (const [oldest, { byteLength }] of kept) {
      if (bytes <= mostBytes || oldest === key) break;
      kept.delete(oldest);
      bytes -= byteLength;
    }
  }

  function start(key: string, load: (signal: AbortSignal) => Promise<T>): Load<T> {
    const controller = new AbortController();
    const started: Load<T> = { controller, waiting: 0, result: load(controller.signal) };
    loads.set(key, started);
    const isCurrent = (): boolean => loads.get(key) === started && loads.delete(key);
    started.result.then(
      (chunk) => {
        if (isCurrent()) keep(key, chunk);
      },
      () => void isCurrent(),
    );
    return started;
  }

  return {
    async get(key, load, signal) {
      signal?.throwIfAborted();
      const known = kept.get(key);
      if (known) {
        kept.delete(key);
        kept.set(key, known);
        return known;
      }
      const started = loads.get(key) ?? start(key, load);
      started.waiting++;
      try {
        return await (signal ? raceAbort(started.result, signal) : started.result);
      } finally {
        started.waiting--;
        if (started.waiting === 0 && signal?.aborted && loads.get(key) === started) {
          loads.delete(key);
          started.controller.abort(signal.reason);
        }
      }
    },
    clear() {
      for (const { controller } of loads.values()) controller.abort();
      loads.clear();
      kept.clear();
      bytes = 0;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** The result, or the reason of the signal if that comes first. */
function raceAbort<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    void result.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
