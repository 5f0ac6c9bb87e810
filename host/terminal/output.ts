// Where results go in a terminal: TIFF files beside one another, whole or not at all, never over what is there unasked.

import { access, constants, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { TypedArray } from "../../core/array/raster.ts";
import { Problem } from "../../core/problem.ts";
import { type DatasetSample, openDataset } from "../../core/source/dataset.ts";
import { findKin } from "../../core/source/dataset-files.ts";
import { fileNameOf } from "../../core/source/file-name.ts";
import { showText } from "../../core/source/plain-text.ts";
import { describeWriteFailure, temporaryName, writeFileWhole } from "../../core/source/write-file.ts";
import { writeTiff } from "../../core/source/write-tiff.ts";
import type { Pixels, Scores, SegmentResult } from "../../plugin/contract.ts";
import type { Pair } from "../../plugin/evaluate/evaluate-action.ts";
import type { TrainingSamples } from "../../plugin/train/train-action.ts";
import { ownProcess } from "./process.ts";
import { createDownloadLine } from "./progress.ts";

const resultKinds = ["labels", "classes", "probabilities"] as const;

/** Throws Problem CannotWrite when there is something at `path`, unless it may be written over; a folder never is by a file. */
export async function assertFree(path: string, overwrite: boolean, what: "file" | "folder" = "file"): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  if (what === "file" && found.isDirectory()) throw taken(path, "there is a folder of that name. Choose another name");
  if (!overwrite) throw taken(path, "there is one. Choose another name, or add --overwrite");
}

function taken(path: string, reason: string): Problem<"CannotWrite"> {
  return new Problem("CannotWrite", `There must be no file at ${path} yet; ${reason}.`, { path, reason: "exists" });
}

/** Paths of the results for an image: cell.png gives DIR/cell.labels.tif and so on. */
export function resultPaths(folder: string, image: string, output: string): readonly string[] {
  return output.split(",").map((kind) => join(folder, `${baseName(image)}.${kind}.tif`));
}

/** Writes what came as TIFF files, and returns their paths. Throws Problem CannotWrite. */
export async function writeResult(folder: string, image: string, result: SegmentResult): Promise<readonly string[]> {
  await makeFolder(folder);
  const paths: string[] = [];
  for (const kind of resultKinds) {
    const pixels = result[kind];
    if (pixels === undefined) continue;
    const path = join(folder, `${baseName(image)}.${kind}.tif`);
    await writeFileWhole(path, toTiff(pixels));
    paths.push(path);
  }
  return paths;
}

/** The bytes of a TIFF: one page a plane and channel or class. */
export function toTiff({ data, shape, axes = "yx", pixelSizeUm }: Pixels): Uint8Array {
  const [height, width] = shape.slice(-2) as [number, number];
  const size = height * width;
  const pages = Array.from({ length: data.length / size }, (_, i) => data.subarray(i * size, (i + 1) * size) as TypedArray);
  const sizeOf = (axis: string): number => shape[axes.indexOf(axis)] ?? 1;
  const stack = { slices: sizeOf("z"), frames: sizeOf("t") };
  return writeTiff({ height, width, pages, ...stack, ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }) });
}

/** "cell" of "images/cell.ome.tif", of "cell.labels.tif" and of "cell.labels.ome.tif". */
export function baseName(path: string): string {
  return fileNameOf(path)
    .replace(/\.[^.]+$/, "")
    .replace(/\.ome$/, "")
    .replace(/\.labels$/, "");
}

/** The base name in Unicode's composed form: names that look alike are the same. */
export function matchName(path: string): string {
  return baseName(path).normalize("NFC");
}

/** Two images of labels or classes, or the pairs of two folders by base name. Throws Problem InvalidData, MissingFile. */
export async function pairFiles(predicted: string, truth: string, kind: "labels" | "classes" = "labels"): Promise<readonly Pair[]> {
  if (!(await isFolder(predicted)) || !(await isFolder(truth))) return [{ predicted, truth, name: baseName(truth) }];
  const found = await listByBase(predicted, kind);
  const wanted = await listByBase(truth, kind);
  const missing = [...wanted.keys()].filter((name) => !found.has(name));
  const pairs = [...wanted].flatMap(([name, file]) => (found.has(name) ? [{ predicted: found.get(name)!, truth: file, name }] : []));
  if (missing.length === 0 && pairs.length > 0) return pairs;
  const reason =
    pairs.length === 0
      ? "no two files have the same base name"
      : `${missing.length} of ${wanted.size} have no partner, the first is ${missing[0]}`;
  for (const [folder, files] of [[predicted, found], [truth, wanted]] as const) await assertLabelFiles(folder, files); // biome-ignore format: one thought
  const kin = new Map([...found.keys()].map((name) => [name, findKin(name, wanted)] as const));
  const [other] = [...kin].filter(([name, image]) => image !== undefined && !wanted.has(name));
  const advice = other
    ? `Call ${fileNameOf(found.get(other[0])!)} as its truth: ${other[1]}.tif or .png.`
    : "Segment them all, or remove what is too much.";
  throw new Problem(
    "InvalidData",
    `Each ${kind === "labels" ? "label" : "class"} image of ${truth} must have one of the same base name in ${predicted}; ${reason}. ${advice}`,
    {
      path: predicted,
      reason,
    },
  );
}

