// Archives that claim, or hold, far more than they should: refused by what they claim, before anything is unpacked. A bomb is made of
// one deflated piece of zeros that is repeated, since zeros by the gigabyte would have to be packed first.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { judgeModel, readModel, writeModel } from "../../../core/model/archive.ts";
import { readCheckpoint } from "../../../core/model/checkpoint.ts";
import { isProblem } from "../../../core/problem.ts";
import { type ByteReader, createBytesReader } from "../../../core/source/bytes.ts";
import { openDataset } from "../../../core/source/dataset.ts";
import { download } from "../../../core/source/download.ts";
import { inflateHead, inflateRaw } from "../../../core/source/inflate.ts";
import { openSource } from "../../../core/source/open.ts";
import { readRegions } from "../../../core/source/read-regions.ts";
import { readZip } from "../../../core/source/zip.ts";
import { readZipWhole } from "../../../core/source/zip-file.ts";
import { measurePeakMb } from "../../support/peak-memory.ts";
import { createModel } from "../model/sample-model.ts";
import { type MadeEntry, makeZip } from "./zip-bytes.ts";

const mebi = 2 ** 20;

/** Packed zeros: so many mebibytes, of which each takes about a kilobyte. */
function packZeros(count: number): Uint8Array {
  const piece = deflateRawSync(Buffer.alloc(mebi), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const end = Uint8Array.of(3, 0);
  return new Uint8Array(Buffer.concat([...Array<Buffer>(count).fill(piece), end]));
}

/** A file of so many mebibytes of zeros. Its checksum is wrong, since nobody should come so far as to look at it. */
function zeros(name: string, count: number): MadeEntry {
  return { name, method: 8, packed: packZeros(count), bytes: count * mebi, crc: 1 };
}

async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (isProblem(error)) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The sample model's archive with some of its files replaced; the description names what is in it. */
async function makeModel(change: Readonly<Record<string, MadeEntry>>, more: readonly MadeEntry[] = []): Promise<Uint8Array> {
  const zip = readZip(await writeModel(createModel()), { kind: "InvalidModel" });
  return makeZip([...zip.names.map((name) => change[name] ?? { name, data: zip.read(name) }), ...more]);
}

describe("a bomb is refused by what it claims", () => {
  it("in a model: every file is held against the size of the network, which is read first", async () => {
    const files = ["README.md", "training.json", "test_input.npy", "test_output.npy", "weights.tfjs.zip", "weights.onnx"];
    const bomb = zeros("weights.onnx", 1024);
    for (const name of files) {
      const archive = await makeModel({ [name]: { ...bomb, name } });
      let said = "";
      const peakMb = await measurePeakMb(async () => {
        said = await refusal(() => readModel(archive));
      });
      expect(said, name).toMatch(new RegExp(`its ${name} unpacks to 1073741824 bytes; a model of this network has at most \\d+`));
      expect(peakMb, name).toBeLessThan(64);
    }
    expect(await refusal(async () => readModel(await makeModel({}, [zeros("cover.png", 64)])))).toContain(
      "its cover.png unpacks to 67108864",
    );
    const { length } = await makeModel({ "weights.onnx": zeros("weights.onnx", 2000) });
    expect(length).toBeLessThan(4_000_000);
  });

  it("in a model: within its description, and within the zip of its weights", async () => {
    expect(await refusal(async () => readModel(await makeModel({ "rdf.yaml": zeros("rdf.yaml", 1024) })))).toContain("the most is 262144");
    const inner = makeZip([{ name: "model.json", data: new TextEncoder().encode("{}") }, { ...zeros("group1-shard1of1.bin", 1024) }]);
    const { createHash } = await import("node:crypto");
    const zip = readZip(await writeModel(createModel()), { kind: "InvalidModel" });
    const description = parse(new TextDecoder().decode(zip.read("rdf.yaml")));
    description.weights.tensorflow_js.sha256 = createHash("sha256").update(inner).digest("hex");
    const archive = await makeModel({
      "rdf.yaml": { name: "rdf.yaml", data: new TextEncoder().encode(stringify(description)) },
      "weights.tfjs.zip": { name: "weights.tfjs.zip", data: inner },
    });
    const peakMb = await measurePeakMb(async () => {
      expect(await refusal(() => readModel(archive))).toMatch(/group1-shard1of1\.bin" unpacks to 1073741824 bytes/);
    });
    expect(peakMb).toBeLessThan(64);
  });

  it("in a checkpoint, where arrays are never packed", async () => {
    const state = new TextEncoder().encode(JSON.stringify({ format: 1, plan: "p", state: {}, arrays: ["weights"] }));
    const bytes = makeZip([{ name: "checkpoint.json", data: state }, zeros("weights.npy", 1024)]);
    expect(await refusal(() => readCheckpoint(bytes))).toContain('"weights.npy" unpacks to 1073741824');
  });

  it("in a zip of ROIs, one by one and all together", async () => {
    expect(await refusal(() => readRegions(makeZip([zeros("a.roi", 1024)]), "rois.zip"))).toContain('"a.roi" unpacks to 1073741824 bytes');
    const many = makeZip(Array.from({ length: 20 }, (_, i) => zeros(`${i}.roi`, 15)));
    expect(await refusal(() => readRegions(many, "rois.zip"))).toContain("its files unpack to more than 268435456 bytes");
  });

  it("in a dataset: no more than the beginning of what is no image is unpacked", async () => {
    const huge = makeZip([zeros("images/a.png", 3000), { name: "labels/a.png" }]);
    expect(huge.length).toBeLessThan(4_000_000);
    expect(await refusal(() => openDataset(huge))).toContain('"images/a.png" unpacks to 3145728000 bytes');
    const peakMb = await measurePeakMb(async () => {
      expect(await refusal(() => openDataset(makeZip([zeros("images/a.png", 500), { name: "labels/a.png" }])))).toContain(
        "images/a.png is",
      );
    });
    expect(peakMb).toBeLessThan(64);
  });

  it("in an OME-Zarr: metadata by their own limit, chunks by what they decode to", async () => {
    const metadata = (side: number) => ({
      ...{ zarr_format: 2, shape: [side, side], chunks: [side, side], dtype: "|u1", compressor: null, fill_value: 0, order: "C" },
      filters: null,
    });
    const json = new TextEncoder().encode(JSON.stringify(metadata(16)));
    const peakMb = await measurePeakMb(async () => {
      expect(await refusal(() => openSource(makeZip([zeros("zarr.json", 500)])))).toContain("zarr.json has 524288000 bytes");
      const source = await openSource(makeZip([{ name: ".zarray", data: json }, zeros("0.0", 500)]));
      expect(await refusal(() => source.read({ y0: 0, x0: 0, y1: 1, x1: 1 }))).toContain("0.0 has 524288000 bytes");
    });
    expect(peakMb).toBeLessThan(64);
  });
});

describe("inflating", () => {
  it("takes memory as the claim comes true: half a gigabyte claimed, a megabyte there", async () => {
    const packed = new Uint8Array(Buffer.concat([packZeros(1), Buffer.alloc(2 ** 19)]));
    const peakMb = await measurePeakMb(async () => {
      expect(() => inflateRaw(packed, 512 * mebi)).toThrow(/\d+ of 536870912 bytes/);
    });
    expect(peakMb).toBeLessThan(64);
  });

  it("stops at the claim, and at the length of a head", () => {
    expect(() => inflateRaw(packZeros(64), 1000)).toThrow("more than 1000 bytes");
    expect(inflateHead(packZeros(64), 1000)).toEqual(new Uint8Array(1000));
    expect(inflateHead(packZeros(1), 2 * mebi).length).toBe(mebi);
    expect(Buffer.compare(inflateRaw(packZeros(5), 5 * mebi), Buffer.alloc(5 * mebi))).toBe(0);
  });
});

/** A file of `sizeBytes` that is never in memory: a zip whose one entry claims to be all of it, or which holds bytes that nobody described. */
function hugeZip(sizeBytes: number, isOwned: boolean): ByteReader & { readonly readBytes: () => number } {
  const room = sizeBytes - 1000;
  const made = makeZip(
    [{ name: "rdf.yaml" }, { name: "big.bin", data: new Uint8Array(0), ...(isOwned ? { packedBytes: room, bytes: room } : {}) }],
    {
      start: room,
    },
  );
  const directory = made.subarray(made.length - 22 - new DataView(made.buffer, made.byteOffset).getUint32(made.length - 10, true));
  const size = room + directory.length;
  let count = 0;
  return {
    size,
    readBytes: () => count,
    async read(offset, length) {
      count += length;
      const bytes = new Uint8Array(length);
      for (const [at, part] of [
        [0, made.subarray(0, 40)],
        [room, directory],
      ] as const)
        for (let i = 0; i < part.length; i++) if (at + i >= offset && at + i < offset + length) bytes[at + i - offset] = part[i]!;
      return bytes;
    },
  };
}

describe("a huge file is judged by parts, before it is in memory", () => {
  it("as a model: by its claims, by bytes that belong to nothing, by its network; what is no zip by its end", async () => {
    const owned = hugeZip(3e9, true);
    expect(await refusal(() => judgeModel(owned, { path: "big.zip" }))).toMatch(
      /big\.zip cannot be used: "big\.bin" unpacks to 2999999000 bytes/,
    );
    const empty = hugeZip(3e9, false);
    expect(await refusal(() => judgeModel(empty))).toMatch(/29999\d+ of its 29999\d+ bytes belong to none of its files/);
    for (const { readBytes } of [owned, empty]) expect(readBytes()).toBeLessThan(200_000);
    const blank: ByteReader = { size: 4e9, read: async (_, length) => new Uint8Array(length) };
    expect(await refusal(() => judgeModel(blank))).toContain("it is not a zip archive");
    expect(await refusal(() => readZipWhole(blank, "set.zip"))).toContain("it is not a zip archive");
    const fat = await makeModel(
      {},
      Array.from({ length: 6 }, (_, i) => ({ name: `cover-${i}.png`, data: new Uint8Array(2 ** 24) })),
    );
    expect(await refusal(() => judgeModel(createBytesReader(fat)))).toMatch(
      /it has \d{9} bytes; a model of this network has at most \d{8}\./,
    );
  });

  it("but a good model passes, also in a folder, and so does one that somebody added a little to", async () => {
    await judgeModel(createBytesReader(await writeModel(createModel())));
    await judgeModel(createBytesReader(await makeModel({}, [{ name: "cover.png", data: new Uint8Array(2 ** 20) }])));
  });

  it("from a server: its size is asked for, then its directory, and nothing of the rest", async () => {
    const file = hugeZip(1e9, true);
    const server = createServer((request, response) => {
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      if (request.method === "HEAD") return response.writeHead(200, { "content-length": file.size }).end();
      if (first === undefined) return response.destroy();
      const end = Math.min(Number(last) + 1, file.size);
      void file.read(Number(first), end - Number(first)).then((bytes) => {
        response.writeHead(206, { "content-range": `bytes ${first}-${end - 1}/${file.size}`, "content-length": bytes.length }).end(bytes);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m.zip`;
    const judge = (reader: ByteReader) => judgeModel(reader, { path: address });
    expect(await refusal(() => download(address, { what: "a model", most: 2 ** 31, judge }))).toMatch(address);
    expect(file.readBytes()).toBeLessThan(2 ** 19);
    server.close();
  });
});
