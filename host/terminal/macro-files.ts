// How a macro in a terminal reaches files: open looks at an image and leaves its pixels where they are, saveAs writes whole
// files and never over what is there unasked.

import { basename, resolve } from "node:path";
import type { TypedArray } from "../../core/array/raster.ts";
import { toLabelImage } from "../../core/label/check.ts";
import { Problem } from "../../core/problem.ts";
import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";
import { writePng } from "../../core/source/write-png.ts";
import type { HostImage, Pixels } from "../../plugin/contract.ts";
import type { Library } from "../../plugin/library/library.ts";
import type { HostFiles } from "../host.ts";
import { titleOfAddress } from "../images.ts";
import type { SaveKind } from "../macro/run.ts";
import { writeObjects } from "./object-files.ts";
import { assertFree, toTiff } from "./output.ts";

export interface MacroFilesOptions {
  readonly library: Library;
  readonly overwrite: boolean;
}

/** The files of one run of the program, which may be that of several images. Throws Problem MissingFile, UnsupportedImage, CannotWrite. */
export function createMacroFiles({ library, overwrite }: MacroFilesOptions): HostFiles {
  // What this run has read or written is not written over even when that is allowed: the result of one image would go.
  const used = new Set<string>();
  return {
    async open(path, signal) {
      const source = await openSource(path, { signal });
      source.dispose?.();
      if (!isAddress(path)) used.add(resolve(path));
      return { title: titleOf(path), image: path };
    },
    async save(kind, path, image, model) {
      if (used.has(resolve(path))) throw takenTwice(path);
      await assertFree(path, overwrite);
      const bytes = kind === "Model" ? await readArchive(library, model!) : await toBytes(kind, image!);
      await writeFileWhole(path, bytes);
      used.add(resolve(path));
    },
  };
}

/** The name of a path or address, as macros call the image by it. */
function titleOf(path: string): string {
  return isAddress(path) ? titleOfAddress(new URL(path)) : basename(path);
}

function isAddress(path: string): boolean {
  return /^https?:\/\//i.test(path);
}

async function readArchive(library: Library, model: string): Promise<Uint8Array> {
  return new Uint8Array(await (await library.export(model)).arrayBuffer());
}

async function toBytes(kind: Exclude<SaveKind, "Model">, { title, image }: HostImage): Promise<Uint8Array> {
  const source = await openSource(image, { name: title });
  try {
    if (kind === "Tiff") return toTiff(await readStack(source));
    const { width, height, sizeT, sizeZ } = source;
    if (sizeT * sizeZ > 1) throw notWritten(kind, title, "it is a stack");
    const raster = await source.read({ y0: 0, x0: 0, y1: height, x1: width });
    if (kind === "PNG") return await writePng({ ...raster, data: narrow(raster.data) });
    return writeObjects(kind, toLabelImage(raster, title), source.pixelSizeUm);
  } finally {
    source.dispose?.();
  }
}

/** All pixels of an image, planes in the order t, z, c. */
async function readStack(source: ImageSource): Promise<Pixels> {
  const { width, height, sizeT, sizeZ, pixelSizeUm, channels } = source;
  const planes: TypedArray[] = [];
  for (let t = 0; t < sizeT; t++) {
    for (let z = 0; z < sizeZ; z++) {
      for (let c = 0; c < channels.length; c++) {
        planes.push((await source.read({ y0: 0, x0: 0, y1: height, x1: width, t, z, channels: [c] })).data);
      }
    }
  }
  const size = width * height;
  const data = new (planes[0]!.constructor as new (length: number) => TypedArray)(planes.length * size);
  for (const [i, plane] of planes.entries()) data.set(plane, i * size);
  const shape = [sizeT, sizeZ, channels.length, height, width];
  return { data, shape, axes: "tzcyx", ...(pixelSizeUm !== undefined && { pixelSizeUm }) };
}

/** A PNG holds 16 bits: labels with more are as they are where they fit. */
function narrow(data: TypedArray): TypedArray {
  return data instanceof Uint32Array && data.every((id) => id <= 0xffff) ? Uint16Array.from(data) : data;
}

function takenTwice(path: string): Problem {
  const message = `Each file must have a name of its own within a run; ${path} was read or written by it already. Put getTitle() into the name.`;
  return new Problem("CannotWrite", message, { path, reason: "taken" });
}

function notWritten(kind: SaveKind, title: string, reason: string): Problem {
  return new Problem("CannotWrite", `Expected an image that ${kind} can hold; of "${title}", ${reason}. Save it as Tiff.`, {
    path: title,
    reason,
  });
}
