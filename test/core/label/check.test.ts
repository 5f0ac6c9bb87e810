import { describe, expect, it } from "vitest";
import { assertSameSize, checkClasses, checkLabels, toClassMap, toLabelImage, toMask } from "../../../core/label/check.ts";
import { bytes, labels } from "./text.ts";

const raster = (data: Float32Array | Uint8Array | Uint16Array, channels = 1) => ({
  height: 1,
  width: data.length / channels,
  channels,
  data,
});

const map = (text: string) => ({ height: 1, width: text.length, data: bytes(text) });

describe("annotations", () => {
  it.each([
    ["empty labels", "....", /empty/],
    ["one object that covers all", "1111", /no background/],
    ["a mask of 0 and 1", "1.1.", /read as one object in 2 parts.*connected components.*"classes\/"/],
    ["class numbers", "1.2.1.2.1.2.1.2", /2 numbers in 8 separate parts.*"classes\/"/],
    ["one object with an odd number", ".77.", /one object only \(7\)/],
  ])("%s give a notice, not an error", (_, text, notice) => {
    expect(checkLabels(labels(text)).join(" ")).toMatch(notice);
  });

  it("a mask of 0 and 255 is told to be read as one object", () => {
    expect(checkLabels({ height: 1, width: 3, data: Uint32Array.from([0, 255, 255]) }).join(" ")).toMatch(
      /0 and 255 only.*read as one object/,
    );
  });

  it("good labels give none, and what is ignored is not looked at", () => {
    expect(checkLabels(labels("1.22"))).toEqual([]);
    expect(checkLabels(labels("1.22"), bytes("1...")).join()).toMatch(/one object only/);
    expect(checkLabels(labels("11"), bytes("11")).join()).toMatch(/teaches nothing/);
    expect(checkClasses(map("111")).join()).toMatch(/class 1/);
    expect(checkClasses(map(".11"))).toEqual([]);
    expect(checkClasses(map(".11"), bytes("111")).join()).toMatch(/teaches nothing/);
  });

  it("numbers that are no labels are a Problem with their place", () => {
    expect(() => toLabelImage(raster(Float32Array.of(0, 1.5)), "a.tif")).toThrow(
      /whole numbers from 0 to 4294967295; got 1.5 at x 1, y 0 in "a.tif"/,
    );
    expect(() => toLabelImage(raster(Float32Array.of(Number.NaN)))).toThrow(/NaN/);
    expect(() => toLabelImage(raster(new Uint8Array(6), 3))).toThrow(/one channel; got 3 channels/);
    expect(() => toClassMap(raster(Uint8Array.of(0, 1, 2)), 2)).toThrow(/0 to 1; got 2 at x 2/);
    expect(() => assertSameSize("image", { height: 2, width: 3 }, "labels", { height: 3, width: 2 }, "b.png")).toThrow(
      /same size; got image has 3 x 2 pixels, labels 2 x 3 in "b.png"/,
    );
  });

  it("a black and white mask is classes 0 and 1; any number makes a mask", () => {
    expect([...toClassMap(raster(Uint8Array.of(0, 255)), 2).data]).toEqual([0, 1]);
    expect([...toClassMap(raster(Uint8Array.of(0, 2)), 3).data]).toEqual([0, 2]);
    expect([...toMask(raster(Uint16Array.of(0, 256, 1))).data]).toEqual([0, 1, 1]);
    expect([...toLabelImage(raster(Uint16Array.of(0, 65535))).data]).toEqual([0, 65535]);
  });
});
