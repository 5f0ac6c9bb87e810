import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { readZip, writeZip } from "../../../core/source/zip.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { readTiff } from "./read-tiff.ts";
import { createFolder, type Ended, overtile, type Running, startOvertile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const env = { OVERTILE_HOME: at("home") };
const run = (...words: readonly string[]): Promise<Ended> => overtile(words, { cwd: folder, env });

const side = 60;
/** A training of a second. */
const tiny = "levels=1 features=3 tile=52 interval=4 workers=1 validate=0.25";

beforeAll(async () => {
  for (const part of ["images", "labels"]) mkdirSync(at("cells", part), { recursive: true });
  for (let i = 1; i <= 4; i++) {
    const { image, labels } = generateCells({ height: side, width: side, seed: i });
    const png = (data: Uint8Array): Promise<Uint8Array> => writePng({ height: side, width: side, channels: 1, data });
    writeFileSync(at(`cells/images/c${i}.png`), await png(Uint8Array.from(image.data)));
    writeFileSync(at(`cells/labels/c${i}.png`), await png(Uint8Array.from(labels.data)));
  }
  writeFileSync(at("one.zip"), await writeModel(createModel({ levels: 1, features: 2 })));
  writeFileSync(at("two.zip"), await writeModel(createModel({ channels: 2 })));
});
afterAll(remove);

/** Writes the macro and returns its path. */
function macro(name: string, text: string): string {
  writeFileSync(at(name), text);
  return name;
}

/** What a stopped program said, which was told so as soon as it said `text`. */
async function interrupt(running: Running, text: RegExp): Promise<Ended> {
  await running.says(text);
  running.child.kill("SIGINT");
  return await running.ended;
}

const segmentLine = 'run("Overtile Segment", "model=one.zip output=labels,probabilities min_size=0 workers=1");';

describe("what is not there", () => {
  it("is told before the first statement: images, models by file and by name; with what lies there instead", async () => {
    const first = 'print("first");\n';
    for (const [name, text, said] of [
      ["gone1.ijm", 'open("nowhere.png");', /Line 2: Expected nowhere\.png; there is none/],
      ["gone2.ijm", 'open("ONE.zip");', /Line 2: Expected ONE\.zip; there is none\. Did you mean one\.zip\?/],
      ["gone3.ijm", 'open("cells/images/c1.png"); run("Overtile Segment", "model=gone.zip");', /Line 2: Expected gone\.zip; there is none/],
      ["gone4.ijm", 'open("cells/images/c1.png"); run("Overtile Segment", "model=nowhere");', /Line 2: .*there is no "nowhere"/],
      [
        "gone5.ijm",
        'open("cells/images/c1.png"); run("Overtile Segment", "model=cells/images/c1.png");',
        /cells\/images\/c1\.png is a PNG image/,
      ],
    ] as const) {
      const { code, stdout, stderr } = await run("macro", macro(name, first + text));
      expect([name, code, stdout]).toEqual([name, expect.any(Number), ""]);
      expect(code, name).not.toBe(0);
      expect(stderr, name).toMatch(said);
    }
    expect((await run("info", "cells/images/c1.png")).stderr).toMatch(
      /"model" must be a model in the library, or the file of one \(\.zip\); .* is a PNG image/,
    );
  });
});

describe("overtile macro", () => {
  it("opens, segments, selects, renames, closes and saves: what segment writes", async () => {
    const text = `// all statements
      open("cells/images/c1.png");
      ${segmentLine}
      print("active:", getTitle());
      saveAs("Tiff", "first.tif");
      selectImage("c1.png.probabilities");
      saveAs("Tiff", "probabilities.tif");
      close();
      selectWindow("c1.png");
      rename("original");
      saveAs("PNG", "copy.png");
      wait(1);
      saveAs("Model", "used.zip");
      print(getTitle());`;
    const { code, stdout, stderr } = await run("macro", macro("all.ijm", text));
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "active: c1.png.labels\noriginal\n" });
    await run(
      "segment",
      "cells/images/c1.png",
      "--model",
      "one.zip",
      "-o",
      "direct",
      "--output",
      "labels,probabilities",
      "--min-size",
      "0",
    );
    for (const [mine, theirs] of [
      ["first.tif", "c1.labels.tif"],
      ["probabilities.tif", "c1.probabilities.tif"],
    ] as const)
      expect(readFileSync(at(mine)).equals(readFileSync(at("direct", theirs)))).toBe(true);
    const again = await run("segment", "copy.png", "--model", "used.zip", "-o", "direct", "--min-size", "0");
    expect(again.code).toBe(0);
    expect(readFileSync(at("direct/copy.labels.tif")).equals(readFileSync(at("first.tif")))).toBe(true);
  });

  it("trains into the library, and segments with what it trained: all of it from one file", async () => {
    const text = `run("Overtile Train", "name=[my cells] dataset=cells steps=8 ${tiny}");
      saveAs("Model", "trained.zip");
      open("cells/images/c2.png");
      run("Overtile Segment", "model=[my cells]");
      saveAs("Tiff", "trained.tif");`;
    const { code, stderr } = await run("macro", macro("train.ijm", text));
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/step 8: F1/);
    const model = await readModel(new Uint8Array(readFileSync(at("trained.zip"))));
    expect(model).toMatchObject({ name: "my cells", version: 1, training: { steps: 8, parameters: { dataset: "cells" } } });
    expect(readTiff(readFileSync(at("trained.tif")))[0]).toMatchObject({ width: side, height: side });
    const listed = await run("models", "--json");
    expect(JSON.parse(listed.stdout)[0]).toMatchObject({
      name: "my cells",
      version: 1,
      learntFrom: ["c1", "c2", "c4"].map(() => expect.any(String)),
    });
  });

  it("finds the dataset that the viewer exported by its name, and opens addresses", async () => {
    const names = ["images/c1.png", "labels/c1.png"];
    writeFileSync(at("drawn.zip"), writeZip(names.map((name) => ({ name, data: new Uint8Array(readFileSync(at("cells", name))) }))));
    const server = createServer((_, response) => response.end(readFileSync(at("cells/images/c1.png"))));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const text = `run("Overtile Train", "name=drawn dataset=drawn steps=1 ${tiny}");
      open("http://127.0.0.1:${port}/my%20cells.png");
      run("Overtile Segment", "model=drawn");
      print(getTitle());`;
    const { code, stdout, stderr } = await run("macro", macro("drawn.ijm", text));
    server.close();
    expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: "my cells.png.labels\n" });
  });

  it("runs once for each image: the same macro, files named after each", async () => {
    const text = `title = getTitle();\n${segmentLine}\nsaveAs("PNG", "batch-" + title);\nprint(title);`;
    const images = ["c1", "c2", "c3"].map((name) => `cells/images/${name}.png`);
    const { code, stdout } = await run("macro", macro("batch.ijm", text), ...images);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "c1.png\nc2.png\nc3.png\n" });
    expect(readdirSync(folder).filter((file) => file.startsWith("batch-"))).toEqual(["batch-c1.png", "batch-c2.png", "batch-c3.png"]);
  });

  it("writes objects as outlines and as a table: as many as there are labels", async () => {
    const text = `open("cells/labels/c1.png");
      saveAs("GeoJSON", "c1.geojson");
      saveAs("ROI", "c1.zip");
      saveAs("CSV", "c1.csv");
      open("cells/images/c1.png");
      ${segmentLine}
      saveAs("CSV", "found.csv");`;
    const { code, stderr } = await run("macro", macro("objects.ijm", text));
    expect(code, stderr).toBe(0);
    const { labels } = generateCells({ height: side, width: side, seed: 1 });
    const areas = new Map<number, number>();
    for (const id of labels.data) if (id > 0) areas.set(id, (areas.get(id) ?? 0) + 1);
    const rows = readFileSync(at("c1.csv"), "utf8").trim().split("\n").slice(1);
    expect(rows.map((row) => Number(row.split(",")[7])).sort()).toEqual([...areas.values()].sort());
    expect(JSON.parse(readFileSync(at("c1.geojson"), "utf8")).features).toHaveLength(areas.size);
    expect(readZip(new Uint8Array(readFileSync(at("c1.zip"))), { kind: "InvalidData" }).names).toContain("00001.roi");
    expect(readFileSync(at("found.csv"), "utf8")).toMatch(/^id,class,x0,y0,x1,y1,at_border,area_px/);
  });

  it("evaluates and lists, by lines", async () => {
    const text = `run("Overtile Evaluate", "predicted=cells/labels/c1.png truth=cells/labels/c1.png");\nrun("Overtile List Models");`;
    const { code, stdout } = await run("macro", macro("evaluate.ijm", text));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^f1 +1\n/);
    expect(stdout).toMatch(/\nmy cells@1 +1 channel +background, object/);
    // What `overtile evaluate` says of a mask in place of labels, a macro says, too.
    const mask = Uint8Array.from(generateCells({ height: side, width: side, seed: 1 }).labels.data, (id) => (id > 0 ? 255 : 0));
    writeFileSync(at("mask.png"), await writePng({ height: side, width: side, channels: 1, data: mask }));
    const masked = await run("macro", macro("mask.ijm", 'run("Overtile Evaluate", "predicted=mask.png truth=cells/labels/c1.png");'));
    expect(masked.code).toBe(0);
    expect(masked.stderr).toMatch(/prediction: The labels hold 0 and 255 only/);
  });
});

