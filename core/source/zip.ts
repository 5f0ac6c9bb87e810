// Zip archives, read with suspicion and written with fixed times. The central directory is parsed and checked here before
// fflate inflates anything: names, sizes, overlaps, checksums. What zip can do and we do not need (zip64, encryption, several
// disks, other methods) is refused. Format: PKWARE APPNOTE 6.3. Used by datasets and by model archives.

import { zipSync } from "fflate";
import type { Problem } from "../problem.ts";
import { crc32 } from "./crc32.ts";
import { inflateHead, inflateRaw } from "./inflate.ts";
import {
  claimTooMuch,
  createRefusal,
  findDirectory,
  largestFileBytes,
  listEntries,
  quoteName,
  type ZipEntry,
  type ZipLimits,
} from "./zip-directory.ts";
import { decodeName } from "./zip-name.ts";

export interface ZipArchive {
  /** Names of the files in the order of the central directory; folders are not listed. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Bytes that a file claims to unpack to. Throws the archive's Problem where there is none of that name. */
  sizeOf(name: string): number;
  /**
   * The bytes of a file, with their checksum compared. One that claims more than `most` is refused before anything is unpacked.
   * Throws the archive's Problem.
   */
  read(name: string, most?: number): Uint8Array;
  /** The first bytes of a file, at most `length`: no more than these is unpacked, and no checksum compared. */
  readHead(name: string, length: number): Uint8Array;
}

type Refuse = (reason: string, cause?: unknown) => Problem;

const localSize = 30;

/**
 * An archive whose directory was checked whole: nothing is unpacked yet, and nothing ever to more than it claims there.
 * Throws Problem of `kind` for anything that is broken or looks unsafe.
 */
export function readZip(bytes: Uint8Array, limits: ZipLimits): ZipArchive {
  const refuse = createRefusal(limits);
  const { maxFileBytes = largestFileBytes } = limits;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, end } = findDirectory(view, bytes.length, limits);
  const { entries, folders } = listEntries(bytes.subarray(start, end), count, limits);
  assertApart([...entries.values(), ...folders], bytes, view, start, refuse);
  const find = (name: string): ZipEntry => {
    const entry = entries.get(name);
    if (!entry) throw refuse(`it has no file "${name}"`);
    return entry;
  };
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    sizeOf: (name) => find(name).bytes,
    read(name, most = maxFileBytes) {
      const entry = find(name);
      if (entry.bytes > most) throw refuse(claimTooMuch(entry, most));
      return unpack(entry, bytes, refuse);
    },
    readHead(name, length) {
      const entry = find(name);
      const wanted = Math.min(length, entry.bytes);
      const packed = bytes.subarray(entry.start, entry.start + entry.packedBytes);
      if (entry.method === 0) return packed.slice(0, wanted);
      try {
        return inflateHead(packed, wanted);
      } catch (cause) {
        throw refuse(`${quoteName(name)} is damaged`, cause);
      }
    },
  };
}

/** The bytes of an archive of these files, in this order. The same files give the same bytes: all times are 1980-01-01. */
export function writeZip(files: readonly { name: string; data: Uint8Array; compress?: boolean }[]): Uint8Array {
  const mtime = new Date(1980, 0, 1);
  const entries = Object.create(null) as Record<string, [Uint8Array, { level: 0 | 6; mtime: Date }]>;
  for (const { name, data, compress = false } of files) entries[name] = [data, { level: compress ? 6 : 0, mtime }];
  return zipSync(entries);
}

/** Checks every local header against the directory, and that no two files share bytes. Sets `start` of each. */
function assertApart(entries: readonly ZipEntry[], bytes: Uint8Array, view: DataView, limit: number, refuse: Refuse): void {
  let free = 0;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset)) {
    const { name, offset } = entry;
    if (offset < free) throw refuse(`${quoteName(name)} overlaps another file`);
    if (offset + localSize > limit || view.getUint32(offset, true) !== 0x04034b50)
      throw refuse(`${quoteName(name)} is not where the directory says`);
    const nameBytes = view.getUint16(offset + 26, true);
    const nameStart = offset + localSize;
    entry.start = nameStart + nameBytes + view.getUint16(offset + 28, true);
    free = entry.start + entry.packedBytes;
    if (free > limit) throw refuse(`${quoteName(name)} is cut`);
    const streamed = (entry.flags & 8) !== 0;
    const same =
      view.getUint16(offset + 6, true) === entry.flags &&
      view.getUint16(offset + 8, true) === entry.method &&
      isSameName(bytes.subarray(nameStart, nameStart + nameBytes), name) &&
      (streamed ||
        (view.getUint32(offset + 14, true) === entry.crc &&
          view.getUint32(offset + 18, true) === entry.packedBytes &&
          view.getUint32(offset + 22, true) === entry.bytes));
    if (!same) throw refuse(`${quoteName(name)} and the directory do not agree`);
  }
}

function isSameName(bytes: Uint8Array, name: string): boolean {
  try {
    return decodeName(bytes) === name;
  } catch {
    return false;
  }
}

function unpack(entry: ZipEntry, bytes: Uint8Array, refuse: Refuse): Uint8Array {
  const packed = bytes.subarray(entry.start, entry.start + entry.packedBytes);
  let data: Uint8Array;
  try {
    data = entry.method === 0 ? packed.slice() : inflateRaw(packed, entry.bytes);
  } catch (cause) {
    throw refuse(`${quoteName(entry.name)} is damaged`, cause);
  }
  if (crc32(data) !== entry.crc) throw refuse(`${quoteName(entry.name)} is damaged: its checksum is wrong`);
  return data;
}
