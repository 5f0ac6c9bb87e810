import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readModel } from "../../../core/model/archive.ts";
import type { Model } from "../../../core/model/model.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { createFolder, overtile, startOvertile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });

// A network and a schedule that take a second.
const tiny = [
  "--levels",
  "1",
  "--features",
  "3",
  "--tile",
  "52",
  "--interval",
  "4",
  "--workers",
  "1",
  "--validate",
  "0.25",
  "--batch",
  "1",
];
const train = (name: string, ...words: readonly string[]) => run("train", "cells", "-o", `${name}.zip`, ...tiny, ...words);

beforeAll(() => writeCells("cells", 4));
afterAll(remove);

describe("overtile train", () => {
  it("prints one complete JSON document, and progress elsewhere", async () => {
    const { code, stdout, stderr } = await train("whole", "--steps", "12", "--json");
    expect(code).toBe(0);
    const { model, scores, ended, curve, parameters, backend } = JSON.parse(stdout);
    expect({ model, ended }).toEqual({ model: "whole.zip", ended: "steps" });
    expect(Object.keys(scores)).toEqual(expect.arrayContaining(["f1", "ap50", "loss", "iou1", "smoothed"]));
    expect(curve.map(({ step }: { step: number }) => step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(curve.filter((point: object) => "scores" in point).map(({ step }: { step: number }) => step)).toEqual([4, 8, 12]);
    expect(parameters).toMatchObject({ levels: 1, features: 3, tile: 52, steps: 12, stop_at: 12, seed: 1, preset: "quick", workers: 1 });
    expect(backend).toMatch(/^wasm/);
    expect(stderr).toMatch(/12 steps of 1 tile of 52 px on wasm.*, 1 worker, about \d+ MB each/);
    expect(stderr.match(/step \d+: F1/g)).toEqual(["step 4: F1", "step 8: F1", "step 12: F1"]);
  });

  it("writes a model with its record, that segments", async () => {
    const { spec, training, classNames } = await openModel("whole");
    expect(spec).toMatchObject({ channels: 1, classes: 2, levels: 1, features: 3 });
    expect(classNames).toEqual(["background", "object"]);
    expect(training).toMatchObject({ steps: 12, ended: "steps", validation: [expect.any(String)] });
    expect([...(training["samples"] as string[]), ...(training["validation"] as string[])].sort()).toEqual(["c1", "c2", "c3", "c4"]);
    expect((await run("segment", "cells/images/c1.png", "--model", "whole.zip", "-o", "found")).code).toBe(0);
    expect(readdirSync(at("found"))).toEqual(["c1.labels.tif"]);
    expect(leftovers()).toEqual([]);
  });

  it("gives other weights for another seed", async () => {
    await train("other", "--steps", "12", "--seed", "2");
    expect(await sameWeights("other", "whole")).toBe(false);
  });

  it("stopped by Ctrl-C keeps what was learnt and says how to go on; resumed, it ends with the same weights as in one go", async () => {
    const words = ["train", "cells", "-o", "long.zip", ...tiny, "--steps", "60", "--interval", "10"];
    const running = await startOvertile(words, { cwd: folder });
    await running.says(/step 10: F1/);
    running.child.kill("SIGINT");
    const stopped = await running.ended;
    expect(stopped.code).toBe(0);
    expect(stopped.stderr).toContain("Stopping: what was learnt is kept. Press Ctrl-C again to end at once.");
    expect(stopped.stdout).toMatch(/^long\.zip: \d+ steps, ended by stopped; best: F1 [\d.]+/);
    expect(stopped.stdout).toContain("To go on to step 60, run the same command again with --resume.");
    const { training } = await openModel("long");
    expect(training["steps"]).toBeGreaterThanOrEqual(10);
    expect(training["steps"]).toBeLessThan(60);
    expect(existsSync(at("long.checkpoint"))).toBe(true);

    const refused = await overtile(words, { cwd: folder });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("Add --resume to go on with it, or --overwrite to begin anew");
    const other = await overtile([...words, "--resume", "--tile", "60"], { cwd: folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain("different are tile (60, not 52)");

    const resumed = await overtile([...words, "--resume"], { cwd: folder });
    expect(resumed.code).toBe(0);
    expect(resumed.stderr).toContain(`Going on after step ${training["steps"]} of 60`);
    expect(existsSync(at("long.checkpoint"))).toBe(false);
    await train("unbroken", "--steps", "60", "--interval", "10");
    expect(await sameWeights("long", "unbroken")).toBe(true);
  });

  it("ends at once at the second Ctrl-C, and cancels at the first before anything was learnt", async () => {
    const words = ["train", "cells", "-o", "ended.zip", ...tiny, "--steps", "10000", "--interval", "5000"];
    const running = await startOvertile(words, { cwd: folder });
    await running.says(/10000 steps of/);
    await new Promise((resolve) => setTimeout(resolve, 400));
    running.child.kill("SIGINT");
    // Both come while the first is still waited for: the handler runs once for each.
    await running.says(/Stopping/);
    running.child.kill("SIGINT");
    const { code } = await running.ended;
    // Where the first one was already done when the second came, what was learnt is there.
    expect(code === 130 || (code === 0 && existsSync(at("ended.zip")))).toBe(true);
    expect(existsSync(at("ended.zip"))).toBe(code === 0);

    const early = await startOvertile(["train", "cells", "-o", "early.zip", ...tiny, "--minutes", "30"], { cwd: folder });
    await new Promise((resolve) => setTimeout(resolve, 50));
    early.child.kill("SIGINT");
    expect((await early.ended).code).not.toBe(0);
    expect(existsSync(at("early.zip"))).toBe(false);
  });

  it("goes on from another model: fine-tuning begins with its weights", async () => {
    await train("tuned", "--from", "whole.zip", "--steps", "2", "--learning-rate", "1e-9", "--averaging", "0");
    const [tuned, whole] = await Promise.all([openModel("tuned"), openModel("whole")]);
    const furthest = tuned.weights.reduce((most, value, i) => Math.max(most, Math.abs(value - whole.weights[i]!)), 0);
    expect(furthest).toBeGreaterThan(0);
    expect(furthest).toBeLessThan(1e-6);
    // The record tells the network that it is, not what the defaults would have made.
    const again = await run("train", "cells", "-o", "again.zip", "--from", "whole.zip", "--tile", "52", "--steps", "1", "--json");
    expect(JSON.parse(again.stdout).parameters).toMatchObject({ levels: 1, features: 3, dropout: 0, classes: 2 });
    expect((await openModel("again")).training["parameters"]).toMatchObject({ levels: 1, features: 3, dropout: 0, classes: 2 });
    const other = await run("train", "cells", "-o", "other-network.zip", "--from", "whole.zip", "--features", "4");
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('"features" must be that of the model to go on from, 3; got 4');
  });

  it("validates with no more memory than it trains with, though that is less than prepared filters would take", async () => {
    const words = ["--levels", "4", "--tile", "204", "--memory", "60", "--steps", "2", "--interval", "1", "--validate", "0.25", "--json"];
    const { code, stdout, stderr } = await run("train", "cells", "-o", "tight.zip", "--workers", "1", "--batch", "1", ...words);
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout).curve.map((point: object) => "scores" in point)).toEqual([true, true]);
    expect(stderr).not.toContain("more than the budget");
    const many = await run("segment", "cells/images/c1.png", "--model", "tight.zip", "-o", "tight", "--memory", "60", "--workers", "8");
    expect(many.code).toBe(1);
    const [, needed] = /for each of 8 workers; "memory" is 60 MB\. Raise it to (\d+), ask for fewer "workers"/.exec(many.stderr)!;
    const enough = await run(
      "segment",
      "cells/images/c1.png",
      "--model",
      "tight.zip",
      "-o",
      "tight",
      "--memory",
      needed!,
      "--workers",
      "8",
    );
    expect(enough.code).toBe(0);
  });

  it("fits its steps to the minutes", async () => {
    const began = performance.now();
    const { stdout, stderr } = await train("timed", "--minutes", "0.05", "--validate", "0", "--json");
    const { parameters } = JSON.parse(stdout);
    expect(parameters.stop_at).toBeGreaterThan(5); // of its first plan, or of those that followed the clock
    expect(stderr).toContain("About 3 s");
    expect((performance.now() - began) / 1000).toBeLessThan(3 * 3 + 6); // three seconds on a machine that others use too
  });

  it("goes on with what it was begun with, lengths planned anew included, though nothing of it is named again", async () => {
    const words = ["--steps", "8", "--lengths", "3:12", "--imaging", "1", "--scale-range", "1.5"];
    const { parameters } = JSON.parse((await train("named", ...words, "--json")).stdout);
    expect(parameters).toMatchObject({ steps: 8, lengths: "3:12", stop_at: 12, minutes: 0 });
    const stopped = await train("unnamed", ...words, "--stop-at", "5");
    expect(stopped.stdout).toContain("To go on to step 12, run the same command again with --resume.");
    const { code, stdout, stderr } = await run("train", "cells", "-o", "unnamed.zip", "--validate", "0.25", "--workers", "1", "--resume");
    expect([code, stderr.match(/Going on after step 5 of 12/) !== null]).toEqual([0, true]);
    expect(stdout).toContain("unnamed.zip: 12 steps, ended by steps");
    expect(await sameWeights("unnamed", "named")).toBe(true);
    const refused = await train("bad", "--lengths", "9:3");
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('got "9:3". Copy it from the record, or leave it out.')]);
  });

  it("ends by stop-at, to be resumed to the same weights as in one go, and by patience", async () => {
    const early = await train("short", "--steps", "12", "--stop-at", "6");
    expect(early.stdout).toContain("To go on to step 12");
    expect((await train("short", "--steps", "12", "--resume")).code).toBe(0);
    expect(await sameWeights("short", "whole")).toBe(true);
    // At this rate F1 falls at first, by more than chance.
    const falling = ["--learning-rate", "0.01", "--schedule", "constant", "--averaging", "0"];
    const patient = await train("patient", "--steps", "100", ...falling, "--interval", "1", "--patience", "2", "--json");
    expect(JSON.parse(patient.stdout)).toMatchObject({ ended: "patience", parameters: { stop_at: 3 } });
    // The best is of step 1, the last of step 3: both are kept.
    const models = await Promise.all([openModel("patient"), openModel("patient-last")]);
    expect(models.map(({ name }) => name)).toEqual(["patient", "patient-last"]);
    expect(models.map(({ training }) => [training["bestStep"], training["steps"]])).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect(models[1]!.weights).not.toEqual(models[0]!.weights);
  });

  it("keeps the later of models that what validates cannot tell apart", async () => {
    const still = await train("still", "--steps", "3", "--learning-rate", "1e-9", "--interval", "1", "--json");
    expect(still.code, still.stderr).toBe(0);
    expect((await openModel("still")).training).toMatchObject({ bestStep: 3, steps: 3 });
    expect(existsSync(at("still-last.zip"))).toBe(false);
  });

  it("goes on with the same pixels only: others under the same names are refused by name, the same in another format are not", async () => {
    cpSync(at("cells"), at("same"), { recursive: true });
    const words = ["train", "same", "-o", "same.zip", ...tiny, "--steps", "12"];
    expect((await run(...words, "--stop-at", "6")).code).toBe(0);
    const own = readFileSync(at("same/labels/c2.png"));
    writeFileSync(at("same/labels/c2.png"), readFileSync(at("same/labels/c1.png")));
    const refused = await run(...words, "--resume");
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("different are the pixels or drawings of c2. Use the same");
    writeFileSync(at("same/labels/c2.png"), own);
    const cells = cellsOf(2);
    rmSync(at("same/images/c2.png"));
    writeFileSync(at("same/images/c2.tif"), writeTiff({ height: cells.height, width: cells.width, pages: [cells.image] }));
    expect((await run(...words, "--resume")).code).toBe(0);
    expect(await sameWeights("same", "whole")).toBe(true);
  });

  it("validates with another dataset, plane by plane", async () => {
    await writeCells("more", 2, 10);
    const { code } = await train("checked", "--steps", "4", "--validate", "more");
    expect(code).toBe(0);
    expect((await openModel("checked")).training).toMatchObject({ samples: ["c1", "c2", "c3", "c4"], validation: ["c11", "c12"] });

    // Stacks of different depths: three planes train, two validate.
    for (const [name, seeds] of [
      ["deep", [1, 2, 3]],
      ["shallow", [4, 5]],
    ] as const)
      writeStack(name, seeds);
    const words = [...tiny, "--plane", "all", "--validate", "shallow", "--steps", "2"];
    expect((await run("train", "deep", "-o", "planes.zip", ...words)).code).toBe(0);
    expect((await openModel("planes")).training).toMatchObject({ samples: ["deep", "deep", "deep"], validation: ["shallow", "shallow"] });
  });

  it("says so when nothing is left to validate with", async () => {
    const { stderr, stdout } = await train("blind", "--steps", "2", "--validate", "0.1", "--hold-out", "none");
    expect(stderr).toContain("None of 4 images is kept to validate with");
    expect(stdout).toBe("blind.zip: 2 steps, ended by steps\n");
  });

  it("of one image with eight drawn objects holds two out at one side: a score is told, resumed is as in one go; of seven none", async () => {
    await writeStrip("strip", [0, 8, 42, 50, 58, 66, 74, 82]);
    const words = (out: string) => ["train", "strip", "-o", `${out}.zip`, ...tiny, "--validate", "0.1", "--steps", "6"];
    const { stderr, stdout } = await run(...words("aside"), "--json");
    expect(stderr).toContain("2 of 8 drawn objects are kept to measure with (at one side of s)");
    expect(stderr.match(/step \d+: F1/g)).toEqual(["step 6: F1"]);
    const { scores, parameters } = JSON.parse(stdout);
    expect([scores.f1, scores.loss, parameters.hold_out]).toEqual([expect.any(Number), expect.any(Number), "objects"]);
    const heldOut = { objects: 2, of: 8, by: "place", images: ["s"] };
    const { threshold, splitDepthPx } = scores;
    expect((await openModel("aside")).training).toMatchObject({
      heldOut,
      validation: [],
      threshold,
      splitDepthPx,
      scores: { f1: scores.f1 },
    });
    expect((await run(...words("aside2"), "--stop-at", "3")).code).toBe(0);
    expect((await run(...words("aside2"), "--resume")).stderr).toContain("Going on after step 3 of 6");
    expect(await sameWeights("aside2", "aside")).toBe(true);
    const all = await run(...words("all"), "--hold-out", "none");
    expect(all.stderr).toContain("None of 1 images is kept to validate with");
    expect(await sameWeights("all", "aside")).toBe(false);
    await writeStrip("few", [0, 8, 42, 50, 58, 66, 74]);
    const few = await run("train", "few", "-o", "few.zip", ...tiny, "--validate", "0.1", "--steps", "2");
    expect(few.stderr).toContain("No drawn objects are kept to measure with: 7 objects are drawn, too few to say how good the model is");
  });

  it("learns three classes from classes/, and writes them", async () => {
    for (const part of ["images", "classes"]) mkdirSync(at("kinds", part), { recursive: true });
    const { image, labels } = generateCells({ height: 64, width: 64, seed: 9 });
    writeFileSync(at("kinds/images/a.png"), await writePng(image));
    const classes = Uint8Array.from(labels.data, (id) => (id === 0 ? 0 : 1 + (id % 2)));
    writeFileSync(at("kinds/classes/a.png"), await writePng({ height: 64, width: 64, channels: 1, data: classes }));
    expect((await run("train", "kinds", "-o", "kinds.zip", ...tiny, "--steps", "2")).code).toBe(0);
    const { spec, classNames } = await openModel("kinds");
    expect(spec.classes).toBe(3);
    expect(classNames).toEqual(["background", "class 1", "class 2"]);
  });

  it("learns nothing from what is written under ignore/: not a byte of the weights", async () => {
    const ignored = (y: number, x: number): boolean => x < 24 || (y - 40) ** 2 + (x - 40) ** 2 < 100;
    for (const [name, garbage] of [
      ["plain", 0],
      ["scribbled", 77],
    ] as const) {
      cpSync(at("cells"), at(name), { recursive: true });
      mkdirSync(at(name, "ignore"));
      for (let i = 1; i <= 4; i++) {
        const { height, width, labels } = cellsOf(i);
        const mask = Uint8Array.from({ length: height * width }, (_, p) => (ignored(Math.floor(p / width), p % width) ? 255 : 0));
        writeFileSync(at(name, "ignore", `c${i}.png`), await writePng({ height, width, channels: 1, data: mask }));
        const drawn = Uint16Array.from(labels, (id, p) => (mask[p] === 0 ? id : garbage === 0 ? 0 : garbage + (p % 5)));
        writeFileSync(at(name, "labels", `c${i}.png`), await writePng({ height, width, channels: 1, data: drawn }));
      }
    }
    const words = ["--steps", "8", "--class-balance", "equal", "--json"];
    const [plain, scribbled] = await Promise.all(
      ["plain", "scribbled"].map((name) => run("train", name, "-o", `${name}.zip`, ...tiny, ...words)),
    );
    expect(await sameWeights("plain", "scribbled")).toBe(true);
    expect(JSON.parse(scribbled!.stdout).curve).toEqual(JSON.parse(plain!.stdout).curve);
    expect(await sameWeights("plain", "whole")).toBe(false);
  });
});

