// Images over foreign RPCs: every form that is met, decoded right, and answered in kind.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readOptions } from "../../../plugin/adapter/read-options.ts";
import { decodeImage, decodeSamples, encodePixels, formOf, type NdArray } from "../../../plugin/adapter/rpc-values.ts";
import type { Pixels } from "../../../plugin/contract.ts";
import { type Packing, packSample } from "../../../plugin/job/inputs.ts";

const image: Pixels = { data: Uint16Array.of(1, 2, 300, 65535), shape: [2, 2] };
const buffer = image.data.buffer as ArrayBuffer;
const nd = { _rtype: "ndarray", _rshape: [2, 2], _rdtype: "uint16" } as const;

const createPacking = (): Packing => ({ base: undefined, transfer: true, transfers: [] });

describe("decoding", () => {
  test("an ndarray of a buffer, of bytes, and of bytes at an odd place in a larger buffer", () => {
    const shifted = new Uint8Array(20);
    shifted.set(new Uint8Array(buffer), 3);
    for (const _rvalue of [buffer, new Uint8Array(buffer), shifted.subarray(3, 11)]) {
      expect(decodeImage({ ...nd, _rvalue })).toEqual(image);
    }
  });

  test("plain pixels, files and addresses", () => {
    expect(decodeImage(image)).toBe(image);
    expect(decodeImage("http://a/b.png")).toBe("http://a/b.png");
    expect(decodeImage(new ArrayBuffer(3))).toBeInstanceOf(Blob);
    expect(decodeImage(Uint8Array.of(137, 80))).toBeInstanceOf(Blob);
  });

  test("samples have each of their images decoded", () => {
    const [sample] = decodeSamples([{ image: { ...nd, _rvalue: buffer }, labels: image, use: "validate" }]) as unknown as [object];
    expect(sample).toEqual({ image, labels: image, use: "validate" });
  });

  test("what is no image is refused in words", () => {
    const noShape = { _rtype: "ndarray", _rdtype: "uint16", _rvalue: buffer };
    const noImages = [undefined, null, 5, {}, [], { ...nd, _rdtype: "int64", _rvalue: buffer }, { ...nd, _rvalue: { 0: 51 } }, noShape];
    for (const value of noImages) expect(() => decodeImage(value)).toThrow(/must .*; got .*\. \S/);
    for (const sample of [null, 7, "a.png"]) {
      expect(() => decodeSamples([sample])).toThrow(/must .*; got .*\. \S/);
      expect(() => packSample(sample as never, createPacking())).toThrow(/must .*; got .*\. \S/);
    }
  });
});

describe("answering", () => {
  test("in the form of the caller, with nothing but its own bytes", () => {
    const view = { data: new Uint16Array(10).fill(7).subarray(2, 6), shape: [2, 2] };
    for (const sent of [image, { ...nd, _rvalue: buffer }, { ...nd, _rvalue: new Uint8Array(buffer) }]) {
      const answer = encodePixels(view, formOf(sent)) as NdArray & Pixels;
      const bytes = answer._rvalue ?? answer.data.buffer;
      expect(bytes.byteLength).toBe(8);
      expect(formOf(answer)).toBe(formOf(sent));
      expect((decodeImage(answer) as Pixels).data).toEqual(Uint16Array.of(7, 7, 7, 7));
    }
  });

  test("an array that is handed over twice is transferred once", () => {
    const packing = createPacking();
    const packed = packSample({ image, ignore: image }, packing);
    expect(packing.transfers).toEqual([buffer]);
    expect((packed.image as Pixels).data).toBe((packed.ignore as Pixels).data);
  });

  test("bytes of more than 65,535 objects are of floats, which ImageJ.JS takes", () => {
    const answer = encodePixels({ data: Uint32Array.of(1, 70000), shape: [1, 2] }, "ndarray of bytes") as NdArray;
    expect(answer).toMatchObject({ _rdtype: "float32", _rshape: [1, 2] });
    expect((decodeImage(answer) as Pixels).data).toEqual(Float32Array.of(1, 70000));
  });

  test("bytes are never 8-bit: ImageJ.JS takes those for nothing", () => {
    const answer = encodePixels({ data: Uint8Array.of(1, 2), shape: [1, 2] }, "ndarray of bytes") as NdArray;
    expect(answer).toMatchObject({ _rdtype: "uint16", _rshape: [1, 2] });
    expect(answer._rvalue.byteLength).toBe(4);
  });
});

describe("options", () => {
  test("as ImageJ writes them", () => {
    expect(readOptions("segment", "model=[my cells] tile=572 fill_holes output='labels,classes' plane=[z=3,t=1]")).toEqual({
      model: "my cells",
      tile: "572",
      fill_holes: true,
      output: "labels,classes",
      plane: "z=3,t=1",
    });
    expect(readOptions("segment", undefined)).toEqual({});
    expect(readOptions("segment", { model: "a", _rintf: true, fill_holes: "yes", from: null })).toEqual({ model: "a", fill_holes: "yes" });
    expect(readOptions("segment", "fill_holes=no threshold=0.4")).toEqual({ fill_holes: "no", threshold: "0.4" });
    expect(readOptions("train", { resume: "yes" })).toEqual({ resume: true });
  });

  test("what ImageJ would read otherwise is refused, and nothing is swallowed", () => {
    for (const text of [
      "tile=204 tile=412",
      "model=[tile=3] tile=204",
      "fill_holes fill_holes=no",
      "tile",
      "model='a fill_holes b' tile=3",
    ]) {
      expect(() => readOptions("segment", text), text).toThrow(/must (be|have)/);
    }
    expect(() => readOptions("train", "resume=yes")).toThrow(/must (be|have)/);
    expect(Object.entries(readOptions("segment", "__proto__=5 tile=204"))).toEqual([
      ["__proto__", "5"],
      ["tile", "204"],
    ]);
  });

  test("yes and no are words, but in a box", () => {
    expect(readOptions("train", { name: "no", resume: "yes" })).toEqual({ name: "no", resume: true });
  });

  test("any text ends in options or in a Problem", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."ab=[]' \n\u{1F9A0}") }), (text) => {
        try {
          readOptions("segment", text);
        } catch (error) {
          expect(error).toMatchObject({ kind: "InvalidParameter" });
        }
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});
