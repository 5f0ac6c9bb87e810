// What the numbers of a file mean: look-up tables, white as zero, planes behind one directory, channels as pages, units, turned
// pictures, wide numbers. Right values from tifffile 2023.2.3 and Pillow 9.4 are noted where a test holds one.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { measurePlane } from "../../../core/image/read-image.ts";
import { assertFound, describeMissing } from "../../../core/source/gaps.ts";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource, ReadRequest } from "../../../core/source/source.ts";
import { joinPng, makeChunk, makeHeader } from "./png-bytes.ts";
import { greyFields, type MadeField, makeGrey, makePages, makeTiff, textField } from "./tiff-bytes.ts";

type Where = Partial<ReadRequest>;

async function pixelsOf(source: ImageSource, where: Where = {}): Promise<number[]> {
  const { width, height } = source;
  return [...(await source.read({ y0: 0, x0: 0, y1: height, x1: width, ...where })).data];
}

const bytesOf = (count: number, first = 0): Uint8Array => Uint8Array.from({ length: count }, (_, i) => first + i);
const open = (bytes: Uint8Array, palette: "colours" | "indices" = "colours"): Promise<ImageSource> =>
  openSource(bytes, { name: "made", palette });

describe("a palette", () => {
  const curve = (of: (i: number) => number): number[] => Array.from({ length: 256 }, (_, i) => 257 * Math.round(of(i)));
  const nothing = curve(() => 0);
  const ramp = curve((i) => i);
  const palette = (colours: readonly number[], description = ""): Uint8Array =>
    makeGrey(4, 2, 1, Uint8Array.of(0, 1, 2, 3, 100, 200, 254, 255), [
      { tag: 262, type: 3, values: [3] },
      { tag: 320, type: 3, values: colours },
      ...(description === "" ? [] : [textField(270, description)]),
    ]);
  const stored = [0, 1, 2, 3, 100, 200, 254, 255];

  it("of ImageJ is a look-up table whatever its colours", async () => {
    const glasbey = [...curve((i) => (i * 91) % 256), ...curve((i) => (i * 37) % 256), ...curve((i) => (i * 17) % 256)];
    const source = await open(palette(glasbey, "ImageJ=1.53t\nmin=0.0\nmax=255.0\n"));
    expect([source.channels.length, await pixelsOf(source)]).toEqual([1, stored]);
    expect(source.notices).toEqual([expect.stringMatching(/^made: .*look-up table of one channel/)]);
  });

  it("that rises evenly is a look-up table: green, fire-like, grey", async () => {
    const fire = [...curve((i) => Math.min(255, i * 2)), ...curve((i) => Math.max(0, i * 2 - 255)), ...curve((i) => Math.abs(((i * 3) % 510) - 255) / 4 + (i * 3) / 4)]; // biome-ignore format: three curves
    for (const colours of [[...nothing, ...ramp, ...nothing], fire, [...ramp, ...ramp, ...ramp]])
      expect(await pixelsOf(await open(palette(colours)))).toEqual(stored);
  });

  it("of a picture gives its colours: jumping ones, and greys that are no line", async () => {
    const random = curve((i) => (i * 7919) % 251);
    const coloured = await open(palette([...random, ...ramp, ...nothing]));
    expect([coloured.channels.length, coloured.notices]).toEqual([3, undefined]);
    expect((await pixelsOf(coloured)).slice(6, 9)).toEqual([(2 * 7919) % 251, 2, 0]);
    // As Pillow's adaptive palettes of grey pictures: sorted, brightest first.
    const falling = curve((i) => Math.max(0, 236 - i));
    expect((await open(palette([...falling, ...falling, ...falling]))).channels.length).toBe(3);
  });

  it("of a drawing gives its indices, and an inverted one is told", async () => {
    const falling = curve((i) => 255 - i);
    const source = await open(palette([...falling, ...falling, ...falling]), "indices");
    expect(await pixelsOf(source)).toEqual(stored);
    expect(source.notices).toEqual([expect.stringMatching(/shown inverted, 0 as white/)]);
    expect((await open(palette([...nothing, ...ramp, ...nothing]), "indices")).notices).toBeUndefined();
  });

  it("of a PNG follows the same rule, with transparency or without", async () => {
    const png = (colours: Uint8Array): Uint8Array =>
      joinPng(
        makeHeader(4, 1, 8, 3),
        makeChunk("PLTE", colours),
        makeChunk("tRNS", Uint8Array.of(0, 128)),
        makeChunk("IDAT", deflateSync(Uint8Array.of(0, 0, 1, 2, 3))),
      );
    const green = Uint8Array.from({ length: 3 * 256 }, (_, at) => (at % 3 === 1 ? Math.floor(at / 3) : 0));
    expect(await pixelsOf(await open(png(green)))).toEqual([0, 1, 2, 3]);
    const few = Uint8Array.of(0, 0, 0, 200, 10, 10, 10, 200, 10, 10, 10, 200);
    const picture = await open(png(few));
    expect([picture.channels.length, (await pixelsOf(picture)).slice(3, 6)]).toEqual([3, [200, 10, 10]]);
    expect(await pixelsOf(await open(png(few), "indices"))).toEqual([0, 1, 2, 3]);
  });

  it("is not needed: greys of 1, 2, 4 and 16 bits keep their numbers", async () => {
    for (const [depth, line, wanted] of [
      [1, [0b10110000], [1, 0, 1, 1]],
      [2, [0b00011011], [0, 1, 2, 3]],
      [4, [0x0f, 0x3c], [0, 15, 3, 12]],
      [16, [1, 2, 0, 3, 255, 255, 0, 0], [258, 3, 65535, 0]],
    ] as const) {
      // biome-ignore format: a table
      const png = joinPng(makeHeader(4, 1, depth, 0), makeChunk("IDAT", deflateSync(Uint8Array.of(0, ...line))));
      expect(await pixelsOf(await open(png)), `${depth} bits`).toEqual(wanted);
      expect(await pixelsOf(await open(png, "indices")), `${depth} bits`).toEqual(wanted);
    }
  });
});