describe("a training that diverges", () => {
  // Border weights that make the loss explode at a rate which is harmless without them.
  const wild = [...tiny, "--optimizer", "sgd", "--border-weight", "10000", "--steps", "20", "--interval", "2", "--averaging", "0"];
  const words = ["train", "cells", "-o", "wild.zip", ...wild, "--learning-rate"];

  it("stops, writes no model, and says what to change where nothing was learnt yet", async () => {
    const { code, stderr } = await run(...words, "10");
    expect(code).toBe(1);
    expect(stderr).toMatch(/The (loss|gradient) must stay [a-z ]+; at step \d+ it became/);
    expect(stderr).toContain('Nothing worth keeping was learnt before. Train anew with a "learning_rate" ten times smaller (1).');
    expect(existsSync(at("wild.zip"))).toBe(false);
    // Another training of this file may have been ended by the clock, and rightly keeps its checkpoint.
    expect(leftovers().filter((file) => file.includes("wild"))).toEqual([]);
  });

  it("goes on from what was kept, as its message says: resumed with a smaller learning rate", async () => {
    // Sound steps first; then the same training with a rate that no weights survive.
    expect((await run(...words, "0.0000001", "--stop-at", "4")).code).toBe(0);
    rmSync(at("wild.zip"));
    const broken = await run(...words, "10", "--resume");
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("What was learnt up to step 4 is kept. Go on from there:");
    const mended = await run(...words, "0.0000001", "--resume");
    expect(mended.stderr).toContain("Going on after step 4 of 20, with learning rate 1e-7.");
    expect(mended.code).toBe(0);
    expect((await openModel("wild")).training).toMatchObject({ steps: 20, ended: "steps" });
  });
});

