// Trains the models that come with Overtile, and writes models/NAME.zip and plugin/library/starter-catalog.ts.
//   npm run train:starters -- [NAME ... | catalog] [--last-phase] [--resume] [any option of `overtile train`]
// The data is not in the repository: OVERTILE_DATA, else ../shared (data/nuclei). A fifth of the training images, chosen by a hash of
// their names, is held out: it chooses the best weights and the rule for objects. The validation images are measured at the end;
// recipes were changed after such measurements (docs/results.md says where), so those scores are slightly favourable. The word catalog makes the catalogue alone.
// A model has a recipe below; the same recipe and seed give the same bytes. Weights are rounded to half precision after each phase,
// so that a phase that is added goes on from the archive in models/ as it does from the phase before: --last-phase. To add a model: a
// recipe here.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { readModel, writeModel } from "../core/model/archive.ts";
import { roundToHalves } from "../core/model/float16.ts";
import type { JsonObject, Model } from "../core/model/model.ts";
import { hashSha256 } from "../core/model/sha256.ts";
import { openSource } from "../core/source/open.ts";
import { writePng } from "../core/source/write-png.ts";
import { openCrew } from "../plugin/crew/compute.ts";
import { createTestTensors } from "../plugin/library/model-test.ts";
import { loadAssets } from "../plugin/thread/assets.ts";
import { createVariant, type Stained } from "./stain-variants.ts";
import { writeCatalog } from "./starter-catalog.ts";

interface Recipe {
  readonly name: string;
  readonly version: number;
  readonly description: string;
  /** What it learnt from, for its archive and for whoever looks at it. */
  readonly provenance: (counts: { readonly train: number; readonly held: number }) => string;
  /** Folder of the data, with train/ and val/. */
  readonly data: string;
  /** Canvases that are made of each image: pictures that few images show. */
  readonly variants: number;
  /** Options of one training after the other; each goes on from the one before. */
  readonly phases: readonly (readonly string[])[];
}

const source = "of the Data Science Bowl 2018 (Broad Institute, stage 1, corrected edition; CC0)";
const network = ["--levels", "3", "--features", "16", "--tile", "348", "--batch", "2"];
const schedule = ["--optimizer", "adam", "--schedule", "cosine", "--averaging", "0.99"];
// First images of many kinds, then more like those that there are.
const wide = [...network, ...schedule, "--seed", "1", "--learning-rate", "0.001", "--imaging", "1", "--scale-range", "1.5"];
const near = [...network, ...schedule, "--seed", "2", "--learning-rate", "0.0005", "--imaging", "0.25", "--scale-range", "1.1"];
// Borders weigh less: outlines of dense nuclei came to lie inside of those that were drawn.
const outlined = [...network, ...schedule, "--imaging", "0.25", "--scale-range", "1.1", "--border-weight", "2"]; // biome-ignore format: one line
// Of few images: less is changed, but colours are.
const stained = [...network, ...schedule, "--seed", "1", "--learning-rate", "0.001", "--imaging", "0.5", "--scale-range", "1.25", "--grey-values", "1.5"]; // biome-ignore format: one line

const recipes: readonly Recipe[] = [
  {
    name: "nuclei-fluorescence",
    version: 3,
    description: "Nuclei in fluorescence images, bright on dark: one channel, nuclei of about 8 to 60 pixels across.",
    provenance: ({ train, held }) => `${train} fluorescence images ${source}; ${held} more held out to choose weights and rule.`,
    data: "nuclei/fluo",
    variants: 0,
    phases: [
      [...wide, "--steps", "3000", "--interval", "300"],
      [...near, "--steps", "1500", "--interval", "150"],
      [...outlined, "--seed", "3", "--learning-rate", "0.0005", "--steps", "1200", "--interval", "200"],
      [...outlined, "--seed", "4", "--learning-rate", "0.0007", "--steps", "1500", "--interval", "250"],
    ],
  },
  {
    name: "nuclei-histology",
    version: 1,
    description: "Nuclei in stained histology, RGB: haematoxylin, with or without eosin; nuclei of about 10 to 45 pixels across.",
    provenance: ({ train, held }) =>
      `${train} histology images ${source}, and canvases made of them with eosin, stroma and glass; ${held} more held out to choose weights and rule.`,
    data: "nuclei/colour",
    variants: 1,
    phases: [[...stained, "--steps", "1200", "--interval", "120"]],
  },
];

