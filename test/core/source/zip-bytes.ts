// Zip archives made by hand, with whatever lies in them a test wants.

import { deflateRawSync } from "node:zlib";

export interface MadeEntry {
  readonly name: string | Uint8Array;
  readonly data?: Uint8Array;
  /** What stands for the packed data. */
  readonly packed?: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** Lies: what the headers say instead of the truth. */
  readonly crc?: number;
  readonly bytes?: number;
  readonly packedBytes?: number;
  readonly offset?: number;
  /** What only the local header says. */
  readonly localName?: string;
  readonly localBytes?: number;
}

/** The bytes of an archive of these entries, whatever they claim. */
export function makeZip(entries: readonly MadeEntry[], end: { count?: number; start?: number; comment?: string } = {}): Uint8Array {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  for (const entry of entries) {
    const { data = Buffer.from("data"), method = 0, flags = 0 } = entry;
    const name = typeof entry.name === "string" ? Buffer.from(entry.name) : Buffer.from(entry.name);
    const packed: Uint8Array = entry.packed ?? (method === 8 ? deflateRawSync(data) : Buffer.from(data));
    const crc = entry.crc ?? crcOf(data);
    const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(20, 4);
    local.writeUInt16LE(flags, 6);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc, 14);
    local.writeUInt32LE(entry.packedBytes ?? packed.length, 18);
    local.writeUInt32LE(entry.localBytes ?? entry.bytes ?? data.length, 22);
    local.writeUInt16LE(localName.length, 26);
    const head = Buffer.alloc(46);
    head.writeUInt32LE(0x02014b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt16LE(20, 6);
    head.writeUInt16LE(flags, 8);
    head.writeUInt16LE(method, 10);
    head.writeUInt32LE(crc, 16);
    head.writeUInt32LE(entry.packedBytes ?? packed.length, 20);
    head.writeUInt32LE(entry.bytes ?? data.length, 24);
    head.writeUInt16LE(name.length, 28);
    head.writeUInt32LE(entry.offset ?? at, 42);
    parts.push(local, localName, Buffer.from(packed));
    central.push(head, name);
    at += 30 + localName.length + packed.length;
  }
  const directory = Buffer.concat(central);
  const comment = Buffer.from(end.comment ?? "");
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE((end.count ?? entries.length) & 0xffff, 8);
  tail.writeUInt16LE((end.count ?? entries.length) & 0xffff, 10);
  tail.writeUInt32LE(directory.length, 12);
  tail.writeUInt32LE(end.start ?? at, 16);
  tail.writeUInt16LE(comment.length, 20);
  return new Uint8Array(Buffer.concat([...parts, directory, tail, comment]));
}

/** CRC-32, bit by bit. */
export function crcOf(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