it("README's macro runs as it stands there", async () => {
  const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");
  const [, text] = /```ijm\n(.*?)```/s.exec(readme)!;
  const [, commands] = /```sh\n(overtile models import.*?)```/s.exec(readme)!;
  expect(commands).toBe('overtile models import cells.zip --name "my cells"\novertile macro count.ijm images/*.png\n');
  const own = { cwd: folder, env: { OVERTILE_HOME: at("readme-home") } };
  expect((await overtile(["models", "import", "one.zip", "--name", "my cells"], own)).code).toBe(0);
  const images = ["c3", "c4"].map((name) => `cells/images/${name}.png`);
  expect(await overtile(["macro", macro("count.ijm", text!), ...images], own)).toMatchObject({ code: 0 });
  expect(readdirSync(folder).filter((file) => /^c\d\.png\.labels\.tif$/.test(file))).toEqual(["c3.png.labels.tif", "c4.png.labels.tif"]);
});

describe("names", () => {
  const name = `a "b" [c] 'd' = 🔬.png`;

  it("of images and results may hold quotes, brackets and emoji", async () => {
    writeFileSync(at(name), readFileSync(at("cells/images/c1.png")));
    const quoted = JSON.stringify(name);
    const text = `open(${quoted});\n${segmentLine}\nprint(getTitle());\nselectImage(${quoted});\nrename("] \\"🙂");\nsaveAs("Tiff", getTitle() + ".tif");`;
    const { code, stdout, stderr } = await run("macro", macro('my "macro" [1] 🔬.ijm', text));
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`${name}.labels\n`);
    expect(existsSync(at(`] "🙂.tif`))).toBe(true);
    const batch = await run("macro", macro("title.ijm", "print(getTitle());"), name);
    expect(batch.stdout).toBe(`${name}\n`);
  });

  it("of models may hold emoji and spaces, and no quotes or brackets", async () => {
    const text = (model: string): string => `run("Overtile Train", "name=${model} dataset=cells steps=1 ${tiny}");`;
    expect((await run("macro", macro("emoji.ijm", text("[zellen 🔬]")))).code).toBe(0);
    expect(JSON.parse((await run("models", "--json")).stdout)).toContainEqual(expect.objectContaining({ name: "zellen 🔬", version: 1 }));
    const refused = await run("macro", macro("bad-name.ijm", text("[a [b]]")));
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/Line 1: "name" must be a name without \[ \] ' " =/);
  });
});

