// Which files of a dataset's folder belong together: base names in one Unicode form, what is no image left out, folders that are
// called otherwise than expected. Only names and first bytes are looked at; dataset.ts opens the images.

import { Problem } from "../problem.ts";
import type { Folder } from "./folder.ts";
import { isSystemFile } from "./zip-name.ts";

/** Images of a folder by base name, and the names of files that are none. */
export interface ListedFiles {
  readonly images: ReadonlyMap<string, string>;
  readonly leftOut: readonly string[];
  /** Folders in it, which are not looked into. */
  readonly folders: readonly string[];
}

/** The files in a sub-folder; undefined when there is no such folder. Throws Problem InvalidData for two images of one base name. */
export async function listImages(folder: Folder, name: string): Promise<ListedFiles | undefined> {
  const listed = await folder.list(name);
  if (!listed) return undefined;
  const images = new Map<string, string>();
  const leftOut: string[] = [];
  for (const file of listed.filter((file) => !isSystemFile(file)).sort()) {
    if (!(await isImage(folder, name, file))) {
      leftOut.push(file);
      continue;
    }
    const base = baseNameOf(file);
    const twin = images.get(base);
    if (twin !== undefined)
      throw refuseFile(
        folder,
        `${name}/${file}`,
        `one file of a base name in ${name}/; ${twin} and ${file} have the same`,
        "Rename one of them",
      );
    images.set(base, file);
  }
  const folders = (await folder.folders(name)).filter((inner) => !isSystemFile(inner)).sort();
  return { images, leftOut, folders };
}

/**
 * "a" of "a.png", "a.ome.tif" and "a.zarr.zip", in Unicode's composed form (NFC): macOS writes names decomposed, and both look alike.
 */
function baseNameOf(file: string): string {
  return file
    .replace(/\.[^.]+$/, "")
    .replace(/\.(ome\.zarr|ome|zarr)$/i, "")
    .normalize("NFC");
}

/** The sentence about files that are no images; undefined where there are none. */
export function describeLeftOut(leftOut: readonly string[]): string | undefined {
  if (leftOut.length === 0) return undefined;
  const shown = leftOut.slice(0, mostNamed).join(", ");
  const more = leftOut.length > mostNamed ? ` and ${leftOut.length - mostNamed} more` : "";
  return leftOut.length === 1
    ? `Left out: ${shown}, which is no image.`
    : `Left out: ${leftOut.length} files that are no images (${shown}${more}).`;
}

const mostNamed = 4;

/** The sentence about folders within images/ and its like, of which nothing is read; undefined where there are none. */
export function describeInner(folders: readonly string[]): string | undefined {
  if (folders.length === 0) return undefined;
  const shown = folders
    .slice(0, mostNamed)
    .map((name) => `${name}/`)
    .join(", ");
  const more = folders.length > mostNamed ? ` and ${folders.length - mostNamed} more` : "";
  return `Left out: what lies in ${shown}${more}. Put files into images/, labels/ or classes/ themselves to have them read.`;
}

/** File names of outlines and arrays that come in place of label images. */
const drawn: readonly (readonly [RegExp, string, string])[] = [
  [
    /\.(geojson|roi|zip)$/i,
    "outlines (GeoJSON, ROIs of ImageJ)",
    "Fill them with one number an object in the program that wrote them, and save that as label images",
  ],
  [/\.json$/i, "JSON texts (as of labelme, COCO, QuPath)", "Export label images from the program that wrote them"],
  [/\.txt$/i, "texts (as of YOLO)", "Export label images from the program that wrote them"],
  [/\.np[yz]$/i, "arrays of numpy", "Save each as an image, in Python: tifffile.imwrite(name, array.astype('uint16'))"],
  [/\.xml$/i, "XML texts (as of CVAT, Pascal VOC)", "Export label images from the program that wrote them"],
  [/\.csv$/i, "tables", "Export label images from the program that wrote them"],
];

/** Advises on drawings that are not images, where a dataset has no others: names them and how to make label images of them. */
export function adviseDrawings(leftOut: readonly string[]): string | undefined {
  const known = drawn.find(([pattern]) => leftOut.some((file) => pattern.test(file)));
  if (known === undefined) return undefined;
  const [pattern, what, advice] = known;
  return `There are ${what}, such as ${leftOut.find((file) => pattern.test(file))}, which are no label images. ${advice}`;
}

/** The Problem of a dataset without images/, which names a folder that may be it, or several datasets in folders of their own. */
export async function createNoImages(folder: Folder): Promise<Problem<"InvalidData">> {
  const inner: string[] = [];
  for (const name of await folder.folders()) if (await folder.list(`${name}/images`)) inner.push(`${name}/`);
  const masked: string[] = [];
  for (const name of inner) if (((await folder.list(`${name}masks`))?.length ?? 0) > 0) masked.push(name);
  if (masked.length > 0) throw createMasked(folder, masked.sort()[0]!, masked.length);
  const alike: string[] = [];
  for (const name of await listAlike(folder, "images"))
    if ((await folder.list(name))?.some((file) => !isSystemFile(file))) alike.push(name);
  const has =
    inner.length > 1
      ? `no images/, but ${inner.length} datasets, in ${inner.sort().slice(0, mostNamed).join(", ")}. Give one of them alone.`
      : alike.length === 0
        ? "no images/. Put the images there."
        : `no images/, but ${joinFolders(alike)} images/.`;
  return new Problem("InvalidData", `${expected}; in ${folder.name} it has ${has}`, { path: folder.name, reason: "no images" });
}

