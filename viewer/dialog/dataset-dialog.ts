// Asks for a dataset: a zip, or a folder, which is zipped here, since that is the form in which a plugin takes it.

import { isDatasetFolder } from "../../core/source/dataset-files.ts";
import { openZipFolder } from "../../core/source/folder.ts";
import { writeZip } from "../../core/source/zip.ts";
import { pickFiles } from "../command/attempt.ts";
import { html } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { Dialogs } from "./dialogs.ts";

/** The dataset as a zip; undefined when the user gives none. Whether it is whole is looked at where it is read. */
export async function askDataset(dialogs: Dialogs): Promise<Blob | undefined> {
  const way = await dialogs.open<"folder" | "zip">("Train from a dataset", (close) => {
    const choice = (kind: "folder" | "zip", title: string) =>
      html`<button class="choice" data-dataset=${kind} @click=${() => close(kind)}>${icon(kind === "folder" ? "folder" : "boxes")}<span>${title}</span></button>`;
    return html`<div class="dialog-body">
      <p class="hint">A dataset holds images/ and labels/ (a number for each object, 0 is background) or classes/, and may hold ignore/. Files that belong together have the same name.</p>
      ${choice("folder", "Choose a folder")}${choice("zip", "Choose a zip")}
    </div>`;
  });
  if (way === "zip") return (await pickFiles(".zip", false))[0];
  if (way === undefined) return undefined;
  const files = await pickFolder();
  return files && zipDataset(files);
}

/** True for a zip that holds a dataset: images/, at its top or in one folder. */
export async function isDatasetZip(file: Blob): Promise<boolean> {
  try {
    const folder = openZipFolder(new Uint8Array(await file.arrayBuffer()), "the zip");
    return (await folder.list("images")) !== undefined;
  } catch {
    return false; // whoever reads it as something else says what is wrong
  }
}

/** The dataset in a folder, as a zip; undefined where neither it nor the one folder in it has images/. */
export async function zipDatasetFolder(folder: FileSystemDirectoryHandle): Promise<Blob | undefined> {
  if (await hasImages(folder)) return zipDataset(await readSubFolders(folder, ""));
  let only: FileSystemDirectoryHandle | undefined;
  for await (const entry of folder.values()) {
    if (entry.kind !== "directory") continue;
    if (only !== undefined) return undefined; // an OME-Zarr has many
    only = entry;
  }
  return only !== undefined && (await hasImages(only)) ? zipDataset(await readSubFolders(only, "")) : undefined;
}

function hasImages(folder: FileSystemDirectoryHandle): Promise<boolean> {
  return folder.getDirectoryHandle("images").then(
    () => true,
    () => false,
  );
}

interface Found {
  /** From the chosen folder: "images/a.tif", or "set/images/a.tif" where one folder lies around everything. */
  readonly path: string;
  readonly file: File;
}

/** The files of folders that a dataset has, as a zip. */
async function zipDataset(found: readonly Found[]): Promise<Blob> {
  const files = found.filter(({ path }) => isDatasetFolder(path.split("/").at(-2) ?? "") && path.split("/").length <= 3);
  const entries = files.map(async ({ path, file }) => ({ name: path, data: new Uint8Array(await file.arrayBuffer()), compress: false }));
  return new Blob([writeZip(await Promise.all(entries)) as BlobPart], { type: "application/zip" });
}

type FolderPicker = () => Promise<FileSystemDirectoryHandle>;

/** The files of a folder that the user chooses; undefined when he dismisses the dialog. */
async function pickFolder(): Promise<Found[] | undefined> {
  const pick = (globalThis as { showDirectoryPicker?: FolderPicker }).showDirectoryPicker;
  if (pick) return readFolder(await pick.call(globalThis));
  const files = await pickFiles("", true, true);
  return files.length === 0 ? undefined : files.map((file) => ({ path: file.webkitRelativePath.replace(/^[^/]*\//, ""), file }));
}

/** The files of sub-folders, and of theirs where the folder has no images/ itself. */
async function readFolder(top: FileSystemDirectoryHandle): Promise<Found[]> {
  const found = await readSubFolders(top, "");
  if (found.some(({ path }) => path.startsWith("images/"))) return found;
  for await (const entry of top.values()) if (entry.kind === "directory") found.push(...(await readSubFolders(entry, `${entry.name}/`)));
  return found;
}

async function readSubFolders(folder: FileSystemDirectoryHandle, prefix: string): Promise<Found[]> {
  const found: Found[] = [];
  for await (const inner of folder.values()) {
    if (inner.kind !== "directory" || !isDatasetFolder(inner.name)) continue;
    for await (const entry of inner.values())
      if (entry.kind === "file") found.push({ path: `${prefix}${inner.name}/${entry.name}`, file: await entry.getFile() });
  }
  return found;
}
