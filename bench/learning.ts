// How well a training learns, on the nuclei of the Data Science Bowl 2018 (OVERTILE_DATA, else ../shared: data/nuclei/fluo).
//   npm run bench:learning                                  the table: what a user gets, from random weights
//   npm run bench:learning -- --ablation                    the recipe, and each of its ideas off in turn
//   npm run bench:learning -- --ablation --try NAME -- ...  one more row of it: `overtile train` with these options
//   ... --only NAME,... --seeds 1,2,3                       some rows, with these seeds
//   ... --length 1, --images 12                             of the ablation: as long as a minute, from 12 images
//   ... --minutes                                           by the clock, on a machine at rest, instead of by equal work
// Nothing is chosen on the validation images: the ablation learns from 33 of the training images and is judged on a fifth of these,
// which a hash of their names holds out, and on half of these after changes of imaging. Every run is a line of
// build/learning/results.jsonl, and what is there is not run again.
// By equal work, a minute is 150 steps of two tiles of 412 px with three levels and 16 features, or as many multiply-adds of others.

import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { countMultiplyAdds } from "../core/unet/cost.ts";
import { createSpec } from "../core/unet/spec.ts";
import {
  changeImages,
  changes,
  drawFive,
  isHeld,
  linkImages,
  listImages,
  scoreOtsu,
  spread,
  trainFolder,
  valFolder,
} from "./learning-data.ts";

/** Options of `overtile train`, by name. */
type Options = Readonly<Record<string, string | number>>;
type Scores = Readonly<Record<string, number>>;

interface Row {
  readonly kind: "table" | "ablation";
  readonly name: string;
  readonly seed: number;
  readonly options: Options;
  readonly seconds: number;
  /** Of the machine after it ran: above its cores, seconds say little. */
  readonly load: number;
  readonly scores: Scores;
}

// All that the recipe sets, so that each row says what it was.
const recipe: Options = {
  levels: 3,
  features: 16,
  tile: 412,
  batch: 2,
  learning_rate: 0.001,
  averaging: 0.99,
  imaging: 1,
  scale_range: 1.5,
};
const ablation: Readonly<Record<string, Options>> = {
  recipe: {},
  "no changes of imaging": { imaging: 0 },
  "no changes of scale": { scale_range: 1 },
  "neither of these": { imaging: 0, scale_range: 1 },
  "no changes of grey values at all": { imaging: 0, grey_values: 0 },
  "no elastic deformation": { elastic: 0 },
  "no border weights": { border_weight: 0 },
  "four levels": { levels: 4 },
  "two levels": { levels: 2 },
  "24 features": { features: 24 },
  "tile 316 and batch 4": { tile: 316, batch: 4 },
  "learning rate 0.002 and averaging 0.98": { learning_rate: 0.002, averaging: 0.98 },
  "no averaging": { averaging: 0 },
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    ablation: { type: "boolean", default: false },
    minutes: { type: "boolean", default: false },
    only: { type: "string" },
    try: { type: "string" },
    seeds: { type: "string", default: "1" },
    images: { type: "string", default: "33" },
    length: { type: "string", default: "2" },
  },
});
const out = resolve("build/learning");
const results = join(out, "results.jsonl");
mkdirSync(out, { recursive: true });
const seeds = values.seeds.split(",").map(Number);
const isWanted = (name: string): boolean => values.only === undefined || values.only.split(",").includes(name);

if (values.ablation) await runAblation();
else await runTable();

async function runAblation(): Promise<void> {
  const names = listImages(trainFolder);
  const held = linkImages(trainFolder, names.filter(isHeld), join(out, "held"));
  const others = names.filter((name) => !isHeld(name));
  const learnt = linkImages(trainFolder, spread(others, Number(values.images)), join(out, `learnt-${values.images}`));
  const changed: Record<string, string> = {};
  for (const change of Object.keys(changes) as (keyof typeof changes)[])
    changed[change] = await changeImages(held, change, join(out, change));
  const rows = values.try === undefined ? ablation : { [values.try]: readOptions(positionals) };
  for (const seed of seeds) {
    for (const [name, off] of Object.entries(rows)) {
      if (!isWanted(name)) continue;
      const options = { ...recipe, ...off, ...lengthOf(Number(values.length), { ...recipe, ...off }), images: Number(values.images) };
      once({ kind: "ablation", name, seed, options }, () => {
        const { images: _, ...words }: Options = options;
        // Judged once, at its end.
        const { steps } = words;
        const judged = { ...words, ...(steps !== undefined && { interval: steps }), seed, validate: held };
        const model = join(out, "ablation.zip");
        const { scores } = train(learnt, model, judged);
        const others = Object.entries(changed).map(([change, folder]) => [change, score(folder, listImages(folder), model)["f1"]!]);
        return { ...scores, ...Object.fromEntries(others) };
      });
    }
  }
  const keys = ["f1", "ap50", "apMean", "iou1", ...Object.keys(changes)];
  process.stdout.write(
    describe("ablation", keys, `| what | F1 at IoU 0.5 | AP50 | mean AP | pixel IoU | F1 ${Object.keys(changes).join(" | F1 ")} | seeds |`),
  );
}