/** The Problem of one folder an image, with a mask for each object (Data Science Bowl 2018). */
function createMasked({ name }: Folder, first: string, count: number): Problem<"InvalidData"> {
  const has = `${count} folder${count === 1 ? "" : "s"} with images/ and masks/, such as ${first}: one folder an image, one mask an object`;
  const advice = 'The script under "One folder an image" in docs/formats.md joins the masks of each into one label image';
  return new Problem("InvalidData", `${expected}; ${name} has ${has}. ${advice}.`, { path: name, reason: "one folder an image" });
}

/**
 * Throws Problem InvalidData for a dataset without labels/ and classes/ where another folder may be that, by its name or since it has files
 * named like the images: which of both cannot be told.
 */
export async function assertNotRenamed(folder: Folder, images: ReadonlyMap<string, string>): Promise<void> {
  const named = await listAlike(folder, "drawings");
  const alike = named.length > 0 ? named : await listMatching(folder, images);
  if (alike.length === 0) return;
  const advice = "labels/ where each object has a number of its own, or classes/ where numbers are classes (also black and white)";
  const message = `${expected}; in ${folder.name} beside images/ it has ${joinFolders(alike)} ${advice}.`;
  throw new Problem("InvalidData", message, { path: folder.name, reason: "no labels and no classes" });
}

const expected = "Expected a dataset with images/ and labels/ or classes/";

async function listAlike(folder: Folder, missing: keyof typeof alikes): Promise<readonly string[]> {
  return (await folder.folders()).filter((name) => !known.includes(name) && alikes[missing].test(name)).sort();
}

/** Other folders with a picture that is named like an image. */
async function listMatching(folder: Folder, images: ReadonlyMap<string, string>): Promise<readonly string[]> {
  const matching: string[] = [];
  for (const name of await folder.folders()) {
    if (known.includes(name) || isSystemFile(name)) continue;
    const files = (await folder.list(name)) ?? [];
    if (files.some((file) => pictureNames.test(file) && images.has(baseNameOf(file)))) matching.push(name);
  }
  return matching.sort();
}

/** The image that a drawing belongs to whose name has more than the image's: "c0" of "c0_mask", "c0-labels" and "mask_c0". */
export function findKin(base: string, images: ReadonlyMap<string, string>): string | undefined {
  const kin = [...images.keys()].filter((image) => {
    const rest = base.startsWith(image) ? base.slice(image.length) : base.endsWith(image) ? base.slice(0, -image.length) : "";
    return /^[ ._-]+[a-z_-]+$|^[a-z_-]+[ ._-]+$/i.test(rest);
  });
  return kin.sort((a, b) => b.length - a.length)[0];
}

function joinFolders(names: readonly string[]): string {
  return `${names.map((name) => `${name}/`).join(" and ")}. Call ${names.length === 1 ? "it" : "one of them"}`;
}

const known: readonly string[] = ["images", "labels", "classes", "ignore"];

/** Names of folders that others give to the same. */
const alikes = {
  images: /^(images?|imgs?|raw|inputs?|photos?|pictures?|data|x)([^a-z].*)?$/i,
  drawings:
    /^(.*[^a-z])?(masks?|labels?|classes|class|annotations?|annot|seg|segs|segmentations?|gt|ground_?truths?|truths?|targets?|instances?|semantic|y)([^a-z].*)?$/i,
} as const;

/** True for a folder that a dataset may have, also where it is called as others call it: worth handing on. */
export function isDatasetFolder(name: string): boolean {
  return known.includes(name) || alikes.images.test(name) || alikes.drawings.test(name);
}

/** A Problem about one file. */
export function refuseFile(folder: Folder, file: string, expected: string, advice: string): Problem<"InvalidData"> {
  return new Problem("InvalidData", `Expected ${expected}. ${advice}.`, { path: `${folder.name}/${file}`, reason: expected });
}

/** Names that stand for pictures, also of formats that are not read: who put them there meant an image. */
const pictureNames =
  /\.(png|tiff?|jpe?g|jfif|svs|btf|bmp|gif|webp|jp2|j2k|jxl|avif|heic|czi|nd2|lif|lsm|stk|oi[bf]|ims|vsi|ndpi|mrxs|scn|dcm|nii|mhd|nrrd|p[bgnp]m|tga|zvi|mrc|dm[34]|zarr\.zip)$/i;

/** True for a picture by its name, and for any other file that begins as one. */
async function isImage(folder: Folder, name: string, file: string): Promise<boolean> {
  if (pictureNames.test(file)) return true;
  const reader = await folder.open(name, file);
  try {
    const head = await reader.read(0, Math.min(8, reader.size));
    return startsAs(head, [0x89, 0x50, 0x4e, 0x47]) || startsAs(head, [0xff, 0xd8, 0xff]) || isTiffHead(head);
  } finally {
    await reader.dispose?.();
  }
}

function isTiffHead(head: Uint8Array): boolean {
  return [42, 43].some((version) => startsAs(head, [0x49, 0x49, version, 0]) || startsAs(head, [0x4d, 0x4d, 0, version]));
}

function startsAs(head: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, at) => head[at] === byte);
}
