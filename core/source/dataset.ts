// A dataset: images with what was drawn on them. A folder or zip with `images/`, `labels/` (instances, 0 = background) or
// `classes/` (class numbers), and optional `ignore/` (non-zero = does not count), matched by base name (CONTRACT.md, Values).
// Opening looks at every file's size and kind; pixels are read when asked for.

import { Problem } from "../problem.ts";
import { type ByteReader, createBlobReader, readWhole } from "./bytes.ts";
import { type DownloadOptions, download, isAddress, largestArchiveBytes } from "./download.ts";
import { type Folder, openZipFolder } from "./folder.ts";
import { openImage } from "./open.ts";
import { deferSource } from "./raster-source.ts";
import type { ImageSource } from "./source.ts";

/** An image and its drawings, all of one size. At least one of labels and classes is there. */
export interface DatasetSample {
  readonly name: string;
  readonly image: ImageSource;
  readonly labels?: ImageSource;
  readonly classes?: ImageSource;
  readonly ignore?: ImageSource;
}

export interface DatasetOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told while a dataset comes from a server. */
  readonly onBytes?: DownloadOptions["onBytes"];
}

const drawings = ["labels", "classes", "ignore"] as const;
type Drawing = (typeof drawings)[number];

/** Files in a folder by base name. */
type Files = ReadonlyMap<string, string>;

/**
 * The samples of a dataset, sorted by name: a folder's path (Node), a zip as path, address, bytes or Blob, or a Folder.
 * Throws Problem InvalidData, naming the file, for images without drawing, drawings without image, sizes that differ,
 * drawings that are not single-channel, and files that cannot be read; MissingFile when there is nothing at the path.
 */
export async function openDataset(
  input: string | Uint8Array | Blob | Folder,
  options: DatasetOptions = {},
): Promise<readonly DatasetSample[]> {
  const { signal } = options;
  const folder = await openFolder(input, options);
  const images = await listFiles(folder, "images");
  if (!images || images.size === 0) {
    const reason = "no images";
    const what = images ? "its images/ is empty" : "it has no images/";
    throw new Problem(
      "InvalidData",
      `Expected a dataset with images/ and labels/ or classes/; in ${folder.name} ${what}. Put the images there.`,
      {
        path: folder.name,
        reason,
      },
    );
  }
  const drawn = new Map<Drawing, Files>();
  for (const drawing of drawings) {
    const files = await listFiles(folder, drawing);
    if (files) drawn.set(drawing, files);
  }
  assertPairs(folder, images, drawn);
  const samples: DatasetSample[] = [];
  for (const name of [...images.keys()].sort()) {
    signal?.throwIfAborted();
    samples.push(await openSample(folder, name, images.get(name)!, drawn));
  }
  return samples;
}

async function openFolder(input: string | Uint8Array | Blob | Folder, { signal, onBytes }: DatasetOptions): Promise<Folder> {
  if (input instanceof Uint8Array) return openZipFolder(input, "the dataset");
  if (input instanceof Blob) return openZipFolder(await readWhole(createBlobReader(input), "the dataset"), "the dataset");
  if (typeof input !== "string") return input;
  if (isAddress(input)) {
    const bytes = await download(input, { what: "a dataset (a zip)", most: largestArchiveBytes, signal, onBytes });
    return openZipFolder(bytes, input);
  }
  const { isNodeFolder, openFileReader, openNodeFolder } = await import("./node-file.ts");
  if (await isNodeFolder(input)) return openNodeFolder(input);
  const reader = await openFileReader(input);
  try {
    return openZipFolder(await readWhole(reader, input), input);
  } finally {
    await reader.dispose?.();
  }
}

async function listFiles(folder: Folder, name: string): Promise<Files | undefined> {
  const listed = await folder.list(name);
  if (!listed) return undefined;
  const files = new Map<string, string>();
  for (const file of listed.filter((file) => !isLitter(file)).sort()) {
    const base = baseName(file);
    const twin = files.get(base);
    if (twin)
      throw refuse(
        folder,
        `${name}/${file}`,
        `one file of a base name in ${name}/; ${twin} and ${file} have the same`,
        "Rename one of them",
      );
    files.set(base, file);
  }
  return files;
}

function assertPairs(folder: Folder, images: Files, drawn: ReadonlyMap<Drawing, Files>): void {
  for (const [drawing, files] of drawn) {
    for (const [base, file] of files) {
      if (!images.has(base))
        throw refuse(
          folder,
          `${drawing}/${file}`,
          `an image for ${drawing}/${file}; images/ has none named ${base}`,
          "Add the image, or remove the file",
        );
    }
  }
  for (const [base, file] of images) {
    if (drawn.get("labels")?.has(base) || drawn.get("classes")?.has(base)) continue;
    throw refuse(
      folder,
      `images/${file}`,
      `labels or classes for images/${file}; there is no labels/${base} and no classes/${base}`,
      "Draw them, or remove the image",
    );
  }
}

async function openSample(folder: Folder, name: string, file: string, drawn: ReadonlyMap<Drawing, Files>): Promise<DatasetSample> {
  const image = await openLazy(folder, "images", file);
  const sample: { -readonly [K in keyof DatasetSample]: DatasetSample[K] } = { name, image };
  for (const [drawing, files] of drawn) {
    const drawnFile = files.get(name);
    if (!drawnFile) continue;
    const path = `${drawing}/${drawnFile}`;
    const source = await openLazy(folder, drawing, drawnFile);
    if (source.width !== image.width || source.height !== image.height) {
      const sizes = `${path} is ${source.width}x${source.height}, images/${file} is ${image.width}x${image.height}`;
      throw refuse(folder, path, `an image and what is drawn on it to be of one size; ${sizes}`, "Export the drawing in the image's size");
    }
    if (source.channels.length !== 1) {
      const what = `one number a pixel in ${path}; it has ${source.channels.length} channels`;
      throw refuse(folder, path, what, "Save labels as a grey or palette image");
    }
    sample[drawing] = source;
  }
  return sample;
}

/** A source that was opened once to see what it is, and is opened again when it is read. */
async function openLazy(folder: Folder, kind: "images" | Drawing, file: string): Promise<ImageSource> {
  const name = `${folder.name}/${kind}/${file}`;
  const open = async (): Promise<ImageSource> => {
    const reader: ByteReader = await folder.open(kind, file);
    return openImage(reader, name, { palette: kind === "images" ? "colours" : "indices" });
  };
  const source = await open();
  source.dispose?.();
  return deferSource(source, open);
}

/** "a" of "a.png" and of "a.ome.tif". */
function baseName(file: string): string {
  return file.replace(/(\.ome)?\.[^.]+$/i, "");
}

/** Files that systems leave behind. */
function isLitter(file: string): boolean {
  return file.startsWith(".") || /^(thumbs\.db|desktop\.ini)$/i.test(file);
}

function refuse(folder: Folder, file: string, expected: string, advice: string): Problem {
  return new Problem("InvalidData", `Expected ${expected}. ${advice}.`, { path: `${folder.name}/${file}`, reason: expected });
}
