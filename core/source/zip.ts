// Zip archives, read with suspicion and written with fixed times. The central directory is parsed and checked here before
// fflate inflates anything: names, sizes, overlaps, checksums. What zip can do and we do not need (zip64, encryption, several
// disks, other methods) is refused. Format: PKWARE APPNOTE 6.3. Used by datasets and by model archives.

import { zipSync } from "fflate";
import { Problem } from "../problem.ts";
import { crc32 } from "./crc32.ts";
import { inflateHead, inflateRaw } from "./inflate.ts";
import { assertSafeName, decodeName } from "./zip-name.ts";

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

export interface ZipLimits {
  /** The kind of Problem to throw, and the file to name in it. */
  readonly kind: "InvalidModel" | "InvalidData";
  readonly path?: string;
  readonly maxEntries?: number;
  /** Of one file, unpacked. */
  readonly maxFileBytes?: number;
  /** Of all files together, unpacked. */
  readonly maxBytes?: number;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly offset: number;
  /** Where its packed data begin; known once its local header was checked. */
  start: number;
}

type Refuse = (reason: string, cause?: unknown) => Problem;

const endSize = 22;
const centralSize = 46;
const localSize = 30;

/** Larger files are refused wherever nothing else is said: images are read from the disk then. */
const largestFileBytes = 2 ** 29;

/**
 * An archive whose directory was checked whole: nothing is unpacked yet, and nothing ever to more than it claims there.
 * Throws Problem of `kind` for anything that is broken or looks unsafe.
 */
export function readZip(
  bytes: Uint8Array,
  { kind, path, maxEntries = 20_000, maxFileBytes = largestFileBytes, maxBytes = 2 ** 32 }: ZipLimits,
): ZipArchive {
  const refuse: Refuse = (reason, cause) => createZipProblem(kind, reason, path, cause);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { count, start, end } = findDirectory(view, refuse);
  if (count > maxEntries) throw refuse(`it has ${count} entries; the most is ${maxEntries}`);
  const entries = new Map<string, Entry>();
  let at = start;
  let total = 0;
  const folders: Entry[] = [];
  for (let index = 0; index < count; index++) {
    const { entry, next } = readCentral(bytes, view, at, end, refuse);
    at = next;
    if (entry.bytes > maxFileBytes) throw refuse(claimTooMuch(entry, maxFileBytes));
    total += entry.bytes;
    if (total > maxBytes) throw refuse(`its files unpack to more than ${maxBytes} bytes`);
    if (entry.name.endsWith("/")) {
      if (entry.bytes > 0) throw refuse(`the folder ${quoteName(entry.name)} has data`);
      folders.push(entry);
      continue;
    }
    if (entries.has(entry.name)) throw refuse(`the name ${quoteName(entry.name)} is there twice`);
    entries.set(entry.name, entry);
  }
  if (at !== end) throw refuse("its directory does not end where it says");
  assertApart([...entries.values(), ...folders], bytes, view, start, refuse);
  const find = (name: string): Entry => {
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

function claimTooMuch({ name, bytes }: Entry, most: number): string {
  return `${quoteName(name)} unpacks to ${bytes} bytes; the most is ${most}`;
}

/** The bytes of an archive of these files, in this order. The same files give the same bytes: all times are 1980-01-01. */
export function writeZip(files: readonly { name: string; data: Uint8Array; compress?: boolean }[]): Uint8Array {
  const mtime = new Date(1980, 0, 1);
  const entries = Object.create(null) as Record<string, [Uint8Array, { level: 0 | 6; mtime: Date }]>;
  for (const { name, data, compress = false } of files) entries[name] = [data, { level: compress ? 6 : 0, mtime }];
  return zipSync(entries);
}

function findDirectory(view: DataView, refuse: Refuse): { count: number; start: number; end: number } {
  const size = view.byteLength;
  for (let at = size - endSize; at >= Math.max(0, size - endSize - 65535); at--) {
    if (view.getUint32(at, true) !== 0x06054b50 || at + endSize + view.getUint16(at + 20, true) !== size) continue;
    const count = view.getUint16(at + 10, true);
    const length = view.getUint32(at + 12, true);
    const start = view.getUint32(at + 16, true);
    if (count === 0xffff || start === 0xffffffff || length === 0xffffffff) throw refuse("it is a zip64 archive, which is not read");
    if (view.getUint16(at + 4, true) !== 0 || view.getUint16(at + 6, true) !== 0) throw refuse("it is split over several disks");
    if (view.getUint16(at + 8, true) !== count) throw refuse("its directory gives two counts");
    if (start + length !== at) throw refuse("its directory is not where it says");
    return { count, start, end: at };
  }
  throw refuse("it is not a zip archive, or its end is missing");
}

function readCentral(bytes: Uint8Array, view: DataView, at: number, end: number, refuse: Refuse): { entry: Entry; next: number } {
  if (at + centralSize > end || view.getUint32(at, true) !== 0x02014b50) throw refuse("its directory is cut or broken");
  const nameBytes = view.getUint16(at + 28, true);
  const next = at + centralSize + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw refuse("its directory is cut or broken");
  const name = assertSafeName(bytes.subarray(at + centralSize, at + centralSize + nameBytes), (reason) => refuse(reason));
  const entry: Entry = {
    name,
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packedBytes: view.getUint32(at + 20, true),
    bytes: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    start: 0,
  };
  if (entry.flags & 0x2041) throw refuse(`${quoteName(name)} is encrypted`);
  if (entry.method !== 0 && entry.method !== 8)
    throw refuse(`${quoteName(name)} is packed by method ${entry.method}; only 0 and 8 are read`);
  if ([entry.packedBytes, entry.bytes, entry.offset].includes(0xffffffff)) throw refuse("it is a zip64 archive, which is not read");
  if (view.getUint16(at + 34, true) !== 0) throw refuse("it is split over several disks");
  if (entry.method === 0 && entry.packedBytes !== entry.bytes) throw refuse(`${quoteName(name)} has two sizes`);
  if (entry.bytes > 1032 * entry.packedBytes + 64)
    throw refuse(`${quoteName(name)} claims ${entry.bytes} bytes, which its data cannot hold`);
  return { entry, next };
}

/** Checks every local header against the directory, and that no two files share bytes. Sets `start` of each. */
function assertApart(entries: readonly Entry[], bytes: Uint8Array, view: DataView, limit: number, refuse: Refuse): void {
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

function unpack(entry: Entry, bytes: Uint8Array, refuse: Refuse): Uint8Array {
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

function createZipProblem(kind: "InvalidModel" | "InvalidData", reason: string, path: string | undefined, cause: unknown): Problem {
  const what = kind === "InvalidModel" ? "a model archive" : "a whole zip";
  const subject = path === undefined ? "the file" : path;
  const message = `Expected ${what}; ${subject} cannot be used: ${reason}. Get or save the file again.`;
  const details = path === undefined ? { reason } : { reason, path };
  return new Problem(kind, message, details, cause === undefined ? undefined : { cause });
}

/** A name of an entry as it is told, cut where it is long. */
export function quoteName(name: string): string {
  return `"${name.slice(0, 100)}"`;
}
