// Drag and drop: files and folders (OME-Zarr) dropped anywhere are opened. A large file is not read here; its reader takes the parts it needs.

import type { Actions } from "../command/actions.ts";

/** Accepts drops on `root` until the returned function is called. */
export function acceptDrops(root: HTMLElement, actions: Actions): () => void {
  const over = (event: DragEvent): void => {
    if (![...(event.dataTransfer?.types ?? [])].some((type) => type === "Files" || type === "text/uri-list")) return;
    event.preventDefault();
    root.dataset["drop"] = "true";
  };
  const leave = (event: DragEvent): void => {
    if (event.relatedTarget === null) delete root.dataset["drop"];
  };
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    delete root.dataset["drop"];
    // Asked for at once: what was dropped is gone after this event.
    const items = [...(event.dataTransfer?.items ?? [])] as (DataTransferItem & {
      getAsFileSystemHandle?(): Promise<FileSystemDirectoryHandle>;
    })[];
    const folders = items.filter((item) => item.kind === "file" && item.webkitGetAsEntry()?.isDirectory === true);
    for (const item of folders) void actions.openFolder(item.getAsFileSystemHandle?.());
    const files = folders.length > 0 ? [] : [...(event.dataTransfer?.files ?? [])];
    const url = event.dataTransfer?.getData("text/uri-list").split("\n")[0]?.trim();
    if (files.length > 0) void actions.openBlobs(files);
    else if (url && /^https?:/.test(url)) void actions.openUrl(url);
  };
  addEventListener("dragover", over);
  addEventListener("dragleave", leave);
  addEventListener("drop", drop);
  return () => {
    removeEventListener("dragover", over);
    removeEventListener("dragleave", leave);
    removeEventListener("drop", drop);
  };
}
