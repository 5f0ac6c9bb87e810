// A folder as a dataset needs it: names in a sub-folder, and the bytes of a file. On disk (node-file.ts) or in a zip (here).

import type { ByteReader } from "./bytes.ts";
import { readZip } from "./zip.ts";
import { createZipReader } from "./zip-reader.ts";

export interface Folder {
  readonly name: string;
  /** Names of the folders in it, or in one of its folders. */
  folders(folder?: string): Promise<readonly string[]>;
  /** Names of the files in `folder`; undefined when there is no such folder. */
  list(folder: string): Promise<readonly string[] | undefined>;
  open(folder: string, file: string): Promise<ByteReader>;
}

/**
 * The folder in a zip. Where everything lies in one top folder, that one is taken. Resource forks of macOS are left out.
 * Throws Problem InvalidData for a zip that is broken or does not look safe.
 */
export function openZipFolder(bytes: Uint8Array, name: string): Folder {
  const zip = readZip(bytes, { kind: "InvalidData", path: name });
  const names = zip.names.filter((entry) => !entry.startsWith("__MACOSX/"));
  const top = findTop(names);
  return {
    name,
    async folders(folder) {
      const prefix = folder === undefined ? top : `${top}${folder}/`;
      const below = names.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
      return [...new Set(below.filter((entry) => entry.includes("/")).map((entry) => entry.slice(0, entry.indexOf("/"))))];
    },
    async list(folder) {
      const prefix = `${top}${folder}/`;
      const files = names.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length));
      return files.length > 0 ? files.filter((file) => !file.includes("/")) : undefined;
    },
    open: async (folder, file) => createZipReader(zip, `${top}${folder}/${file}`),
  };
}

/** "set/" when `images/` lies in the one folder "set"; "" when it lies at the top. */
function findTop(names: readonly string[]): string {
  if (names.some((name) => name.startsWith("images/"))) return "";
  const tops = new Set(names.filter((name) => name.includes("/images/")).map((name) => name.slice(0, name.indexOf("/") + 1)));
  // Without images/ the one folder around everything is looked into all the same: what is in it instead can then be told.
  if (tops.size === 0) for (const name of names) tops.add(name.slice(0, name.indexOf("/") + 1));
  const [top] = tops;
  return tops.size === 1 && top !== undefined ? top : "";
}
