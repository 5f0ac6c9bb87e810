// A JPEG strip or tile, or (source/jpeg.ts) a whole file. Its header (jpeg-header.ts) is checked before a decoder sees it: size,
// components and depth must be those of the block. Tables that the file keeps apart (JPEGTables) are put in front, and what the TIFF says of the colours is written
// into the stream, since it overrules what the stream says. Then libjpeg-turbo, or lossless-jpeg.ts and deep-jpeg.ts (12 bits).
// TIFF Technical Note 2; ITU-T T.81.

/// <reference path="./libjpeg-turbo.d.ts" />

import type { TypedArray } from "../../array/raster.ts";
import { loadCode } from "../load-code.ts";
import { decodeDeepJpeg } from "./deep-jpeg.ts";
import { type JpegHeader, readHeader, readSegments } from "./jpeg-header.ts";
import { decodeLosslessJpeg } from "./lossless-jpeg.ts";

/** Facts of the block, from the TIFF. */
export interface JpegBlock {
  readonly width: number;
  /** Rows that are needed; the stream may have up to `mostRows`. */
  readonly rows: number;
  readonly mostRows: number;
  readonly components: number;
  readonly bits: number;
  /** Photometric interpretation of the page: 6 = YCbCr, to be turned into RGB; undefined: as the stream itself says. */
  readonly photometric: number | undefined;
  readonly tables: Uint8Array | undefined;
}

/** Progressive streams hold all coefficients in memory, and walk them once a scan: both are bounded. */
const mostProgressivePixels = 2 ** 26;
const mostScannedPixels = 100 * 2 ** 24;
const mostScans = 100;

/** Samples of the block, components side by side, rows one after another. Throws Error for a stream that is broken or is not the block's. */
export async function decodeJpeg(packed: Uint8Array, block: JpegBlock): Promise<TypedArray> {
  const tables = block.tables ? readSegments(block.tables).segments.filter(({ marker }) => !isApplication(marker)) : [];
  const own = readHeader(packed);
  const header = { ...own, segments: [...tables, ...own.segments] };
  assertFits(header, block, packed);
  if (header.kind === "lossless") {
    const samples = decodeLosslessJpeg(packed, header);
    return block.bits === 8 ? Uint8Array.from(samples) : samples;
  }
  if (header.precision === 12) return decodeDeepJpeg(packed, header);
  return decodeLossy(joinStream(header, packed, block), header);
}

function assertFits({ width, height, components, precision, kind }: JpegHeader, block: JpegBlock, packed: Uint8Array): void {
  if (width !== block.width || height < block.rows || height > block.mostRows)
    throw new Error(`its JPEG has ${width}x${height} pixels in place of ${block.width}x${block.rows}`);
  if (components !== block.components) throw new Error(`its JPEG has ${components} components in place of ${block.components}`);
  const isDeep = kind === "baseline" && precision === 12 && (block.bits === 12 || block.bits === 16) && block.photometric !== 6;
  const isFitting = kind === "lossless" ? precision <= block.bits && precision >= 2 : precision === 8 && block.bits === 8;
  if (!isFitting && !isDeep) throw new Error(`its JPEG has ${precision} bits in place of ${block.bits}`);
  if (kind !== "lossless" && components !== 1 && components !== 3)
    throw new Error(`its JPEG has ${components} components; 1 or 3 are read`);
  if (kind !== "progressive") return;
  let scans = 0;
  for (let at = packed.indexOf(0xff); at >= 0; at = packed.indexOf(0xff, at + 1)) if (packed[at + 1] === 0xda) scans++;
  const pixels = width * height;
  if (pixels > mostProgressivePixels || pixels * scans > mostScannedPixels || scans > mostScans)
    throw new Error("its progressive JPEG is too large");
}

/** APP0 to APP15 and comments. */
function isApplication(marker: number): boolean {
  return (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
}

/** The whole stream. A block's colours are told by an Adobe segment: 0 = as they are, 1 = YCbCr; a file's by its own segments. */
function joinStream({ segments, components, dataAt }: JpegHeader, packed: Uint8Array, { photometric }: JpegBlock): Uint8Array {
  const adobe = [..."Adobe"].map((letter) => letter.charCodeAt(0));
  const told = { marker: 0xee, data: Uint8Array.of(...adobe, 0, 100, 0, 0, 0, 0, photometric === 6 ? 1 : 0) };
  // APP0 is JFIF's, APP14 is Adobe's.
  const own = segments.filter(({ marker }) => marker === 0xe0 || marker === 0xee);
  const colours = photometric === undefined ? own : components === 3 ? [told] : [];
  const all = [...colours, ...segments.filter(({ marker }) => !isApplication(marker))];
  const pixels = packed.subarray(dataAt);
  const out = new Uint8Array(2 + all.reduce((sum, { data }) => sum + 4 + data.length, 0) + pixels.length);
  out.set([0xff, 0xd8]);
  let at = 2;
  for (const { marker, data } of all) {
    out.set([0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255], at);
    out.set(data, at + 4);
    at += 4 + data.length;
  }
  out.set(pixels, at);
  return out;
}

/** The part of libjpeg-turbo that is used. */
interface TurboModule {
  readonly JPEGDecoder: new () => TurboDecoder;
}
interface TurboDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  delete(): void;
}

/** The code of libjpeg-turbo, not started yet. */
export function loadTurbo(): Promise<typeof import("@cornerstonejs/codec-libjpeg-turbo-8bit/decode")> {
  return loadCode("the decoder of JPEG", () => import("@cornerstonejs/codec-libjpeg-turbo-8bit/decode"));
}

let loading: Promise<TurboModule> | undefined;

async function decodeLossy(stream: Uint8Array, { width, height, components }: JpegHeader): Promise<Uint8Array> {
  loading ??= loadTurbo().then(({ default: create }) => create<TurboModule>());
  const module = await loading.catch((cause: unknown) => {
    loading = undefined;
    throw cause;
  });
  const decoder = new module.JPEGDecoder();
  let isAlive = true;
  try {
    decoder.getEncodedBuffer(stream.length).set(stream);
    decoder.decode();
    const decoded = decoder.getDecodedBuffer();
    if (decoded.length !== width * height * components) throw new Error(`its JPEG gave ${decoded.length} bytes`);
    return decoded.slice();
  } catch (cause) {
    // The library throws the address of its own exception, a number, also for what it only warns of: pixels would be made up.
    if (typeof cause === "number") throw new Error("its JPEG data are damaged");
    // Anything else may have ended the instance (out of memory): the next block gets a new one.
    isAlive = false;
    loading = undefined;
    throw cause;
  } finally {
    if (isAlive) decoder.delete();
  }
}