describe("a macro as it was written for ImageJ", () => {
  const body = 'run("Overtile Segment", "model=one.zip output=labels workers=1");';
  const macros: readonly [string, string][] = [
    ["batch mode", `setBatchMode(true);\nopen("cells/images/c1.png");\n${body}\nsaveAs("Tiff", "ij/bm.tif");\nsetBatchMode(false);`],
    [
      "single quotes",
      `open('cells/images/c1.png');\nrun('Overtile Segment', 'model=one.zip output=labels workers=1');\nsaveAs('Tiff', 'ij/single.tif');`,
    ],
    [
      "getTitle without brackets",
      `open("cells/images/c1.png");\ntitle = getTitle;\n${body}\nsaveAs("Tiff", "ij/" + title + ".tif");\nclose();`,
    ],
    [
      "variables in options",
      `t = 52;\nm = "one.zip";\nopen("cells/images/c1.png");\nrun("Overtile Segment", "model=&m tile=&t output=labels workers=1");\nsaveAs("tiff", "ij/amp.tif");`,
    ],
  ];

  it("runs with setBatchMode, single quotes, getTitle without brackets, variables in options", async () => {
    mkdirSync(at("ij"));
    for (const [name, text] of macros) expect(await run("macro", macro(`${name}.ijm`, text)), name).toMatchObject({ code: 0, stdout: "" });
    expect(readdirSync(at("ij")).sort()).toEqual(["amp.tif", "bm.tif", "c1.png.tif", "single.tif"]);
    const [first, ...others] = readdirSync(at("ij")).map((file) => readFileSync(at("ij", file)));
    for (const other of others) expect(other.equals(first!)).toBe(true);
  });

  it("with a loop is refused before anything runs, and what is advised works: its body, once for each image", async () => {
    const loop = `dir = getDirectory("Choose a Directory");\nlist = getFileList(dir);\nfor (i = 0; i < list.length; i++) {\n  open(dir + list[i]);\n  ${body}\n  saveAs("Tiff", dir + list[i] + "_seg.tif");\n  close();\n}`;
    const refused = await run("macro", macro("loop.ijm", loop), "cells/images/none.png");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/Line 3: "for" is a loop, .*"overtile macro FILE\.ijm images\/\*\.png"/);
    const advised = macro("advised.ijm", `title = getTitle();\n${body}\nsaveAs("Tiff", "ij/" + title + "_seg.tif");\nclose();`);
    expect((await run("macro", advised, "cells/images/c1.png", "cells/images/c2.png")).code).toBe(0);
    expect(
      readdirSync(at("ij"))
        .filter((file) => file.endsWith("_seg.tif"))
        .sort(),
    ).toEqual(["c1.png_seg.tif", "c2.png_seg.tif"]);
  });

  it.each([
    ["an unknown command", 'run("Close All");', /Line 2: "Close All" is a command of ImageJ, which this host does not have\. Use close/],
    ["an unknown format", 'saveAs("Jpeg", "out/o.jpg");', /Line 2: "saveAs" must be given one of/],
    [
      "an unknown option",
      'run("Overtile Segment", "model=q tlie=3");',
      /Line 2: "tlie" must be the name of a parameter, .*Did you mean "tile"/,
    ],
    ["a wrong value", 'run("Overtile Segment", "model=q tile=many");', /Line 2: "tile" must be/],
    [
      "a wrong word",
      'run("Overtile Segment", "model=q output=lables");',
      /"output" must be some of labels, classes, probabilities, joined by commas; got "lables"\. Use labels\./,
    ],
    ["an unknown function", 'x = parseInt("3");', /Line 2: "parseInt" is no function/],
  ])("with %s in its last line runs none of the others", async (name, line, message) => {
    const refused = await run("macro", macro(`last ${name}.ijm`, `print("first statement ran");\n${line}`));
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(message);
  });
});

