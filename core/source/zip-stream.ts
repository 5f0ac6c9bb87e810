// A zip archive written file by file, of any number of files: more than 65,535 of them or 4 GiB make it zip64 (PKWARE APPNOTE
// 4.3.14). Files are stored with checksum and size ahead of them: ImageJ reads zips from their beginning, where Java refuses
// stored files that tell their size afterwards, which is how fflate streams them. Times are fixed, so bytes are repeatable.

import { crc32 } from "./crc32.ts";

export interface ZipStream {
  add(name: string, data: Uint8Array): void;
  /** The bytes of what was added since the last time. */
  take(): Uint8Array<ArrayBuffer>;
  /** What is left, and the directory: the end of the archive. */
  finish(): Uint8Array<ArrayBuffer>;
}

const localBytes = 30;
const centralBytes = 46;
const zip64Bytes = 12;
const endBytes = 56 + 20 + 22;
/** 1 January 1980, the first day that zip knows. */
const dosDate = 0x21;
const utf8Names = 0x800;

export function createZipStream(): ZipStream {
  const files = createLittleEndianWriter();
  const directory = createLittleEndianWriter();
  const encoder = new TextEncoder();
  let count = 0;
  let taken = 0;
  const addHeader = (out: LittleEndianWriter, name: Uint8Array, data: Uint8Array, crc: number) => {
    out.u16(utf8Names);
    out.u16(0);
    out.u16(0);
    out.u16(dosDate);
    out.u32(crc);
    out.u32(data.length);
    out.u32(data.length);
    out.u16(name.length);
  };
  return {
    add: (fileName, data) => {
      const name = encoder.encode(fileName);
      const crc = crc32(data);
      const offset = taken + files.size;
      const isFar = offset >= 0xffffffff;
      files.reserve(localBytes + name.length + data.length);
      files.u32(0x04034b50);
      files.u16(10);
      addHeader(files, name, data, crc);
      files.u16(0);
      files.bytes(name);
      files.bytes(data);
      directory.reserve(centralBytes + name.length + zip64Bytes);
      directory.u32(0x02014b50);
      directory.u16(45);
      directory.u16(isFar ? 45 : 10);
      addHeader(directory, name, data, crc);
      directory.u16(isFar ? zip64Bytes : 0);
      directory.u16(0);
      directory.u16(0);
      directory.u16(0);
      directory.u32(0);
      directory.u32(isFar ? 0xffffffff : offset);
      directory.bytes(name);
      if (isFar) {
        directory.u16(1);
        directory.u16(8);
        directory.u64(offset);
      }
      count++;
    },
    take: () => {
      taken += files.size;
      return files.take();
    },
    finish: () => {
      const start = taken + files.size;
      const length = directory.size;
      const isLarge = count >= 0xffff || start >= 0xffffffff || length >= 0xffffffff;
      files.bytes(directory.take());
      files.reserve(endBytes);
      if (isLarge) {
        files.u32(0x06064b50);
        files.u64(44);
        files.u16(45);
        files.u16(45);
        files.u32(0);
        files.u32(0);
        files.u64(count);
        files.u64(count);
        files.u64(length);
        files.u64(start);
        files.u32(0x07064b50);
        files.u32(0);
        files.u64(start + length);
        files.u32(1);
      }
      files.u32(0x06054b50);
      files.u32(0);
      files.u16(isLarge ? 0xffff : count);
      files.u16(isLarge ? 0xffff : count);
      files.u32(isLarge ? 0xffffffff : length);
      files.u32(isLarge ? 0xffffffff : start);
      files.u16(0);
      return files.take();
    },
  };
}

interface LittleEndianWriter {
  readonly size: number;
  /** Makes room for what comes next. */
  reserve(more: number): void;
  u16(value: number): void;
  u32(value: number): void;
  u64(value: number): void;
  bytes(value: Uint8Array): void;
  take(): Uint8Array<ArrayBuffer>;
}

function createLittleEndianWriter(): LittleEndianWriter {
  let buffer = new Uint8Array(1 << 16);
  let view = new DataView(buffer.buffer);
  let size = 0;
  const reserve = (more: number) => {
    if (size + more <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, size + more));
    larger.set(buffer.subarray(0, size));
    buffer = larger;
    view = new DataView(buffer.buffer);
  };
  return {
    get size() {
      return size;
    },
    reserve,
    u16: (value) => {
      view.setUint16(size, value, true);
      size += 2;
    },
    u32: (value) => {
      view.setUint32(size, value, true);
      size += 4;
    },
    u64: (value) => {
      view.setUint32(size, value % 2 ** 32, true);
      view.setUint32(size + 4, Math.floor(value / 2 ** 32), true);
      size += 8;
    },
    bytes: (value) => {
      reserve(value.length);
      buffer.set(value, size);
      size += value.length;
    },
    take: () => {
      const taken = buffer.slice(0, size);
      size = 0;
      return taken;
    },
  };
}
