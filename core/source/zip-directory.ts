// The directory of a zip archive, judged before anything else of it is read: names, sizes, claims. It lies at the end of the file, so a
// few reads of a large one are enough (zip-file.ts). Format: PKWARE APPNOTE 6.3. Read next: zip.ts, which unpacks.

import { Problem } from "../problem.ts";
import { assertSafeName } from "./zip-name.ts";

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

export interface ZipEntry {
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
/** The end of a directory lies in the last bytes of its file: so many at most, with its comment. */
export const tailBytes = endSize + 65535;
const mostEntries = 20_000;
/** Largest entry of the directory: a name of 1,024 characters, extra fields and a comment are far less. */
const mostEntryBytes = 2 ** 14;

/** Larger files are refused wherever nothing else is said: images are read from the disk then. */
export const largestFileBytes = 2 ** 29;

/**
 * Where the directory lies: `tail` are the last bytes of a file of `size` bytes, or all of them. Throws the archive's Problem, also for a
 * directory that no archive of so many entries needs.
 */
export function findDirectory(tail: DataView, size: number, limits: ZipLimits): { count: number; start: number; end: number } {
  const { maxEntries = mostEntries } = limits;
  const refuse = createRefusal(limits);
  const first = size - tail.byteLength;
  for (let at = size - endSize; at >= Math.max(first, size - tailBytes); at--) {
    if (tail.getUint32(at - first, true) !== 0x06054b50 || at + endSize + tail.getUint16(at - first + 20, true) !== size) continue;
    const count = tail.getUint16(at - first + 10, true);
    const length = tail.getUint32(at - first + 12, true);
    const start = tail.getUint32(at - first + 16, true);
    if (count === 0xffff || start === 0xffffffff || length === 0xffffffff) throw refuse("it is a zip64 archive, which is not read");
    if (tail.getUint16(at - first + 4, true) !== 0 || tail.getUint16(at - first + 6, true) !== 0)
      throw refuse("it is split over several disks");
    if (tail.getUint16(at - first + 8, true) !== count) throw refuse("its directory gives two counts");
    if (start + length !== at) throw refuse("its directory is not where it says");
    if (count > maxEntries) throw refuse(`it has ${count} entries; the most is ${maxEntries}`);
    if (length > count * mostEntryBytes) throw refuse(`its directory has ${length} bytes for ${count} entries`);
    return { count, start, end: at };
  }
  throw refuse("it is not a zip archive, or its end is missing");
}

/** The files and folders in the bytes of a directory. Throws the archive's Problem for names and claims that cannot be, or are too much. */
export function listEntries(
  bytes: Uint8Array,
  count: number,
  limits: ZipLimits,
): { readonly entries: ReadonlyMap<string, ZipEntry>; readonly folders: readonly ZipEntry[] } {
  const { maxFileBytes = largestFileBytes, maxBytes = 2 ** 32 } = limits;
  const refuse = createRefusal(limits);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, ZipEntry>();
  const folders: ZipEntry[] = [];
  let at = 0;
  let total = 0;
  for (let index = 0; index < count; index++) {
    const { entry, next } = readCentral(bytes, view, at, refuse);
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
  if (at !== bytes.length) throw refuse("its directory does not end where it says");
  return { entries, folders };
}

function readCentral(bytes: Uint8Array, view: DataView, at: number, refuse: Refuse): { entry: ZipEntry; next: number } {
  const end = bytes.length;
  if (at + centralSize > end || view.getUint32(at, true) !== 0x02014b50) throw refuse("its directory is cut or broken");
  const nameBytes = view.getUint16(at + 28, true);
  const next = at + centralSize + nameBytes + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw refuse("its directory is cut or broken");
  const name = assertSafeName(bytes.subarray(at + centralSize, at + centralSize + nameBytes), (reason) => refuse(reason));
  const entry: ZipEntry = {
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
  // Packing makes nothing much larger: more is room for what nobody described.
  if (entry.packedBytes > 2 * entry.bytes + 2 ** 16)
    throw refuse(`${quoteName(name)} takes ${entry.packedBytes} bytes for the ${entry.bytes} that it unpacks to`);
  return { entry, next };
}

/** Returns the function that makes the Problems of an archive. */
export function createRefusal({ kind, path }: Pick<ZipLimits, "kind" | "path">): Refuse {
  return (reason, cause) => createZipProblem(kind, reason, path, cause);
}

export function claimTooMuch({ name, bytes }: ZipEntry, most: number): string {
  return `${quoteName(name)} unpacks to ${bytes} bytes; the most is ${most}`;
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