describe("white as zero", () => {
  const white = (bits: number, data: Uint8Array, more: readonly MadeField[] = []): Uint8Array =>
    makeGrey(4, 1, 1, data, [{ tag: 258, type: 3, values: [bits] }, { tag: 262, type: 3, values: [0] }, ...more]);

  it("is turned round, in images and masks: 1, 8 and 16 bits", async () => {
    for (const palette of ["colours", "indices"] as const) {
      expect(await pixelsOf(await open(white(1, Uint8Array.of(0b01110000)), palette))).toEqual([1, 0, 0, 0]);
      expect(await pixelsOf(await open(white(4, Uint8Array.of(0x0f, 0x37)), palette))).toEqual([15, 0, 12, 8]);
      expect(await pixelsOf(await open(white(8, Uint8Array.of(0, 255, 10, 200)), palette))).toEqual([255, 0, 245, 55]);
      expect(await pixelsOf(await open(white(16, Uint8Array.of(0, 0, 255, 255, 1, 0, 0, 1)), palette))).toEqual([65535, 0, 65534, 65279]);
    }
  });

  it("is turned round where a block is left out, too, and not in an extra sample", async () => {
    const sparse = white(8, new Uint8Array(0), [
      { tag: 273, values: [0] },
      { tag: 279, values: [0] },
    ]);
    expect(await pixelsOf(await open(sparse))).toEqual([255, 255, 255, 255]);
    const two = [{ tag: 258, type: 3, values: [8, 8] }, { tag: 277, type: 3, values: [2] }] as const; // biome-ignore format: two fields
    expect(await pixelsOf(await open(white(8, Uint8Array.of(0, 7, 255, 8, 1, 9, 2, 10), two)))).toEqual([255, 7, 0, 8, 254, 9, 253, 10]);
  });

  it("is how ImageJ shows a mask, not how it stores it: its numbers are read, and it is told", async () => {
    const source = await open(white(8, Uint8Array.of(0, 255, 0, 255), [textField(270, "ImageJ=1.53t\n")]), "indices");
    expect(await pixelsOf(source)).toEqual([0, 255, 0, 255]);
    expect(source.notices).toEqual([expect.stringMatching(/shown inverted/)]);
  });

  it("means nothing for signed and floating point numbers", async () => {
    expect(await pixelsOf(await open(white(8, Uint8Array.of(0, 255, 1, 2), [{ tag: 339, type: 3, values: [2] }])))).toEqual([0, -1, 1, 2]);
  });
});