/** Throws Problem InvalidData for a folder without label images that can be compared. */
async function assertLabelFiles(folder: string, files: ReadonlyMap<string, string>): Promise<void> {
  if (files.size > 0) return;
  const all = await readdir(folder);
  const jpeg = all.find((file) => /\.jpe?g$/i.test(file));
  const reason =
    jpeg !== undefined
      ? `${jpeg} is a JPEG, which changes numbers. Export it anew as PNG or TIFF`
      : all.includes("labels")
        ? "it has a folder labels/. Give that"
        : "it has none. Give the folder that they lie in";
  throw new Problem("InvalidData", `Expected label images (PNG or TIFF) in ${folder}; ${reason}.`, { path: folder, reason });
}

/** The images of a folder by base name, without those that `segment` wrote of another kind. */
async function listByBase(folder: string, kind: "labels" | "classes"): Promise<Map<string, string>> {
  const others = new RegExp(`\\.(${kind === "labels" ? "classes" : "labels"}|probabilities)(\\.ome)?\\.tif$`);
  const files = (await readdir(folder)).filter((file) => /\.(tiff?|png)$/i.test(file) && !others.test(file)).sort();
  return new Map(files.map((file) => [matchName(file).replace(kind === "classes" ? /\.classes$/ : "", ""), join(folder, file)]));
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => {
    throw new Problem("MissingFile", `There must be a file or folder at ${path}; there is none. Check the path.`, { path });
  });
  return found.isDirectory();
}

/** Makes the folder where there is none. Throws Problem CannotWrite, also where nothing can be written into it. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw code === "EEXIST" || code === "ENOTDIR" ? notAFolder(path, cause) : describeWriteFailure(cause, path);
  }
}

/**
 * Throws Problem CannotWrite where nothing could be written into a folder, so that hours of work are not lost for want of a
 * permission. Nothing is left of the try: a folder that is not there yet is not made, the one that it would lie in is tried.
 */
export async function assertWritable(path: string): Promise<void> {
  let folder = resolve(path);
  while (!(await exists(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  const probe = await temporaryName(join(folder, "probe"));
  try {
    await writeFile(probe, "", { flag: "wx" });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOTDIR") throw notAFolder(path, cause);
    if (code !== "ENOSPC" && code !== "EDQUOT") throw describeWriteFailure(cause, path); // room may come
  }
  await rm(probe, { force: true }).catch(() => {});
}

function notAFolder(path: string, cause: unknown): Problem<"CannotWrite"> {
  const reason = "there is a file of that name";
  const message = `Expected a folder to write into at ${path}; ${reason}. Choose another one.`;
  return new Problem("CannotWrite", message, { path, reason }, { cause });
}

/** The dataset that `validate` names; none where it is a share of the images. */
async function openValidation(validate: string, tell?: (notice: string) => void): Promise<readonly DatasetSample[]> {
  return Number.isNaN(Number(validate)) ? await readDataset(validate, tell) : [];
}

/** The samples of a folder, a zip or an address, with a line about a download; `tell` hears what is left out. */
async function readDataset(dataset: string, tell?: (notice: string) => void): Promise<readonly DatasetSample[]> {
  const line = createDownloadLine(dataset);
  return openDataset(dataset, { onBytes: line.show, tell }).finally(line.end);
}

/** What a training learns from, as files: a dataset, and what `validate` names. */
export async function openTrainingFiles(dataset: string, validate: string): Promise<TrainingSamples> {
  const notices: string[] = [];
  const hear = (notice: string): void => void notices.push(notice);
  return {
    train: await readDataset(dataset, hear),
    validate: await openValidation(validate, hear),
    title: basename(dataset),
    notices,
  };
}

/** Scores, one a line. */
export function formatScores(scores: Scores): string {
  return Object.entries(scores)
    .map(([name, value]) => `${name.padEnd(18)} ${Number.isInteger(value) ? value : value.toFixed(4)}`)
    .join("\n");
}

/** Writes a result: lines of text, in which control characters and direction marks are shown. */
export function print(text: string): void {
  ownProcess().stdout.write(`${showText(text, "\n\t")}\n`);
}

/** Writes a line about the work, whatever is in it. */
export function tellLine(text: string): void {
  ownProcess().stderr.write(`${showText(text)}\n`);
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
