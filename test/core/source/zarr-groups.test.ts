// Zarr groups that are no image themselves, and chunks under names of the other kind.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { writeZip } from "../../../core/source/zip.ts";

const pixelsOf = async (source: ImageSource): Promise<number[]> => [...(await source.read({ y0: 0, x0: 0, y1: 2, x1: 2 })).data];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "overtile-groups-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

type Files = Readonly<Record<string, object | Uint8Array>>;
const toBytes = (data: object | Uint8Array): Uint8Array =>
  data instanceof Uint8Array ? data : new TextEncoder().encode(JSON.stringify(data));
const array = {
  zarr_format: 2,
  shape: [2, 2],
  chunks: [2, 2],
  dtype: "|u1",
  fill_value: 0,
  order: "C",
  compressor: null,
  filters: null,
};
const group = { zarr_format: 2 };
const image = (path: string): Files => ({
  [`${path}/.zgroup`]: group,
  [`${path}/.zattrs`]: {
    multiscales: [
      {
        version: "0.4",
        axes: [{ name: "y" }, { name: "x" }].map((axis) => ({ ...axis, type: "space" })),
        datasets: [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [1, 1] }] }],
      },
    ],
  },
  [`${path}/0/.zarray`]: array,
  [`${path}/0/0.0`]: Uint8Array.of(1, 2, 3, 4),
});

function write(name: string, files: Files): string {
  for (const [path, data] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name, path)), { recursive: true });
    writeFileSync(join(folder, name, path), toBytes(data));
  }
  return join(folder, name);
}

async function refusal(files: Files): Promise<readonly string[]> {
  const name = `g${Math.random().toString(36).slice(2)}`;
  const path = write(name, files);
  const zip = writeZip(Object.entries(files).map(([name, data]) => ({ name, data: toBytes(data) })));
  const say = (error: Error): string => error.message.replaceAll(path, "IT");
  return Promise.all([openSource(path), openSource(zip, { name: "IT" })].map((opened) => opened.then(() => "opened", say)));
}

describe("a Zarr group that is no image", () => {
  it("names the images in it, in folders and zips: plain groups, lists of labels, wells, plates", async () => {
    const nuclei = image("nuclei");
    for (const [attributes, files, what] of [
      [{}, { ...nuclei, "notes/x.txt": {} }, "a Zarr group without an image (no multiscales). Open IT/nuclei."],
      [{ labels: ["cells", "nuclei"] }, nuclei, "a list of label images. Open IT/nuclei."],
      [
        { well: { images: [{ path: "0" }, { path: "1" }] } },
        { ...image("0"), ...image("1") },
        "a well of several images. Open one of IT/0, IT/1.",
      ],
      [{ plate: { wells: [{ path: "B/3" }] } }, image("B/3/0"), "a plate of many images. Open IT/B/3/0."],
      [{}, {}, "a Zarr group without an image (no multiscales). Open the folder of an image in it, or write it as OME-Zarr 0.4 or 0.5."],
      [{ plate: 5, labels: "x" }, {}, "a plate of many images. Open IT/A/1/0."],
    ] as const) {
      const said = `Expected an OME-Zarr image; IT is ${what}`;
      expect(await refusal({ ".zgroup": group, ".zattrs": attributes, ...files })).toEqual([said, said]);
    }
  });

  it("but several images of bioformats2raw: the first is read, and the others are told", async () => {
    const files = { ".zgroup": group, ".zattrs": { "bioformats2raw.layout": 3 }, ...image("0"), ...image("1") };
    const source = await openSource(write("raw", files));
    expect(await pixelsOf(source)).toEqual([1, 2, 3, 4]);
    expect(source.notices).toEqual([
      expect.stringMatching(/raw holds several images; the first, "0", is read\. Open another by its folder, such as .*raw\/1\./),
    ]);
    const { "1/.zgroup": _, "1/.zattrs": __, ...one } = files as Record<string, object>;
    expect((await openSource(write("raw-one", one as Files))).notices).toBeUndefined();
  });
});

describe("chunks under names of the other kind", () => {
  const three = {
    ...{ zarr_format: 3, node_type: "array", shape: [2, 2], data_type: "uint8", fill_value: 0, attributes: {} },
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 2] } },
    codecs: [{ name: "bytes" }],
  };
  const encoding = (name: string, separator: string) => ({ chunk_key_encoding: { name, configuration: { separator } } });

  it("are an error that says which they lie under, and what to declare", async () => {
    for (const [declared, key, own, advice] of [
      [["default", "/"], "0/0", "c/0/0", '{"name": "v2", "configuration": {"separator": "/"}}'],
      [["default", "/"], "0.0", "c/0/0", '{"name": "v2", "configuration": {"separator": "."}}'],
      [["v2", "."], "c/0/0", "0.0", '{"name": "default", "configuration": {"separator": "/"}}'],
    ] as const) {
      const name = `keys-${declared[0]}-${key.replaceAll("/", "_")}`;
      const path = write(name, { "zarr.json": { ...three, ...encoding(declared[0], declared[1]) }, [key]: Uint8Array.of(1, 2, 3, 4) });
      await expect(openSource(path).then((source) => pixelsOf(source))).rejects.toThrow(
        `they lie under names of the other kind, as "${key}" in place of "${own}". Write "chunk_key_encoding": ${advice} into its metadata (Zarr 3), or write the image again.`,
      );
    }
  });
});
