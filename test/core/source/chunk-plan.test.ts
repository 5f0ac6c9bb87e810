// Images in millions of tiny pieces are refused before the first is asked for; many are told; the others are read.

import { describe, expect, it } from "vitest";
import { planWork, type Work } from "../../../core/image/plan-work.ts";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { openZarr } from "../../../core/source/zarr/open.ts";
import type { ByteStore } from "../../../core/source/zarr/store.ts";
import { makeTiff } from "./tiff-bytes.ts";

interface Written {
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly version?: 2 | 3;
  /** Names of the axes; default t, c, z, y, x counted from the last. */
  readonly axes?: string;
  /** Shape of the shards, whose inner chunks `chunks` are. */
  readonly shards?: readonly number[];
}

/** A store with an array's metadata alone, which counts what is asked for beside them. */
function createStore({ shape, chunks, version = 2, shards, axes }: Written): ByteStore & { readonly asked: string[] } {
  const inner = { name: "bytes", configuration: { endian: "little" } };
  const sharding = {
    name: "sharding_indexed",
    configuration: { chunk_shape: chunks, codecs: [inner], index_codecs: [inner, { name: "crc32c" }], index_location: "end" },
  };
  const v2 = { zarr_format: 2, shape, chunks, dtype: "|u1", compressor: null, fill_value: 0, order: "C", filters: null };
  const v3 = {
    ...{ zarr_format: 3, node_type: "array", shape, data_type: "uint8", fill_value: 0, attributes: {} },
    chunk_grid: { name: "regular", configuration: { chunk_shape: shards ?? chunks } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    codecs: shards === undefined ? [inner] : [sharding],
  };
  const [key, text] = version === 2 ? [".zarray", v2] : ["zarr.json", v3];
  const asked: string[] = [];
  const encode = (json: object): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
  const get = async (name: string): Promise<Uint8Array | undefined> => {
    if (axes !== undefined && name === ".zattrs") return encode({ multiscales: [{ axes: [...axes], datasets: [{ path: "a" }] }] });
    if (name === (axes === undefined ? key : `a/${key}`)) return encode(text);
    if (/\d/.test(name)) asked.push(name);
    return undefined;
  };
  return { name: "cells.zarr", asked, get, getRange: get } as never;
}

type Refused = readonly [title: string, Written, RegExp, work?: Partial<Work>];

const openWritten = async (written: Written, isDistant = false): Promise<ImageSource> =>
  (await openZarr({ ...createStore(written), ...(isDistant && { isDistant }) }))!;
const planWritten = async (written: Written, work: Partial<Work> = {}, isDistant = false): Promise<string | undefined> =>
  planWork(await openWritten(written, isDistant), { planes: 1, ...work });

describe("an image in chunks", () => {
  it.each([
    ["of a pixel each", { shape: [10_000, 10_000], chunks: [1, 1] }, /100,000,000 chunks of 1 x 1 pixels/],
    ["of a pixel each, Zarr 3", { shape: [4000, 4000], chunks: [1, 1], version: 3 }, /16,000,000 chunks of 1 x 1 pixels/],
    ["of a pixel each, in shards", { shape: [4096, 4096], chunks: [1, 1], shards: [1024, 1024], version: 3 }, /16,777,216 chunks/],
    ["of a row's part, in many channels", { shape: [1, 30, 1, 2048, 2048], chunks: [1, 1, 1, 1, 64] }, /1,966,080 chunks of 1 x 64 pixels/],
    ["of 16 x 16 pixels", { shape: [100_000, 100_000], chunks: [16, 16] }, /39,062,500 chunks of 16 x 16 pixels/],
    ["of 1 x 256 pixels", { shape: [100_000, 100_000], chunks: [1, 256] }, /39,100,000 chunks of 1 x 256 pixels/],
    ["of a pixel each, in all planes", { shape: [4096, 64, 64], chunks: [1, 1, 1] }, /16,777,216 chunks of 1 x 1/, { planes: 4096 }],
    ["that hold all planes", { shape: [4000, 4096, 4096], chunks: [4000, 16, 16] }, /unpack to 67,109 MB/],
    ["of usual size, without end", { shape: [2 ** 30, 2 ** 30], chunks: [1024, 1024] }, /1,152,921,504,6[\d,]+ pixels would be read/],
  ] satisfies readonly Refused[])("%s is refused before a chunk is asked for, and says what to do", async (...refused) => {
    const [, written, reason, work = {}] = refused as Refused;
    const store = createStore(written);
    const source = (await openZarr(store))!;
    const planned = planWork(source, { planes: 1, ...work });
    await expect(planned).rejects.toMatchObject({ kind: "UnsupportedImage", message: expect.stringMatching(reason) });
    await expect(planned).rejects.toThrow(/Write it again in chunks of 256 x 256 pixels|read a part of it/);
    expect(store.asked).toEqual([]);
  });

  it("is refused by whoever reads it without a plan, too", async () => {
    const store = createStore({ shape: [10_000, 10_000], chunks: [1, 1] });
    const source = (await openZarr(store))!;
    await expect(source.read({ y0: 0, x0: 0, y1: 10_000, x1: 10_000 })).rejects.toMatchObject({ kind: "UnsupportedImage" });
    const huge = await openWritten({ shape: [2 ** 30, 2 ** 30], chunks: [1024, 1024] });
    await expect(huge.read({ y0: 0, x0: 0, y1: 512, x1: 2 ** 30 })).rejects.toMatchObject({ kind: "UnsupportedImage" });
    expect(store.asked).toEqual([]);
  });

  it("of a few pixels is read, and told where there are many, with the time that it takes", async () => {
    expect(await planWritten({ shape: [512, 512], chunks: [1, 1] })).toMatch(
      /262,144 chunks of 1 x 1 pixels: each is read by itself, which takes about 21 s/,
    );
    expect(await planWritten({ shape: [20_000, 20_000], chunks: [16, 16] })).toMatch(/1,562,500 chunks .* about 3 minutes/);
    expect(await planWritten({ shape: [100, 64, 64], chunks: [1, 1, 1] }, { planes: 100 })).toMatch(/409,600 chunks/);
    const few = await openWritten({ shape: [128, 128], chunks: [1, 1] });
    expect(await planWork(few, { planes: 1 })).toBeUndefined();
    const { data } = await few.read({ y0: 0, x0: 0, y1: 3, x1: 3 });
    expect([...data]).toEqual(new Array(9).fill(0));
  });

  it("is planned as it is read: a region, the planes that share chunks, the channels that are read", async () => {
    const tiny: Written = { shape: [100_000, 100_000], chunks: [4, 4] };
    const region = { y0: 50_000, x0: 50_000, y1: 50_400, x1: 50_400 };
    expect(await planWritten(tiny, { region, isMeasured: false })).toBeUndefined();
    await expect(planWritten(tiny, { region })).rejects.toThrow(/625,000,000 chunks/); // without a pyramid all is measured
    const deep: Written = { shape: [512, 128, 128], chunks: [512, 1, 1] };
    expect(await planWritten(deep, { planes: 512 })).toBeUndefined();
    expect(await planWritten({ shape: [30, 2048, 2048], chunks: [1, 8, 8], axes: "cyx" }, { channels: [0] })).toMatch(/65,536 chunks/);
  });

  it("as slides have them is neither refused nor told, however many; from a server it is told that each is a request", async () => {
    const slides: readonly Written[] = [
      { shape: [100_000, 100_000], chunks: [64, 64] },
      { shape: [3, 60_000, 60_000], chunks: [1, 256, 256] },
      { shape: [200_000, 200_000], chunks: [512, 512], version: 3 as const },
      { shape: [500, 512, 512], chunks: [64, 64, 64] },
    ];
    for (const written of slides) expect(await planWritten(written)).toBeUndefined();
    expect(await planWritten(slides[0]!, {}, true)).toMatch(
      /2,442,969 chunks .*each is a request to the server, which takes at least 53 minutes/,
    );
    for (const written of slides.slice(1)) expect(await planWritten(written, {}, true)).toBeUndefined();
    expect(await planWritten({ shape: [512, 512], chunks: [4, 4] }, {}, true)).toMatch(/16,384 chunks/);
    await expect(planWritten({ shape: [512, 512], chunks: [1, 1] }, {}, true)).rejects.toThrow(/262,144 chunks .* at most 65,536/);
  });
});

describe("a TIFF in strips and tiles", () => {
  const grey = (width: number, height: number, more: Parameters<typeof makeTiff>[0]): Uint8Array =>
    makeTiff([{ tag: 256, values: [width] }, { tag: 257, values: [height] }, { tag: 258, values: [8] }, ...more]).bytes;

  it("of a pixel each is refused before one is read; rows of a usual image are not told", async () => {
    const tiles = grey(2000, 1200, [
      ...[
        { tag: 322, values: [1] },
        { tag: 323, values: [1] },
      ],
      ...[
        { tag: 324, values: [8], count: 2_400_000 },
        { tag: 325, values: [1], count: 2_400_000 },
      ],
    ]);
    const source = await openSource(tiles, { name: "dust.tif" });
    await expect(planWork(source, { planes: 1 })).rejects.toThrow(/dust\.tif .*2,400,000 tiles of 1 x 1 pixels.*tiffcp -t -w 256 -l 256/);
    await expect(source.read({ y0: 0, x0: 0, y1: 1200, x1: 2000 })).rejects.toMatchObject({ kind: "UnsupportedImage" });
    const rows = await openSource(
      grey(2000, 2000, [
        { tag: 278, values: [1] },
        { tag: 273, values: [8] },
        { tag: 279, values: [1] },
      ]),
    );
    expect(await planWork(rows, { planes: 1000 })).toBeUndefined();
  });
});