async function openModel(name: string): Promise<Model> {
  return readModel(new Uint8Array(readFileSync(at(`${name}.zip`))));
}

async function sameWeights(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([openModel(a), openModel(b)]);
  return Buffer.compare(Buffer.from(first.weights.buffer), Buffer.from(second.weights.buffer)) === 0;
}

/** Temporary files that a crash would leave. */
function leftovers(): readonly string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".tmp") || name.endsWith(".checkpoint"));
}

function cellsOf(seed: number): {
  readonly height: number;
  readonly width: number;
  readonly image: Uint8Array;
  readonly labels: Uint16Array;
} {
  const { image, labels } = generateCells({ height: 72, width: 80, seed });
  return { height: 72, width: 80, image: image.data, labels: Uint16Array.from(labels.data) };
}

async function writeCells(name: string, count: number, from = 0): Promise<void> {
  for (const part of ["images", "labels"]) mkdirSync(at(name, part), { recursive: true });
  for (let i = from + 1; i <= from + count; i++) {
    const { height, width, image, labels } = cellsOf(i);
    writeFileSync(at(name, "images", `c${i}.png`), await writePng({ height, width, channels: 1, data: image }));
    writeFileSync(at(name, "labels", `c${i}.png`), await writePng({ height, width, channels: 1, data: labels }));
  }
}

