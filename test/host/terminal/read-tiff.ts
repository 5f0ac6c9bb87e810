// A TIFF reader that shares no line with ours: it follows the directories of a little-endian file from byte to byte, and lets
// Node's zlib unpack. Enough for what the terminal writes.

import { inflateSync } from "node:zlib";

export interface Page {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly format: "uint" | "int" | "float";
  /** Undefined where the file does not say. */
  readonly pixelsPerUm: number | undefined;
  readonly data: readonly number[];
}

const formats = [undefined, "uint", "int", "float"] as const;

export function readTiff(file: Buffer): readonly Page[] {
  if (file.toString("latin1", 0, 2) !== "II" || file.readUInt16LE(2) !== 42) throw new Error("no little-endian TIFF");
  const pages: Page[] = [];
  for (let at = file.readUInt32LE(4); at !== 0; ) {
    const count = file.readUInt16LE(at);
    const fields = new Map<number, readonly number[]>();
    for (let i = 0; i < count; i++) {
      const entry = at + 2 + 12 * i;
      fields.set(file.readUInt16LE(entry), readValues(file, entry));
    }
    pages.push(toPage(file, fields));
    at = file.readUInt32LE(at + 2 + 12 * count);
  }
  return pages;
}

function readValues(file: Buffer, entry: number): readonly number[] {
  const type = file.readUInt16LE(entry + 2);
  const count = file.readUInt32LE(entry + 4);
  const size = { 2: 1, 3: 2, 4: 4, 5: 8 }[type]!;
  const from = size * count <= 4 ? entry + 8 : file.readUInt32LE(entry + 8);
  return Array.from({ length: count }, (_, i) => {
    const at = from + size * i;
    if (type === 5) return file.readUInt32LE(at) / file.readUInt32LE(at + 4);
    return file.readUIntLE(at, size);
  });
}

function toPage(file: Buffer, fields: ReadonlyMap<number, readonly number[]>): Page {
  const one = (tag: number): number => fields.get(tag)![0]!;
  if (one(259) !== 8) throw new Error("not packed with Deflate");
  const lengths = fields.get(279)!;
  const strips = fields.get(273)!.map((offset, i) => inflateSync(file.subarray(offset, offset + lengths[i]!)));
  const bytes = Buffer.concat(strips);
  const [width, height, bits, format] = [one(256), one(257), one(258), formats[one(339)]!];
  const size = bits / 8;
  if (bytes.length !== width * height * size) throw new Error(`${bytes.length} bytes for ${width}x${height}`);
  const read = (at: number): number => (format === "float" ? bytes.readFloatLE(at) : bytes.readUIntLE(at, size));
  const data = Array.from({ length: width * height }, (_, i) => read(i * size));
  return { width, height, bits, format, pixelsPerUm: fields.get(282)?.[0], data };
}
