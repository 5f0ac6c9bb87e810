// The image's own OME-Zarr group as the place of its labels: labels/NAME, and the list of labels, which is replaced whole. Nothing
// else of the image is touched. Specification: https://ngff.openmicroscopy.org (0.4 and 0.5, "labels").

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { assertName } from "../../core/model/model.ts";
import { Problem } from "../../core/problem.ts";
import { type NgffVersion, readJson, writeJson } from "../../core/sink/zarr.ts";
import { createChunkFolder } from "./chunk-folder.ts";

export interface ImageGroup {
  readonly path: string;
  readonly version: NgffVersion;
  /** Levels of the image's pyramid: its labels have as many. */
  readonly levels: number;
}

interface OmeAttributes {
  readonly multiscales?: readonly { readonly datasets?: readonly unknown[] }[];
  readonly labels?: readonly string[];
}

/** The group of an image in a folder; the first one where bioformats2raw wrote several. Throws Problem InvalidParameter for any other image. */
export async function findImageGroup(image: string): Promise<ImageGroup> {
  for (const path of [image, join(image, "0")]) {
    const isFolder = await stat(path).then((found) => found.isDirectory()).catch(() => false); // biome-ignore format: one thought
    if (!isFolder) break;
    const store = createChunkFolder(path);
    for (const version of ["0.5", "0.4"] as const) {
      const datasets = (await readAttributes(store, "", version))?.multiscales?.[0]?.datasets;
      const levels = Array.isArray(datasets) ? datasets.length : undefined;
      if (levels !== undefined) return { path, version, levels };
    }
  }
  throw new Problem(
    "InvalidParameter",
    `"in_image" must be used with an image that is an OME-Zarr folder (0.4 or 0.5) of this computer; ${image} is none. Leave it out: labels are written beside.`,
    { parameter: "in_image", value: image },
  );
}

/** Where labels of this name lie. Throws Problem InvalidParameter for a name that is none. */
export function labelsPath({ path }: Pick<ImageGroup, "path">, name: string): string {
  assertName(name);
  if (!/[/\\]|^\./.test(name)) return join(path, "labels", name);
  throw new Problem("InvalidParameter", `"in_image" must be a name without slashes that begins with no dot; got "${name}". Use nuclei.`, {
    parameter: "in_image",
    value: name,
    nearest: ["nuclei"],
  });
}

/** Adds a name to the list of the image's labels, where it is not there yet. Throws Problem CannotWrite. */
export async function listLabels({ path, version }: ImageGroup, name: string): Promise<void> {
  const store = createChunkFolder(path);
  const known = (await readAttributes(store, "labels/", version)) ?? {};
  const labels = Array.isArray(known.labels) ? (known.labels as readonly string[]) : [];
  if (labels.includes(name)) return;
  const listed = { ...known, labels: [...labels, name] };
  if (version === "0.5") {
    const attributes = { ...((await readGroup(store, "labels/"))?.attributes ?? {}), ome: { version, ...listed } };
    return writeJson(store, "labels/zarr.json", { zarr_format: 3, node_type: "group", attributes });
  }
  await writeJson(store, "labels/.zgroup", { zarr_format: 2 });
  return writeJson(store, "labels/.zattrs", listed);
}

type Store = ReturnType<typeof createChunkFolder>;

async function readGroup(store: Store, prefix: string): Promise<{ readonly attributes?: { readonly ome?: OmeAttributes } } | undefined> {
  return asObject(await readJson(store, `${prefix}zarr.json`));
}

/** JSON of others: what is no object says nothing. */
function asObject<T extends object>(json: unknown): T | undefined {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as T) : undefined;
}

async function readAttributes(store: Store, prefix: string, version: NgffVersion): Promise<OmeAttributes | undefined> {
  if (version === "0.5") return (await readGroup(store, prefix))?.attributes?.ome;
  return asObject<OmeAttributes>(await readJson(store, `${prefix}.zattrs`));
}