describe("planes behind one directory", () => {
  const stack = (count: number, more: readonly MadeField[]): Uint8Array =>
    makePages([{ fields: greyFields(3, 2, more), data: bytesOf(6 * count) }]);
  const planes = async (source: ImageSource): Promise<number[]> => {
    const firsts: number[] = [];
    for (let t = 0; t < source.sizeT; t++)
      for (let z = 0; z < source.sizeZ; z++)
        for (let c = 0; c < source.channels.length; c++) firsts.push((await pixelsOf(source, { z, t, channels: [c] }))[0]!);
    return firsts;
  };
  const sizes = ({ sizeT, sizeZ, channels }: ImageSource): number[] => [sizeT, sizeZ, channels.length];

  it("are read as ImageJ says", async () => {
    const source = await open(stack(6, [textField(270, "ImageJ=1.53t\nimages=6\nslices=6\n")]));
    expect([sizes(source), await planes(source)]).toEqual([[1, 6, 1], [0, 6, 12, 18, 24, 30]]); // biome-ignore format: one thought
    const hyper = await open(stack(6, [textField(270, "ImageJ=1.53t\nimages=6\nchannels=2\nframes=3\nhyperstack=true\n")]));
    expect([sizes(hyper), await planes(hyper)]).toEqual([[3, 1, 2], [0, 6, 12, 18, 24, 30]]); // biome-ignore format: one thought
    expect(await pixelsOf(hyper, { t: 2, channels: [1] })).toEqual([30, 31, 32, 33, 34, 35]);
  });

  it("are read as tifffile says, whichever axes it has", async () => {
    const told = (shape: number[], axes?: string): Uint8Array =>
      stack(6, [textField(270, JSON.stringify({ shape, axes, truncated: true }))]);
    for (const [bytes, wanted] of [
      [told([6, 2, 3], "ZYX"), [1, 6, 1]],
      [told([6, 2, 3], "TYX"), [6, 1, 1]],
      [told([6, 2, 3], "QYX"), [1, 6, 1]],
      [told([6, 2, 3]), [1, 6, 1]],
      [told([2, 3, 2, 3], "TZYX"), [2, 3, 1]],
      [told([3, 1, 2, 2, 3], "TZCYX"), [3, 1, 2]],
    ] as const) {
      const source = await open(bytes);
      expect([sizes(source), await planes(source)]).toEqual([wanted, [0, 6, 12, 18, 24, 30]]);
    }
    // Channels outermost: the second plane in z of the first channel lies right behind it.
    const outer = await open(told([2, 3, 2, 3], "CZYX"));
    expect([sizes(outer), await planes(outer)]).toEqual([[1, 3, 2], [0, 18, 6, 24, 12, 30]]); // biome-ignore format: one thought
    expect(sizes(await open(stack(6, [textField(270, "shape=(6, 2, 3)")])))).toEqual([1, 6, 1]);
  });

  it("are read as MetaMorph says, with its calibration", async () => {
    // Six numbers a plane: the distance in z as a quotient, then dates and times.
    const record = (plane: number, distance: number): number[] => [distance, 1, 2451545, 1000 * plane, 2451545, 0];
    const stk = (distance: number, high?: number): Uint8Array => {
      const records = [0, 1, 2].flatMap((plane) => record(plane, distance));
      const calibration = [4, 0, 6, 0, 5, 0];
      const fields = greyFields(3, 2, [
        { tag: 33628, type: 4, values: calibration, count: high === undefined ? 2 : 3 },
        { tag: 33629, type: 4, values: records, count: 3 },
      ]);
      const bytes = Buffer.from(makePages([{ fields, data: bytesOf(18) }]));
      const at = bytes.length;
      const text = Buffer.from("um\0");
      const tail = Buffer.alloc(12 + text.length + 8);
      tail.writeUInt32LE(13, 0);
      tail.writeUInt32LE(20, 4);
      tail.writeUInt32LE(text.length, 8);
      text.copy(tail, 12);
      tail.writeUInt32LE(high ?? 0, 12 + text.length);
      tail.writeUInt32LE(20, 16 + text.length);
      const list = bytes.indexOf(Buffer.from(Uint32Array.of(4, 0, 6, 0).buffer));
      bytes.writeUInt32LE(at, list + 4);
      bytes.writeUInt32LE(at + 8, list + 12);
      if (high !== undefined) bytes.writeUInt32LE(at + 12 + text.length, list + 20);
      return new Uint8Array(Buffer.concat([bytes, tail]));
    };
    const deep = await open(stk(500));
    expect([sizes(deep), await planes(deep), deep.pixelSizeUm]).toEqual([[1, 3, 1], [0, 6, 12], 0.65]); // biome-ignore format: one thought
    expect(sizes(await open(stk(0)))).toEqual([3, 1, 1]);
    expect((await open(stk(500, 13))).pixelSizeUm).toBe(0.65);
    const oblong = await open(stk(500, 26));
    expect([oblong.pixelSizeUm, oblong.notices]).toEqual([undefined, [expect.stringContaining("0.65 µm wide and 1.3 µm high")]]);
  });

  it("that cannot be there are refused: a file that is too short, or compressed", async () => {
    await expect(open(stack(4, [textField(270, "ImageJ=1.53t\nimages=6\n")]))).rejects.toMatchObject({
      kind: "InvalidData",
      message: expect.stringContaining("tells of 6 planes and has room for 4"),
    });
    const packed = makeGrey(3, 2, 8, deflateSync(bytesOf(6)), [textField(270, "ImageJ=1.53t\nimages=6\n")]);
    await expect(open(packed)).rejects.toMatchObject({
      kind: "UnsupportedImage",
      message: expect.stringContaining("6 planes with one directory"),
    });
  });
});