const { names, options, isLastPhase } = readArguments(process.argv.slice(2));
const shelf = resolve(process.env["OVERTILE_DATA"] ?? "../shared", "data");
for (const recipe of recipes.filter(({ name }) => names.includes(name))) await makeStarter(recipe);
await writeCatalog(resolve("plugin/library/starter-catalog.ts"), readAll());

async function makeStarter(recipe: Recipe): Promise<void> {
  const folder = resolve("build/starters", recipe.name);
  const counts = await splitData(recipe, folder);
  const published = join("models", `${recipe.name}.zip`);
  let trained = isLastPhase ? resolve(published) : "none";
  let model: Model | undefined;
  for (const [i, phase] of recipe.phases.entries()) {
    if (isLastPhase && i + 1 < recipe.phases.length) continue;
    const next = join(folder, `${recipe.name}-${i + 1}.zip`);
    const words = ["train", join(folder, "train"), "--validate", join(folder, "held"), "-o", next, "--from", trained];
    run(...words, ...phase, ...(options.includes("--resume") ? [] : ["--overwrite"]), ...options);
    trained = join(folder, `${recipe.name}-${i + 1}-rounded.zip`);
    model = await roundModel(recipe, await readModel(readFileSync(next)), counts);
    writeFileSync(trained, await packModel(model, {}));
  }
  const val = measure(trained, join(shelf, recipe.data, "val"), join(folder, "found"));
  mkdirSync("models", { recursive: true });
  writeFileSync(published, await packModel(model!, val));
  process.stdout.write(`${recipe.name}@${recipe.version}: validation images F1 ${val["f1"]}, AP50 ${val["ap50"]}\n`);
}

/** Links the images into train/ and held/: a fifth of them, at most, by a hash of their names, is held. Variants join those that train. */
async function splitData({ data, variants }: Recipe, folder: string): Promise<{ readonly train: number; readonly held: number }> {
  const from = join(shelf, data, "train");
  const counts = { train: 0, held: 0 };
  for (const part of ["train", "held"]) {
    rmSync(join(folder, part), { recursive: true, force: true });
    for (const kind of ["images", "labels"]) mkdirSync(join(folder, part, kind), { recursive: true });
  }
  const files = readdirSync(join(from, "images")).sort();
  const hashes = await Promise.all(
    files.map(async (file) => Number.parseInt((await hashSha256(new TextEncoder().encode(file))).slice(0, 8), 16)),
  );
  const drawn = hashes.filter((hash) => hash % 5 === 0).toSorted((a, b) => a - b);
  const held = new Set(drawn.slice(0, Math.floor(files.length / 5)));
  for (const [i, file] of files.entries()) {
    const isHeld = held.has(hashes[i]!);
    const part = isHeld ? "held" : "train";
    counts[part]++;
    for (const kind of ["images", "labels"]) symlinkSync(join(from, kind, file), join(folder, part, kind, file));
    if (!isHeld) for (let k = 0; k < variants; k++) await writeVariant(from, file, { folder, seed: variants * counts.train + k });
  }
  return counts;
}

