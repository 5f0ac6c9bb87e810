// Images in millions of tiny chunks are refused before the first chunk is asked for; many are told; the others are read.

import { describe, expect, it } from "vitest";
import { openZarr } from "../../../core/source/zarr/open.ts";
import type { ByteStore } from "../../../core/source/zarr/store.ts";

interface Written {
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly version?: 2 | 3;
  /** Shape of the shards, whose inner chunks `chunks` are. */
  readonly shards?: readonly number[];
}

/** A store with an array's metadata alone, which counts what is asked for beside them. */
function createStore({ shape, chunks, version = 2, shards }: Written): ByteStore & { readonly asked: string[] } {
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
  const get = async (name: string): Promise<Uint8Array | undefined> => {
    if (name === key) return new TextEncoder().encode(JSON.stringify(text));
    if (/\d/.test(name)) asked.push(name);
    return undefined;
  };
  return { name: "cells.zarr", asked, get, getRange: get } as never;
}

describe("an image in chunks", () => {
  it.each<readonly [string, Written, RegExp]>([
    ["of a pixel each", { shape: [10_000, 10_000], chunks: [1, 1] }, /100,000,000 chunks of 1 x 1 pixels/],
    ["of a pixel each, Zarr 3", { shape: [4000, 4000], chunks: [1, 1], version: 3 }, /16,000,000 chunks of 1 x 1 pixels/],
    ["of a pixel each, in shards", { shape: [4096, 4096], chunks: [1, 1], shards: [1024, 1024], version: 3 }, /16,777,216 chunks/],
    ["of a row's part, in many channels", { shape: [1, 30, 1, 2048, 2048], chunks: [1, 1, 1, 1, 64] }, /1,966,080 chunks of 1 x 64 pixels/],
    ["that hold all planes", { shape: [4000, 4096, 4096], chunks: [4000, 16, 16] }, /unpack to 67,109 MB/],
  ])("%s is refused before a chunk is asked for, and says how to write it", async (_, written, reason) => {
    const store = createStore(written);
    await expect(openZarr(store)).rejects.toMatchObject({ kind: "UnsupportedImage", message: expect.stringMatching(reason) });
    await expect(openZarr(store)).rejects.toThrow(/Write it again in chunks of 256 x 256 pixels/);
    expect(store.asked).toEqual([]);
  });

  it("of a few pixels is read, and told where there are many", async () => {
    const many = await openZarr(createStore({ shape: [512, 512], chunks: [1, 1] }));
    expect(many!.notices).toEqual([expect.stringMatching(/262,144 chunks of 1 x 1 pixels: each is read by itself/)]);
    const few = await openZarr(createStore({ shape: [128, 128], chunks: [1, 1] }));
    expect(few!.notices).toBeUndefined();
    const { data } = await few!.read({ y0: 0, x0: 0, y1: 3, x1: 3 });
    expect([...data]).toEqual(new Array(9).fill(0));
  });

  it("as slides have them is neither refused nor told, however many", async () => {
    for (const written of [
      { shape: [100_000, 100_000], chunks: [64, 64] },
      { shape: [3, 60_000, 60_000], chunks: [1, 256, 256] },
      { shape: [200_000, 200_000], chunks: [512, 512], version: 3 as const },
      { shape: [500, 512, 512], chunks: [64, 64, 64] },
    ]) {
      expect((await openZarr(createStore(written)))!.notices).toBeUndefined();
    }
  });
});
