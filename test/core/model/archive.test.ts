import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { roundToHalves } from "../../../core/model/float16.ts";
import { planTiling } from "../../../core/model/model.ts";
import { isProblem } from "../../../core/problem.ts";
import { readZip } from "../../../core/source/zip.ts";
import { sharedPath } from "../../support/data.ts";
import { countProcessorMs } from "../../support/processor-time.ts";
import { createModel, models } from "./sample-model.ts";

const schemaPath = sharedPath("data/bioimageio/bioimageio_schema.json");
const hasUnzip = spawnSync("unzip", ["-v"]).status === 0;

/** The files of an archive by name. */
function filesOf(bytes: Uint8Array): Record<string, Uint8Array> {
  const zip = readZip(bytes, { kind: "InvalidModel" });
  return Object.fromEntries(zip.names.map((name) => [name, zip.read(name)]));
}

/** The reason why these bytes are no model; fails when they are one, or when something else is thrown. */
async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await readModel(bytes).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isProblem(error, "InvalidModel")) throw new Error(`expected InvalidModel, got ${String(error)}`);
  return error.message;
}

describe("a model archive", () => {
  it("gives back the model: load(save(model)) = model", async () => {
    await fc.assert(
      fc.asyncProperty(models, async (model) => {
        expect(await readModel(await writeModel(model))).toEqual(model);
      }),
      { seed: 1, numRuns: 15 },
    );
  });

  it("has the same bytes for the same model, in any time zone", async () => {
    const before = process.env["TZ"];
    const first = await writeModel(createModel());
    process.env["TZ"] = "Pacific/Kiritimati";
    const second = await writeModel(createModel());
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
    expect(Buffer.compare(first, second)).toBe(0);
  });

  it.skipIf(!schemaPath)("passes the official schema of bioimage.io 0.5 (needs shared/data/bioimageio)", async () => {
    const { $defs } = JSON.parse(readFileSync(schemaPath!, "utf8"));
    const ajv = new Ajv({ strict: false, allErrors: true, discriminator: false, logger: false });
    addFormats(ajv);
    for (const format of ["path", "file-path"]) ajv.addFormat(format, true);
    const validate = ajv.compile({ $defs, $ref: "#/$defs/bioimageio__spec__model__v0_5__ModelDescr" });
    await fc.assert(
      fc.asyncProperty(models, fc.boolean(), fc.constantFrom("float32", "float16"), async (given, onnx, precision) => {
        const model = precision === "float16" ? { ...given, weights: roundToHalves(given.weights) } : given;
        const zip = readZip(await writeModel(model, { onnx, precision }), { kind: "InvalidModel" });
        const description = parse(new TextDecoder().decode(zip.read("rdf.yaml")));
        const valid = validate(description);
        expect(validate.errors ?? []).toEqual([]);
        expect(valid).toBe(true);
      }),
      { seed: 2, numRuns: 20 },
    );
  });

  it("names files that are in it, with their SHA-256 (as OpenSSL computes it)", async () => {
    const { createHash } = await import("node:crypto");
    const zip = readZip(await writeModel(createModel()), { kind: "InvalidModel" });
    const rdf = parse(new TextDecoder().decode(zip.read("rdf.yaml")));
    const files = [...rdf.attachments, rdf.inputs[0].test_tensor, rdf.outputs[0].test_tensor, rdf.weights.tensorflow_js, rdf.weights.onnx];
    for (const { source, sha256 } of files) {
      expect(createHash("sha256").update(zip.read(source)).digest("hex"), source).toBe(sha256);
    }
  });

  it.skipIf(!hasUnzip)("is a zip that Info-ZIP finds no fault in (needs unzip)", async () => {
    const folder = mkdtempSync(join(tmpdir(), "overtile-"));
    const path = join(folder, "model.zip");
    writeFileSync(path, await writeModel(createModel()));
    expect(execFileSync("unzip", ["-t", path], { encoding: "utf8" })).toContain("No errors detected");
    rmSync(folder, { recursive: true });
  });

  it("may be written without ONNX", async () => {
    const model = createModel();
    const bytes = await writeModel(model, { onnx: false });
    expect(readZip(bytes, { kind: "InvalidModel" }).has("weights.onnx")).toBe(false);
    expect(await readModel(bytes)).toEqual(model);
  });
});