/** One stack of cells as a dataset, one slice a seed. */
function writeStack(name: string, seeds: readonly number[]): void {
  const cells = seeds.map(cellsOf);
  const { height, width } = cells[0]!;
  for (const [part, key] of [
    ["images", "image"],
    ["labels", "labels"],
  ] as const) {
    mkdirSync(at(name, part), { recursive: true });
    const tiff = writeTiff({ height, width, pages: cells.map((cell) => cell[key]) });
    const text = Buffer.from(tiff).toString("latin1").replace(`channels=${seeds.length}`, `slices=${seeds.length}  `);
    writeFileSync(at(name, part, `${name}.tif`), Buffer.from(text, "latin1"));
  }
}

/** A dataset of one image: bright squares of 6 px at these columns. */
async function writeStrip(name: string, columns: readonly number[]): Promise<void> {
  const [height, width] = [60, 100];
  const labels = new Uint8Array(height * width);
  columns.forEach((x, i) => {
    for (let y = 20; y < 26; y++) labels.fill(i + 1, y * width + x, y * width + x + 6);
  });
  for (const [part, data] of [
    ["images", labels.map((id) => (id > 0 ? 200 : 20))],
    ["labels", labels],
  ] as const) {
    // biome-ignore format: pairs
    mkdirSync(at(name, part), { recursive: true });
    writeFileSync(at(name, part, "s.png"), await writePng({ height, width, channels: 1, data }));
  }
}
