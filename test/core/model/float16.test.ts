// Weights in half precision: NumPy's rounding, archives that say so and give back exactly what was rounded.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { fromHalves, roundToHalves, toHalves } from "../../../core/model/float16.ts";
import { readZip, writeZip } from "../../../core/source/zip.ts";
import { createModel } from "./sample-model.ts";

// numpy.float32(value).astype(numpy.float16).view(numpy.uint16)
const golden: readonly (readonly [number, number])[] = [
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.10000000149011612, 0x2e66],
  [0.3333333432674408, 0x3555],
  [65504, 0x7bff],
  [65519.99609375, 0x7bff],
  [65520, 0x7c00],
  [-1e9, 0xfc00],
  [6.103515625e-5, 0x0400],
  [6.102025508880615e-5, 0x0400],
  [6.100500104366802e-5, 0x03ff],
  [2 ** -24, 0x0001],
  [2.9802322387695312e-8, 0x0000],
  [2.9805303114471826e-8, 0x0001],
  [8.940696716308594e-8, 0x0002],
  [9.99999993922529e-9, 0x0000],
  [-5.500000042957254e-6, 0x805c],
  [2049, 0x6800],
  [2051, 0x6802],
  [1.00048828125, 0x3c00],
  [1.00146484375, 0x3c02],
  [Number.POSITIVE_INFINITY, 0x7c00],
];

describe("half precision", () => {
  it("rounds as NumPy does", () => {
    expect([...toHalves(Float32Array.from(golden, ([value]) => value))]).toEqual(golden.map(([, bits]) => bits));
  });

  it("holds each of its numbers exactly, and rounding is to a nearest one", () => {
    const all = Uint16Array.from({ length: 0x10000 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) !== 0x7c00);
    expect(toHalves(fromHalves(all))).toEqual(all);
    fc.assert(
      fc.property(fc.float({ min: -65_504, max: 65_504, noNaN: true }), (value) => {
        const [rounded] = roundToHalves(Float32Array.of(value));
        const [bits] = toHalves(Float32Array.of(Math.abs(value)));
        const [below, above] = fromHalves(Uint16Array.of(Math.max(0, bits! - 1), Math.min(0x7bff, bits! + 1)));
        const away = Math.abs(Math.abs(value) - Math.abs(rounded!));
        expect(away).toBeLessThanOrEqual(Math.min(...[below!, above!].map((other) => Math.abs(Math.abs(value) - other) || away)));
      }),
      { seed: 1 },
    );
  });
});

describe("an archive of half precision", () => {
  const rounded = createModel(
    {},
    { weights: roundToHalves(createModel().weights), license: "MIT", training: { provenance: "ten drawings" } },
  );

  it("gives back the rounded weights, says its format, and keeps ONNX in single precision", async () => {
    const bytes = await writeModel(rounded, { precision: "float16" });
    expect(await readModel(bytes)).toEqual(rounded);
    const zip = readZip(bytes, { kind: "InvalidModel" });
    const { config } = parse(new TextDecoder().decode(zip.read("rdf.yaml")));
    expect(config.overtile).toMatchObject({ format: 2, weights: "float16" });
    const full = readZip(await writeModel(rounded), { kind: "InvalidModel" });
    expect(zip.read("weights.onnx")).toEqual(full.read("weights.onnx"));
    expect(parse(new TextDecoder().decode(full.read("rdf.yaml"))).config.overtile).not.toHaveProperty("weights"); // as older builds read it
    const inner = readZip(zip.read("weights.tfjs.zip"), { kind: "InvalidModel" });
    expect(inner.sizeOf("group1-shard1of1.bin")).toBe(2 * rounded.weights.length);
    const readme = new TextDecoder().decode(zip.read("README.md"));
    expect(readme).toContain("- Learnt from: ten drawings\n- Licence: MIT\n");
  });

  it("is never made of weights that it would change, nor read where it says less or more than it holds", async () => {
    await expect(writeModel(createModel(), { precision: "float16" })).rejects.toThrow("Round them first");
    await expect(writeModel({ ...rounded, weights: rounded.weights.map(() => 1e6) }, { precision: "float16" })).rejects.toThrow("float32");
    const zip = readZip(await writeModel(rounded, { precision: "float16" }), { kind: "InvalidModel" });
    const say = (weights: string): Uint8Array =>
      writeZip(
        zip.names.map((name) => {
          if (name !== "rdf.yaml") return { name, data: zip.read(name) };
          const text = new TextDecoder().decode(zip.read(name)).replace("weights: float16", `weights: ${weights}`);
          return { name, data: new TextEncoder().encode(text) };
        }),
      );
    await expect(readModel(say("float32"))).rejects.toThrow("its weights have");
    await expect(readModel(say("int8"))).rejects.toThrow("the format of its weights is not known");
  });
});
