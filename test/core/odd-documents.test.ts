// Documents of others with values where nobody expects them: words that every object of JavaScript knows, nothing, lists in place of
// names, nesting without end. Each is read or refused in words; what no user can do anything about (a TypeError, the end of the
// stack) is a fault of ours.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { lookUp, parseJson } from "../../core/json.ts";
import { readGeoJson } from "../../core/label/region/read-geojson.ts";
import { readModel, writeModel } from "../../core/model/archive.ts";
import { readCheckpoint } from "../../core/model/checkpoint.ts";
import { describeError, isProblem } from "../../core/problem.ts";
import { readRecord, writeRecord } from "../../core/sink/slide-record.ts";
import { createMemoryStore } from "../../core/sink/store.ts";
import { openSource } from "../../core/source/open.ts";
import { readZip, writeZip } from "../../core/source/zip.ts";
import { checkManifest } from "../../host/manifest.ts";
import { createManifest } from "../../plugin/parameter/manifest.ts";
import { addRegions } from "../../plugin/train/regions.ts";
import { createFolder, overtile } from "../host/terminal/run-overtile.ts";
import { createModel } from "./model/sample-model.ts";

const isLong = process.env["OVERTILE_LONG"] !== undefined;
const text = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** What only a programmer can make something of. */
const foreign =
  /Cannot (read|convert|destructure|set)|is not a (function|constructor)|not iterable|undefined|native code|\[object |call stack|Invalid (array|typed)|Reduce of|should not/i;

/** Fails for anything but a result or a Problem in words. */
async function demandWords(work: () => unknown): Promise<string> {
  try {
    await work();
    return "";
  } catch (error) {
    if (!isProblem(error)) throw new Error(`not a Problem: ${error instanceof Error ? error.stack : String(error)}`);
    if (foreign.test(error.message)) throw new Error(`not in words: ${error.message}\n${(error.cause as Error | undefined)?.stack ?? ""}`);
    return error.message;
  }
}

const arrayV3 = {
  ...{ zarr_format: 3, node_type: "array", shape: [4, 4], data_type: "uint8", fill_value: 0, attributes: {} },
  chunk_grid: { name: "regular", configuration: { chunk_shape: [4, 4] } },
  chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
  codecs: [
    { name: "bytes", configuration: { endian: "little" } },
    { name: "gzip", configuration: { level: 5 } },
  ],
};
const arrayV2 = {
  ...{ zarr_format: 2, shape: [4, 4], chunks: [4, 4], dtype: "<u2", fill_value: 0, order: "C", dimension_separator: "/" },
  ...{ compressor: { id: "zlib", level: 1 }, filters: null },
};
const attributes = {
  multiscales: [
    {
      axes: [
        { name: "y", type: "space", unit: "micrometer" },
        { name: "x", type: "space", unit: "micrometer" },
      ],
      datasets: [{ path: "0", coordinateTransformations: [{ type: "scale", scale: [0.5, 0.5] }] }],
      coordinateTransformations: [{ type: "scale", scale: [1, 1] }],
    },
  ],
  omero: { channels: [{ label: "DAPI", color: "0000FF", window: { min: 0, max: 255, start: 0, end: 255 } }] },
};
const square = [[0, 0], [4, 0], [4, 4], [0, 0]]; // biome-ignore format: one shape
const geoJson = {
  type: "FeatureCollection",
  features: [
    { type: "Feature", geometry: { type: "Polygon", coordinates: [square] }, properties: { name: "a", classification: { name: "cell" } } },
    {
      type: "Feature",
      geometry: { type: "GeometryCollection", geometries: [{ type: "MultiPolygon", coordinates: [[square]] }] },
      properties: null,
    },
  ],
};
const record = {
  ...{ path: "a.tif", name: "a.tif", height: 10, width: 10, dtype: "uint8", plane: { z: 0, t: 0, channels: [0] }, model: "m@1", weights: "00" },
  ...{ classNames: ["background", "cell"], levels: 2, tile: 60, blockPx: 1024, gridHeight: 10, gridWidth: 10, skipEmpty: false, backend: "cpu" },
  ...{ ranges: [{ low: 0, high: 1 }], minSizePx: 3, splitDepthPx: 0 },
} as const; // biome-ignore format: one record

const openFiles = async (files: Readonly<Record<string, unknown>>): Promise<unknown> => {
  const source = await openSource(writeZip(Object.entries(files).map(([name, value]) => ({ name, data: text(value) }))), {
    name: "image.zip",
  });
  return source.read({ y0: 0, x0: 0, y1: 1, x1: 1 });
};
let model: Promise<Uint8Array> | undefined;
const openModel = async (description: unknown): Promise<unknown> => {
  model ??= writeModel(createModel(), { onnx: false });
  const zip = readZip(await model, { kind: "InvalidModel" });
  const files = zip.names.map((name) => ({ name, data: name === "rdf.yaml" ? text(stringify(description)) : zip.read(name) }));
  return readModel(writeZip(files));
};
const describeModel = async (): Promise<unknown> => {
  model ??= writeModel(createModel(), { onnx: false });
  return parse(new TextDecoder().decode(readZip(await model, { kind: "InvalidModel" }).read("rdf.yaml")));
};
const readers: readonly [string, unknown | (() => Promise<unknown>), (value: unknown) => unknown][] = [
  ["zarr.json", arrayV3, (value) => openFiles({ "zarr.json": value })],
  [".zarray", arrayV2, (value) => openFiles({ ".zarray": value })],
  [".zattrs", attributes, (value) => openFiles({ ".zattrs": value, ".zgroup": { zarr_format: 2 }, "0/.zarray": arrayV2 })],
  ["zarr.json of a group", { zarr_format: 3, node_type: "group", attributes: { ome: { version: "0.5", ...attributes } } }, (value) => openFiles({ "zarr.json": value, "0/zarr.json": arrayV3 })],
  ["GeoJSON", geoJson, (value) => readGeoJson(JSON.stringify(value), "a.geojson")],
  ["run.json", record, (value) => { const store = createMemoryStore(); return store.write("run.json", text(value)).then(() => readRecord(store)); }],
  ["checkpoint.json", { format: 1, plan: "{}", state: {}, arrays: [] }, (value) => readCheckpoint(writeZip([{ name: "checkpoint.json", data: text(value) }]))],
  ["manifest.json", createManifest(), (value) => checkManifest(value)],
  ["rdf.yaml", describeModel, openModel],
]; // biome-ignore format: a table

/** Replaces, renames or removes one thing somewhere in a document. */
function change(document: unknown, picks: readonly number[], odd: unknown): unknown {
  const [pick = 0, ...rest] = picks;
  if (typeof document !== "object" || document === null || rest.length === 0) return odd;
  const keys = Object.keys(document);
  const key = keys[pick % Math.max(1, keys.length)];
  if (key === undefined) return odd;
  if (Array.isArray(document)) return document.map((one, i) => (String(i) === key ? change(one, rest, odd) : one));
  const isRenamed = rest[0]! % 11 === 0 && typeof odd === "string";
  // Own entries only: "__proto__" as a key of data is a key like others.
  return Object.fromEntries(
    Object.entries(document).map(([name, one]) => (name === key ? (isRenamed ? [odd, one] : [name, change(one, rest, odd)]) : [name, one])),
  );
}

const words = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf", "prototype", "", "\u0000", "../..", "x".repeat(5000)];
const odd = fc.oneof(
  fc.constantFrom<unknown>(...words),
  fc.constantFrom<unknown>(null, true, -1, 0, 0.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 53)),
  fc.constantFrom<unknown>([], {}, [null], [[]], [{}], { constructor: null }, { name: null }, { name: "constructor" }, { length: 3 }),
  fc.jsonValue({ maxDepth: 2 }),
);

