// The nuclei of the Data Science Bowl 2018: train, segment the validation images, compare; and plain Otsu + components beside it.
//   npm run bench:nuclei -- [--images 12] [--out DIR] [any option of `overtile train`]
// The data is not in the repository: OVERTILE_DATA, else ../shared (data/nuclei/fluo). With --images N it learns from N training
// images, evenly spread over their alphabetical list.

import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { otsuBin } from "../core/array/otsu.ts";
import { toLabelImage } from "../core/label/check.ts";
import { removeSmallObjects } from "../core/label/clean.ts";
import { labelComponents } from "../core/label/components.ts";
import { measureImage, scoreMeasures } from "../core/label/metrics.ts";
import { openDataset } from "../core/source/dataset.ts";
import { smallestObjectPx } from "../core/validate.ts";

const { images, out, rest } = readArguments(process.argv.slice(2));
const data = resolve(process.env["OVERTILE_DATA"] ?? "../shared", "data/nuclei/fluo");
mkdirSync(out, { recursive: true });

const otsu = await scoreOtsu(join(data, "val"), await findMinSize(join(data, "train")));
process.stdout.write(`Otsu + components on val: F1 ${otsu.plain.toFixed(3)}, without specks ${otsu.clean.toFixed(3)}\n`);
const dataset = images === undefined ? join(data, "train") : linkSubset(join(data, "train"), images);
const model = join(out, "nuclei.zip");
const start = performance.now();
run("train", dataset, "--validate", join(data, "val"), "-o", model, "--overwrite", ...rest);
process.stdout.write(`trained in ${((performance.now() - start) / 60_000).toFixed(1)} minutes\n`);
const predicted = join(out, "predicted");
rmSync(predicted, { recursive: true, force: true });
run("segment", ...readdirSync(join(data, "val/images")).map((file) => join(data, "val/images", file)), "--model", model, "-o", predicted);
run("evaluate", predicted, join(data, "val/labels"));

function run(...options: readonly string[]): void {
  const { status } = spawnSync("node", ["dist/terminal.mjs", ...options], { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`overtile ${options[0]} ended with ${status}`);
}

/**
 * Pooled F1 of objects at IoU 0.5 of the threshold that parts grey values best (Otsu 1979), without any learning: as it is, and
 * without objects of fewer pixels than `segment` would keep after a training.
 */
async function scoreOtsu(folder: string, minSizePx: number): Promise<{ readonly plain: number; readonly clean: number }> {
  const plain = [];
  const clean = [];
  for (const { image, labels } of await openDataset(folder)) {
    const { height, width } = image;
    const box = { y0: 0, x0: 0, y1: height, x1: width };
    const pixels = await image.read(box);
    const threshold = otsuThreshold(pixels.data as Uint8Array);
    const found = labelComponents({ height, width, data: Uint8Array.from(pixels.data as Uint8Array, (v) => (v > threshold ? 1 : 0)) });
    const truth = { labels: toLabelImage(await labels!.read(box)) };
    plain.push(measureImage(truth, { labels: found }));
    clean.push(measureImage(truth, { labels: removeSmallObjects(found, minSizePx) }));
  }
  return { plain: scoreMeasures(plain).f1, clean: scoreMeasures(clean).f1 };
}

/** Half of the smallest drawn objects, as `train` finds it. */
async function findMinSize(folder: string): Promise<number> {
  const all = await Promise.all(
    (await openDataset(folder)).map(async ({ labels }) => {
      const { height, width } = labels!;
      return { labels: toLabelImage(await labels!.read({ y0: 0, x0: 0, y1: height, x1: width })) };
    }),
  );
  return smallestObjectPx(all);
}

function otsuThreshold(data: Uint8Array): number {
  const counts = new Float64Array(256);
  for (const value of data) counts[value]!++;
  return otsuBin(counts);
}

/** A dataset of every n-th sample, by links. */
function linkSubset(from: string, count: number): string {
  const to = join(out, `train-${count}`);
  rmSync(to, { recursive: true, force: true });
  const files = readdirSync(join(from, "images")).sort();
  const chosen = Array.from({ length: count }, (_, i) => files[Math.floor((i * files.length) / count)]!);
  for (const part of ["images", "labels"]) {
    mkdirSync(join(to, part), { recursive: true });
    for (const file of chosen) symlinkSync(join(from, part, file), join(to, part, file));
  }
  return to;
}

function readArguments(given: readonly string[]): { readonly images?: number; readonly out: string; readonly rest: readonly string[] } {
  const rest = [...given];
  const take = (name: string): string | undefined => {
    const at = rest.indexOf(name);
    return at < 0 ? undefined : rest.splice(at, 2)[1];
  };
  const count = take("--images");
  const folder = resolve(take("--out") ?? "build/nuclei");
  return { ...(count !== undefined && { images: Number(count) }), out: folder, rest };
}
