// Pyramids, slides and their compressions against what libtiff and tifffile read in them (golden/make-slides.py); what is no level
// is left out; only what a box needs is read.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Raster } from "../../../core/array/raster.ts";
import { createBytesReader } from "../../../core/source/bytes.ts";
import { openImage, openSource } from "../../../core/source/open.ts";
import { sharedPath } from "../../support/data.ts";
import { describePixels } from "./pixels-of.ts";
import { makeGrey, makeTiff } from "./tiff-bytes.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));
type Golden = Readonly<Record<string, readonly { shape: readonly number[]; dtype: string; crc: number }[]>>;
const readGolden = (name: string): Golden => JSON.parse(readFileSync(`${folder}${name}`, "utf8")) as Golden;
const slide = (name: string): Uint8Array => new Uint8Array(readFileSync(`${folder}slides/${name}`));

describe("every pixel of every level is the one that libtiff or tifffile reads", () => {
  for (const [name, levels] of Object.entries(readGolden("slides.json"))) {
    it(`in ${name}`, async () => {
      const source = await openSource(`${folder}slides/${name}`);
      expect(source.levels.length).toBe(levels.length);
      for (const [level, golden] of levels.entries()) expect(await describePixels(source, level)).toEqual(golden);
      source.dispose?.();
    });
  }

  for (const [name, [golden]] of Object.entries(readGolden("slides-data.json"))) {
    const path = sharedPath(`data/${name}`);
    it.skipIf(!path)(`in ${name}, whose thumbnail, label and macro picture are no levels`, async () => {
      const source = await openSource(path!);
      expect(source.levels).toEqual([{ width: 2220, height: 2967 }]);
      expect([source.sizeZ, source.sizeT, source.pixelSizeUm]).toEqual([1, 1, 0.499]);
      expect(source.channels.map((channel) => channel.name)).toEqual(["red", "green", "blue"]);
      expect(await describePixels(source)).toEqual(golden);
      source.dispose?.();
    });
  }
});

describe("what a slide says of itself", () => {
  it("is kept: pixel size in other units, channel names, planes", async () => {
    const source = await openSource(slide("subifds.ome.tif"));
    expect(source.pixelSizeUm).toBe(0.325);
    expect(source.channels).toEqual([{ name: "DNA" }, { name: "actin" }]);
    expect(source.notices).toBeUndefined();
    expect((await openSource(slide("aperio.svs"))).pixelSizeUm).toBe(0.499);
  });

  it("and is wrong, is told: a level that is no smaller copy", async () => {
    const source = await openSource(slide("reduced.tif"), { name: "liar" });
    expect(source.levels.length).toBe(3);
    expect(source.notices).toEqual([expect.stringMatching(/^liar: a level of 39x20 pixels is no smaller copy of 77x99/)]);
  });

  it("and is wrong, is told: OME-XML whose sizes, order or counts do not fit", async () => {
    const grey = (xml: string): Promise<readonly string[] | undefined> => {
      const text = [...new TextEncoder().encode(`<OME><Image><Pixels ${xml}></Pixels></Image></OME>\0`)];
      return openSource(makeGrey(2, 2, 1, new Uint8Array(4), [{ tag: 270, type: 1, values: text }]), { name: "xml" }).then(
        (source) => source.notices,
      );
    };
    expect(await grey('SizeX="2" SizeY="2" SizeZ="1" SizeC="1" SizeT="1" DimensionOrder="XYZCT"')).toBeUndefined();
    expect(await grey('SizeX="3" SizeY="2"')).toEqual([expect.stringContaining("3x2 pixels, the page has 2x2")]);
    expect(await grey('SizeX="2" SizeY="2" DimensionOrder="XYQQQ"')).toEqual([expect.stringContaining("XYQQQ")]);
    expect(await grey('SizeX="2" SizeY="2" SizeZ="4"')).toEqual([expect.stringMatching(/4 planes, the file has 1.*read as z/)]);
    expect(await grey('SizeX="2" SizeY="2" SizeZ="many"')).toEqual([expect.stringContaining("no numbers")]);
    expect(await grey('SizeX="2" SizeY="2" SizeZ="1e15" SizeC="1e15"')).toEqual([expect.stringContaining("no numbers")]);
    expect(await grey("")).toBeUndefined();
  });
});