describe("a model archive that was packed anew", () => {
  const wrap = (files: Record<string, Uint8Array>, at: (name: string) => string) =>
    Object.fromEntries(Object.entries(files).map(([name, data]) => [at(name), data]));

  it("is read from the one folder that it was wrapped into, beside what macOS leaves, and with backslashes", async () => {
    const model = createModel();
    const files = filesOf(await writeModel(model));
    const mac = wrap(files, (name) => `__MACOSX/cells/._${name}`);
    expect(await readModel(zipSync({ ...wrap(files, (name) => `cells/${name}`), ...mac }))).toEqual(model);
    expect(await readModel(zipSync({ ...files, ...wrap(files, (name) => `__MACOSX/._${name}`) }))).toEqual(model);
    expect(await readModel(zipSync(wrap(files, (name) => `cells\\${name}`)))).toEqual(model);
  });

  it("is refused where it is not clear which one is meant, with what to do", async () => {
    const archive = await writeModel(createModel(), { onnx: false });
    const files = filesOf(archive);
    const two = zipSync({ ...wrap(files, (name) => `a/${name}`), ...wrap(files, (name) => `b/${name}`) });
    expect(await refusal(two)).toMatch(/it holds 2 models.*Unpack it, and zip one/);
    expect(await refusal(zipSync({ "cells.zip": archive }))).toMatch(/it holds another zip, "cells\.zip"\. Unpack it first/);
    expect(await refusal(zipSync({ "set/images/a.png": new Uint8Array(1), "set/labels/a.png": new Uint8Array(1) }))).toMatch(
      /it is a dataset, no model/,
    );
    // What is no model at all is named, however many files it has, and never told to get it again.
    const rois = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`${i}.roi`, new Uint8Array(8)]));
    const others: [Record<string, Uint8Array>, RegExp][] = [
      [rois, /it holds 150 outlines of ImageJ, no model\. Open it in ImageJ/],
      [{ "cells.zarr/.zattrs": new Uint8Array(2), "cells.zarr/0/0.0": new Uint8Array(2) }, /it is an image \(OME-Zarr\), no model/],
      [{ "a.txt": new Uint8Array(1), "b.txt": new Uint8Array(1) }, /it has no file "rdf\.yaml", but "a\.txt" and 1 more: no model/],
      [{ "set/images/a.png": new Uint8Array(1) }, /it is a dataset, no model\. Train on it, which makes a model\.$/],
    ];
    for (const [entries, pattern] of others) {
      const text = await refusal(zipSync(entries));
      expect(text).toMatch(pattern);
      expect(text).not.toContain("Get or save");
    }
  });
});

describe("a model of another program", () => {
  const encode = (value: string): Uint8Array => new TextEncoder().encode(value);
  const described = (weights: string): Uint8Array =>
    zipSync({
      "rdf.yaml": encode(`format_version: 0.4.9\ntype: model\nname: N\ndescription: D\nweights: ${weights}\n`),
      "weights.pt": encode("x"),
    });

  it("is told from a damaged one: what its weights are, that they are not read, and what would be", async () => {
    expect(await refusal(described("{pytorch_state_dict: {source: weights.pt}}"))).toBe(
      "Expected a model that Overtile wrote; the file was made by another program (bioimage.io 0.4.9), with weights as pytorch_state_dict. " +
        "Its weights are not read; those of archives that Overtile exported are. " +
        "To get one, train here on images and labels, for instance on labels that the other program makes.",
    );
    expect(await refusal(described("{onnx: {source: w.onnx}, torchscript: {source: w.pt}}"))).toContain("weights as onnx, torchscript");
    expect(await refusal(described('{"\\u001b[31m": {}}'))).toContain("with no weights");
  });

  const others: readonly [string, Uint8Array, string][] = [
    ["a newer archive of bioimage.io", zipSync({ "bioimageio.yaml": encode("type: model") }), "another program (bioimage.io)"],
    ["a file of PyTorch", zipSync({ "archive/data.pkl": encode("x"), "archive/data/0": encode("x") }), "another program (PyTorch)"],
    ["a pickle of PyTorch", Uint8Array.of(0x80, 0x02, 0x8a, 0x0a), "another program (PyTorch)"],
    [
      "StarDist's zip",
      zipSync({ "cells/config.json": encode("{}"), "cells/weights_best.h5": encode("x") }),
      "another program (Keras, StarDist",
    ],
    ["an HDF5 file", Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), "another program (an HDF5 file"],
  ];
  it.each(others)("%s: so, too", async (_, bytes, what) => {
    expect(await refusal(bytes)).toContain(what);
  });

  const shared = sharedPath("cases/b01/pytorch_only_v04.zip");
  it.skipIf(!shared)("a real one of bioimage.io 0.4 (needs shared/cases)", async () => {
    expect(await refusal(readFileSync(shared!))).toContain("weights as pytorch_state_dict. Its weights are not read");
  });
});