describe("an odd document is read, or refused in words", () => {
  for (const [name, document, read] of readers) {
    it(name, async () => {
      const base = typeof document === "function" ? await (document as () => Promise<unknown>)() : document;
      expect(await demandWords(() => read(base))).toBe("");
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(1000), { minLength: 1, maxLength: 8 }), odd, async (picks, value) => {
          await demandWords(() => read(change(base, picks, value)));
        }),
        { seed: 12, numRuns: isLong ? 20_000 : 300 },
      );
    });
  }
});

describe("a name that every object knows is a name that is not known", () => {
  it("as a type of numbers, a codec and a unit of Zarr", async () => {
    for (const word of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
      expect(await demandWords(() => openFiles({ "zarr.json": { ...arrayV3, data_type: word } }))).toContain(`its numbers are ${word}`);
      expect(await demandWords(() => openFiles({ ".zarray": { ...arrayV2, dtype: `<${word}` } }))).toContain("its numbers are");
      expect(await demandWords(() => openFiles({ "zarr.json": { ...arrayV3, codecs: [word] } }))).toContain(`packed with "${word}"`);
    }
    expect([lookUp({ a: 1 }, "a"), lookUp({ a: 1 }, "constructor"), lookUp({ a: 1 }, 3)]).toEqual([1, undefined, undefined]);
  });
});

