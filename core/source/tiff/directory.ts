// The directories of a TIFF, walked with a guard: every chain ends, every value has a bound, nothing lies outside the file.
// The walk keeps tags and where their values lie; values are read when asked for. TIFF 6.0 and BigTIFF; next: layout.ts.

import { Problem } from "../../problem.ts";
import type { ByteReader } from "../bytes.ts";

/** A tag: its field type, how many values, and where they lie in the file. */
interface Entry {
  readonly type: number;
  readonly count: number;
  readonly at: number;
}
export type Directory = ReadonlyMap<number, Entry>;

export interface TiffFile {
  readonly name: string;
  readonly reader: ByteReader;
  readonly littleEndian: boolean;
  readonly big: boolean;
  readonly directories: readonly Directory[];
}

/** Limits that are ours, not the format's. */
const mostDirectories = 65_535;
const mostTagsEach = 4096;
const mostTags = 1_000_000;
const mostSubDirectories = 64;
const largestValueBytes = 2 ** 20;
/** Tables of offsets and lengths may be longer than other values: two million tiles. */
const largestTableBytes = 2 ** 24;
const tableTags: readonly number[] = [273, 279, 324, 325];

const typeBytes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8 }; // biome-ignore format: a table

/** True when these first bytes are a TIFF's or BigTIFF's. */
export function isTiff(head: Uint8Array): boolean {
  const [a, b, c, d] = head;
  return (a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0) || (a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43));
}

/** Walks the chain of directories. Throws Problem InvalidData when it turns in a circle, leaves the file or has no end. */
export async function readDirectories(reader: ByteReader, name: string): Promise<TiffFile> {
  const head = viewOf(await reader.read(0, Math.min(16, reader.size)));
  const littleEndian = head.getUint16(0, true) === 0x4949;
  const big = head.getUint16(2, littleEndian) === 43;
  if (head.byteLength < (big ? 16 : 8)) throw createDamage(name, "the file is cut");
  if (big && (head.getUint16(4, littleEndian) !== 8 || head.getUint16(6, littleEndian) !== 0))
    throw createDamage(name, "its header is broken");
  const directories: Directory[] = [];
  const seen = new Set<number>();
  let tags = 0;
  let offset = big ? readLong8(head, 8, littleEndian) : head.getUint32(4, littleEndian);
  while (offset !== 0) {
    if (seen.has(offset)) throw createDamage(name, "its directories turn in a circle");
    if (directories.length >= mostDirectories) throw createDamage(name, `it has more than ${mostDirectories} directories`);
    seen.add(offset);
    const { directory, next } = await readDirectory(reader, { name, littleEndian, big, offset });
    tags += directory.size;
    if (tags > mostTags) throw createDamage(name, `its directories have more than ${mostTags} tags`);
    directories.push(directory);
    offset = next;
  }
  if (directories.length === 0) throw createDamage(name, "it has no image");
  return { name, reader, littleEndian, big, directories };
}

/**
 * The directories that a page keeps below itself (tag 330, SubIFDs): smaller copies of it, mostly. They are not followed further.
 * Throws Problem InvalidData when there are too many, or one lies outside the file.
 */
export async function readSubDirectories(file: TiffFile, directory: Directory): Promise<readonly Directory[]> {
  const offsets = (await readValues(file, directory, 330)) ?? [];
  const { reader, name, littleEndian, big } = file;
  if (offsets.length > mostSubDirectories) throw createDamage(name, `a page has ${offsets.length} pages below it`);
  const found: Directory[] = [];
  for (const offset of offsets) found.push((await readDirectory(reader, { name, littleEndian, big, offset })).directory);
  return found;
}

/** The values of a tag as numbers; rationals as quotients; undefined when the tag is absent. Throws Problem InvalidData. */
export async function readValues(file: TiffFile, directory: Directory, tag: number): Promise<readonly number[] | undefined> {
  const entry = directory.get(tag);
  if (!entry) return undefined;
  const view = viewOf(await readValueBytes(file, entry, tag));
  const size = typeBytes[entry.type]!;
  return Array.from({ length: entry.count }, (_, index) => readNumber(view, index * size, entry.type, file.littleEndian));
}

/** The first value of a tag. */
export async function readValue(file: TiffFile, directory: Directory, tag: number): Promise<number | undefined> {
  const entry = directory.get(tag);
  if (!entry || entry.count === 0) return undefined;
  // Many pages may point to the same long list: all of it must lie in the file, but no more than this one is read.
  assertValue(file, entry, tag);
  const size = typeBytes[entry.type]!;
  return readNumber(viewOf(await file.reader.read(entry.at, size)), 0, entry.type, file.littleEndian);
}

/** The bytes of a tag as they lie in the file; undefined when the tag is absent. */
export async function readBytes(file: TiffFile, directory: Directory, tag: number): Promise<Uint8Array | undefined> {
  const entry = directory.get(tag);
  return entry && readValueBytes(file, entry, tag);
}

