// Archives that are no models of ours: where the description lies in a zip that was packed anew, what another program has made,
// and what the user can do with it. Nothing of another program's weights is ever read.

import { Problem } from "../problem.ts";
import type { ZipArchive } from "../source/zip.ts";
import { quoteName } from "../source/zip-directory.ts";
import { isSystemFile } from "../source/zip-name.ts";
import type { Fields } from "./read-fields.ts";

/**
 * The archive as seen from the folder that the description `name` lies in: the top, or the one folder that everything was wrapped
 * into. Throws Problem InvalidModel for what is known to be something else.
 */
export function findDescription(zip: ZipArchive, name: string, path?: string): ZipArchive {
  if (zip.has(name)) return zip;
  const files = zip.names.filter((file) => !isSystemFile(file));
  const found = files.filter((file) => file.endsWith(`/${name}`) && file.split("/").length === 2);
  const refuse = (what: string): Problem<"InvalidModel"> => createNoModel(what, path);
  if (found.length > 1) throw refuse(`holds ${found.length} models, each in a folder of its own. Unpack it, and zip one.`);
  const [only] = found;
  if (only !== undefined) return viewFolder(zip, only.slice(0, -name.length));
  const inner = files.find((file) => /\.zip$/i.test(file));
  if (inner !== undefined && files.length === 1) throw refuse(`holds another zip, ${quoteName(inner)}. Unpack it first, and use that one.`);
  if (files.some((file) => /(^|\/)images\/./.test(file))) throw refuse("is a dataset, no model. Train on it, which makes a model.");
  const other = nameForeignArchive(files);
  if (other !== undefined) throw createForeignProblem(other, path);
  throw refuse(describeOthers(files, zip.names, name));
}

/** The Problem of a zip that holds no model. `what` ends the sentence, and says what to do. */
function createNoModel(what: string, path?: string): Problem<"InvalidModel"> {
  const message = `Expected a model that Overtile wrote; ${path ?? "the file"} cannot be used: it ${what}`;
  const reason = `it ${what}`;
  return new Problem("InvalidModel", message, path === undefined ? { reason } : { reason, path });
}

function describeOthers(files: readonly string[], all: readonly string[], name: string): string {
  if (files.length > 0 && files.every((file) => /\.roi$/i.test(file)))
    return `holds ${files.length} outlines of ImageJ, no model. Open it in ImageJ's ROI Manager, and choose the archive of a model here.`;
  if (all.some((file) => /(^|\/)(zarr\.json|\.zgroup|\.zarray|\.zattrs)$/.test(file)))
    return "is an image (OME-Zarr), no model. Open it as an image.";
  if (files.length === 0) return "holds nothing. Get or save the file again.";
  const more = files.length > 1 ? ` and ${files.length - 1} more` : "";
  return `has no file ${quoteName(name)}, but ${quoteName(files[0]!)}${more}: no model, no dataset (images/), no OME-Zarr. Choose another file.`;
}

function viewFolder(zip: ZipArchive, folder: string): ZipArchive {
  return {
    names: zip.names.filter((name) => name.startsWith(folder)).map((name) => name.slice(folder.length)),
    has: (name) => zip.has(folder + name),
    sizeOf: (name) => zip.sizeOf(folder + name),
    read: (name, most) => zip.read(folder + name, most),
    readHead: (name, length) => zip.readHead(folder + name, length),
  };
}

/** The Problem of a model that another program has made. `what`: it and its weights, in words. */
export function createForeignProblem(what: string, path?: string): Problem<"InvalidModel"> {
  const message =
    `Expected a model that Overtile wrote; ${path ?? "the file"} was ${what}. Its weights are not read; those of archives that Overtile ` +
    "exported are. To get one, train here on images and labels, for instance on labels that the other program makes.";
  return new Problem("InvalidModel", message, path === undefined ? { reason: what } : { reason: what, path });
}

/** The weights that the description of another program names: "made by another program (bioimage.io 0.4.9), with weights as onnx". */
export function describeForeignWeights({ format_version: version, weights }: Fields): string {
  const formats = typeof weights === "object" && weights !== null ? Object.keys(weights).filter((format) => /^\w{1,40}$/.test(format)) : [];
  const format = typeof version === "string" && /^[\d.]{1,12}$/.test(version) ? ` (bioimage.io ${version})` : "";
  return `made by another program${format}, with ${formats.length === 0 ? "no weights" : `weights as ${formats.slice(0, 4).join(", ")}`}`;
}

/** Names the program or format of a zip that has no description of a model; undefined when it is unknown. */
function nameForeignArchive(files: readonly string[]): string | undefined {
  const has = (pattern: RegExp): boolean => files.some((file) => pattern.test(file));
  if (has(/(^|\/)(bioimageio|model)\.ya?ml$/i)) return "made by another program (bioimage.io)";
  if (has(/(^|\/)data\.pkl$/)) return "made by another program (PyTorch)";
  if (has(/\.(h5|keras)$/i) || has(/(^|\/)(config|thresholds)\.json$/)) return "made by another program (Keras, StarDist or the like)";
  if (has(/\.(pt|pth|onnx|pb)$/i)) return "made by another program";
  return undefined;
}

/** Names the format of a file that is not a zip, by its first bytes; undefined when it is unknown. */
export function nameForeignFile(bytes: Uint8Array): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 8));
  if (head.startsWith("\x89HDF")) return "made by another program (an HDF5 file, as of Keras or Caffe)";
  return head.startsWith("\x80\x02") ? "made by another program (PyTorch)" : undefined;
}
