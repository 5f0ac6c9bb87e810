// How the pixels of one page lie in the file: number type, strips or tiles, compression, colours. Everything that could make
// a decoder run wild is checked here, before a single block is read. What we do not read is refused with its reason.
// Where the blocks lie is read later (block-table.ts): a large slide has a hundred thousand of them.

import type { DType } from "../../array/raster.ts";
import { Problem } from "../../problem.ts";
import { createDamage, type Directory, readBytes, readValue, readValues, type TiffFile } from "./directory.ts";

export interface PageLayout {
  readonly width: number;
  readonly height: number;
  readonly dtype: DType;
  readonly bits: number;
  /** Samples a pixel in the file, and which of them are channels: alpha is dropped. */
  readonly samples: number;
  readonly kept: readonly number[];
  readonly planar: boolean;
  readonly compression: number;
  readonly predictor: number;
  readonly photometric: number;
  /** True: the first sample is stored with white as 0, and read the other way round. */
  readonly inverted: boolean;
  /** Red, then green, then blue, of a palette image. */
  readonly colourMap?: readonly number[];
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly across: number;
  readonly down: number;
  /** Bytes of a row of a block, and samples of a pixel in it. */
  readonly rowBytes: number;
  readonly blockSamples: number;
  /** JPEG tables that all blocks share. */
  readonly jpegTables?: Uint8Array;
}

const largestBlockBytes = 2 ** 28;
const mostSamples = 4096;
const readCompressions: readonly number[] = [1, 5, 7, 8, 32773, 32946, 50000];
const compressionNames: Readonly<Record<number, string>> = {
  ...{ 2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "JPEG of before 1995", 33003: "JPEG 2000", 33005: "JPEG 2000", 34712: "JPEG 2000" },
  ...{ 34887: "LERC", 34925: "LZMA", 50001: "WebP", 50002: "JPEG XL" },
};
const photometricNames: Readonly<Record<number, string>> = {
  5: "CMYK",
  6: "YCbCr",
  8: "CIE L*a*b*",
  9: "ICC L*a*b*",
  32803: "a colour filter array",
};

/** The layout of a page. Throws Problem InvalidData for what cannot be true, UnsupportedImage for what is not read. */
export async function readLayout(file: TiffFile, directory: Directory): Promise<PageLayout> {
  const value = async (tag: number, otherwise: number): Promise<number> => (await readValue(file, directory, tag)) ?? otherwise;
  const width = await value(256, 0);
  const height = await value(257, 0);
  const samples = await value(277, 1);
  const compression = await value(259, 1);
  const photometric = await value(262, 1);
  const planar = (await value(284, 1)) === 2 && samples > 1;
  if (!isSide(width) || !isSide(height)) throw createDamage(file.name, `its size is ${width}x${height}`);
  if (samples < 1 || samples > mostSamples) throw createDamage(file.name, `it has ${samples} samples a pixel`);
  if (!readCompressions.includes(compression))
    throw createUnsupported(file, `compressed with ${compressionNames[compression] ?? `method ${compression}`}`);
  if (photometric in photometricNames && !(photometric === 6 && compression === 7))
    throw createUnsupported(file, `in ${photometricNames[photometric]} colours`);
  if ((await value(266, 1)) !== 1) throw createUnsupported(file, "written with its bits reversed");
  if ((await value(32997, 1)) > 1) throw createUnsupported(file, "a volume in one page");
  const { dtype, bits } = await readNumberType(file, directory, samples);
  if (compression === 7 && ![8, 12, 16].includes(bits)) throw createUnsupported(file, `compressed with ${bits}-bit JPEG`);
  const predictor = [1, 7, 32773].includes(compression) ? 1 : await value(317, 1);
  assertPredictor(file, predictor, bits, dtype);

  const tiled = isTiled(directory);
  const blockWidth = tiled ? await value(322, 0) : width;
  const blockHeight = tiled ? await value(323, 0) : Math.min(await value(278, height), height);
  if (!isSide(blockWidth) || !isSide(blockHeight)) throw createDamage(file.name, `its blocks are ${blockWidth}x${blockHeight}`);
  const blockSamples = planar ? 1 : samples;
  const rowBytes = Math.ceil((blockWidth * blockSamples * bits) / 8);
  if (compression !== 1 && rowBytes * blockHeight > largestBlockBytes) {
    throw createUnsupported(file, `in one block of ${rowBytes * blockHeight} bytes, more than 256 MiB`);
  }
  const layout = {
    ...{
      width,
      height,
      dtype,
      bits,
      samples,
      planar,
      compression,
      predictor,
      photometric,
      inverted: photometric === 0 && dtype.startsWith("uint") && bits <= 32,
      tiled,
      blockWidth,
      blockHeight,
      rowBytes,
      blockSamples,
    },
    kept: await pickSamples(file, directory, samples, photometric),
    across: Math.ceil(width / blockWidth),
    down: Math.ceil(height / blockHeight),
  };
  const jpegTables = compression === 7 ? await readBytes(file, directory, 347) : undefined;
  if (photometric !== 3) return jpegTables ? { ...layout, jpegTables } : layout;
  const colourMap = await readValues(file, directory, 320);
  if (bits > 16 || samples !== 1 || colourMap?.length !== 3 * 2 ** bits) throw createDamage(file.name, "its palette is missing or broken");
  return { ...layout, colourMap };
}

