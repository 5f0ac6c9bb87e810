// Images of many kinds against what tifffile and Pillow read in them (golden/make.py), and boxes against whole images.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { sharedPath } from "../../support/data.ts";
import { describePixels } from "./pixels-of.ts";

interface Golden {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly crc: number;
}
const folder = fileURLToPath(new URL("golden/", import.meta.url));
const readGolden = (name: string) => Object.entries(JSON.parse(readFileSync(`${folder}${name}`, "utf8")) as Record<string, Golden>);

describe("every pixel is the one that tifffile or Pillow reads", () => {
  for (const [name, { shape, dtype, crc }] of [...readGolden("images.json"), ...readGolden("jpegs.json")]) {
    it(`in ${name}`, async () => {
      const source = await openSource(`${folder}images/${name}`);
      expect(await describePixels(source)).toEqual({ shape, dtype, crc });
      source.dispose?.();
    });
  }
});

describe("every pixel of the shared data is the one that tifffile reads", () => {
  for (const [name, { shape, dtype, crc }] of readGolden("data.json")) {
    const path = sharedPath(`data/${name}`);
    it.skipIf(!path)(`in ${name}`, async () => {
      const source = await openSource(path!);
      expect(await describePixels(source)).toEqual({ shape, dtype, crc });
      source.dispose?.();
    });
  }

  const nuclei = sharedPath("data/nuclei/fluo/val/images");
  it.skipIf(!nuclei)("in the validation images of nuclei, all of which open", async () => {
    for (const file of readdirSync(nuclei!)) {
      const source = await openSource(`${nuclei}/${file}`);
      expect([source.channels.length, source.dtype], file).toEqual([1, "uint8"]);
      source.dispose?.();
    }
  });
});

describe("a box", () => {
  const files = ["tiled-deflate.tif", "tiled.tif", "planar-tiled.tif", "planar.tif", "predictor8-tiff_lzw.tif", "smooth8-raw.tif", "palette.tif", "bits1.tif", "rgb8.png", "imagej.tif"]; // biome-ignore format: a list
  it.each(files)("of %s, with any channels, is that part of the whole", async (name) => {
    const source = await openSource(`${folder}images/${name}`);
    const { width, height, channels } = source;
    const whole = await source.read({ y0: 0, x0: 0, y1: height, x1: width });
    const boxes = fc.tuple(fc.nat(width - 1), fc.nat(width - 1), fc.nat(height - 1), fc.nat(height - 1), fc.array(fc.nat(channels.length - 1), { minLength: 1, maxLength: 4 })); // biome-ignore format: one box
    await fc.assert(
      fc.asyncProperty(boxes, async ([xa, xb, ya, yb, picked]) => {
        const [x0, x1, y0, y1] = [Math.min(xa, xb), Math.max(xa, xb) + 1, Math.min(ya, yb), Math.max(ya, yb) + 1];
        const { data, ...size } = await source.read({ y0, x0, y1, x1, channels: picked });
        expect(size).toEqual({ height: y1 - y0, width: x1 - x0, channels: picked.length });
        const expected: number[] = [];
        for (let y = y0; y < y1; y++) {
          for (let x = x0; x < x1; x++) for (const c of picked) expected.push(whole.data[(y * width + x) * channels.length + c]!);
        }
        expect([...data]).toEqual(expected);
      }),
      { seed: 1, numRuns: 30 },
    );
    source.dispose?.();
  });

  it("outside the image, or of a plane or channel that is not there, is refused", async () => {
    const source = await openSource(`${folder}images/imagej.tif`);
    const inside = { y0: 0, x0: 0, y1: 1, x1: 1 };
    for (const wrong of [{ y1: 7 }, { x0: -1 }, { x1: 0 }, { y0: 0.5 }, { z: 3 }, { t: 2 }, { channels: [4] }, { level: 1 }]) {
      await expect(source.read({ ...inside, ...wrong }), JSON.stringify(wrong)).rejects.toMatchObject({ kind: "InvalidData" });
    }
  });
});

describe("what an image says of itself", () => {
  const open = (name: string): Promise<ImageSource> => openSource(`${folder}images/${name}`);
  it("is kept: pixel size and names of channels of OME and ImageJ", async () => {
    expect((await open("ome.ome.tif")).channels).toEqual([{ name: "DAPI" }, { name: "GFP & co" }, { name: "RFP" }]);
    expect((await open("ome.ome.tif")).pixelSizeUm).toBe(0.5);
    expect((await open("imagej.tif")).pixelSizeUm).toBe(0.25);
    expect((await open("grey8-raw.tif")).pixelSizeUm).toBeUndefined();
  });

  it("may be a palette: colours for images, indices for labels", async () => {
    for (const name of ["palette.png", "palette.tif"]) {
      const labels = await openSource(`${folder}images/${name}`, { palette: "indices" });
      const { data } = await labels.read({ y0: 0, x0: 0, y1: labels.height, x1: labels.width });
      expect(labels.channels.length).toBe(1);
      expect(Math.max(...data), name).toBe(name === "palette.png" ? 4 : 6);
    }
  });
});

