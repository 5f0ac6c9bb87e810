// Pyramidal OME-TIFF out, tile by tile as they come: tiles packed by zlib go to the file at once, directories at its end, BigTIFF
// where 4 GB might not do. Coarser levels are SubIFDs of their plane, as OME-TIFF has them. Equal empty tiles share their bytes.
// Specification: https://docs.openmicroscopy.org/ome-model (OME-TIFF), TIFF 6.0, BigTIFF.

import type { DType, TypedArray } from "../array/raster.ts";
import { type Packing, pack } from "../source/platform-zlib.ts";
import { layDirectory, type TiffField, toOffsetBytes } from "../source/tiff/lay-directory.ts";
import { createOrder } from "./in-order.ts";
import type { LevelSize } from "./pyramid.ts";

/** A file that grows, and takes its name when it is whole. */
export interface GrowingFile {
  /** Appends, and gives the offset. Calls are answered in their order. */
  append(bytes: Uint8Array): Promise<number>;
  /** Writes over what was appended. */
  patch(offset: number, bytes: Uint8Array): Promise<void>;
  /** The file is whole: it takes its name, at once or when its place is published. */
  finish(): Promise<void>;
  /** Nothing is left of it. */
  abandon(): Promise<void>;
}

export interface OmeTiffOptions {
  readonly name: string;
  readonly sizes: readonly LevelSize[];
  /** Side of a tile; a multiple of 16. */
  readonly tilePx: number;
  readonly dtype: DType;
  /** Names of the planes: one plane a channel. */
  readonly channels: readonly string[];
  readonly pixelSizeUm?: number | undefined;
  readonly packing?: Packing;
}

export interface OmeTiffWriter {
  write(tile: {
    readonly channel: number;
    readonly level: number;
    readonly row: number;
    readonly column: number;
    readonly data: TypedArray;
    readonly isEmpty: boolean;
  }): Promise<void>;
  /** Writes the directories and gives the file its name. */
  end(): Promise<void>;
}

const types: Readonly<Partial<Record<DType, { ome: string; format: number }>>> = {
  uint8: { ome: "uint8", format: 1 },
  uint16: { ome: "uint16", format: 1 },
  uint32: { ome: "uint32", format: 1 },
  float32: { ome: "float", format: 3 },
};

// Offsets of a plain TIFF are 32-bit; what is packed may be as long as what is not.
const plainLimitBytes = 3.5e9;

// "II", the version and, in BigTIFF, the width of offsets; then the offset of the first directory, patched in at the end.
const plainHeader = Uint8Array.of(0x49, 0x49, 42, 0, 0, 0, 0, 0);
const bigHeader = Uint8Array.of(0x49, 0x49, 43, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

export async function openOmeTiff(file: GrowingFile, options: OmeTiffOptions): Promise<OmeTiffWriter> {
  const { sizes, tilePx, channels } = options;
  const bytesEach = { uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 }[options.dtype];
  const pixels = sizes.reduce((sum, { height, width }) => sum + height * width, 0) * channels.length;
  const isBig = pixels * bytesEach > plainLimitBytes;
  await file.append(isBig ? bigHeader : plainHeader);
  const planes = channels.map(() => sizes.map((size) => createTileLists(size, tilePx)));
  let empty: Promise<{ offset: number; length: number }> | undefined;
  const inOrder = createOrder();
  /** Packed at once, appended in the order of the calls: the same pixels give the same bytes. */
  const store = (data: TypedArray): Promise<{ offset: number; length: number }> => {
    const packing = pack(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength), "deflate", options.packing);
    return inOrder(packing, async (packed) => ({ offset: await file.append(packed), length: packed.length }));
  };
  return {
    async write({ channel, level, row, column, data, isEmpty }) {
      const lists = planes[channel]![level]!;
      if (isEmpty) empty ??= store(data);
      const { offset, length } = await (isEmpty ? empty! : store(data));
      lists.offsets[row * lists.columns + column] = offset;
      lists.lengths[row * lists.columns + column] = length;
    },
    async end() {
      let link = isBig ? 8 : 4;
      for (const [channel, levels] of planes.entries()) {
        const subs: number[] = [];
        for (const [level, lists] of levels.entries()) {
          if (level > 0) subs.push((await writeDirectory(file, levelFields(options, lists, level), isBig)).offset);
        }
        const description = channel === 0 ? [[270, 2, [...new TextEncoder().encode(`${describe(options)}\0`)]] as const] : [];
        const subFields = subs.length > 0 ? [[330, isBig ? 16 : 4, subs] as const] : [];
        const directory = await writeDirectory(file, [...levelFields(options, levels[0]!, 0), ...description, ...subFields], isBig);
        await file.patch(link, toOffsetBytes(directory.offset, isBig));
        link = directory.nextAt;
      }
      await file.finish();
    },
  };
}

