// Many small reads of a far file as few requests: the file in blocks of 64 kB, of which the last ones are kept. Neighbouring blocks
// are asked for at once; a block that somebody waits for is not asked for again; a request ends when nobody waits for it any more.

import { assertRange, type ByteReader } from "./bytes.ts";

export interface BlockSource {
  readonly size: number;
  /** Exactly these bytes. */
  fetch(offset: number, length: number, signal: AbortSignal): Promise<Uint8Array>;
  /** The beginning of the file, where it is known already: whole blocks, or all of a smaller file. */
  readonly head?: Uint8Array;
  readonly dispose?: () => void;
}

/** Blocks on the way. */
interface Load {
  readonly from: number;
  readonly bytes: Promise<Uint8Array>;
  readonly controller: AbortController;
  waiting: number;
}

const blockBytes = 2 ** 16;
/** Blocks of one request. */
const mostBlocks = 32;

/** A reader that keeps up to `cacheBytes` of blocks. */
export function createBlockReader({ size, fetch, head, dispose }: BlockSource, cacheBytes = 2 ** 25): ByteReader {
  const kept = new Map<number, Uint8Array>();
  const loads = new Map<number, Load>();
  const mostKept = Math.max(1, Math.floor(cacheBytes / blockBytes));
  if (head) keepBlocks(0, head);

  function keepBlocks(from: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const block = from + at / blockBytes;
      const part = bytes.slice(at, at + blockBytes);
      if (part.length < blockBytes && block * blockBytes + part.length < size) break;
      kept.delete(block);
      kept.set(block, part);
      if (kept.size > mostKept) kept.delete(kept.keys().next().value!);
    }
  }

  /** Asks for the blocks `from` to `to`, the last one included. */
  function start(from: number, to: number): void {
    const controller = new AbortController();
    const offset = from * blockBytes;
    const load: Load = {
      from,
      controller,
      waiting: 0,
      bytes: fetch(offset, Math.min(size, (to + 1) * blockBytes) - offset, controller.signal),
    };
    for (let block = from; block <= to; block++) loads.set(block, load);
    const forget = (): void => {
      for (let block = from; block <= to; block++) if (loads.get(block) === load) loads.delete(block);
    };
    load.bytes.then((bytes) => {
      if (loads.get(from) === load) keepBlocks(from, bytes);
      forget();
    }, forget);
    controller.signal.addEventListener("abort", forget);
  }

  function startMissing(first: number, last: number): void {
    let from = -1;
    for (let block = first; block <= last + 1; block++) {
      const isMissing = block <= last && !kept.has(block) && !loads.has(block);
      if (from >= 0 && (!isMissing || block - from === mostBlocks)) {
        start(from, block - 1);
        from = -1;
      }
      if (isMissing && from < 0) from = block;
    }
  }

  return {
    size,
    async read(offset, length, signal) {
      assertRange(offset, length, size);
      signal?.throwIfAborted();
      const out = new Uint8Array(length);
      if (length === 0) return out;
      const put = (from: number, bytes: Uint8Array): void => {
        const start = from * blockBytes - offset;
        const skip = Math.max(0, -start);
        out.set(bytes.subarray(skip, Math.max(skip, length - start)), start + skip);
      };
      const first = Math.floor(offset / blockBytes);
      const last = Math.floor((offset + length - 1) / blockBytes);
      startMissing(first, last);
      const waited = new Set<Load>();
      for (let block = first; block <= last; block++) {
        const bytes = kept.get(block);
        const load = loads.get(block);
        if (bytes) {
          kept.delete(block);
          kept.set(block, bytes);
          put(block, bytes);
        } else if (load) waited.add(load);
      }
      await waitAll(waited, signal, ({ from }, bytes) => put(from, bytes));
      return out;
    },
    dispose() {
      for (const { controller } of loads.values()) controller.abort();
      kept.clear();
      dispose?.();
    },
  };
}

/** Waits for the loads, or for the signal; a load that nobody waits for is ended. */
async function waitAll(
  loads: ReadonlySet<Load>,
  signal: AbortSignal | undefined,
  take: (load: Load, bytes: Uint8Array) => void,
): Promise<void> {
  for (const load of loads) load.waiting++;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
  });
  try {
    await Promise.race([Promise.all([...loads].map(async (load) => take(load, await load.bytes))), aborted]);
  } finally {
    signal?.removeEventListener("abort", abort);
    for (const load of loads) if (--load.waiting === 0 && signal?.aborted) load.controller.abort(signal.reason);
  }
}
