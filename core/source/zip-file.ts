// A zip that is still a file: its directory is read by parts and judged, so that neither a huge file nor one of hostile claims is ever
// taken into memory to see what it is. What is fit to be read is then read whole (zip.ts).

import { type ByteReader, readWhole } from "./bytes.ts";
import { inflateRaw } from "./inflate.ts";
import { claimTooMuch, createRefusal, findDirectory, listEntries, tailBytes, type ZipLimits } from "./zip-directory.ts";

/** The directory of a zip. */
export interface ZipDirectory {
  readonly names: readonly string[];
  /** Bytes that a file claims to unpack to; undefined where there is none of that name. */
  sizeOf(name: string): number | undefined;
  /** The bytes of one file of at most `most` bytes, their checksum not compared. Throws the archive's Problem. */
  read(name: string, most: number): Promise<Uint8Array>;
}

const localSize = 30;
/** Bytes that belong to no file of an archive: headers, gaps, the program of a self-extracting archive. */
const mostUnowned = 2 ** 26;

/** The directory of the zip in a reader, which stays open. Throws the archive's Problem for what `readZip` would refuse by it. */
export async function openZipDirectory(reader: ByteReader, limits: ZipLimits, signal?: AbortSignal): Promise<ZipDirectory> {
  const refuse = createRefusal(limits);
  const { size } = reader;
  const tail = await reader.read(Math.max(0, size - tailBytes), Math.min(size, tailBytes), signal);
  const { count, start, end } = findDirectory(new DataView(tail.buffer, tail.byteOffset, tail.byteLength), size, limits);
  const { entries } = listEntries(await reader.read(start, end - start, signal), count, limits);
  const owned = [...entries.values()].reduce((sum, { packedBytes }) => sum + packedBytes, size - start);
  if (size - owned > mostUnowned) throw refuse(`${size - owned} of its ${size} bytes belong to none of its files`);
  return {
    names: [...entries.keys()],
    sizeOf: (name) => entries.get(name)?.bytes,
    async read(name, most) {
      const entry = entries.get(name);
      if (!entry) throw refuse(`it has no file "${name}"`);
      if (entry.bytes > most) throw refuse(claimTooMuch(entry, most));
      try {
        const local = await reader.read(entry.offset, localSize, signal);
        const view = new DataView(local.buffer, local.byteOffset, localSize);
        const at = entry.offset + localSize + view.getUint16(26, true) + view.getUint16(28, true);
        const packed = await reader.read(at, entry.packedBytes, signal);
        return entry.method === 0 ? packed.slice() : inflateRaw(packed, entry.bytes);
      } catch (cause) {
        signal?.throwIfAborted();
        throw refuse(`"${name.slice(0, 100)}" is damaged`, cause);
      }
    },
  };
}

/** Looks at the directory of a zip before the rest of it is fetched. */
export type Judge = (reader: ByteReader, signal?: AbortSignal) => Promise<unknown>;

/** The judge of zips that hold data. It throws Problem InvalidData. */
export function judgeZip(path: string): Judge {
  return (reader, signal) => openZipDirectory(reader, { kind: "InvalidData", path }, signal);
}

/** All bytes of a zip, once its directory has been judged. Throws the archive's Problem. */
export async function readZipWhole(reader: ByteReader, path: string, signal?: AbortSignal): Promise<Uint8Array> {
  await judgeZip(path)(reader, signal);
  return readWhole(reader, path, signal);
}