describe("what goes wrong in a macro", () => {
  it.each<[string, string, 1 | 2, RegExp]>([
    ["a fault of the language", 'print("a");\nprint("b" "c");', 2, /^overtile: Line 2: /],
    ["an unknown command", '\nrun("Overtile Segmentation");', 2, /Line 2: Unrecognized command.*Did you mean "Overtile Segment"\?/],
    [
      "an unknown parameter",
      'open("cells/images/c1.png");\nrun("Overtile Segment", "modl=one.zip");',
      2,
      /Line 2: .*Did you mean "model"\?/,
    ],
    ["a value out of range", 'open("cells/images/c1.png");\nrun("Overtile Segment", "model=one.zip tile=3");', 2, /Line 2: "tile" .*3/],
    ["a missing image", '// one\n/* two */\nopen("none.png");', 1, /Line 3: Expected none\.png; there is none/],
    ["what is no image", 'open("all.ijm");', 1, /Line 1: Expected a PNG, JPEG, TIFF or OME-Zarr image; all\.ijm is/],
    ["no image", 'run("Overtile Segment", "model=one.zip");', 1, /Line 1: An image must be open/],
    ["an unknown title", 'open("cells/images/c1.png"); selectImage("c1.pgn");', 2, /Line 1: .*Did you mean "c1\.png"\?/],
    ["a model of other channels", 'open("cells/images/c1.png");\nrun("Overtile Segment", "model=two.zip");', 2, /Line 2: .*2 channels/],
    ["a missing dataset", 'run("Overtile Train", "dataset=none");', 1, /Line 1: .*none; there is none/],
    [
      "outlines of what is no label image",
      `open("cells/images/c1.png");\n${segmentLine}\nselectImage("c1.png.probabilities");\nsaveAs("ROI", "p.zip");`,
      1,
      /Line 4: .*one channel/,
    ],
    ["no model to save", 'saveAs("Model", "m.zip");', 1, /Line 1: A model must have been trained or used/],
    [
      "floating point as PNG",
      `open("cells/images/c1.png");\n${segmentLine}\nselectImage("c1.png.probabilities");\nsaveAs("PNG", "p.png");`,
      1,
      /Line 4: .*Write a TIFF instead/,
    ],
    [
      "a folder that is not there",
      'open("cells/images/c1.png");\nsaveAs("Tiff", "no/such/c.tif");',
      1,
      /Line 2: .*the folder does not exist/,
    ],
    ["an export without a file", 'run("Overtile Export Model", "model=x");', 1, /Line 1: .*Use saveAs\("Model"/],
  ])("%s: its line, and exit code", async (title, text, code, message) => {
    const ended = await run("macro", macro(`${title}.ijm`, text));
    expect(ended).toMatchObject({ code, stderr: expect.stringMatching(message) });
    expect(ended.stdout).toBe("");
    expect(ended.stderr).not.toMatch(/should not|\n {4}at /);
  });

  it("a missing macro, and of several images the one that failed", async () => {
    expect(await run("macro", "none.ijm")).toMatchObject({ code: 1, stderr: expect.stringMatching(/There must be a macro at none\.ijm/) });
    const ended = await run("macro", macro("twice.ijm", segmentLine), "cells/images/c1.png", "all.ijm");
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/all\.ijm: Expected a PNG, JPEG, TIFF or OME-Zarr image/) });
    const wide = await run("macro", macro("wide.ijm", 'run("Overtile Segment", "model=two.zip");'), "cells/images/c1.png");
    expect(wide).toMatchObject({ code: 2, stderr: expect.stringMatching(/cells\/images\/c1\.png: Line 1: /) });
  });

  it("nothing is written over: neither an older file, nor what the run itself read or wrote", async () => {
    writeFileSync(at("kept.tif"), "precious");
    const save = macro("save.ijm", 'saveAs("Tiff", "kept.tif");');
    const image = "cells/images/c1.png";
    const refused = await run("macro", save, image);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/Line 1: There must be no file at kept\.tif yet/) });
    expect(readFileSync(at("kept.tif"), "utf8")).toBe("precious");
    const twice = await run("macro", save, "--overwrite", image, "cells/images/c2.png");
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/c2\.png: Line 1: .*kept\.tif was read or written by it already/),
    });
    expect(readTiff(readFileSync(at("kept.tif")))[0]).toMatchObject({ width: side });
    const before = readFileSync(at(image));
    const itself = await run("macro", macro("itself.ijm", `saveAs("PNG", "${image}");`), "--overwrite", image);
    expect(itself.code).toBe(1);
    expect(readFileSync(at(image)).equals(before)).toBe(true);
  });
});

