// TIFF out, for results: one grey page a plane, strips packed with Deflate, little-endian. The description is ImageJ's, so that
// ImageJ, tifffile and we ourselves see pages as channels and know the pixel size. The same pixels give the same bytes.

import { zlibSync } from "fflate";
import { type DType, dtypeOf, type TypedArray } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { concatBytes } from "./inflate.ts";

export interface TiffImage {
  readonly height: number;
  readonly width: number;
  /** One array a page, all of one number type. */
  readonly pages: readonly TypedArray[];
  /** Micrometres a pixel side. */
  readonly pixelSizeUm?: number;
  /** Depth and time of a stack, whose pages come channel by channel, then slice by slice, then frame by frame; default 1. */
  readonly slices?: number;
  readonly frames?: number;
}

/** Unpacked bytes of a strip, about: small enough to be read by boxes. */
const stripBytes = 2 ** 16;
/** Offsets of this TIFF are 32-bit. */
const largestFileBytes = 2 ** 32 - 1;

/** Field types: 3 = 16-bit, 4 = 32-bit, 5 = quotient of two 32-bit, 2 = text. */
type Field = readonly [tag: number, type: 2 | 3 | 4 | 5, values: readonly number[]];

/** The bytes of a TIFF with these pages. Throws Problem InvalidData for pages that do not fit, CannotWrite beyond 4 GiB. */
export function writeTiff(image: TiffImage): Uint8Array {
  const dtype = assertPages(image);
  const chunks: Uint8Array[] = [Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0)];
  let length = 8;
  const append = (bytes: Uint8Array): number => {
    // Values start at even offsets.
    if (length % 2 === 1) {
      chunks.push(new Uint8Array(1));
      length++;
    }
    const offset = length;
    chunks.push(bytes);
    length += bytes.length;
    if (length > largestFileBytes) {
      const reason = "more than 4 GiB";
      throw new Problem("CannotWrite", `Expected a TIFF below 4 GiB; got more. Write fewer pages, or OME-Zarr.`, { path: "TIFF", reason });
    }
    return offset;
  };
  let link = { bytes: chunks[0]!, at: 4 };
  image.pages.forEach((page, index) => {
    const { directory, offset, nextAt } = appendPage(page, index, { image, dtype, append });
    new DataView(link.bytes.buffer).setUint32(link.at, offset, true);
    link = { bytes: directory, at: nextAt };
  });
  return concatBytes(chunks, length);
}

function appendPage(
  page: TypedArray,
  index: number,
  { image, dtype, append }: { image: TiffImage; dtype: DType; append: (bytes: Uint8Array) => number },
): { directory: Uint8Array; offset: number; nextAt: number } {
  const { width, height, pixelSizeUm } = image;
  const size = page.BYTES_PER_ELEMENT;
  const rows = Math.max(1, Math.floor(stripBytes / (width * size)));
  const bytes = new Uint8Array(page.buffer, page.byteOffset, page.byteLength);
  const offsets: number[] = [];
  const lengths: number[] = [];
  for (let y = 0; y < height; y += rows) {
    const strip = zlibSync(bytes.subarray(y * width * size, Math.min(y + rows, height) * width * size), { level: 6 });
    offsets.push(append(strip));
    lengths.push(strip.length);
  }
  const format = dtype.startsWith("float") ? 3 : dtype.startsWith("int") ? 2 : 1;
  const fields: Field[] = [
    [254, 4, [0]],
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [8 * size]],
    [259, 3, [8]],
    [262, 3, [1]],
    ...(index === 0 ? [[270, 2, [...new TextEncoder().encode(`${describe(image)}\0`)]] as const] : []),
    [273, 4, offsets],
    [277, 3, [1]],
    [278, 4, [rows]],
    [279, 4, lengths],
    ...(pixelSizeUm === undefined ? [] : ([[282, 5, toQuotient(1 / pixelSizeUm)], [283, 5, toQuotient(1 / pixelSizeUm)], [296, 3, [1]]] as const)), // biome-ignore format: a row a tag
    [339, 3, [format]],
  ];
  const directory = layDirectory(fields, append);
  return { directory, offset: append(directory), nextAt: directory.length - 4 };
}

/** The bytes of a directory; values of more than four bytes are appended before it. */
function layDirectory(fields: readonly Field[], append: (bytes: Uint8Array) => number): Uint8Array {
  const directory = new Uint8Array(2 + 12 * fields.length + 4);
  const view = new DataView(directory.buffer);
  view.setUint16(0, fields.length, true);
  fields.forEach(([tag, type, values], index) => {
    const at = 2 + 12 * index;
    const bytes = type === 2 ? Uint8Array.from(values) : new Uint8Array((type === 3 ? Uint16Array : Uint32Array).from(values).buffer);
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, type === 5 ? values.length / 2 : values.length, true);
    if (bytes.length <= 4) directory.set(bytes, at + 8);
    else view.setUint32(at + 8, append(bytes), true);
  });
  return directory;
}

/** ImageJ takes the resolution as pixels a unit of its description. */
function describe({ pages, pixelSizeUm, slices = 1, frames = 1 }: TiffImage): string {
  const lines = ["ImageJ=1.54f", `images=${pages.length}`];
  const sizes = { channels: pages.length / slices / frames, slices, frames };
  if (pages.length > 1)
    lines.push(
      ...Object.entries(sizes).flatMap(([name, size]) => (size > 1 ? [`${name}=${size}`] : [])),
      "hyperstack=true",
      "mode=grayscale",
    );
  if (pixelSizeUm !== undefined) lines.push("unit=micron");
  return `${lines.join("\n")}\n`;
}

/** Numerator and denominator with about six digits, both below 2^32. */
function toQuotient(value: number): readonly number[] {
  return value >= 1 ? [Math.min(Math.round(value * 1e6), 2 ** 32 - 1), 1e6] : [1e6, Math.min(Math.round(1e6 / value), 2 ** 32 - 1)];
}

function assertPages({ height, width, pages, slices = 1, frames = 1 }: TiffImage): DType {
  const dtype = pages[0] && dtypeOf(pages[0]);
  const fits = pages.length % (slices * frames) === 0 && pages.every((page) => page.length === width * height && dtypeOf(page) === dtype);
  if (dtype && fits && width >= 1 && height >= 1) return dtype;
  const reason = "the pages do not fit";
  const got = pages.map((page) => `${dtypeOf(page) ?? "an unknown type"} of ${page.length}`).join(", ");
  throw new Problem(
    "InvalidData",
    `Expected pages of ${width}x${height} numbers of one type; got ${got || "none"}. Give one array a page.`,
    { reason },
  );
}
