// The shared cases (inputs as people have them) that are about reading an image: each against the file beside it that holds the same
// pixels in a plain form, or against what tifffile 2023.2.3 and Pillow 9.4 read, noted here.

import { describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource, ReadRequest } from "../../../core/source/source.ts";
import { sharedPath } from "../../support/data.ts";

const casePath = (name: string): string | undefined => sharedPath(`cases/${name}`);
const open = (name: string, palette: "colours" | "indices" = "colours"): Promise<ImageSource> =>
  openSource(casePath(name)!, { name, palette });

async function read(source: ImageSource, where: Partial<ReadRequest> = {}): Promise<readonly number[]> {
  const { width, height } = source;
  return Array.from((await source.read({ y0: 0, x0: 0, y1: height, x1: width, ...where })).data);
}
const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe.skipIf(!casePath("README.md"))("shared cases", () => {
  for (const [strange, plain] of [
    ["t05/green_lut.tif", "t05/grey.png"],
    ["t06/packed12.tif", "t06/ref16.tif"],
    ["t08/pred3.tif", "t08/ref.tif"],
    ["t09/planar_rps1.tif", "t09/ref.png"],
    ["t14/cyx_pages.tif", "t14/ref_rgb.tif"],
    ["t16/int16.tif", "t16/ref_f32.tif"],
  ] as const) {
    it(`${strange} has the pixels of ${plain}`, async () => {
      const [ours, right] = await Promise.all([open(strange), open(plain)]);
      expect(ours.channels.length).toBe(right.channels.length);
      expect(await read(ours)).toEqual(await read(right));
    });
  }

  it("t21: the colours of RGBA without a word on its fourth sample are those of RGB", async () => {
    expect(await read(await open("t21/rgba_noextra.tif"), { channels: [0, 1, 2] })).toEqual(await read(await open("t21/ref_rgb.tif")));
  });

  it("t01, t02, t22: six planes along z, whether they have directories or not (means of tifffile)", async () => {
    for (const [name, mean] of [
      ["t01/ij_one_ifd.tif", 5621.032859519676],
      ["t02/shaped_one_ifd.tif", 5618.120659722223],
      ["t22/ij_stack6.tif", 5618.120659722223],
    ] as const) {
      // biome-ignore format: a table
      const source = await open(name);
      expect([source.sizeZ, source.sizeT, source.channels.length], name).toEqual([6, 1, 1]);
      const planes = await Promise.all([0, 1, 2, 3, 4, 5].map((z) => read(source, { z })));
      expect(meanOf(planes.flat()), name).toBeCloseTo(mean, 6);
    }
  });

  it("t18: two samples called RGB are two channels", async () => {
    const source = await open("t18/lsm_like.lsm");
    expect([source.channels.length, source.sizeZ]).toEqual([2, 2]);
    expect(meanOf([...(await read(source, { z: 0 })), ...(await read(source, { z: 1 }))])).toBeCloseTo(127.5, 9);
  });

  it("t23: micrometres in Latin-1 and spelt out", async () => {
    for (const name of ["u0", "u2", "u4"]) expect((await open(`t23/${name}.tif`)).pixelSizeUm, name).toBe(0.5);
  });

  it("m13: labels of 64 bits are read", async () => {
    const source = await open("m13_int64/labels/c0.tif", "indices");
    const values = await read(source);
    expect([source.dtype, Math.max(...values), meanOf(values)]).toEqual(["int32", 6, 0.2822265625]);
  });

  it("m27: what viewers show white is 1 where white is stored as zero (Pillow: 8.8 % white)", async () => {
    expect(meanOf(await read(await open("m27_bilevel_miniswhite/classes/c0.tif", "indices")))).toBeCloseTo(1 - 0.9116753472222222, 9);
  });

  it("m29b: a JPEG that is to be turned lies as its mask does", async () => {
    for (const name of ["c0", "c1"]) {
      const image = await open(`m29b_exif3/images/${name}.jpg`);
      const [grey, labels] = [await read(image), await read(await open(`m29b_exif3/labels/${name}.png`, "indices"))];
      const mean = (inside: boolean): number => meanOf(grey.filter((_, i) => labels[i]! > 0 === inside));
      expect(mean(true) - mean(false)).toBeGreaterThan(140);
      expect(image.notices).toEqual([expect.stringContaining("turned by 180 degrees")]);
    }
  });

  it("n02: a file with a colon in its name is a file", async () => {
    expect((await open("n02/plate:A1.png")).width).toBe(96);
  });

  it("z01: chunks that lie under another separator are an error that says so", async () => {
    // Chunks are read several at a time: any of them may be the first that is missed.
    await expect(read(await open("z01_undeclared.ome.zarr"), { channels: [1] })).rejects.toMatchObject({
      kind: "InvalidData",
      message: expect.stringMatching(
        /all chunks that were read are absent; they lie under the other separator, as "0\/0\/1\/0\/(\d)\/(\d)" in place of "0\/0\.1\.0\.\1\.\2"\. .*"dimension_separator": "\/"/,
      ),
    });
  });

  it("z03, z05: the first image of bioformats2raw, and version 0.5", async () => {
    for (const name of ["z03_bf2raw.zarr", "z05_v05.ome.zarr"]) {
      const source = await open(name);
      const values = await read(source, { channels: [0] });
      expect([source.width, source.height, source.gaps?.missingChunks], name).toEqual([96, 96, 0]);
      expect(meanOf(values), name).toBeGreaterThan(0);
    }
  });
});