/** True for pages in tiles: the tag of their width tells, since old writers keep the tables of tiles under the tags of strips. */
export function isTiled(directory: Directory): boolean {
  return directory.has(322);
}

/** Rows of the block in block row `row`: the last strip ends with the image, tiles are always whole. */
export function blockRows({ tiled, blockHeight, height }: Pick<PageLayout, "tiled" | "blockHeight" | "height">, row: number): number {
  return tiled ? blockHeight : Math.min(blockHeight, height - row * blockHeight);
}

async function readNumberType(file: TiffFile, directory: Directory, samples: number): Promise<{ dtype: DType; bits: number }> {
  const allBits = (await readValues(file, directory, 258)) ?? [1];
  const formats = (await readValues(file, directory, 339)) ?? [1];
  const bits = allBits[0] ?? 1;
  const format = formats[0] === 4 ? 1 : (formats[0] ?? 1);
  if (allBits.slice(0, samples).some((other) => other !== bits) || formats.slice(0, samples).some((other) => other !== formats[0])) {
    throw createUnsupported(file, "mixed from channels of different number types");
  }
  const kinds: Readonly<Record<string, DType>> = {
    "1.32": "uint32",
    "1.64": "uint32",
    "2.64": "int32",
    "2.8": "int8",
    "2.16": "int16",
    "2.32": "int32",
    "3.32": "float32",
    "3.64": "float64",
  };
  const dtype = kinds[`${format}.${bits}`] ?? (format === 1 && bits >= 1 && bits <= 16 ? (bits <= 8 ? "uint8" : "uint16") : undefined);
  if (!dtype)
    throw createUnsupported(file, `of ${bits}-bit ${["unknown", "unsigned", "signed", "floating point"][format] ?? "complex"} numbers`);
  return { dtype, bits };
}

function assertPredictor(file: TiffFile, predictor: number, bits: number, dtype: DType): void {
  if (predictor === 1) return;
  const whole = bits === 8 || bits === 16 || bits === 32 || bits === 64;
  if (predictor === 2 && whole && dtype !== "float64") return;
  if (predictor === 3 && dtype.startsWith("float")) return;
  throw createUnsupported(file, `written with predictor ${predictor} for ${bits}-bit ${dtype}`);
}

/** The samples that are channels. Alpha (extra sample types 1 and 2) is dropped; extra samples of no type are data and stay. */
async function pickSamples(file: TiffFile, directory: Directory, samples: number, photometric: number): Promise<readonly number[]> {
  if (photometric === 6 && samples < 3) throw createDamage(file.name, `it has ${samples} samples a pixel in place of three colours`);
  const colours = isColour(photometric, samples) ? 3 : 1;
  const extra = (await readValues(file, directory, 338)) ?? [];
  const isAlpha = (sample: number): boolean => [1, 2].includes(extra[sample - colours] ?? 0);
  return Array.from({ length: samples }, (_, sample) => sample).filter((sample) => sample < colours || !isAlpha(sample));
}

/** True for pages whose first three samples are, or become, red, green and blue. Microscopes (LSM) call two channels RGB, too. */
export function isColour(photometric: number, samples: number): boolean {
  return (photometric === 2 || photometric === 6) && samples >= 3;
}

/** The Problem for a file that is whole, but of a kind that is not read. Its advice names all that makes a file one that is. */
export function createUnsupported(file: Pick<TiffFile, "name">, reason: string): Problem {
  const advice = "Save it as plain TIFF: grey or RGB, whole numbers of 8 or 16 bits, packed with LZW, Deflate or not at all.";
  const message = `Expected a plain TIFF; ${file.name} is ${reason}, which is not read. ${advice}`;
  return new Problem("UnsupportedImage", message, { path: file.name, reason });
}

function isSide(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value < 2 ** 31;
}
