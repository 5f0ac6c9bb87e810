// A dataset: images with what was drawn on them. A folder or zip with `images/`, `labels/` (instances, 0 = background) or
// `classes/` (class numbers), and optional `ignore/` (non-zero = does not count), matched by base name (CONTRACT.md, Values).
// Opening looks at every file's size and kind; pixels are read when asked for. Which files belong together: dataset-files.ts.

import { assertExact } from "../label/smoothing.ts";
import { Problem } from "../problem.ts";
import { type ByteReader, createBlobReader } from "./bytes.ts";
import {
  adviseDrawings,
  assertNotRenamed,
  createNoImages,
  describeInner,
  describeLeftOut,
  findKin,
  type ListedFiles,
  listImages,
  refuseFile,
} from "./dataset-files.ts";
import { type DownloadOptions, download, isAddress, largestArchiveBytes } from "./download.ts";
import { type Folder, openZipFolder } from "./folder.ts";
import { readAsGrey } from "./grey-source.ts";
import { openImage } from "./open.ts";
import { deferSource } from "./raster-source.ts";
import type { ImageSource } from "./source.ts";
import { judgeZip, readZipWhole } from "./zip-file.ts";

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
  /** Hears what is left out. */
  readonly tell?: ((notice: string) => void) | undefined;
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
  const { signal, tell = () => {} } = options;
  const folder = await openFolder(input, options);
  const listed = await listImages(folder, "images");
  if (!listed) throw await createNoImages(folder);
  const images = listed.images;
  const leftOut = listed.leftOut.map((file) => `images/${file}`);
  const inner = listed.folders.map((name) => `images/${name}`);
  const drawn = new Map<Drawing, Files>();
  for (const drawing of drawings) {
    const files: ListedFiles | undefined = await listImages(folder, drawing);
    if (files) drawn.set(drawing, files.images);
    leftOut.push(...(files?.leftOut ?? []).map((file) => `${drawing}/${file}`));
    inner.push(...(files?.folders ?? []).map((name) => `${drawing}/${name}`));
  }
  const notices = [describeLeftOut(leftOut), describeInner(inner)].filter((one) => one !== undefined);
  const notice = notices.length === 0 ? undefined : notices.join(" ");
  if (images.size === 0) throw noImages(folder, (await findSplit(folder)) ?? notice);
  const hasDrawings = [drawn.get("labels"), drawn.get("classes")].some((files) => files !== undefined && files.size > 0);
  if (!drawn.has("labels") && !drawn.has("classes")) await assertNotRenamed(folder, images);
  const advice = hasDrawings ? undefined : adviseDrawings(leftOut);
  if (advice !== undefined) throw createNoLabels(folder, advice);
  assertPairs(folder, images, drawn, notice);
  for (const one of notices) tell(one);
  const samples: DatasetSample[] = [];
  for (const name of [...images.keys()].sort()) {
    signal?.throwIfAborted();
    samples.push(await openSample(folder, name, images.get(name)!, drawn));
  }
  return samples;
}

/** Advises on a dataset that is split within its folders (`images/train/`); undefined for others. */
async function findSplit(folder: Folder): Promise<string | undefined> {
  for (const part of ["train", "training", "val", "valid", "validation", "test"]) {
    if ((await folder.list(`images/${part}`)) === undefined) continue;
    return `Those in images/${part}/ are not read: give ${part}/ folders images/ and labels/ of its own, and train on ${part}/.`;
  }
  return undefined;
}

function createNoLabels({ name }: Folder, advice: string): Problem {
  const message = `Expected a dataset with images/ and labels/ or classes/; in ${name} there are no label images (PNG or TIFF). ${advice}.`;
  return new Problem("InvalidData", message, { path: name, reason: "no labels and no classes" });
}

function noImages(folder: Folder, notice = ""): Problem {
  const message = `Expected a dataset with images/ and labels/ or classes/; in ${folder.name} its images/ is empty. Put the images there. ${notice}`;
  return new Problem("InvalidData", message.trim(), { path: folder.name, reason: "no images" });
}

async function openFolder(input: string | Uint8Array | Blob | Folder, { signal, onBytes }: DatasetOptions): Promise<Folder> {
  if (input instanceof Uint8Array) return openZipFolder(input, "the dataset");
  if (input instanceof Blob) return openZipFolder(await readZipWhole(createBlobReader(input), "the dataset", signal), "the dataset");
  if (typeof input !== "string") return input;
  if (isAddress(input)) {
    const bytes = await download(input, { what: "a dataset (a zip)", most: largestArchiveBytes, signal, onBytes, judge: judgeZip(input) });
    return openZipFolder(bytes, input);
  }
  const { isNodeFolder, openDatasetFolder, openFileReader } = await import("./node-file.ts");
  if (await isNodeFolder(input)) return openDatasetFolder(input);
  const reader = await openFileReader(input);
  try {
    return openZipFolder(await readZipWhole(reader, input, signal), input);
  } finally {
    await reader.dispose?.();
  }
}

/** `notice`: what was left out, which may be what is missing. */
function assertPairs(folder: Folder, images: Files, drawn: ReadonlyMap<Drawing, Files>, notice: string | undefined): void {
  const also = notice === undefined ? "" : `. ${notice.replace(/\.$/, "")}`;
  for (const [drawing, files] of drawn) {
    for (const [base, file] of files) {
      if (images.has(base)) continue;
      const kin = findKin(base, images);
      const advice =
        kin === undefined ? `Add the image, or remove the file${also}` : `Call it ${kin}${file.slice(file.lastIndexOf("."))}, as its image`;
      throw refuseFile(folder, `${drawing}/${file}`, `an image for ${drawing}/${file}; images/ has none named ${base}`, advice);
    }
  }
  for (const [base, file] of images) {
    if (drawn.get("labels")?.has(base) || drawn.get("classes")?.has(base)) continue;
    throw refuseFile(
      folder,
      `images/${file}`,
      `labels or classes for images/${file}; there is no labels/${base} and no classes/${base}`,
      `Draw them, or remove the image${also}`,
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
    const opened = await openLazy(folder, drawing, drawnFile);
    const source = drawing === "ignore" ? opened : readAsGrey(opened);
    assertExact(drawing === "ignore" ? "ignored pixels" : drawing, source, path);
    if (source.width !== image.width || source.height !== image.height) {
      const sizes = `${path} is ${source.width}x${source.height}, images/${file} is ${image.width}x${image.height}`;
      throw refuseFile(
        folder,
        path,
        `an image and what is drawn on it to be of one size; ${sizes}`,
        source.width === image.height && source.height === image.width
          ? "One of them is turned by 90 degrees: turn the drawing as the image is seen, which may be as its file says (EXIF)"
          : "Export the drawing in the image's size",
      );
    }
    if (source.channels.length !== 1) {
      const what = `one number a pixel in ${path}; it has ${source.channels.length} channels`;
      throw refuseFile(
        folder,
        path,
        what,
        "Save the numbers themselves as a grey or palette image; colours made grey are no numbers of objects",
      );
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
