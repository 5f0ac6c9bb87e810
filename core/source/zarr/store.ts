// Where the bytes of a Zarr hierarchy come from: keys such as "0/c/1/2", and what lies under them. A folder, a zip, a list of files
// that a browser hands over, or an address (http-store.ts). A key that is not there is undefined; everything else that goes wrong
// is an error. Keys come from metadata, which others wrote: one that leaves the folder is refused.

import { Problem } from "../../problem.ts";
import { type ByteReader, createBlobReader, readWhole } from "../bytes.ts";
import { readZip } from "../zip.ts";
import { createZipReader } from "../zip-reader.ts";

/** A part of a value: from an offset, or its last bytes. */
export type KeyRange = { readonly offset: number; readonly length: number } | { readonly suffixLength: number };

export interface ByteStore {
  readonly name: string;
  /** True where each value is a request to a server. */
  readonly isDistant?: boolean;
  /** The value of a key; undefined when there is none. More than `most` bytes are an error. Must not be written to. */
  get(key: string, signal?: AbortSignal, most?: number): Promise<Uint8Array | undefined>;
  /** A part of a value: exactly as long as asked for. */
  getRange(key: string, range: KeyRange, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /** Names of the folders at its top, where the store can tell. */
  folders?(): Promise<readonly string[]>;
  dispose?(): void;
}

/** Values above this are refused. */
export const largestValueBytes = 2 ** 29;

/** A store over readers: `open` gives the reader of a key, undefined when there is none. */
export function createReaderStore(
  name: string,
  open: (key: string) => Promise<ByteReader | undefined>,
  folders?: () => Promise<readonly string[]>,
): ByteStore {
  const openKey = (key: string): Promise<ByteReader | undefined> => {
    assertKey(key, name);
    return open(key);
  };
  return {
    name,
    ...(folders && { folders }),
    async get(key, signal, most = largestValueBytes) {
      const reader = await openKey(key);
      if (!reader) return undefined;
      if (reader.size > most) throw new Error(`${key} has ${reader.size} bytes; the most is ${most}`);
      return readWhole(reader, `${name}/${key}`, signal);
    },
    async getRange(key, range, signal) {
      const reader = await openKey(key);
      if (!reader) return undefined;
      const length = "offset" in range ? range.length : range.suffixLength;
      const offset = "offset" in range ? range.offset : reader.size - length;
      if (length > largestValueBytes) throw new Error(`${length} bytes of ${key} are asked for; the most is ${largestValueBytes}`);
      return reader.read(offset, length, signal);
    },
  };
}

/** A folder as a browser's dialog hands it over: files with their paths in it. The folder's own name goes. */
export function createFilesStore(files: readonly File[], name?: string): ByteStore {
  const paths = files.map((file) => file.webkitRelativePath || file.name);
  const [top = ""] = paths[0]?.split("/") ?? [];
  const prefix = paths.every((path) => path.startsWith(`${top}/`)) ? `${top}/` : "";
  const byPath = new Map(files.map((file, index) => [paths[index]!.slice(prefix.length), file]));
  const openKey = async (key: string): Promise<ByteReader | undefined> => {
    const file = byPath.get(key);
    return file && createBlobReader(file);
  };
  return createReaderStore(name ?? (prefix === "" ? "the folder" : top), openKey, async () => listTops([...byPath.keys()]));
}

/** A folder that a browser was given access to. */
export function createFolderStore(root: FileSystemDirectoryHandle, name = root.name): ByteStore {
  const folders = new Map<string, Promise<FileSystemDirectoryHandle>>([["", Promise.resolve(root)]]);
  const folderOf = (path: string): Promise<FileSystemDirectoryHandle> => {
    const known = folders.get(path);
    if (known) return known;
    const cut = path.lastIndexOf("/");
    const found = folderOf(path.slice(0, Math.max(cut, 0))).then((parent) => parent.getDirectoryHandle(path.slice(cut + 1)));
    folders.set(path, found);
    found.catch(() => folders.delete(path));
    return found;
  };
  const openKey = async (key: string): Promise<ByteReader | undefined> => {
    const cut = key.lastIndexOf("/");
    try {
      const folder = await folderOf(key.slice(0, Math.max(cut, 0)));
      return createBlobReader(await (await folder.getFileHandle(key.slice(cut + 1))).getFile());
    } catch (error) {
      const kind = (error as { name?: string }).name;
      if (kind === "NotFoundError" || kind === "TypeMismatchError") return undefined;
      throw error;
    }
  };
  const listFolders = async (): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const [child, handle] of root.entries()) if (handle.kind === "directory" && names.length < mostListed) names.push(child);
    return names.sort();
  };
  return createReaderStore(name, openKey, listFolders);
}

/** Most children of a folder that are looked at. */
const mostListed = 1000;

/** The first parts of paths that have several. */
function listTops(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => (path.includes("/") ? [path.slice(0, path.indexOf("/"))] : [])))].slice(0, mostListed).sort();
}

/** A hierarchy in a zip, which is read into memory. Where everything lies in one top folder, that one is the root. */
export function createZipStore(bytes: Uint8Array, name: string): ByteStore {
  const zip = readZip(bytes, { kind: "InvalidData", path: name });
  const roots = zip.names.filter((key) => /(^|\/)(zarr\.json|\.zgroup|\.zattrs|\.zarray)$/.test(key) && !key.startsWith("__MACOSX/"));
  const shortest = roots.reduce((a, b) => (b.length < a.length ? b : a), roots[0] ?? "");
  const prefix = shortest.slice(0, shortest.lastIndexOf("/") + 1);
  const known = new Set(zip.names);
  return createReaderStore(
    name,
    async (key) => (known.has(prefix + key) ? createZipReader(zip, prefix + key) : undefined),
    async () => listTops(zip.names.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))),
  );
}

/** Throws Problem InvalidData for a key that could leave the store. */
export function assertKey(key: string, name: string): void {
  const isPlain = key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (isPlain && !/[\\\0:?#]/.test(key)) return;
  const reason = `it names the path "${key}"`;
  throw new Problem("InvalidData", `Expected paths inside of the image; in ${name} ${reason}. Get the image again.`, {
    path: name,
    reason,
  });
}