describe("channels and planes as pages", () => {
  const pages = (count: number, description: string, more: readonly MadeField[] = []): Uint8Array =>
    makePages(
      Array.from({ length: count }, (_, page) => ({
        fields: greyFields(2, 2, page === 0 ? [textField(270, description), ...more] : []),
        data: bytesOf(4, 10 * page),
      })),
    );

  it("are channels where ImageJ, OME or tifffile say so, and else planes", async () => {
    const ome = '<OME><Image><Pixels SizeX="2" SizeY="2" SizeZ="1" SizeC="3" SizeT="1" DimensionOrder="XYCZT"/></Image></OME>';
    for (const description of ["ImageJ=1.53t\nimages=3\nchannels=3\nmode=composite\n", ome, '{"shape": [3, 2, 2], "axes": "CYX"}']) {
      const source = await open(pages(3, description));
      expect([source.channels.length, source.sizeZ]).toEqual([3, 1]);
      expect(await pixelsOf(source, { y1: 1, x1: 1 })).toEqual([0, 10, 20]);
    }
    const plain = await open(pages(3, "made by hand"));
    expect([plain.channels.length, plain.sizeZ]).toEqual([1, 3]);
  });

  it("that are fewer than told are planes, and it is told", async () => {
    const source = await open(pages(3, '{"shape": [2, 3, 2, 2], "axes": "CZYX"}'));
    expect([source.channels.length, source.sizeZ]).toEqual([1, 3]);
    expect(source.notices).toEqual([expect.stringMatching(/tells of 6 planes and has 3/)]);
  });

  it("of a microscope's file with two samples are two channels, though it calls them RGB (tifffile: ISYX)", async () => {
    const fields = greyFields(2, 2, [{ tag: 258, type: 3, values: [8, 8] }, { tag: 262, type: 3, values: [2] }, { tag: 277, type: 3, values: [2] }, { tag: 284, type: 3, values: [1] }]); // biome-ignore format: a list
    const source = await open(
      makePages([
        { fields, data: bytesOf(8) },
        { fields, data: bytesOf(8, 50) },
      ]),
    );
    expect([source.channels.map(({ name }) => name), source.sizeZ]).toEqual([["channel 1", "channel 2"], 2]);
    expect(await pixelsOf(source, { z: 1 })).toEqual([50, 51, 52, 53, 54, 55, 56, 57]);
  });

  it("of Zeiss have the sizes and pixels of its own tag; their thumbnails are left out", async () => {
    const facts = Buffer.alloc(96);
    facts.writeInt32LE(1, 16);
    facts.writeInt32LE(1, 20);
    facts.writeInt32LE(2, 24);
    facts.writeDoubleLE(0.25e-6, 40);
    const zeiss: MadeField = { tag: 34412, type: 1, values: [...facts] };
    const small = { fields: greyFields(1, 1, [{ tag: 254, values: [1] }]), data: bytesOf(1) };
    const source = await open(
      makePages([{ fields: greyFields(2, 2, [zeiss]), data: bytesOf(4) }, small, { fields: greyFields(2, 2), data: bytesOf(4, 9) }, small]),
    );
    expect([source.sizeT, source.sizeZ, source.levels.length, source.pixelSizeUm]).toEqual([2, 1, 1, 0.25]);
    expect(await pixelsOf(source, { t: 1 })).toEqual([9, 10, 11, 12]);
  });
});