async function writeVariant(
  from: string,
  file: string,
  { folder, seed }: { readonly folder: string; readonly seed: number },
): Promise<void> {
  const [image, labels] = await Promise.all(
    ["images", "labels"].map(async (kind) => {
      const opened = await openSource(join(from, kind, file));
      const { height, width } = opened;
      const channels = kind === "images" ? [0, 1, 2] : [0];
      return opened.read({ y0: 0, x0: 0, y1: height, x1: width, z: 0, t: 0, channels });
    }),
  );
  const variant = createVariant({ image, labels } as unknown as Stained, seed);
  const name = file.replace(/\.png$/, `-variant${seed}.png`);
  writeFileSync(join(folder, "train/images", name), await writePng(variant.image));
  writeFileSync(join(folder, "train/labels", name), await writePng(variant.labels));
}

/** The model with weights that half precision holds, and the test result of these. */
async function roundModel(
  { name, version, description, provenance, phases }: Recipe,
  trained: Model,
  counts: { train: number; held: number },
) {
  const { spec, training } = trained;
  const weights = roundToHalves(trained.weights);
  const assets = await loadAssets(async (file) => new Uint8Array(readFileSync(join("dist", file))));
  const crew = await openCrew({ spec, count: 1, assets, backend: "auto", useKernels: true });
  try {
    // Archives are handed on: what was learnt from, not where it lay.
    const { parameters, ...rest } = training as { readonly parameters: JsonObject };
    const told = { ...parameters, name, validate: "a fifth of the images, by a hash of their names", from: "none" };
    const record: JsonObject = {
      ...rest,
      parameters: told,
      phases: phases.map((words) => words.join(" ")),
      provenance: provenance(counts),
    };
    const model = { ...trained, name, version, description, weights, training: record, authors: ["Overtile"], license: "CC0-1.0" };
    return { ...model, ...(await createTestTensors(spec, weights, crew.networks[0]!)) };
  } finally {
    crew.dispose();
  }
}

/** The archive: half precision, without ONNX. `measured`: scores on images that nothing was chosen on. */
async function packModel(model: Model, measured: Readonly<Record<string, number>>): Promise<Uint8Array> {
  const { curve: _, ...training } = model.training;
  const created = "2026-12-01T00:00:00.000Z";
  return writeModel({ ...model, created, training: { ...training, measured } }, { onnx: false, precision: "float16" });
}

/** F1 and the like of the objects that the archive finds in the images of a data set. */
function measure(archive: string, data: string, found: string): Readonly<Record<string, number>> {
  rmSync(found, { recursive: true, force: true });
  const images = readdirSync(join(data, "images")).map((file) => join(data, "images", file));
  run("segment", ...images, "--model", archive, "-o", found);
  const { f1, ap50 } = JSON.parse(run("evaluate", found, join(data, "labels"), "--json")) as Readonly<Record<"f1" | "ap50", number>>;
  const round = (value: number): number => Math.round(1e4 * value) / 1e4;
  return { f1: round(f1), ap50: round(ap50), images: images.length };
}

/** All models of the folder, in the order of the recipes. */
function readAll(): readonly Uint8Array[] {
  const files = new Set(readdirSync("models"));
  const there = recipes.map(({ name }) => `${name}.zip`).filter((file) => files.has(file));
  return there.map((file) => new Uint8Array(readFileSync(join("models", file))));
}

function run(...words: readonly string[]): string {
  const { status, stdout } = spawnSync("node", ["dist/terminal.mjs", ...words], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (status !== 0) throw new Error(`overtile ${words[0]} ended with ${status}`);
  return stdout;
}

interface Arguments {
  readonly names: readonly string[];
  /** Of `overtile train`. */
  readonly options: readonly string[];
  readonly isLastPhase: boolean;
}

function readArguments(given: readonly string[]): Arguments {
  const words = given.filter((word) => word !== "--last-phase");
  const first = words.findIndex((word) => word.startsWith("-"));
  const end = first < 0 ? words.length : first;
  const all = recipes.map(({ name }) => name);
  const names = end === 0 ? all : words.slice(0, end);
  return { names, options: words.slice(end), isLastPhase: words.length < given.length };
}
