import { describe, expect, it } from "vitest";
import { describeReadPlane } from "../../../core/image/describe-planes.ts";
import { matchImage } from "../../../core/image/match-image.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import type { ImageSource } from "../../../core/source/source.ts";

type Colour = readonly [number, number, number];

const side = 40;
/** A picture of 40 x 40 whose colours are those of a grey ramp, by `colour`. */
function picture(colour: (grey: number, at: number) => Colour, pixelSizeUm?: number): ImageSource {
  const data = new Uint8Array(side * side * 3);
  for (let at = 0; at < side * side; at++) data.set(colour(at % 200, at), 3 * at);
  return openPixels({ data, shape: [side, side, 3], axes: "yxc", ...(pixelSizeUm !== undefined && { pixelSizeUm }) }, "p.png");
}
const match = (source: ImageSource, channels = 1, more: { pixelSizeUm?: number; named?: number[]; isScaled?: boolean } = {}) =>
  matchImage(
    source,
    { channels, pixelSizeUm: more.pixelSizeUm },
    { planes: [{ z: 0, t: 0 }], named: more.named, isScaled: more.isScaled ?? false },
  );
const silent = { told: [], doubts: [], isPartial: false };

describe("a model of one channel meets a picture of three", () => {
  it("that is grey, also to the rounding of a JPEG: it is taken as grey, silently", async () => {
    expect(await match(picture((grey) => [grey, grey, grey]))).toEqual({ channels: [0], ...silent });
    expect(await match(picture((grey, at) => [grey, grey + (at % 2), grey]))).toEqual({ channels: [0], ...silent });
  });

  it("of which one channel is not empty (blue DAPI): that one is read and told", async () => {
    const told = [expect.stringMatching(/^p\.png has 3 channels, and only one that is not empty, blue: it is read\. .*"channel"/)];
    expect(await match(picture((grey) => [0, 0, grey]))).toEqual({ channels: [2], told, doubts: [], isPartial: false });
    // A constant is empty, and so is the noise that a JPEG leaves.
    expect(await match(picture((grey, at) => [7, at % 4, grey]))).toEqual({ channels: [2], told, doubts: [], isPartial: false });
  });

  it("of several colours: it is doubted, and the first is read", async () => {
    const doubts = [expect.stringMatching(/^p\.png has 3 channels, the model reads 1, the first \(red\) is taken\. It may know no such/)];
    expect(await match(picture((grey, at) => [grey, at % 90, 30]))).toEqual({ channels: [0], told: [], doubts, isPartial: true });
    expect(await match(picture((grey) => [200 - grey / 2, 180 - grey / 2, 200]))).toEqual({
      channels: [0],
      told: [],
      doubts,
      isPartial: true,
    });
  });

  it("with channels that were named: that is the user's decision, silently", async () => {
    expect(
      await match(
        picture((grey, at) => [grey, at % 90, 30]),
        1,
        { named: [1] },
      ),
    ).toEqual({ channels: [1], ...silent });
  });
});

describe("a stack of pictures", () => {
  it("is judged by its first, middle and last plane, not by a dark first one", async () => {
    const data = new Uint8Array(3 * side * side * 3);
    for (let at = side * side; at < 3 * side * side; at++) data[3 * at + 1] = at % 200;
    const stack = openPixels({ data, shape: [3, side, side, 3], axes: "zyxc" }, "stack");
    const planes = [0, 1, 2].map((z) => ({ z, t: 0 }));
    expect((await matchImage(stack, { channels: 1 }, { planes, isScaled: false })).channels).toEqual([1]);
  });
});

describe("other counts of channels", () => {
  it("are doubted where the image has more, and left to the reader where it has fewer", async () => {
    const four = openPixels({ data: new Uint8Array(4 * 4), shape: [4, 2, 2], axes: "cyx" }, "four.tif");
    expect((await match(four, 3)).doubts).toEqual([
      expect.stringMatching(/^four\.tif has 4 channels, the model reads 3, the first ones are/),
    ]);
    expect(await match(four, 4)).toEqual({ channels: [0, 1, 2, 3], ...silent });
    const one = openPixels({ data: new Uint8Array(4), shape: [2, 2] }, "one.tif");
    expect(await match(one, 3)).toEqual({ channels: [0, 1, 2], ...silent });
  });
});

describe("pixels of another size", () => {
  const sized = (pixelSizeUm: number): ImageSource => openPixels({ data: new Uint8Array(4), shape: [2, 2], pixelSizeUm }, "s.tif");

  it("are told up to a factor of 2, and doubted beyond", async () => {
    expect(await match(sized(0.5), 1, { pixelSizeUm: 0.505 })).toEqual({ channels: [0], ...silent });
    expect((await match(sized(0.5), 1, { pixelSizeUm: 0.9 })).told).toEqual([expect.stringContaining("it is taken as it is")]);
    const finer = await match(sized(0.25), 1, { pixelSizeUm: 1 });
    expect([finer.told, finer.doubts]).toEqual([
      [],
      [expect.stringMatching(/^s\.tif has pixels of 0\.25 µm, .* 1 µm: .* 4 times as large in it/)],
    ]);
    expect((await match(sized(3), 1, { pixelSizeUm: 1 })).doubts).toEqual([expect.stringContaining("3 times as small in it")]);
  });

  it("are nothing where the image is resampled, or says nothing", async () => {
    expect(await match(sized(3), 1, { pixelSizeUm: 1, isScaled: true })).toEqual({ channels: [0], ...silent });
    expect(await match(sized(3), 1)).toEqual({ channels: [0], ...silent });
  });
});

describe("of a stack of which one plane is read", () => {
  it("number, axis, plane and the way to all are told", () => {
    const tell = (sizeZ: number, sizeT: number, z = 0, t = 0, canReadAll = true): string | undefined =>
      describeReadPlane({ name: "s.tif", sizeZ, sizeT }, { z, t }, { canReadAll });
    expect(tell(1, 1)).toBeUndefined();
    expect(tell(6, 1)).toMatch(/^s\.tif has 6 planes along z; only the first, z=0, was read\. .*--plane all/);
    expect(tell(1, 4)).toMatch(/4 planes along t; only the first, t=0/);
    expect(tell(6, 4, 2, 1)).toMatch(/6 planes along z and 4 along t; only z=2,t=1 was read/);
    expect(tell(6, 1, 0, 0, false)).not.toContain("all");
  });
});
