// A file of a zip as a reader: its beginning alone is unpacked to see what it is, the whole of it once more is asked for.

import { assertRange, type ByteReader } from "./bytes.ts";
import type { ZipArchive } from "./zip.ts";

/** Bytes that are read to recognise the format of a file. */
const headBytes = 2 ** 12;

/** The reader of a file in an archive. Throws the archive's Problem where there is none of that name. */
export function createZipReader(zip: ZipArchive, name: string): ByteReader {
  const size = zip.sizeOf(name);
  let head: Uint8Array | undefined;
  let whole: Uint8Array | undefined;
  return {
    size,
    async read(offset, length) {
      assertRange(offset, length, size);
      const end = offset + length;
      if (whole === undefined && end <= headBytes && size > headBytes) {
        head ??= zip.readHead(name, headBytes);
        if (end <= head.length) return head.subarray(offset, end);
      }
      whole ??= zip.read(name);
      return whole.subarray(offset, end);
    },
    dispose() {
      whole = undefined;
    },
  };
}
