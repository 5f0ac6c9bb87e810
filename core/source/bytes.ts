// Bytes of a file, read by ranges: the ground on which the readers of formats stand. A reader never hands out bytes
// that are not in the file; what it returns must not be written to.

import { Problem } from "../problem.ts";

export interface ByteReader {
  readonly size: number;
  /** Bytes [offset, offset + length). Throws RangeError where the file has no such bytes. */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  dispose?(): void | Promise<void>;
}

/** Files above this are not loaded whole. */
const largestWholeBytes = 2 ** 31 - 1;

export function createBytesReader(bytes: Uint8Array): ByteReader {
  return {
    size: bytes.length,
    async read(offset, length) {
      assertRange(offset, length, bytes.length);
      return bytes.subarray(offset, offset + length);
    },
  };
}

export function createBlobReader(blob: Blob): ByteReader {
  return {
    size: blob.size,
    async read(offset, length, signal) {
      assertRange(offset, length, blob.size);
      signal?.throwIfAborted();
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.length !== length) throw new RangeError(`got ${bytes.length} of ${length} bytes`);
      return bytes;
    },
  };
}

/** All bytes of a reader. Throws Problem InvalidData for more than 2 GiB. */
export async function readWhole(reader: ByteReader, path: string, signal?: AbortSignal): Promise<Uint8Array> {
  if (reader.size > largestWholeBytes) throw createTooLarge(path, reader.size);
  return reader.read(0, reader.size, signal);
}

export function assertRange(offset: number, length: number, size: number): void {
  if (Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new RangeError(`bytes ${offset} to ${offset + length} are outside the file of ${size} bytes`);
}

function createTooLarge(path: string, bytes: number): Problem {
  const reason = "too large";
  return new Problem("InvalidData", `Expected a file below 2 GiB; ${path} has ${bytes} bytes. Split it, or save it as a tiled TIFF.`, {
    path,
    reason,
  });
}