it("a description that YAML's reader warns of prints nothing", async () => {
  const warnings: string[] = [];
  const hear = ({ message }: Error): void => void warnings.push(message);
  process.on("warning", hear);
  const yaml = "%YAML 1.3\n---\ntype: !mine model\nname: {{a: 1}: 2}\n";
  expect(await refusal(zipSync({ "rdf.yaml": new TextEncoder().encode(yaml) }))).toContain("another program");
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("warning", hear);
  expect(warnings).toEqual([]);
});

describe("tiles of other tools", () => {
  it("are 204 + 16k pixels and lose 184 and a halo of 2 a side, for the paper's network", () => {
    expect(planTiling(4)).toEqual({ least: 204, step: 16, offset: -184, halo: 2 });
  });

  it("leave a positive multiple of 2^levels between their halos, for every level and size", () => {
    for (let levels = 1; levels <= 6; levels++) {
      const { least, step, offset, halo } = planTiling(levels);
      for (let k = 0; k < 4; k++) {
        const left = least + k * step + offset - 2 * halo;
        expect(left, `levels ${levels}`).toBeGreaterThan(0);
        expect(left % 2 ** levels, `levels ${levels}`).toBe(0);
      }
      // The network itself, walked down and up: every pooling meets an even side, and the output is what was promised.
      let side = least;
      for (let level = 0; level < levels; level++) {
        side -= 4;
        expect(side % 2, `levels ${levels}, pooling ${level + 1}`).toBe(0);
        side /= 2;
      }
      side -= 4;
      for (let level = 0; level < levels; level++) side = 2 * side - 4;
      expect(side).toBe(least + offset);
    }
  });
});

