import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { openSource } from "../../../core/source/open.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { readZip } from "../../../core/source/zip.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { readTiff } from "./read-tiff.ts";
import { createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });

beforeAll(async () => {
  writeFileSync(at("one.zip"), await writeModel(createModel({ levels: 2, features: 2 })));
  writeFileSync(at("two.zip"), await writeModel(createModel({ levels: 1, features: 2, channels: 2, classes: 3 })));
  const pixels = Uint8Array.from({ length: 70 * 50 }, (_, i) => (i * i) % 251);
  writeFileSync(at("cell.tif"), writeTiff({ height: 50, width: 70, pages: [pixels], pixelSizeUm: 0.5 }));
  const pages = [0, 1, 2].map((c) => pixels.map((value) => (value * (c + 3)) % 256));
  writeFileSync(at("colours.tif"), writeTiff({ height: 50, width: 70, pages }));
});
afterAll(remove);

describe("overtile info", () => {
  // The table of the paper's network at 572 px, copied by hand from DESIGN.md 2: name, kernel/stride, input (+ skip).
  const table = `
    conv1 3x3/1 572x572x1
    conv2 3x3/1 570x570x64
    maxpool1 2x2/2 568x568x64
    conv3 3x3/1 284x284x64
    conv4 3x3/1 282x282x128
    maxpool2 2x2/2 280x280x128
    conv5 3x3/1 140x140x128
    conv6 3x3/1 138x138x256
    maxpool3 2x2/2 136x136x256
    conv7 3x3/1 68x68x256
    conv8 3x3/1 66x66x512
    maxpool4 2x2/2 64x64x512
    conv9 3x3/1 32x32x512
    conv10 3x3/1 30x30x1024
    upconv1 2x2/2 28x28x1024 (+ conv8)
    conv11 3x3/1 56x56x1024
    conv12 3x3/1 54x54x512
    upconv2 2x2/2 52x52x512 (+ conv6)
    conv13 3x3/1 104x104x512
    conv14 3x3/1 102x102x256
    upconv3 2x2/2 100x100x256 (+ conv4)
    conv15 3x3/1 200x200x256
    conv16 3x3/1 198x198x128
    upconv4 2x2/2 196x196x128 (+ conv2)
    conv17 3x3/1 392x392x128
    conv18 3x3/1 390x390x64
    conv19 1x1/1 388x388x64`;
  const rows = table
    .trim()
    .split("\n")
    .map((row) => row.trim());

  it("prints the paper's network line by line, with its parameters and multiply-adds", async () => {
    const { code, stdout, stderr } = await run("info", "--tile", "572");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const printed = stdout.split("\n").filter((line) => /^(conv|maxpool|upconv)\d/.test(line));
    expect(printed.map((line) => line.replace(/\s+[\d.]+$/, "").replace(/\s+/g, " "))).toEqual(rows);
    expect(stdout).toContain("input 572x572x1 -> output 388x388x2");
    expect(stdout).toContain("31,030,658 parameters, 150.4 GMAC a tile");
  });

  it("says the same as one JSON document", async () => {
    const { stdout } = await run("info", "--tile", "572", "--json");
    const info = JSON.parse(stdout);
    const printed = info.layers.map(
      (l: Record<string, string>) => `${l["name"]} ${l["kernel"]} ${l["input"]}${l["skip"] ? ` (+ ${l["skip"]})` : ""}`,
    );
    expect(printed).toEqual(rows);
    expect(info).toMatchObject({ tile: 572, output: 388, parameters: 31030658 });
    expect(info.spec).toEqual({ channels: 1, classes: 2, levels: 4, features: 64, dropout: 0.5 });
    expect(info.layers.reduce((sum: number, layer: { multiplyAdds: number }) => sum + layer.multiplyAdds, 0)).toBe(info.multiplyAdds);
  });

  it("reads a model, and takes nothing that the model says itself", async () => {
    const { stdout } = await run("info", "two.zip", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      spec: { channels: 2, classes: 3, levels: 1, features: 2 },
      model: {
        ...{ name: "my cells", version: 3, classes: ["background", "cell 1", "cell 2"] },
        objects: { threshold: 0.5, split: 0, min_size: 0, fill_holes: "no" },
      },
    });
    expect((await run("info", "two.zip")).stdout).toContain("objects: threshold 0.5, split 0, min_size 0, fill_holes no");
    expect(await run("info", "two.zip", "--levels", "3")).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("overtile new", () => {
  it("writes a model of the asked network; the same seed gives the same weights, another one others", async () => {
    const words = ["--levels", "1", "--features", "3", "--classes", "3", "--channels", "2", "--json"];
    const made = await Promise.all([
      run("new", "a.zip", "--seed", "5", ...words.slice(0, -1)),
      run("new", "b.zip", "--seed", "5", ...words.slice(0, -1)),
      run("new", "c.zip", "--seed", "6", ...words.slice(0, -1)),
    ]);
    expect(made.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(made[0]!.stdout).toMatch(/^a\.zip: [\d,]+ parameters\n$/);
    const info = JSON.parse((await run("info", "a.zip", "--json")).stdout);
    expect(info.spec).toMatchObject({ channels: 2, classes: 3, levels: 1, features: 3 });
    const [a, b, c] = ["a.zip", "b.zip", "c.zip"].map((file) => weightsOf(at(file)));
    expect(a!.equals(b!)).toBe(true);
    expect(a!.equals(c!)).toBe(false);
  });
});

describe("overtile sample", () => {
  it("writes images and labels; the same seed gives the same bytes", async () => {
    for (const name of ["s1", "s2"]) {
      const { code, stdout } = await run("sample", name, "--images", "3", "--side", "64", "--seed", "4");
      expect({ code, stdout }).toEqual({ code: 0, stdout: `${name}: 3 images of 64 x 64 pixels with labels\n` });
    }
    const names = ["cells-01.png", "cells-02.png", "cells-03.png"];
    for (const part of ["images", "labels"]) {
      expect(readdirSync(at("s1", part))).toEqual(names);
      for (const name of names) expect(readFileSync(at("s1", part, name)).equals(readFileSync(at("s2", part, name)))).toBe(true);
    }
  });
});

describe("overtile segment", () => {
  it("writes labels, classes and probabilities with their number types, pages and pixel size", async () => {
    const words = ["--model", "one.zip", "-o", "all", "--output", "labels,classes,probabilities", "--json"];
    const { code, stdout } = await run("segment", "cell.tif", ...words);
    expect(code).toBe(0);
    const [report] = JSON.parse(stdout);
    expect(report).toMatchObject({ image: "cell.tif", model: "my cells@3", backend: expect.stringContaining("wasm") });
    expect(report.files).toEqual(["labels", "classes", "probabilities"].map((kind) => `all/cell.${kind}.tif`));
    expect(report.parameters).toMatchObject({ model: "one.zip", tile: expect.any(Number), workers: expect.any(Number), backend: "wasm" });

    const [labels, classes, probabilities] = report.files.map((file: string) => readTiff(readFileSync(at(file))));
    const size = { width: 70, height: 50 };
    expect(labels).toMatchObject([{ ...size, bits: 16, format: "uint", pixelsPerUm: 2 }]);
    expect(classes).toMatchObject([{ ...size, bits: 8, format: "uint" }]);
    expect(probabilities).toMatchObject([
      { ...size, bits: 32, format: "float" },
      { ...size, bits: 32, format: "float" },
    ]);
    expect(Math.max(...labels[0].data)).toBe(report.objects);
    const [p0, p1] = probabilities.map((page: { data: number[] }) => page.data);
    classes[0].data.forEach((value: number, i: number) => {
      expect(p0[i] + p1[i]).toBeCloseTo(1, 5);
      expect(value).toBe(p1[i] > p0[i] ? 1 : 0);
      expect(labels[0].data[i] > 0).toBe(value > 0);
    });
  });

  it("gives the same classes by small tiles as by one large one", async () => {
    await run("segment", "cell.tif", "--model", "one.zip", "-o", "small", "--output", "classes", "--tile", "44", "--workers", "2");
    const [small, auto] = ["small", "all"].map((name) => readTiff(readFileSync(at(name, "cell.classes.tif")))[0]!.data);
    expect(small).toEqual(auto);
    expect(new Set(auto)).toEqual(new Set([0, 1]));
  });

  it("segments several images, and min-size leaves fewer objects, none of them small", async () => {
    writeFileSync(at("other.tif"), readFileSync(at("cell.tif")));
    const words = ["--model", "one.zip", "-o", "several", "--json"];
    const all = JSON.parse((await run("segment", "cell.tif", "other.tif", ...words)).stdout);
    expect(all.map(({ image }: { image: string }) => image)).toEqual(["cell.tif", "other.tif"]);
    const [large] = JSON.parse((await run("segment", "cell.tif", ...words, "--min-size", "30", "--overwrite")).stdout);
    expect(large.objects).toBeLessThan(all[0].objects);
    const areas = new Map<number, number>();
    for (const id of readTiff(readFileSync(at("several/cell.labels.tif")))[0]!.data) areas.set(id, (areas.get(id) ?? 0) + 1);
    areas.delete(0);
    expect(areas.size).toBe(large.objects);
    expect(Math.min(...areas.values(), 30)).toBe(30);
  });

  it("reads the chosen channels in their order, and says when it leaves some out unasked", async () => {
    const words = ["--model", "two.zip", "--output", "probabilities"];
    const unasked = await run("segment", "colours.tif", ...words, "-o", "first");
    expect(unasked.stderr).toContain("colours.tif has 3 channels, the model reads 2");
    const asked = await run("segment", "colours.tif", ...words, "-o", "asked", "--channel", "1,2");
    expect(asked.stderr).not.toContain("channels, the model reads");
    await run("segment", "colours.tif", ...words, "-o", "swapped", "--channel", "2,1");
    const [first, same, swapped] = ["first", "asked", "swapped"].map((name) =>
      readTiff(readFileSync(at(name, "colours.probabilities.tif"))),
    );
    expect(first!.length).toBe(3);
    expect(same).toEqual(first);
    expect(swapped).not.toEqual(first);
  });

  it("takes one plane of a stack, or all of them, each by itself", async () => {
    // ImageJ's words for three slices of one channel.
    const pages = [1, 2, 3].map((z) => Uint8Array.from({ length: 40 * 30 }, (_, i) => (i * i * z) % 251));
    writeFileSync(at("stack.tif"), asStack(writeTiff({ height: 30, width: 40, pages })));
    const words = ["segment", "stack.tif", "--model", "one.zip", "--output", "classes"];
    await run(...words, "-o", "plane", "--plane", "z=2");
    await run(...words, "-o", "planes", "--plane", "all");
    const [one, all] = ["plane", "planes"].map((name) => readTiff(readFileSync(at(name, "stack.classes.tif"))));
    expect(one!.length).toBe(1);
    expect(all!.length).toBe(3);
    expect(all![2]!.data).toEqual(one![0]!.data);
    expect(all![0]!.data).not.toEqual(one![0]!.data);
    // Planes come back as planes, not as channels.
    const result = await openSource(new Uint8Array(readFileSync(at("planes", "stack.classes.tif"))));
    expect([result.sizeZ, result.channels.length]).toEqual([3, 1]);
  });
});

describe("overtile evaluate", () => {
  it("finds that labels equal themselves, and counts what was missed", async () => {
    const self = JSON.parse((await run("evaluate", "s1/labels/cells-01.png", "s1/labels/cells-01.png", "--json")).stdout);
    expect(self).toMatchObject({ images: 1, f1: 1, f1Detection: 1, ap50: 1, apMean: 1, seg: 1, rand: 1, info: 1, pixelError: 0 });
    // 2 true squares; one found exactly, one not at all, one invented: F1 = 2 * 1 / (2 + 2).
    const squares = (...boxes: readonly (readonly [number, number])[]): Uint8Array => {
      const data = new Uint8Array(40 * 40);
      boxes.forEach(([y0, x0], i) => {
        for (let y = 0; y < 8; y++) for (let x = 0; x < 8; x++) data[(y0 + y) * 40 + x0 + x] = i + 1;
      });
      return data;
    };
    writeFileSync(at("truth.tif"), writeTiff({ height: 40, width: 40, pages: [squares([2, 2], [20, 20])] }));
    writeFileSync(at("found.tif"), writeTiff({ height: 40, width: 40, pages: [squares([2, 2], [30, 2])] }));
    const scores = JSON.parse((await run("evaluate", "found.tif", "truth.tif", "--json")).stdout);
    expect(scores).toMatchObject({ f1: 0.5, objectsTrue: 2, objectsPredicted: 2, objectsMatched: 1, pixelError: 128 / 1600 });
  });

  it("pairs two folders by base name, and names what has no partner", async () => {
    const { code, stdout } = await run("evaluate", "s2/labels", "s1/labels");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 images\nf1 +1\n/);
    // As `segment` names what it writes of slides.
    for (const part of ["predicted", "true"]) mkdirSync(at(part));
    const label = Uint8Array.from({ length: 400 }, (_, i) => (i % 20 < 9 ? 1 : 0));
    for (const path of ["predicted/a.labels.ome.tif", "predicted/a.classes.ome.tif", "true/a.tif"])
      writeFileSync(at(path), writeTiff({ height: 20, width: 20, pages: [label] }));
    expect((await run("evaluate", "predicted", "true")).stdout).toMatch(/^1 image\nf1 +1\n.*vRand +1\nvRandThinned +1\n/s);
    expect((await run("evaluate", "predicted", "true", "--compare", "classes")).stdout).toMatch(/^1 image\nf1 +1\n.*f1Class1 +1\n/s);
    const bad = await run("evaluate", "several", "s1/labels");
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain("no two files have the same base name");
  });
});

describe("overtile", () => {
  it("explains itself, and every command does", async () => {
    const { code, stdout } = await run("--help");
    expect(code).toBe(0);
    for (const command of ["new", "info", "sample", "train", "segment", "evaluate"]) {
      expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
      const help = await run(command, "--help");
      expect(help).toMatchObject({ code: 0, stderr: "" });
      expect(help.stdout).toContain(`Usage: overtile ${command}`);
      expect(Math.max(...help.stdout.split("\n").map((line) => line.length))).toBeLessThan(160);
    }
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect((await run("--version")).stdout).toBe(`${version}\n`);
  });
});

function weightsOf(path: string): Buffer {
  const zip = readZip(readFileSync(path), { kind: "InvalidModel" });
  const weights = readZip(zip.read(zip.names.find((name) => name.endsWith("weights.tfjs.zip"))!), { kind: "InvalidModel" });
  const shards = weights.names.filter((name) => name.endsWith(".bin")).sort();
  expect(shards.length).toBeGreaterThan(0);
  expect(statSync(path).size).toBeGreaterThan(0);
  return Buffer.concat(shards.map((name) => weights.read(name)));
}

/** Our description of channels, turned into ImageJ's of slices, without moving a byte. */
function asStack(tiff: Uint8Array): Uint8Array {
  const text = Buffer.from(tiff).toString("latin1");
  expect(text).toContain("channels=3");
  return Buffer.from(text.replace("channels=3", "slices=3  "), "latin1");
}