describe("a macro that runs for ever", () => {
  it("is stopped by Ctrl-C while it waits, and runs nothing more", async () => {
    const file = macro("wait.ijm", 'run("Overtile List Models");\nrun("Overtile Diagnostics");\nwait(2000000000);\nprint("after");');
    const running = await startOvertile(["macro", file], { cwd: folder, env });
    await new Promise<void>((resolve) => running.child.stdout!.on("data", (text: string) => text.includes("cpu:") && resolve()));
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: "Ended before it was done.\n" });
    expect(stdout).not.toMatch(/^after$/m);
  });

  it("is stopped by Ctrl-C while it trains: what was learnt is in the library, and the macro ends there", async () => {
    const train = (more: string): string => `run("Overtile Train", "name=endless dataset=cells ${more} ${tiny}");\nprint("after");`;
    const words = ["macro", macro("endless.ijm", train("steps=1000000"))];
    const ended = await interrupt(await startOvertile(words, { cwd: folder, env }), /step 8: F1/);
    expect(ended).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("what was learnt is kept, and the macro ends here"),
    });
    const models = JSON.parse((await run("models", "--json")).stdout);
    expect(models).toContainEqual(expect.objectContaining({ name: "endless", version: 1 }));
    // What could go on is not begun anew unasked.
    const refused = await run(...(words as ["macro", string]));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/Line 1: There must be no ended training of "endless" yet/) });
    const resumed = await run("macro", macro("resume.ijm", train("steps=1000000 stop_at=1 resume")));
    expect(resumed.stderr).toMatch(/Going on after step \d+ of 1000000/);
  });
});