describe("what is no model of ours is refused", () => {
  it("whatever is cut off", async () => {
    const bytes = await writeModel(createModel());
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), async (length) => {
        expect(await refusal(bytes.subarray(0, length))).toContain("Expected a model");
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("whatever byte is flipped: refused, or (in times and such) without effect", async () => {
    const model = createModel();
    const bytes = await writeModel(model);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const damaged = bytes.slice();
        damaged[at]! ^= mask;
        const read = await readModel(damaged).catch((error: unknown) => error);
        if (!isProblem(read, "InvalidModel")) expect(read).toEqual(model);
      }),
      { seed: 4, numRuns: process.env["OVERTILE_LONG"] ? 10_000 : 100 },
    );
  });

  it("any byte of the weights is flipped", async () => {
    const bytes = await writeModel(createModel({ features: 1 }), { onnx: false });
    const name = new TextEncoder().encode("weights.tfjs.zip");
    const start = Buffer.from(bytes).indexOf(name) + name.length;
    const size = new DataView(bytes.buffer).getUint32(start - name.length - 8, true);
    // All of them in the long run; here every 13th, so that each bit of a byte has its turn.
    const step = process.env["OVERTILE_LONG"] ? 1 : 13;
    for (let at = start; at < start + size; at += step) {
      const damaged = bytes.slice();
      damaged[at]! ^= 1 << (at % 8);
      expect(await refusal(damaged)).toContain("checksum");
    }
  });

  it("the weights are others than those described, though every checksum of the zip is right", async () => {
    const [ours, other] = await Promise.all([
      writeModel(createModel()),
      writeModel(createModel({}, { weights: createModel().weights.map((w) => -w) })),
    ]);
    const open = (bytes: Uint8Array) => readZip(bytes, { kind: "InvalidModel" });
    const entries = Object.fromEntries(open(ours).names.map((name) => [name, open(name === "weights.tfjs.zip" ? other : ours).read(name)]));
    expect(await refusal(zipSync(entries))).toContain("not those that were described");
  });

  it.each(["weights.onnx", "test_input.npy", "test_output.npy", "training.json"])(
    "%s is not the one that was described, though the zip's checksums are right",
    async (name) => {
      const [ours, other] = await Promise.all([
        writeModel(createModel()),
        writeModel(
          createModel(
            { channels: 1 },
            {
              training: { seed: 2 },
              weights: createModel().weights.map((w) => -w),
              testInput: { data: new Float32Array(400), shape: [20, 20, 1] },
              testOutput: { data: new Float32Array(32), shape: [4, 4, 2] },
            },
          ),
        ),
      ]);
      const entries = { ...filesOf(ours), [name]: filesOf(other)[name]! };
      expect(await refusal(zipSync(entries))).toContain(`its ${name} is not the one that was described`);
    },
  );

  it("weights for ONNX are there that the description does not know", async () => {
    const [onnx, none] = await Promise.all([writeModel(createModel()), writeModel(createModel(), { onnx: false })]);
    expect(await refusal(zipSync({ ...filesOf(none), "weights.onnx": filesOf(onnx)["weights.onnx"]! }))).toContain(
      "weights.onnx is not described",
    );
  });

  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefgh"].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefgh"[i]}`).join(",")}]`).join("\n")}\n`;
  const foreign: readonly [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "not a zip"],
    ["a text", text("hello, I am a model"), "not a zip"],
    ["a zip of something else", zipSync({ "photo.jpg": text("x") }), "no file"],
    ["a model of another program", zipSync({ "rdf.yaml": text("type: model\nname: Other\nconfig: {}\n") }), "another program"],
    ["a description that is no YAML", zipSync({ "rdf.yaml": text("a: [1, 2") }), "Get or save"],
    ["a bomb of YAML aliases", zipSync({ "rdf.yaml": text(`type: model\n${bomb}`) }), "lias"],
    ["a YAML of ten thousand brackets", zipSync({ "rdf.yaml": text(`type: ${"[".repeat(10_000)}`) }), "Get or save"],
    ["a description of a megabyte", zipSync({ "rdf.yaml": text(`type: ${"x".repeat(1 << 20)}`) }), "the most is"],
    ["a newer format", zipSync({ "rdf.yaml": text("type: model\nconfig: {overtile: {format: 3}}\n") }), "newer Overtile"],
    ["a network of absurd size", zipSync({ "rdf.yaml": text("type: model\nconfig: {overtile: {format: 1, network: {channels: 1, classes: 2, levels: 99, features: 9, dropout: 0}}}\n") }), "levels"], // biome-ignore format: a table
    [
      "__proto__ in the description",
      zipSync({ "rdf.yaml": text("type: model\nconfig: {__proto__: {overtile: {format: 1}}}\n") }),
      "another program",
    ],
  ];
  for (const [what, bytes, reason] of foreign) {
    it(what, async () => {
      const processorMs = countProcessorMs();
      expect(await refusal(bytes)).toContain(reason);
      expect(processorMs()).toBeLessThan(2000);
    });
  }

  it("a model that cannot be written: the parameter is named", async () => {
    const attempts: readonly [Parameters<typeof createModel>[1], string][] = [
      [{ name: "my [cells]" }, "name"],
      [{ classNames: ["background", "it's"] }, "name"],
      [{ classNames: ["background"] }, "class_names"],
      [{ name: "a\nb" }, "name"],
      [{ name: "a\u202eb" }, "name"],
      [{ channelNames: ["red\x1b[31m"] }, "name"],
      [{ version: 0 }, "version"],
      [{ weights: new Float32Array(3) }, "weights"],
      [{ testOutput: { data: new Float32Array(4), shape: [2, 2] } }, "test_output"],
    ];
    for (const [more, parameter] of attempts) {
      await expect(writeModel(createModel({}, more))).rejects.toMatchObject({ kind: "InvalidParameter", details: { parameter } });
    }
    const { weights } = createModel();
    await expect(writeModel(createModel({}, { weights: weights.map((w, i) => (i === 5 ? Number.NaN : w)) }))).rejects.toThrow("finite");
  });
});