describe("other images in a file", () => {
  const page = (width: number, height: number, more: readonly MadeField[] = []) => ({
    fields: greyFields(width, height, more),
    data: bytesOf(width * height),
  });
  const told = async (pages: readonly ReturnType<typeof page>[]): Promise<readonly unknown[]> => {
    const { sizeZ, notices = [] } = await open(makePages(pages));
    return [sizeZ, notices];
  };

  it("are told: pages of another size or kind, images of OME and tifffile behind the first", async () => {
    const deep: MadeField[] = [{ tag: 258, type: 3, values: [16] }];
    expect(await told([page(4, 4), page(3, 2), { fields: greyFields(4, 4, deep), data: bytesOf(32) }])).toEqual([
      1,
      [expect.stringMatching(/^made holds 2 more images of another size or kind \(3x2, 4x4 pixels\) beside the image that is read\. Save/)],
    ]);
    const pixels = '<Image><Pixels SizeX="4" SizeY="4"/></Image>';
    const ome = textField(270, `<OME>${pixels}${pixels}</OME>`);
    expect(await told([page(4, 4, [ome]), page(4, 4)])).toEqual([1, [expect.stringContaining("made holds 1 more image beside")]]);
    const pair = textField(270, '{"shape": [2, 4, 4], "axes": "ZYX"}');
    expect(await told([page(4, 4, [pair]), page(4, 4), page(4, 4)])).toEqual([
      2,
      [expect.stringContaining("made holds 1 more page beside")],
    ]);
  });

  it("are none where a script wrote frames one by one, nor are copies, masks and thumbnails", async () => {
    const frame = textField(270, '{"shape": [4, 4]}');
    expect(await told([page(4, 4, [frame]), page(4, 4, [frame]), page(4, 4, [frame])])).toEqual([3, []]);
    const marked = (type: number): MadeField[] => [{ tag: 254, values: [type] }];
    expect(await told([page(4, 4), page(2, 2, marked(1)), page(4, 4, marked(4)), page(1, 3, marked(1))])).toEqual([
      1,
      expect.not.arrayContaining([expect.stringContaining("holds")]),
    ]);
  });
});

describe("pixel sizes", () => {
  /** A rational needs a place of its own: the values are written behind the image. */
  const sized = (perUnit: number, unit: number, description: string, perUnitY?: number): Uint8Array => {
    const fields = [
      ...[textField(270, description), { tag: 296, type: 3, values: [unit] } as MadeField, { tag: 282, values: [perUnit, 1000] }],
      ...(perUnitY === undefined ? [] : [{ tag: 283, values: [perUnitY, 1000] }]),
    ];
    const bytes = Buffer.from(makePages([{ fields: greyFields(2, 2, fields), data: bytesOf(4) }]));
    const count = bytes.readUInt16LE(8);
    for (let at = 10; at < 10 + 12 * count; at += 12) {
      if (![282, 283].includes(bytes.readUInt16LE(at))) continue;
      bytes.writeUInt16LE(5, at + 2);
      bytes.writeUInt32LE(1, at + 4);
    }
    return new Uint8Array(bytes);
  };
  const imageJ = async (unit: string, perUnit: number): Promise<ImageSource> =>
    open(sized(perUnit * 1000, 1, `ImageJ=1.53t\nunit=${unit}\n`));

  it("are told by ImageJ in units of many spellings", async () => {
    for (const unit of ["micron", "µm", "\\u00B5m", "\\u03BCm", "\\u00b5\\u006D", "um", "micrometer", "Micrometers", "micrometre"])
      expect((await imageJ(unit, 2)).pixelSizeUm, unit).toBe(0.5);
    expect((await imageJ("nm", 0.004)).pixelSizeUm).toBeCloseTo(0.25, 9);
    expect((await imageJ("mm", 2000)).pixelSizeUm).toBeCloseTo(0.5, 9);
    expect((await imageJ("cm", 20_000)).pixelSizeUm).toBeCloseTo(0.5, 9);
    expect((await imageJ("inch", 50_800)).pixelSizeUm).toBeCloseTo(0.5, 9);
  });

  it("are none in pixels and at a printer's resolution, and that is silent", async () => {
    for (const source of [await imageJ("pixel", 1), await imageJ("", 1), await imageJ("inch", 72), await open(sized(300_000, 2, ""))])
      expect([source.pixelSizeUm, source.notices]).toEqual([undefined, undefined]);
  });

  it("in an unknown unit are told", async () => {
    const source = await imageJ("furlong", 2);
    expect([source.pixelSizeUm, source.notices]).toEqual([
      undefined,
      [expect.stringMatching(/^made: .*"furlong", which is no known unit/)],
    ]);
    const xml = '<OME><Image><Pixels SizeX="2" SizeY="2" PhysicalSizeX="2" PhysicalSizeXUnit="cubit"/></Image></OME>';
    const ome = await open(makePages([{ fields: greyFields(2, 2, [textField(270, xml)]), data: bytesOf(4) }]));
    expect(ome.notices).toEqual([expect.stringContaining('"cubit"')]);
  });

  it("come from resolution tags: centimetres, and inches that no printer has", async () => {
    expect((await open(sized(20_000_000, 3, ""))).pixelSizeUm).toBeCloseTo(0.5, 9);
    expect((await open(sized(50_800_000, 2, ""))).pixelSizeUm).toBeCloseTo(0.5, 9);
    // tifffile's RESUNIT: 4 is millimetres, 5 micrometres.
    expect((await open(sized(2_000_000, 4, ""))).pixelSizeUm).toBeCloseTo(0.5, 9);
    expect((await open(sized(2000, 5, ""))).pixelSizeUm).toBeCloseTo(0.5, 9);
  });

  it("are those of square pixels: of others none is taken, and both sides are told", async () => {
    const xml = (y: string): string => `<OME><Image><Pixels SizeX="2" SizeY="2" PhysicalSizeX="0.25" ${y}/></Image></OME>`;
    const ome = (y: string): Promise<ImageSource> =>
      open(makePages([{ fields: greyFields(2, 2, [textField(270, xml(y))]), data: bytesOf(4) }]));
    for (const source of [
      await open(sized(4000, 1, "ImageJ=1.53t\nunit=um\n", 2000)),
      await open(sized(40_000_000, 3, "", 20_000_000)),
      await ome('PhysicalSizeY="500" PhysicalSizeYUnit="nm"'),
    ]) {
      expect(source.pixelSizeUm).toBeUndefined();
      expect(source.notices).toEqual([expect.stringMatching(/^made: its pixels are 0\.25 µm wide and 0\.5 µm high\. Only square/)]);
    }
    for (const y of ["", 'PhysicalSizeY="250.9" PhysicalSizeYUnit="nm"', 'PhysicalSizeY="0.25"'])
      expect([(await ome(y)).pixelSizeUm, (await ome(y)).notices]).toEqual([0.25, undefined]);
    expect((await open(sized(4000, 1, "ImageJ=1.53t\nunit=um\nyunit=nm\n", 4))).pixelSizeUm).toBe(0.25);
  });
});

