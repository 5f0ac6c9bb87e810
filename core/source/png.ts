// PNG in. Every chunk must lie in the file, every chunk that matters must have its checksum, and the image data must unpack to
// exactly what the header promises: only then are rows decoded (png-pixels.ts). Nothing else (profiles, texts) is unpacked.
// Rules: alpha (a channel, or tRNS) is dropped, colours stay as stored; 1, 2 and 4-bit greys keep their numbers (0 to 15), they
// are not stretched; a palette gives its colours, or its indices where the caller reads labels or where it is a look-up table
// (lookup-table.ts); what EXIF says of the orientation is done (turned-source.ts). https://www.w3.org/TR/png-3/

import type { Raster } from "../array/raster.ts";
import { describeError, Problem } from "../problem.ts";
import { type ByteReader, readWhole } from "./bytes.ts";
import { crc32 } from "./crc32.ts";
import { readExifOrientation } from "./exif.ts";
import { concatBytes, inflateZlib } from "./inflate.ts";
import { invertedNotice, isInvertedGrey, isLookupTable, type Palette, tableNotice } from "./lookup-table.ts";
import { countFilteredBytes, decodeRowsInPlace, type PixelLayout } from "./png-pixels.ts";
import { createDecodedSource } from "./raster-source.ts";
import type { ImageSource } from "./source.ts";
import { turnSource } from "./turned-source.ts";

/** How a palette image is read: as its colours (images), or as its indices (labels). */
export type PaletteUse = "colours" | "indices";

interface Header extends PixelLayout {
  readonly colour: 0 | 2 | 3 | 4 | 6;
}

/** A chunk: its type and data, and the whole with length and checksum. */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly intact: boolean;
}

type Fail = (reason: string, cause?: unknown) => Problem;

/** Decoded bytes above this are refused. */
const largestDecodedBytes = 2 ** 28;
/** Chunks of a file: 256 MiB in pieces of a kilobyte. */
const mostChunks = 2 ** 18;
const samplesOf = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;
const depthsOf = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] } as const;
/** Chunks that the pixels depend on. */
const wantedChunks = ["IHDR", "PLTE", "IDAT", "IEND"];

/** True when these first bytes are a PNG's. */
export function isPng(head: Uint8Array): boolean {
  return [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, index) => head[index] === byte);
}

/** The source of a PNG; decoded at the first read and kept until `dispose`. Throws Problem InvalidData or UnsupportedImage. */
export async function openPng(reader: ByteReader, name: string, palette: PaletteUse): Promise<ImageSource> {
  const fail = createFailure(name);
  const chunks = listChunks(await readWhole(reader, name), fail);
  const { width, height, depth, colour } = checkChunks(chunks, name, fail);
  const table = colour === 3 ? toPalette(findChunk(chunks, "PLTE")) : undefined;
  const isTable = table !== undefined && isLookupTable(table);
  const use = isTable ? "indices" : palette;
  const channels = colour === 2 || colour === 6 || (colour === 3 && use === "colours") ? 3 : 1;
  const isInverted = palette === "indices" && table !== undefined && isInvertedGrey(table);
  const notice = isInverted ? invertedNotice : isTable && palette === "colours" ? tableNotice : undefined;
  const dtype = depth === 16 ? "uint16" : "uint8";
  const facts = { name, width, height, dtype, channels, ...(notice !== undefined && { notices: [`${name}: ${notice}`] }) } as const;
  const source = createDecodedSource(reader, facts, (bytes) => decodePng(bytes, name, use));
  const exif = findChunk(chunks, "eXIf");
  return turnSource(source, exif ? readExifOrientation(exif) : 1);
}

function findChunk(chunks: readonly Chunk[], wanted: string): Uint8Array | undefined {
  return chunks.find(({ type }) => type === wanted)?.data;
}

function toPalette(colours: Uint8Array = new Uint8Array(0)): Palette {
  const curve = (channel: number): Uint8Array => colours.filter((_, index) => index % 3 === channel);
  return { red: curve(0), green: curve(1), blue: curve(2) };
}

