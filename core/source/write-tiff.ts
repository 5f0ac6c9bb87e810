// TIFF out, for results: one grey page a plane, strips packed with Deflate, little-endian. The description is ImageJ's, so that
// ImageJ, tifffile and we ourselves see pages as channels and know the pixel size. The same pixels give the same bytes.

import { zlibSync } from "fflate";
import { type DType, dtypeOf, type TypedArray } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { concatBytes } from "./inflate.ts";
import { layDirectory, type TiffField, toOffsetBytes } from "./tiff/lay-directory.ts";

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

/** The bytes of a TIFF with these pages. Throws Problem InvalidData for pages that do not fit, CannotWrite beyond 4 GiB. */
export function writeTiff(image: TiffImage): Uint8Array {
  const dtype = assertPages(image);
  const chunks: Uint8Array[] = [Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0)];
  let length = 8;
  const append = (bytes: Uint8Array): void => {
    chunks.push(bytes);
    length += bytes.length;
    if (length <= largestFileBytes) return;
    const reason = "more than 4 GiB";
    throw new Problem("CannotWrite", `Expected a TIFF below 4 GiB; got more. Write fewer pages, or OME-Zarr.`, { path: "TIFF", reason });
  };
  let link = { bytes: chunks[0]!, at: 4 };
  image.pages.forEach((page, index) => {
    const offsets: number[] = [];
    const lengths: number[] = [];
    for (const strip of packStrips(page, image.width)) {
      // Strips begin at even offsets.
      if (length % 2 === 1) append(new Uint8Array(1));
      offsets.push(length);
      lengths.push(strip.length);
      append(strip);
    }
    const start = length;
    const { bytes, offset, nextAt } = layDirectory(listFields({ image, dtype, index, offsets, lengths }), start);
    append(bytes);
    link.bytes.set(toOffsetBytes(offset, false), link.at);
    link = { bytes, at: nextAt - start };
  });
  return concatBytes(chunks, length);
}

function countRows(width: number, bytesEach: number): number {
  return Math.max(1, Math.floor(stripBytes / (width * bytesEach)));
}

function* packStrips(page: TypedArray, width: number): Generator<Uint8Array> {
  const bytes = new Uint8Array(page.buffer, page.byteOffset, page.byteLength);
  const stripLength = countRows(width, page.BYTES_PER_ELEMENT) * width * page.BYTES_PER_ELEMENT;
  for (let at = 0; at < bytes.length; at += stripLength) yield zlibSync(bytes.subarray(at, at + stripLength), { level: 6 });
}

interface PageFacts {
  readonly image: TiffImage;
  readonly dtype: DType;
  readonly index: number;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

function listFields({ image, dtype, index, offsets, lengths }: PageFacts): TiffField[] {
  const { width, height, pixelSizeUm } = image;
  const size = image.pages[index]!.BYTES_PER_ELEMENT;
  const format = dtype.startsWith("float") ? 3 : dtype.startsWith("int") ? 2 : 1;
  return [
    [254, 4, [0]],
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [8 * size]],
    [259, 3, [8]],
    [262, 3, [1]],
    ...(index === 0 ? [[270, 2, [...new TextEncoder().encode(`${describe(image)}\0`)]] as const] : []),
    [273, 4, offsets],
    [277, 3, [1]],
    [278, 4, [countRows(width, size)]],
    [279, 4, lengths],
    ...(pixelSizeUm === undefined ? [] : ([[282, 5, toQuotient(1 / pixelSizeUm)], [283, 5, toQuotient(1 / pixelSizeUm)], [296, 3, [1]]] as const)), // biome-ignore format: a row a tag
    [339, 3, [format]],
  ];
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