describe("turned pictures", () => {
  // 3 x 2: a b c / d e f. What is to be seen, by orientation, as Pillow's exif_transpose gives it.
  const seen: Readonly<Record<number, readonly [number, number, string]>> = {
    ...{ 1: [3, 2, "abcdef"], 2: [3, 2, "cbafed"], 3: [3, 2, "fedcba"], 4: [3, 2, "defabc"] },
    ...{ 5: [2, 3, "adbecf"], 6: [2, 3, "daebfc"], 7: [2, 3, "fcebda"], 8: [2, 3, "cfbead"] },
  };
  const letters = Uint8Array.from(Buffer.from("abcdef"));
  const exif = (orientation: number): Uint8Array => makeTiff([{ tag: 274, type: 3, values: [orientation] }]).bytes;
  const kinds: Readonly<Record<string, (orientation: number) => Uint8Array>> = {
    TIFF: (orientation) => makeGrey(3, 2, 1, letters, [{ tag: 274, type: 3, values: [orientation] }]),
    PNG: (orientation) =>
      joinPng(
        makeHeader(3, 2, 8, 0),
        makeChunk("eXIf", exif(orientation)),
        makeChunk("IDAT", deflateSync(Buffer.concat([Buffer.of(0), letters.subarray(0, 3), Buffer.of(0), letters.subarray(3)]))),
      ),
  };

  for (const [kind, make] of Object.entries(kinds)) {
    it(`are turned as they say they are to be seen: ${kind}, as image and as drawing`, async () => {
      for (const [orientation, [width, height, text]] of Object.entries(seen)) {
        for (const palette of ["colours", "indices"] as const) {
          const source = await open(make(Number(orientation)), palette);
          expect([source.width, source.height, Buffer.from(await pixelsOf(source)).toString()], orientation).toEqual([width, height, text]);
          const part = await pixelsOf(source, { y0: 1, x0: 1, y1: height, x1: width });
          const rows = Array.from({ length: height }, (_, y) => text.slice(y * width, (y + 1) * width));
          expect(Buffer.from(part).toString(), orientation).toBe(rows.slice(1).map((row) => row.slice(1)).join("")); // biome-ignore format: one thought
          expect(source.notices?.length ?? 0).toBe(orientation === "1" ? 0 : 1);
        }
      }
      expect((await open(make(6))).notices).toEqual([expect.stringMatching(/^made: it is turned by 90 degrees to the right/)]);
      expect((await open(make(0))).notices).toBeUndefined();
    });
  }
});