/** The chunks up to the end. Throws when one of them does not lie within the file. */
function listChunks(bytes: Uint8Array, fail: Fail): readonly Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; chunks.at(-1)?.type !== "IEND"; ) {
    if (at + 12 > bytes.length) throw fail("the file is cut");
    if (chunks.length >= mostChunks) throw fail(`it has more than ${mostChunks} chunks`);
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) throw fail("the file is cut");
    const body = bytes.subarray(at + 4, end - 4);
    const type = String.fromCharCode(...body.subarray(0, 4));
    const intact = !wantedChunks.includes(type) || crc32(body) === view.getUint32(end - 4);
    chunks.push({ type, data: body.subarray(4), intact });
    at = end;
  }
  return chunks;
}

/** The header, when all chunks that matter have their checksums. */
function checkChunks(chunks: readonly Chunk[], name: string, fail: Fail): Header {
  const broken = chunks.find(({ intact }) => !intact);
  if (broken) throw fail(`the checksum of its ${broken.type} data is wrong`);
  return readHeader(chunks, name, fail);
}

function readHeader([first, ...others]: readonly Chunk[], name: string, fail: Fail): Header {
  if (first?.type !== "IHDR" || first.data.length !== 13 || others.some(({ type }) => type === "IHDR"))
    throw fail("its header is missing or broken");
  const view = new DataView(first.data.buffer, first.data.byteOffset, 13);
  const width = view.getUint32(0);
  const height = view.getUint32(4);
  const depth = view.getUint8(8);
  const colour = view.getUint8(9) as Header["colour"];
  const depths: readonly number[] | undefined = depthsOf[colour];
  if (width < 1 || height < 1 || width >= 2 ** 31 || height >= 2 ** 31) throw fail(`its size is ${width}x${height}`);
  if (!depths?.includes(depth) || view.getUint8(10) !== 0 || view.getUint8(11) !== 0 || view.getUint8(12) > 1)
    throw fail("its header is broken");
  const header = { width, height, depth, colour, samples: samplesOf[colour], interlaced: view.getUint8(12) === 1 };
  const decodedBytes = width * height * header.samples * (depth === 16 ? 2 : 1);
  if (decodedBytes > largestDecodedBytes) {
    const reason = `it unpacks to ${decodedBytes} bytes at once; the most is ${largestDecodedBytes}`;
    throw new Problem("UnsupportedImage", `Expected a PNG of at most 256 MiB; ${name}: ${reason}. Save it as a tiled TIFF.`, {
      path: name,
      reason,
    });
  }
  return header;
}

function decodePng(bytes: Uint8Array, name: string, palette: PaletteUse): Raster {
  const fail = createFailure(name);
  const chunks = listChunks(bytes, fail);
  const header = checkChunks(chunks, name, fail);
  const { width, height, colour, samples } = header;
  const channels = colour === 4 || colour === 6 ? samples - 1 : samples;
  const packed = concatBytes(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const expected = countFilteredBytes(header);
  let data: Uint8Array | Uint16Array;
  try {
    data = decodeRowsInPlace(inflateZlib(packed, expected, expected), header, channels);
  } catch (cause) {
    throw fail(describeError(cause), cause);
  }
  if (colour !== 3 || palette === "indices") return { height, width, channels, data };
  return { height, width, channels: 3, data: paint(data, findChunk(chunks, "PLTE") ?? new Uint8Array(0), fail) };
}

/** The colours of the indices, red, green, blue a pixel. */
function paint(indices: Uint8Array | Uint16Array, colours: Uint8Array, fail: Fail): Uint8Array {
  const out = new Uint8Array(indices.length * 3);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const from = 3 * indices[pixel]!;
    if (from + 3 > colours.length) throw fail(`a pixel has colour ${from / 3} of a palette of ${Math.floor(colours.length / 3)}`);
    for (let channel = 0; channel < 3; channel++) out[pixel * 3 + channel] = colours[from + channel]!;
  }
  return out;
}

function createFailure(name: string): Fail {
  return (reason, cause) =>
    new Problem(
      "InvalidData",
      `Expected a whole PNG image; ${name} is damaged: ${reason}. Get or save the file again.`,
      { path: name, reason },
      cause === undefined ? undefined : { cause },
    );
}