/** What the program does by itself, all settings left to it, on images that it never saw. */
async function runTable(): Promise<void> {
  process.stdout.write(`Otsu and components, without specks: F1 ${(await scoreOtsu()).toFixed(3)}\n\n`);
  const names = listImages(trainFolder);
  for (const seed of seeds) {
    for (const [count, minutes] of [
      [12, 2],
      [names.length, 2],
      [names.length, 10],
    ] as const) {
      const name = `${count} images ${minutes} min`;
      if (!isWanted(name)) continue;
      const options = { from: "none", ...lengthOf(minutes, recipe) };
      once({ kind: "table", name, seed, options }, () => {
        const learnt = linkImages(trainFolder, spread(names, count), join(out, `train-${count}`));
        const model = join(out, "table.zip");
        train(learnt, model, { ...options, seed });
        return score(valFolder, listImages(valFolder), model);
      });
    }
    if (isWanted("five drawn")) await runFive(seed);
  }
  process.stdout.write(describe("table", ["f1", "ap50", "f1At70"], "| what | F1 at IoU 0.5 | AP50 | F1 at IoU 0.7 | seeds |"));
}

/** Five drawn nuclei of each of ten validation images in turn, 100 steps; F1 on the whole of that image. */
async function runFive(seed: number): Promise<void> {
  for (const [i, file] of spread(listImages(valFolder), 10).entries()) {
    const drawn = await drawFive(valFolder, file, seed, join(out, "five"));
    once({ kind: "table", name: `five drawn: image ${i + 1}`, seed, options: { from: "none", steps: 100 } }, () => {
      const model = join(out, "five.zip");
      train(drawn, model, { from: "none", steps: 100, seed });
      return score(valFolder, [file], model);
    });
  }
}

/** Scores of the model on images of a folder, pooled. */
function score(folder: string, files: readonly string[], model: string): Scores {
  const predicted = join(out, "predicted");
  rmSync(predicted, { recursive: true, force: true });
  overtile("segment", ...files.map((file) => join(folder, "images", file)), "--model", model, "-o", predicted);
  const truth = linkImages(folder, files, join(out, "truth"));
  const { f1, ap50, ap70 } = JSON.parse(overtile("evaluate", predicted, join(truth, "labels"), "--json")) as Record<string, number>;
  // AP is the share of hits in hits, misses and inventions together.
  return { f1: f1!, ap50: ap50!, f1At70: (2 * ap70!) / (1 + ap70!) };
}

function train(dataset: string, model: string, options: Options): { readonly scores: Scores } {
  const words = Object.entries(options).flatMap(([key, value]) => [`--${key.replaceAll("_", "-")}`, String(value)]);
  return JSON.parse(overtile("train", dataset, "-o", model, "--overwrite", "--json", ...words));
}

function overtile(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync("node", ["dist/terminal.mjs", ...words], { maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`overtile ${words.join(" ")} ended with ${status}:\n${stderr}`);
  return String(stdout);
}

/** Runs what is not among the results yet, and keeps its scores there. */
function once(what: Pick<Row, "kind" | "name" | "seed" | "options">, run: () => Scores): void {
  const key = ({ kind, name, seed, options }: typeof what): string => JSON.stringify([kind, name, seed, options]);
  if (readResults().some((row) => key(row) === key(what))) return;
  const start = performance.now();
  const scores = run();
  const row: Row = { ...what, seconds: Math.round((performance.now() - start) / 1000), load: loadavg()[1]!, scores };
  appendFileSync(results, `${JSON.stringify(row)}\n`);
}

/** Minutes, or as many steps as their work is. */
function lengthOf(minutes: number, { levels, features, tile, batch }: Options): Options {
  if (values.minutes) return { minutes };
  const workOf = (side: number, network: Options): number =>
    countMultiplyAdds(createSpec({ levels: Number(network["levels"]), features: Number(network["features"]) }), side);
  const minute = 150 * 2 * workOf(412, { levels: 3, features: 16 });
  return { steps: Math.round((minutes * minute) / (Number(batch) * workOf(Number(tile), { levels, features } as Options))) };
}

function readResults(): readonly Row[] {
  if (!existsSync(results)) return [];
  return readFileSync(results, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

/** A Markdown table, one line a name: mean and range over the seeds. */
function describe(kind: Row["kind"], keys: readonly string[], head: string): string {
  const rows = readResults().filter((row) => row.kind === kind);
  const names = [...new Set(rows.map(({ name }) => name))];
  const lines = names.map((name) => {
    const runs = rows.filter((row) => row.name === name);
    const cells = keys.map((key) => describeRange(runs.map(({ scores }) => scores[key]!)));
    return `| ${[name, ...cells, runs.length].join(" | ")} |`;
  });
  const five = rows.flatMap(({ name, scores }) => (name.startsWith("five drawn") ? [scores["f1"]!] : [])).sort((a, b) => a - b);
  const middle = (five[(five.length - 1) >> 1]! + five[five.length >> 1]!) / 2;
  if (five.length > 0)
    lines.push(`| five drawn: median and least | ${middle.toFixed(3)}, ${Math.min(...five).toFixed(3)} | | | ${five.length} |`);
  return `${[head, `|---${"|---".repeat(keys.length)}|---|`, ...lines].join("\n")}\n`;
}

function describeRange(numbers: readonly number[]): string {
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const range = numbers.length > 1 ? ` (${Math.min(...numbers).toFixed(3)} to ${Math.max(...numbers).toFixed(3)})` : "";
  return `${mean.toFixed(3)}${range}`;
}

/** "--levels 4 --batch 1" as options. */
function readOptions(words: readonly string[]): Options {
  return Object.fromEntries(
    words.flatMap((word, i) => (i % 2 === 0 ? [[word.replace(/^--/, "").replaceAll("-", "_"), words[i + 1]!] as const] : [])),
  );
}
