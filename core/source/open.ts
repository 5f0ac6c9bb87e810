// Opens an image from anything that a host may hand over. What it is is told by its first bytes, never by its name; the reader
// of a format is loaded when its format is met. Read source.ts for what comes back; png.ts, jpeg.ts, tiff/open.ts, pixels.ts for the rules.

import { describeError, Problem } from "../problem.ts";
import { type ByteReader, createBlobReader, createBytesReader } from "./bytes.ts";
import { withFingerprint } from "./fingerprint.ts";
import type { HttpOptions, HttpRequest } from "./http.ts";
import { loadCode } from "./load-code.ts";
import { openPixels, type PixelsInput } from "./pixels.ts";
import type { PaletteUse } from "./png.ts";
import type { ImageSource } from "./source.ts";
import { nameFormat } from "./unread-formats.ts";
import type { ByteStore } from "./zarr/store.ts";
import { readZipWhole } from "./zip-file.ts";

/** A folder as browsers hand it over: the files of a dialog, or a handle. */
export type FolderInput = readonly File[] | FileSystemDirectoryHandle;

export type ImageInput = Uint8Array | Blob | URL | string | PixelsInput | FolderInput;

export interface OpenOptions {
  /** The name to use in messages; default is the path, the address or the file's name. */
  readonly name?: string;
  /** What a palette image gives: its colours (default), or its indices, as labels want. */
  readonly palette?: PaletteUse;
  /** A damaged chunk becomes the fill value and is listed in the source's `gaps`, instead of failing the read. */
  readonly skipBad?: boolean;
  /** How servers are asked. */
  readonly http?: HttpOptions;
  /** Told of what comes of a file that its server sends whole. */
  readonly onBytes?: HttpRequest["onBytes"];
  /** Ends the opening; each read has its own. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The image source of bytes, a Blob, a URL, a path (Node), a folder or a host's array. Nothing is decoded before the first read.
 * Throws Problem MissingFile, UnsupportedImage (with the reason) or InvalidData, each naming the file.
 */
export async function openSource(input: ImageInput, { name, signal, ...how }: OpenOptions = {}): Promise<ImageSource> {
  signal?.throwIfAborted();
  if (isPixels(input)) return openPixels(input, name);
  if (isFolder(input)) return openFolder(input, { ...how, ...(name === undefined ? {} : { name }), signal });
  const shown = name ?? nameInput(input);
  const folder = await openNodeHierarchy(input, shown, { ...how, signal });
  if (folder) return folder;
  const url = toAddress(input);
  if (url) return openAddress(url, shown, { ...how, signal });
  const reader = await openReader(input);
  return openImage(reader, shown, how);
}

/** The image source of a reader, which it takes over: `dispose` of the source ends it, and so does a failure. */
export async function openImage(
  reader: ByteReader,
  name: string,
  how: Pick<OpenOptions, "palette" | "skipBad"> = {},
): Promise<ImageSource> {
  return withFingerprint(await openFormat(reader, name, how), reader);
}

async function openFormat(
  reader: ByteReader,
  name: string,
  { palette = "colours", skipBad = false }: Pick<OpenOptions, "palette" | "skipBad">,
): Promise<ImageSource> {
  try {
    const head = await reader.read(0, Math.min(132, reader.size));
    const png = await import("./png.ts");
    if (png.isPng(head)) return await png.openPng(reader, name, palette);
    const jpeg = await import("./jpeg.ts");
    if (jpeg.isJpeg(head)) return await jpeg.openJpeg(reader, name);
    const tiff = await import("./tiff/open.ts");
    if (tiff.isTiff(head)) return await tiff.openTiff(reader, name, { palette, skipBad });
    if (isZip(head) && reader.size >= 22) {
      const [{ createZipStore }, { openZarr }] = await loadZarr();
      const source = await openZarr(createZipStore(await readZipWhole(reader, name), name), { skipBad });
      if (source) return source;
    }
    throw createUnsupported(head, reader.size, name);
  } catch (cause) {
    await reader.dispose?.();
    if (cause instanceof Problem) throw cause;
    const reason = describeError(cause);
    throw new Problem(
      "InvalidData",
      `Expected a whole image; ${name} cannot be read: ${reason}. Get or save the file again.`,
      { path: name, reason },
      { cause },
    );
  }
}

const zarrReader = "the reader of OME-Zarr";
const loadZarr = () => loadCode(zarrReader, () => Promise.all([import("./zarr/store.ts"), import("./zarr/open.ts")]));

/** A folder of a browser. Throws Problem UnsupportedImage when no Zarr hierarchy is in it. */
async function openFolder(input: FolderInput, { name, ...how }: OpenOptions): Promise<ImageSource> {
  const [{ createFilesStore, createFolderStore }] = await loadZarr();
  return openHierarchy(isFiles(input) ? createFilesStore(input, name) : createFolderStore(input, name), how);
}

/** The Zarr hierarchy in a folder of the disk; undefined for anything else. */
async function openNodeHierarchy(
  input: Exclude<ImageInput, PixelsInput | FolderInput>,
  name: string,
  how: OpenOptions,
): Promise<ImageSource | undefined> {
  const path = input instanceof URL || typeof input === "string" ? String(input) : undefined;
  if (path === undefined || !isNode() || toAddress(input)) return undefined;
  const { isNodeFolder, openFileBelow, openNodeFolder, toPath } = await import("./node-file.ts");
  const folder = await toPath(path);
  if (!(await isNodeFolder(folder))) return undefined;
  const [{ createReaderStore }] = await loadZarr();
  return openHierarchy(
    createReaderStore(
      name,
      (key) => openFileBelow(folder, key),
      async () => (await openNodeFolder(folder)).folders(),
    ),
    how,
  );
}

async function openHierarchy(store: ByteStore, how: OpenOptions): Promise<ImageSource> {
  const [, { openZarr }] = await loadZarr();
  const source = await openZarr(store, how);
  if (source) return source;
  const message = `Expected an image; ${store.name} is a folder without a Zarr image. Choose a file, or the folder of an OME-Zarr.`;
  throw new Problem("MissingFile", message, { path: store.name });
}

/** A file or a hierarchy on a server. An address that ends like a folder's is tried as such first; others when there is no file. */
async function openAddress(url: URL, name: string, how: OpenOptions): Promise<ImageSource> {
  const [{ createHttpClient }, { openHttpReader }] = await Promise.all([import("./http.ts"), import("./http-reader.ts")]);
  const client = createHttpClient(how.http);
  const openFile = async (): Promise<ImageSource | undefined> => {
    const reader = await openHttpReader(url, client, { signal: how.signal, onBytes: how.onBytes });
    const dispose = (): void => {
      void reader?.dispose?.();
      client.dispose();
    };
    return reader && openImage({ ...reader, dispose }, name, how);
  };
  const openStore = async (): Promise<ImageSource | undefined> => {
    const [[, { openZarr }], { createHttpStore }] = await loadCode(zarrReader, () =>
      Promise.all([loadZarr(), import("./zarr/http-store.ts")]),
    );
    return openZarr(createHttpStore(url, name, client), how);
  };
  try {
    const isFolder = /(\.zarr|\/)$/i.test(url.pathname);
    const found = isFolder ? ((await openStore()) ?? (await openFile())) : ((await openFile()) ?? (await openStore()));
    if (found) return found;
    const message = `Expected a file at ${url.href}; the server has none (404), nor an OME-Zarr. Check the address.`;
    throw new Problem("MissingFile", message, { path: url.href });
  } catch (cause) {
    client.dispose();
    throw cause;
  }
}

async function openReader(input: Exclude<ImageInput, PixelsInput | FolderInput>): Promise<ByteReader> {
  if (input instanceof Uint8Array) return createBytesReader(input);
  if (input instanceof Blob) return createBlobReader(input);
  const { openFileReader } = await import("./node-file.ts");
  const path = String(input);
  return openFileReader(path.startsWith("file:/") ? new URL(path) : path);
}

/** The address of what lies on a server; undefined for what lies here. */
function toAddress(input: Exclude<ImageInput, PixelsInput | FolderInput>): URL | undefined {
  if (input instanceof Uint8Array || input instanceof Blob) return undefined;
  const path = String(input);
  if (path.startsWith("file:/")) return undefined;
  if (isAddress(path) && (!isNode() || input instanceof URL || /^[a-z][a-z0-9+.-]+:\/\//i.test(path))) return new URL(path);
  return isNode() ? undefined : new URL(path, globalThis.location?.href);
}

function createUnsupported(head: Uint8Array, size: number, name: string): Problem {
  if (size === 0)
    return new Problem("InvalidData", `Expected an image; ${name} is empty. Get or save the file again.`, { path: name, reason: "empty" });
  const [reason, advice] = nameFormat(head);
  return new Problem("UnsupportedImage", `Expected a PNG, JPEG, TIFF or OME-Zarr image; ${name} is ${reason}. ${advice}.`, {
    path: name,
    reason,
  });
}

function isPixels(input: ImageInput): input is PixelsInput {
  return typeof input === "object" && "data" in input;
}

function isFiles(input: unknown): input is readonly File[] {
  return Array.isArray(input) && input.every((file) => file instanceof Blob);
}

function isFolder(input: Exclude<ImageInput, PixelsInput>): input is FolderInput {
  return isFiles(input) || (typeof input === "object" && "kind" in input && input.kind === "directory");
}

function isZip(head: Uint8Array): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4;
}

function isAddress(path: string): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(path) && URL.canParse(path);
}

function isNode(): boolean {
  return typeof process === "object" && process.versions?.node !== undefined;
}

function nameInput(input: Exclude<ImageInput, PixelsInput | FolderInput>): string {
  if (typeof input === "string") return input;
  if (input instanceof URL) return input.href;
  return input instanceof Blob && "name" in input && typeof input.name === "string" ? input.name : "the image";
}