interface TileLists extends LevelSize {
  readonly columns: number;
  readonly offsets: number[];
  readonly lengths: number[];
}

function createTileLists({ height, width }: LevelSize, tilePx: number): TileLists {
  const columns = Math.ceil(width / tilePx);
  const count = columns * Math.ceil(height / tilePx);
  return { height, width, columns, offsets: new Array<number>(count).fill(0), lengths: new Array<number>(count).fill(0) };
}

function levelFields(
  { tilePx, dtype, pixelSizeUm }: OmeTiffOptions,
  { height, width, offsets, lengths }: TileLists,
  level: number,
): TiffField[] {
  const bits = { uint8: 8, uint16: 16, uint32: 32, float32: 32 }[dtype as "uint8"];
  const perCentimetre = pixelSizeUm === undefined || level > 0 ? [] : quotient(1e4 / pixelSizeUm);
  const resolution: TiffField[] = perCentimetre.length === 0 ? [] : [[282, 5, perCentimetre], [283, 5, perCentimetre], [296, 3, [3]]]; // biome-ignore format: a row a tag
  const offsetType = offsets.some((offset) => offset >= 2 ** 32) ? 16 : 4;
  return [
    [254, 4, [level > 0 ? 1 : 0]],
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [bits]],
    [259, 3, [8]],
    [262, 3, [1]],
    [277, 3, [1]],
    ...resolution,
    [322, 4, [tilePx]],
    [323, 4, [tilePx]],
    [324, offsetType, offsets],
    [325, 4, lengths],
    [339, 3, [types[dtype]!.format]],
  ];
}

function quotient(value: number): readonly number[] {
  return [Math.min(Math.round(value * 1000), 2 ** 32 - 1), 1000];
}

async function writeDirectory(
  file: GrowingFile,
  fields: readonly TiffField[],
  isBig: boolean,
): Promise<{ readonly offset: number; readonly nextAt: number }> {
  const end = await file.append(new Uint8Array(0));
  const { bytes, offset, nextAt } = layDirectory(fields, end, isBig);
  await file.append(bytes);
  return { offset, nextAt };
}

function describe({ name, sizes, dtype, channels, pixelSizeUm }: OmeTiffOptions): string {
  const { height, width } = sizes[0]!;
  const size =
    pixelSizeUm === undefined
      ? ""
      : ["X", "Y"].map((axis) => ` PhysicalSize${axis}="${pixelSizeUm}" PhysicalSize${axis}Unit="µm"`).join("");
  const listed = channels.map((channel, c) => `<Channel ID="Channel:0:${c}" Name="${escapeXml(channel)}" SamplesPerPixel="1"/>`).join("");
  const planes = channels.map((_, c) => `<TiffData IFD="${c}" FirstC="${c}" PlaneCount="1"/>`).join("");
  const pixels = `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="${types[dtype]!.ome}" BigEndian="false" SizeX="${width}" SizeY="${height}" SizeC="${channels.length}" SizeZ="1" SizeT="1"${size}>${listed}${planes}</Pixels>`;
  const schema = "http://www.openmicroscopy.org/Schemas/OME/2016-06";
  return `<?xml version="1.0" encoding="UTF-8"?><OME xmlns="${schema}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="${schema} ${schema}/ome.xsd"><Image ID="Image:0" Name="${escapeXml(name)}">${pixels}</Image></OME>`;
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