describe("integers of 64 bits", () => {
  const long = (format: 1 | 2, values: readonly bigint[], more: readonly MadeField[] = []): Uint8Array => {
    const data = new Uint8Array(BigInt64Array.from(values).buffer);
    const packed = more.some(({ tag }) => tag === 259) ? deflateSync(data) : data;
    return makeGrey(4, 1, 1, packed, [{ tag: 258, type: 3, values: [64] }, { tag: 339, type: 3, values: [format] }, ...more]);
  };

  it("are read where they fit 32, as in Zarr", async () => {
    const signed = await open(long(2, [0n, 6n, -3n, 2147483647n]));
    expect([signed.dtype, await pixelsOf(signed)]).toEqual(["int32", [0, 6, -3, 2147483647]]);
    const unsigned = await open(long(1, [0n, 6n, 4294967295n, 1n]));
    expect([unsigned.dtype, await pixelsOf(unsigned)]).toEqual(["uint32", [0, 6, 4294967295, 1]]);
    const deltas = long(
      2,
      [5n, 1n, -2n, 10n],
      [
        { tag: 259, type: 3, values: [8] },
        { tag: 317, type: 3, values: [2] },
      ],
    );
    expect(await pixelsOf(await open(deltas))).toEqual([5, 6, 4, 14]);
  });

  it("are an error where they do not", async () => {
    const source = await open(long(2, [0n, 2147483648n, 0n, 0n]));
    await expect(pixelsOf(source)).rejects.toMatchObject({
      kind: "InvalidData",
      message: expect.stringContaining("2147483648, beyond 32 bits"),
    });
  });
});

describe("tables and codes of old writers", () => {
  it("tiles whose tables lie under the tags of strips are tiles, as in libtiff", async () => {
    // Two tiles of 16 x 16 side by side; the first column of each tile tells them apart.
    const data = Uint8Array.from({ length: 512 }, (_, i) => (i < 256 ? 1 : 2));
    const fields = (at: number): MadeField[] => [
      ...greyFields(32, 16).filter(({ tag }) => tag !== 278),
      { tag: 273, values: [at, at + 256] },
      { tag: 279, values: [256, 256] },
      { tag: 322, values: [16] },
      { tag: 323, values: [16] },
    ].sort((a, b) => a.tag - b.tag); // biome-ignore format: a list
    const { dataAt } = makeTiff(fields(0));
    const source = await open(makeTiff(fields(dataAt), data).bytes);
    expect((await pixelsOf(source, { y1: 1, x0: 14, x1: 18 }))).toEqual([1, 1, 2, 2]); // biome-ignore format: one thought
  });

  it("LZW of before 1992 is told as what it is: not read, and not damaged", async () => {
    const source = await open(makeGrey(4, 2, 5, Uint8Array.of(0x00, 0x01, 0x81, 0x02, 0x0c, 0x10, 0x10, 0x02)));
    await expect(pixelsOf(source)).rejects.toMatchObject({
      kind: "UnsupportedImage",
      message: expect.stringMatching(/compressed with the LZW of before 1992, which is not read/),
    });
  });
});