/** A table of numbers, for long ones; undefined when the tag is absent. */
export async function readTable(file: TiffFile, directory: Directory, tag: number): Promise<Float64Array | undefined> {
  const entry = directory.get(tag);
  if (!entry) return undefined;
  const view = viewOf(await readValueBytes(file, entry, tag));
  const size = typeBytes[entry.type]!;
  const table = new Float64Array(entry.count);
  for (let index = 0; index < table.length; index++) table[index] = readNumber(view, index * size, entry.type, file.littleEndian);
  return table;
}

/** The text of a tag up to its first zero, as UTF-8 (OME), or as Latin-1 (ImageJ) where it is not; undefined when the tag is absent. */
export async function readText(file: TiffFile, directory: Directory, tag: number): Promise<string | undefined> {
  const entry = directory.get(tag);
  if (!entry) return undefined;
  const bytes = await readValueBytes(file, entry, tag);
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("latin1").decode(bytes);
  }
}

/** The Problem for a file that is not what it says. */
export function createDamage(name: string, reason: string, cause?: unknown): Problem {
  const message = `Expected a whole TIFF image; ${name} is damaged: ${reason}. Get or save the file again.`;
  return new Problem("InvalidData", message, { path: name, reason }, cause === undefined ? undefined : { cause });
}

async function readDirectory(
  reader: ByteReader,
  { name, littleEndian, big, offset }: { name: string; littleEndian: boolean; big: boolean; offset: number },
): Promise<{ directory: Directory; next: number }> {
  const countBytes = big ? 8 : 2;
  const entryBytes = big ? 20 : 12;
  const nextBytes = big ? 8 : 4;
  const count = await readAt(reader, name, offset, countBytes).then((view) =>
    big ? readLong8(view, 0, littleEndian) : view.getUint16(0, littleEndian),
  );
  if (count > mostTagsEach) throw createDamage(name, `a directory has ${count} tags; the most is ${mostTagsEach}`);
  const view = await readAt(reader, name, offset + countBytes, count * entryBytes + nextBytes);
  const directory = new Map<number, Entry>();
  for (let at = 0; at < count * entryBytes; at += entryBytes) {
    const tag = view.getUint16(at, littleEndian);
    const type = view.getUint16(at + 2, littleEndian);
    const values = big ? readLong8(view, at + 4, littleEndian) : view.getUint32(at + 4, littleEndian);
    const inline = (typeBytes[type] ?? 0) * values <= nextBytes;
    const field = at + (big ? 12 : 8);
    const elsewhere = big ? readLong8(view, field, littleEndian) : view.getUint32(field, littleEndian);
    if (typeBytes[type]) directory.set(tag, { type, count: values, at: inline ? offset + countBytes + field : elsewhere });
  }
  const last = count * entryBytes;
  return { directory, next: big ? readLong8(view, last, littleEndian) : view.getUint32(last, littleEndian) };
}

async function readValueBytes(file: TiffFile, entry: Entry, tag: number): Promise<Uint8Array> {
  return file.reader.read(entry.at, assertValue(file, entry, tag));
}

/** The bytes of a value. Throws Problem InvalidData where they are too many, or lie outside the file. */
function assertValue({ reader, name }: TiffFile, { type, count, at }: Entry, tag: number): number {
  const length = count * typeBytes[type]!;
  const most = tableTags.includes(tag) ? largestTableBytes : largestValueBytes;
  if (length > most) throw createDamage(name, `tag ${tag} has ${length} bytes; the most is ${most}`);
  if (at + length > reader.size) throw createDamage(name, `tag ${tag} lies outside the file`);
  return length;
}

async function readAt(reader: ByteReader, name: string, offset: number, length: number): Promise<DataView> {
  if (offset + length > reader.size) throw createDamage(name, "a directory lies outside the file");
  return viewOf(await reader.read(offset, length));
}

function readNumber(view: DataView, at: number, type: number, littleEndian: boolean): number {
  switch (type) {
    case 3:
      return view.getUint16(at, littleEndian);
    case 4:
    case 13:
      return view.getUint32(at, littleEndian);
    case 5:
      return view.getUint32(at, littleEndian) / view.getUint32(at + 4, littleEndian);
    case 6:
      return view.getInt8(at);
    case 8:
      return view.getInt16(at, littleEndian);
    case 9:
      return view.getInt32(at, littleEndian);
    case 10:
      return view.getInt32(at, littleEndian) / view.getInt32(at + 4, littleEndian);
    case 11:
      return view.getFloat32(at, littleEndian);
    case 12:
      return view.getFloat64(at, littleEndian);
    case 16:
    case 18:
      return readLong8(view, at, littleEndian);
    case 17:
      return Number(view.getBigInt64(at, littleEndian));
    default:
      return view.getUint8(at);
  }
}

/** Beyond 2^53 the value is no longer exact, but lies outside any file all the same. */
function readLong8(view: DataView, at: number, littleEndian: boolean): number {
  return Number(view.getBigUint64(at, littleEndian));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