describe("nesting without end", () => {
  it("is refused in JSON, with brackets in texts not counted", () => {
    expect(() => parseJson(deep(100_000))).toThrow("nested more than 100 times");
    expect(() => parseJson('{"a":'.repeat(5000))).toThrow("nested more than 100 times");
    expect(parseJson(deep(100))).toBeDefined();
    expect(parseJson(JSON.stringify(["[".repeat(1000), '\\"['.repeat(200), "\\"]))).toHaveLength(3);
    expect(() => parseJson('"\\')).toThrow(SyntaxError);
  });

  it("is refused in words by all that reads documents", async () => {
    let collection: unknown = { type: "Polygon", coordinates: [square] };
    for (let i = 0; i < 20_000; i++) collection = { type: "GeometryCollection", geometries: [collection] };
    expect(await demandWords(() => readGeoJson(collection, "a.geojson"))).toContain("collections");
    expect(await demandWords(() => readGeoJson(`{"type":"GeometryCollection","geometries":${deep(50_000)}}`, "a.geojson"))).toContain(
      "nested",
    );
    const image = await openSource({ data: new Uint8Array(16), shape: [4, 4], axes: "yx", name: "a" });
    const regions = { type: "FeatureCollection", features: [{ type: "Feature", geometry: collection, properties: {} }] };
    expect(await demandWords(() => addRegions({ name: "a", image }, regions as never))).toContain("collections");
    for (const name of ["zarr.json", ".zattrs", ".zarray"])
      expect(await demandWords(() => openFiles({ [name]: deep(50_000) }))).not.toBe("");
    for (const description of [`a: ${deep(100_000)}`, "- ".repeat(50_000), `a: ${"{a: ".repeat(30_000)}`])
      expect(await demandWords(() => readModel(writeZip([{ name: "rdf.yaml", data: text(description) }])))).not.toBe("");
    const zip = readZip(await writeModel(createModel(), { onnx: false }), { kind: "InvalidModel" });
    const files = zip.names.map((name) => ({ name, data: name === "training.json" ? text(`{"a":${deep(50_000)}}`) : zip.read(name) }));
    expect(await demandWords(() => readModel(writeZip(files)))).not.toBe("");
  });
});

describe("the record of a run", () => {
  it("is read as it was written, and with any bit flipped it is damaged", async () => {
    const store = createMemoryStore();
    await writeRecord(store, record as never);
    expect(await readRecord(store)).toEqual(record);
    const bytes = (await store.read("run.json"))!;
    for (let at = 0; at < bytes.length; at += 3) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 7);
      await store.write("run.json", damaged);
      const said = await demandWords(async () => expect(await readRecord(store)).toEqual(record)); // white space may change
      if (said !== "") expect(said).toMatch(/Expected the record of a run at run\.json; it is damaged: .*Begin the run anew: /);
    }
  });
});

describe("the terminal's library", () => {
  it("in a place that is a file, or below one, is told in words by every command", async () => {
    const { path, remove } = createFolder();
    writeFileSync(join(path, "file"), "I am a file");
    mkdirSync(join(path, "library"));
    writeFileSync(join(path, "library", "models"), "I am one, too");
    writeFileSync(join(path, "model.zip"), await writeModel(createModel()));
    for (const OVERTILE_HOME of [join(path, "file"), join(path, "library")]) {
      for (const words of [
        ["models"],
        ["models", "import", join(path, "model.zip")],
        ["models", "remove", "cells"],
        ["info", "cells"],
        ["models", "rename", "a", "b"],
      ]) {
        const { code, stderr } = await overtile(words, { env: { OVERTILE_HOME } });
        expect(code, words.join(" ")).toBe(1);
        expect(stderr, words.join(" ")).toMatch(/(^|\n)overtile: Expected to (read|write) .*(OVERTILE_HOME|Correct the path)/);
        expect(stderr).not.toMatch(foreign);
      }
    }
    expect(existsSync(join(path, "file"))).toBe(true);
    remove();
  });

  it("says of errors that end the stack what they mean", () => {
    const endless = (): number => 1 + endless();
    let error: unknown;
    try {
      endless();
    } catch (thrown) {
      error = thrown;
    }
    expect(describeError(error)).toBe("it is nested too deeply");
  });
});