describe("chunks that are absent", () => {
  const folders: string[] = [];
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  /** A Zarr array of 4 x 4 in chunks of 2 x 2, with the chunks that are given under their keys. */
  function makeZarr(version: 2 | 3, chunks: Readonly<Record<string, number>>, more: object = {}): string {
    const folder = mkdtempSync(join(tmpdir(), "overtile-absent-"));
    folders.push(folder);
    const two = { zarr_format: 2, shape: [4, 4], chunks: [2, 2], dtype: "|u1", compressor: null, fill_value: 0, order: "C", filters: null };
    const three = {
      ...{ zarr_format: 3, node_type: "array", shape: [4, 4], data_type: "uint8", fill_value: 0, codecs: [{ name: "bytes" }] },
      chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 2] } },
      chunk_key_encoding: { name: "default" },
    };
    writeFileSync(join(folder, version === 2 ? ".zarray" : "zarr.json"), JSON.stringify({ ...(version === 2 ? two : three), ...more }));
    for (const [key, value] of Object.entries(chunks)) {
      mkdirSync(join(folder, key, ".."), { recursive: true });
      writeFileSync(join(folder, key), new Uint8Array(4).fill(value));
    }
    return folder;
  }
  const refusal = async (folder: string): Promise<string> => {
    const source = await openSource(folder);
    return pixelsOf(source).then(
      () => "read",
      (error: Error) => error.message,
    );
  };

  it("and lie under the other separator are an error that says how to mend it, in both versions and whatever is declared", async () => {
    const all = (form: (y: number, x: number) => string): Record<string, number> =>
      Object.fromEntries([0, 1].flatMap((y) => [0, 1].map((x) => [form(y, x), 7])));
    const nested = all((y, x) => `${y}/${x}`);
    expect(await refusal(makeZarr(2, nested))).toMatch(
      /other separator, as "\d\/\d" in place of "\d\.\d"\. Write "dimension_separator": "\/"/,
    );
    expect(await refusal(makeZarr(2, nested, { dimension_separator: "/" }))).toBe("read");
    expect(
      await refusal(
        makeZarr(
          2,
          all((y, x) => `${y}.${x}`),
          { dimension_separator: "/" },
        ),
      ),
    ).toMatch(/Write "dimension_separator": "\."/);
    expect(
      await refusal(
        makeZarr(
          3,
          all((y, x) => `c.${y}.${x}`),
        ),
      ),
    ).toMatch(/as "c\.\d\.\d" in place of "c\/\d\/\d"\. Write "separator": "\."/);
  });

  it("are the fill value where others are there, and are counted", async () => {
    const source = await openSource(makeZarr(2, { "0.0": 7 }));
    expect(await pixelsOf(source)).toEqual([7, 7, 0, 0, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect([source.gaps?.missingChunks, source.gaps?.foundAny]).toEqual([3, true]);
    expect(describeMissing(source)).toMatch(/^3 chunks of .* are absent/);
    assertFound(source);
  });

  it("one and all are an error of the image, not a dark one", async () => {
    const source = await openSource(makeZarr(2, {}), { name: "empty.zarr" });
    await pixelsOf(source);
    expect(() => assertFound(source)).toThrow(/of empty\.zarr all 4 chunks that were read are absent/);
    await expect(measurePlane(source, { z: 0, t: 0, channels: [0] }, 1)).rejects.toThrow(/all 4 chunks that were read are absent/);
  });
});

describe("units of OME-Zarr", () => {
  const folder = mkdtempSync(join(tmpdir(), "overtile-unit-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are read by their names and short forms; an unknown one is told", async () => {
    mkdirSync(join(folder, "0"));
    const array = {
      zarr_format: 2,
      shape: [2, 2],
      chunks: [2, 2],
      dtype: "|u1",
      compressor: null,
      fill_value: 0,
      order: "C",
      filters: null,
    };
    writeFileSync(join(folder, "0/.zarray"), JSON.stringify(array));
    writeFileSync(join(folder, ".zgroup"), '{"zarr_format": 2}');
    const sizeIn = async (unit: string | undefined, scale: readonly number[] = [2, 2]): Promise<readonly unknown[]> => {
      const axes = ["y", "x"].map((name) => ({ name, type: "space", unit }));
      const datasets = [{ path: "0", coordinateTransformations: [{ type: "scale", scale }] }];
      writeFileSync(join(folder, ".zattrs"), JSON.stringify({ multiscales: [{ version: "0.4", axes, datasets }] }));
      const { pixelSizeUm, notices } = await openSource(folder, { name: "unit.zarr" });
      return [pixelSizeUm, notices];
    };
    expect(await sizeIn("micrometer")).toEqual([2, undefined]);
    expect(await sizeIn("nanometer")).toEqual([0.002, undefined]);
    expect(await sizeIn("millimetre")).toEqual([2000, undefined]);
    expect(await sizeIn(undefined)).toEqual([undefined, undefined]);
    expect(await sizeIn("micrometer", [4, 2])).toEqual([undefined, [expect.stringMatching(/2 µm wide and 4 µm high/)]]);
    expect(await sizeIn("parsec")).toEqual([undefined, [expect.stringMatching(/^unit\.zarr: its pixels are measured in "parsec"/)]]);
  });
});

describe("names with a colon", () => {
  it("are paths: of files, and of Windows", async () => {
    for (const path of ["plate:B2.png", "C:\\data\\none.png", "file:none.png"])
      await expect(openSource(path), path).rejects.toMatchObject({ kind: "MissingFile", message: expect.stringContaining(path) });
  });
});