describe("openSource", () => {
  const path = `${folder}images/grey8.png`;
  const bytes = new Uint8Array(readFileSync(path));
  it("takes a path, a file URL, bytes and a Blob alike", async () => {
    const told = await Promise.all(
      [path, new URL(`file://${path}`), bytes, new Blob([bytes])].map(async (input) => describePixels(await openSource(input))),
    );
    for (const other of told) expect(other).toEqual(told[0]);
  });

  it("looks at the bytes, not at the name", async () => {
    expect((await openSource(bytes, { name: "liar.tif" })).name).toBe("liar.tif");
  });

  const refused: readonly [string, Uint8Array, string, string][] = [
    ["nothing", new Uint8Array(0), "InvalidData", "empty"],
    ["a JPEG's head alone", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), "InvalidData", "broken or cut"],
    ["a JPEG in CMYK", readFileSync(`${folder}images/unread-cmyk.jpg`), "UnsupportedImage", "CMYK"],
    ["a WebP", new TextEncoder().encode("RIFF1234WEBP"), "UnsupportedImage", "WebP"],
    ["a web page", new TextEncoder().encode("<!doctype html>"), "UnsupportedImage", "HTML"],
    ["a zip", new TextEncoder().encode("PK\x03\x04"), "UnsupportedImage", "zip"],
    ["outlines", new TextEncoder().encode('{ "type": "FeatureCollection" }'), "UnsupportedImage", "GeoJSON.*Choose the image"],
    ["an outline of ImageJ", new TextEncoder().encode("Iout\0\xe4"), "UnsupportedImage", "ImageJ.*Choose the image"],
    ["noise", Uint8Array.of(1, 2, 3), "UnsupportedImage", "unknown"],
    ["a PNG's head alone", bytes.subarray(0, 20), "InvalidData", "cut"],
    ["a TIFF's head alone", Uint8Array.of(0x49, 0x49, 42, 0), "InvalidData", "cut"],
  ];
  it.each(refused)("refuses %s, naming the file and the reason", async (_, bytes, kind, reason) => {
    const failure = openSource(bytes, { name: "dish 7" });
    await expect(failure).rejects.toMatchObject({ kind, details: { path: "dish 7" } });
    await expect(failure).rejects.toThrow(new RegExp(`dish 7.*${reason}`));
  });

  it("names formats that are not read, with what to do", async () => {
    const refused = async (head: string): Promise<string> =>
      openSource(Buffer.from(head.padEnd(200, "\0"), "latin1"), { name: "a.x" }).then(
        () => "read",
        (error: Error) => error.message,
      );
    expect(await refused("ZISRAWFILE")).toMatch(/a\.x is a Zeiss CZI file\. Convert it to OME-TIFF or OME-Zarr/);
    expect(await refused("\x70\0\0\0\x10\0\0\0\x2a")).toContain("a Leica LIF file. Convert");
    expect(await refused("\xda\xce\xbe\x0a")).toContain("a Nikon ND2 file. Convert");
    expect(await refused(`${"\0".repeat(128)}DICM`)).toContain("a DICOM file. Convert");
    expect(await refused("\x89HDF\r\n")).toContain("an HDF5 file (ilastik, Imaris and others). Export its image as TIFF");
    expect(await refused("\x93NUMPY")).toContain("an array of numpy. Save it as TIFF");
    expect(await refused('{"multiscales": []}')).toContain("of an OME-Zarr, the folder around it.");
    expect(await refused("version https://git-lfs.github.com/spec/v1")).toContain("a placeholder of Git LFS");
    expect(await refused("\x01\x02")).toContain("is of an unknown format. Save it as PNG or TIFF.");
  });

  it("says which file is missing", async () => {
    await expect(openSource("/nowhere/cell.png")).rejects.toMatchObject({ kind: "MissingFile", details: { path: "/nowhere/cell.png" } });
    await expect(openSource(folder)).rejects.toMatchObject({ kind: "MissingFile" });
    expect(existsSync("/nowhere")).toBe(false);
  });

  it("ends with AbortError when it was aborted before", async () => {
    await expect(openSource(bytes, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    const source = await openSource(bytes);
    await expect(source.read({ y0: 0, x0: 0, y1: 1, x1: 1, signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});
