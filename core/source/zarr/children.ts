// Zarr groups that are no image themselves: what lies in them that can be opened (plates, wells, lists of labels, plain groups).

import { Problem } from "../../problem.ts";
import type { ByteStore } from "./store.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The kind of a group, and the paths of images in it. */
export interface Children {
  readonly what: string;
  readonly paths: readonly string[];
}

/** Most children of a group that are looked at and named. */
const mostLookedAt = 64;
const mostNamed = 4;
/** Usual names of the children of a group, for stores that cannot list them (servers). */
const usual = ["0", "labels", "image", "images", "raw", "data", "1"];

/** The images in a group: by its own words, or else by looking; `isImage` says whether a path is one. */
export async function listChildren(
  store: Pick<ByteStore, "folders">,
  { attributes }: { readonly attributes: Fields },
  isImage: (path: string) => Promise<boolean>,
): Promise<Children> {
  const { plate, well, labels } = attributes;
  const pick = async (paths: readonly string[]): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const path of paths.slice(0, mostLookedAt)) if (found.length < mostNamed && (await isImage(path))) found.push(path);
    return found;
  };
  if (plate !== undefined) {
    const wells = listPaths((plate as Fields | null)?.["wells"], "path");
    const paths = await pick(wells.map((path) => `${path}/0`));
    return { what: "a plate of many images", paths: paths.length > 0 || wells.length > 0 ? paths : ["A/1/0"] };
  }
  if (well !== undefined)
    return { what: "a well of several images", paths: await pick(listPaths((well as Fields | null)?.["images"], "path")) };
  if (Array.isArray(labels)) return { what: "a list of label images", paths: await pick(listPaths(labels)) };
  const what = "a Zarr group without an image (no multiscales)";
  return { what, paths: await pick((await store.folders?.()) ?? usual) };
}

function listPaths(list: unknown, key?: string): readonly string[] {
  if (!Array.isArray(list)) return [];
  const values: unknown[] = key === undefined ? list : list.map((item) => (item as Fields | null)?.[key]);
  return values.filter((path): path is string => typeof path === "string" && /^[^\\:?#\0]+$/.test(path) && !/(^|\/)\.*(\/|$)/.test(path));
}

/** The Problem of a group, with what can be opened in its place. */
export function createNoImage(name: string, { what, paths }: Children): Problem<"UnsupportedImage"> {
  const base = name.replace(/\/$/, "");
  const advice =
    paths.length === 0
      ? "Open the folder of an image in it, or write it as OME-Zarr 0.4 or 0.5."
      : `Open ${paths.length === 1 ? "" : "one of "}${paths.map((path) => `${base}/${path}`).join(", ")}.`;
  const message = `Expected an OME-Zarr image; ${name} is ${what}. ${advice}`;
  return new Problem("UnsupportedImage", message, { path: name, reason: what });
}