describe("reading", () => {
  it("a box of a level is that part of the whole level", async () => {
    const source = await openSource(slide("subifds.ome.tif"));
    const [, level] = source.levels;
    const whole = await source.read({ level: 1, y0: 0, x0: 0, y1: level!.height, x1: level!.width, z: 1, t: 1, channels: [1] });
    const side = (length: number) =>
      fc.tuple(fc.nat(length - 1), fc.nat(length - 1)).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 1] as const);
    await fc.assert(
      fc.asyncProperty(side(level!.height), side(level!.width), async ([y0, y1], [x0, x1]) => {
        const box = await source.read({ level: 1, y0, x0, y1, x1, z: 1, t: 1, channels: [1] });
        expect([...box.data]).toEqual(cut(whole, { y0, x0, y1, x1 }));
      }),
      { seed: 3, numRuns: 40 },
    );
  });

  it("reads only the tiles that the box meets, each once, also when several reads want it", async () => {
    const bytes = slide("aperio.svs");
    let read = 0;
    const inner = createBytesReader(bytes);
    const reader = { size: inner.size, read: async (at: number, length: number) => inner.read(at, length).finally(() => (read += length)) };
    const source = await openImage(reader, "counted");
    await source.read({ y0: 0, x0: 0, y1: 1, x1: 1 });
    const opened = read;
    await Promise.all([0, 1, 2].map((y) => source.read({ y0: 64 + y, x0: 64, y1: 70, x1: 70 })));
    const tile = read - opened;
    expect(tile).toBeGreaterThan(500);
    expect(tile).toBeLessThan(32 * 32 * 3 + 200);
    await source.read({ y0: 64, x0: 64, y1: 90, x1: 96 });
    expect(read - opened).toBe(tile);
  });

  it("tiles that are left out are zeros, and counted once each", async () => {
    const { source, whole } = await openSparse();
    expect([...(await whole()).data]).toEqual([...Array<number>(16 * 16).fill(7), ...Array<number>(16 * 16).fill(0)]);
    await whole();
    expect(source.gaps).toMatchObject({ missingChunks: 1, badChunks: [] });
  });

  it("with skipBad, damaged tiles are zeros and listed; without it they fail, and say where", async () => {
    const bytes = slide("aperio.svs");
    bytes.fill(0x55, 20_000, 20_400);
    const box = { y0: 0, x0: 0, y1: 90, x1: 130 };
    await expect((await openSource(bytes, { name: "burnt" })).read(box)).rejects.toThrow(
      /burnt is damaged: the block at x \d+ to \d+, y \d+ to \d+ of level 0/,
    );
    const source = await openSource(bytes, { name: "burnt", skipBad: true });
    const { data } = await source.read(box);
    await source.read(box);
    const good = await (await openSource(slide("aperio.svs"))).read(box);
    expect(source.gaps?.badChunks.length).toBe(1);
    const [bad] = source.gaps!.badChunks;
    expect(bad).toMatchObject({ level: 0, z: 0, t: 0 });
    for (let y = 0; y < 90; y++) {
      for (let x = 0; x < 130; x++) {
        const isBad = y >= bad!.y0 && y < bad!.y1 && x >= bad!.x0 && x < bad!.x1;
        const at = (y * 130 + x) * 3;
        expect(data[at], `${x},${y}`).toBe(isBad ? 0 : good.data[at]);
      }
    }
  });

  it("ends with AbortError when it is aborted in the middle, and reads again afterwards", async () => {
    const inner = createBytesReader(slide("aperio.svs"));
    const controller = new AbortController();
    let calls = 0;
    const reader = {
      size: inner.size,
      read: async (at: number, length: number, signal?: AbortSignal) => {
        if (++calls === 40) controller.abort();
        signal?.throwIfAborted();
        return inner.read(at, length);
      },
    };
    const source = await openImage(reader, "aborted");
    const box = { y0: 0, x0: 0, y1: 90, x1: 130 };
    calls = 30;
    await expect(source.read({ ...box, signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect((await source.read(box)).data.length).toBe(90 * 130 * 3);
  });
});

/** Two rows of tiles of 16x16, the second one left out. */
async function openSparse() {
  const fields = (at: number) => [
    ...[256, 257, 258, 259, 262]
      .map((tag, index) => ({ tag, values: [16, 32, 8, 1, 1][index]! }))
      .map(({ tag, values }) => ({ tag, values: [values] })),
    { tag: 277, values: [1] },
    { tag: 322, values: [16] },
    { tag: 323, values: [16] },
    { tag: 324, values: [at, 0] },
    { tag: 325, values: [256, 0] },
  ];
  const { dataAt } = makeTiff(fields(0));
  const source = await openSource(makeTiff(fields(dataAt), new Uint8Array(256).fill(7)).bytes);
  return { source, whole: () => source.read({ y0: 0, x0: 0, y1: 32, x1: 16 }) };
}

function cut({ data, width, channels }: Raster, { y0, x0, y1, x1 }: { y0: number; x0: number; y1: number; x1: number }): number[] {
  const out: number[] = [];
  for (let y = y0; y < y1; y++) out.push(...data.subarray((y * width + x0) * channels, (y * width + x1) * channels));
  return out;
}
