// JPEG in, as a file of its own. The header is checked before anything is unpacked (tiff/jpeg-header.ts; tiff/jpeg.ts decodes: the same pixels
// as Pillow's, in a page and in a terminal). Rules: colours are RGB, grey stays one channel; what EXIF says of
// its orientation is done (turned-source.ts); damage is an error, no pixel is made up. ITU-T T.81.

import type { Raster } from "../array/raster.ts";
import { describeError, Problem } from "../problem.ts";
import { type ByteReader, readWhole } from "./bytes.ts";
import { readExifOrientation } from "./exif.ts";
import { createDecodedSource } from "./raster-source.ts";
import type { ImageSource } from "./source.ts";
import { decodeJpeg } from "./tiff/jpeg.ts";
import { type JpegHeader, type JpegSegment, readHeader } from "./tiff/jpeg-header.ts";
import { turnSource } from "./turned-source.ts";

/** Decoded bytes above this are refused. */
const largestDecodedBytes = 2 ** 28;

/** True when these first bytes are a JPEG's. */
export function isJpeg(head: Uint8Array): boolean {
  return head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff;
}

/** The source of a JPEG; decoded at the first read and kept until `dispose`. Throws Problem InvalidData or UnsupportedImage. */
export async function openJpeg(reader: ByteReader, name: string): Promise<ImageSource> {
  const header = checkHeader(await readWhole(reader, name), name);
  const { width, height, components, kind } = header;
  const dtype = header.precision > 8 ? "uint16" : "uint8";
  const facts = { name, width, height, dtype, channels: components, ...(kind !== "lossless" && { lossy: true }) } as const;
  const source = createDecodedSource(reader, facts, (bytes) => decodeFile(bytes, name, header));
  return turnSource(source, readJpegOrientation(header.segments));
}

const exifMarker = 0xe1;
const exifPrefix = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif"

function readJpegOrientation(segments: readonly JpegSegment[]): number {
  const exif = segments.find(({ marker, data }) => marker === exifMarker && exifPrefix.every((byte, at) => data[at] === byte));
  return exif ? readExifOrientation(exif.data.subarray(exifPrefix.length)) : 1;
}

function checkHeader(bytes: Uint8Array, name: string): JpegHeader {
  let header: JpegHeader;
  try {
    header = readHeader(bytes);
  } catch (cause) {
    throw createBroken(name, cause);
  }
  const { width, height, components, precision, kind } = header;
  if (width < 1 || height < 1) throw createBroken(name, new Error(`its JPEG has ${width}x${height} pixels`));
  const refuse = (reason: string): Problem =>
    new Problem("UnsupportedImage", `Expected a JPEG in grey or RGB; ${name}: ${reason}. Save it as PNG or TIFF.`, { path: name, reason });
  if (components === 4) throw refuse("its colours are CMYK");
  if (components !== 1 && components !== 3) throw refuse(`it has ${components} components`);
  if (kind !== "lossless" && precision !== 8 && !(precision === 12 && kind === "baseline" && components === 1))
    throw refuse(`it has ${precision} bits, ${components === 1 ? kind : "in colour"}`);
  const decodedBytes = width * height * components * (precision > 8 ? 2 : 1);
  if (decodedBytes > largestDecodedBytes) throw refuse(`it unpacks to ${decodedBytes} bytes at once; the most is ${largestDecodedBytes}`);
  return header;
}

async function decodeFile(bytes: Uint8Array, name: string, { width, height, components, precision }: JpegHeader): Promise<Raster> {
  const bits = precision > 8 ? 16 : 8;
  const data = await decodeJpeg(bytes, {
    ...{ width, rows: height, mostRows: height, components, bits, photometric: undefined, tables: undefined },
  }).catch((cause: unknown) => {
    throw createBroken(name, cause);
  });
  return { height, width, channels: components, data };
}

function createBroken(name: string, cause: unknown): Problem {
  const reason = describeError(cause);
  const message = `Expected a whole JPEG image; ${name} cannot be read: ${reason}. Get or save the file again.`;
  return new Problem("InvalidData", message, { path: name, reason }, { cause });
}
