// What tells one image from another of the same name and size, wherever it lies and whenever it was copied: how many bytes it has,
// and the checksums of the first and the last megabyte. A run of a slide remembers it, so that it is not gone on with another image.

import type { ByteReader } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import type { ImageSource } from "./source.ts";

const partBytes = 2 ** 20;

/** The fingerprint of a file: "SIZE-FIRST-LAST", checksums in hexadecimal digits. */
async function fingerprintReader(reader: ByteReader, signal?: AbortSignal): Promise<string> {
  const { size } = reader;
  const length = Math.min(partBytes, size);
  const first = await reader.read(0, length, signal);
  const last = size <= partBytes ? first : await reader.read(size - length, length, signal);
  return `${size}-${toHex(crc32(first))}-${toHex(crc32(last))}`;
}

/** The fingerprint of several values, in their order; undefined stands for one that is not there. */
export function fingerprintValues(values: readonly (Uint8Array | undefined)[]): string {
  return values
    .map((bytes) => {
      if (bytes === undefined) return "none";
      const ends = [bytes.subarray(0, partBytes), bytes.subarray(-partBytes)];
      return [bytes.length, ...ends.map((end) => toHex(crc32(end)))].join("-");
    })
    .join(" ");
}

/** The source with the fingerprint of its file. */
export function withFingerprint(source: ImageSource, reader: ByteReader): ImageSource {
  return { ...source, fingerprint: (signal) => fingerprintReader(reader, signal) };
}

function toHex(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}
