// Keeps the host's list of images (what macros and plugins see: titles) and the workspace (what the screen shows: images with
// layers) in step. An image of the host that is called "TITLE.labels" is a layer of the image TITLE here.

import { batch, effect } from "@preact/signals-core";
import { describeError, Problem } from "../../core/problem.ts";
import { assertFound, describeMissing } from "../../core/source/gaps.ts";
import { openSource } from "../../core/source/open.ts";
import { toPlainName } from "../../core/source/plain-text.ts";
import type { LocalHost } from "../../host/host.ts";
import { titleOfAddress } from "../../host/images.ts";
import type { HostImage, Image, Pixels } from "../../plugin/contract.ts";
import { initialDisplay, measureChannels } from "../map/channel-display.ts";
import { replaceResult } from "../model/edit.ts";
import { createImageEntry, type ImageEntry, type Origin } from "../model/image-entry.ts";
import { createLabelLayer, type LabelKind, type LabelLayer } from "../model/label-layer.ts";
import { planeOfResult, type ResultOrigin, showResultLayer, takeResultLayer, writeResult } from "../model/result-layer.ts";
import type { Workspace } from "../model/workspace.ts";
import type { Reader } from "../read/reader.ts";
import { keptBytes } from "../store/datasets.ts";
import { type OpenedImage, openImage } from "./open-image.ts";
import { tellOpening } from "./opening-notice.ts";

/** What is opened by its name: a file, or the folder of an OME-Zarr. */
export type Offered = Blob | FileSystemDirectoryHandle;

export interface ImageSync {
  /** Makes a file known by its name, so that `open(name)` finds it; returns that name. */
  offer(file: Offered, name: string): string;
  /** For the host: the image at an address, or offered under a name. `locate` is asked for a file that is not known. */
  open(path: string): Promise<HostImage>;
  /** Asks for the file of that name where it is not known, before it is opened. Throws Problem MissingFile where none was chosen. */
  assertThere(path: string): Promise<void>;
  /** Adds an image that was opened before (a reload). */
  restore(opened: OpenedImage, title: string, origin: Origin, id: string): ImageEntry;
  entryOf(image: Image): ImageEntry | undefined;
  layerOf(image: Image): LabelLayer | undefined;
  close(entry: ImageEntry): void;
  select(entry: ImageEntry): void;
  dispose(): void;
}

interface SyncOptions {
  readonly reader: Reader;
  readonly host: () => LocalHost;
  /** Asks the user for a file. */
  readonly locate: (name: string) => Promise<Blob | undefined>;
  /** Gives an image that was opened once more its labels back. */
  readonly adopt: (entry: ImageEntry) => Promise<unknown>;
}

/** Keeps the images of `workspace` and of the host in step. */
export function createImageSync(workspace: Workspace, { reader, host, locate, adopt }: SyncOptions): ImageSync & { follow(): void } {
  const offers = new Map<string, Offered>();
  const addresses = new Map<string, string>();
  const waiting = new Map<Image, ImageEntry>();
  const entries = new Map<Image, ImageEntry>();
  const layers = new Map<Image, { entry: ImageEntry; layer: LabelLayer }>();
  const replaced = new Map<Image, { entry: ImageEntry; kind: LabelKind; image: Pixels }>();
  const opening = new Set<Image>();
  let stop: (() => void) | undefined;

  const makeEntry = (opened: OpenedImage, title: string, origin: Origin, id?: string): ImageEntry => {
    const entry = createImageEntry(opened, title, origin, id);
    waiting.set(opened.image, entry);
    return entry;
  };

  /** The file offered under the name, else the address, else the file that the user chooses. Throws Problem MissingFile. */
  async function find(path: string): Promise<Offered | URL> {
    const known = addresses.get(path) ?? (isFetchable(path) ? path : undefined);
    if (known !== undefined && !offers.has(path)) return new URL(known, location.href);
    const file = offers.get(path) ?? (await locate(path));
    if (file === undefined) {
      throw new Problem(
        "MissingFile",
        `A file called "${path}" must be chosen; none was. Drop it onto the viewer, or run again and locate it.`,
        { path },
      );
    }
    return file;
  }

  async function openKnown(path: string): Promise<HostImage> {
    const found = await find(path);
    const isAddress = found instanceof URL;
    const title = isAddress ? titleOfAddress(found) : path;
    const opened = await tellOpening(workspace, title, (how) => openImage(reader, found, { name: title, ...how }));
    const origin: Origin = isAddress ? { kind: "url", url: found.href } : originOf(found);
    if (isAddress) addresses.set(title, found.href);
    if (origin.kind === "large") tellLarge(title, origin.bytes);
    tellNotices(opened.source);
    await adopt(makeEntry(opened, title, origin));
    return { title, image: opened.image };
  }

  function tellLarge(title: string, bytes: number): void {
    const text = `${title} (${(bytes / 1e9).toFixed(1)} GB) is not copied into this browser's storage, which takes ${keptBytes >> 20} MB an image. After a reload open it once more: its labels are kept.`;
    workspace.status.value = { kind: "info", text, stays: true };
  }

  function tellNotices({ notices = [] }: OpenedImage["source"]): void {
    if (notices.length > 0) workspace.status.value = { kind: "info", text: notices.join(" "), stays: true };
  }

  function show(image: HostImage): void {
    const entry = waiting.get(image.image);
    const parent = entry ? undefined : parentOf(image.title, workspace.images.peek());
    if (entry) {
      waiting.delete(image.image);
      addEntry(entry, image);
    } else if (parent && isPixels(image.image)) {
      layers.set(image.image, { entry: parent.entry, layer: addResult(parent.entry, parent.kind, image) });
    } else if (isPixels(image.image) && !opening.has(image.image)) void showPixels(image, image.image);
  }

  async function showPixels(image: HostImage, pixels: Pixels): Promise<void> {
    opening.add(pixels);
    try {
      const source = await openSource(pixels, { name: image.title });
      // Closed before it was open.
      if (!host().images.some((one) => one.image === pixels)) return;
      addEntry(createImageEntry({ source, image: pixels }, image.title, { kind: "large", bytes: pixels.data.byteLength }), image);
      reconcile();
    } catch (error) {
      workspace.status.value = { kind: "error", text: describeError(error) };
    } finally {
      opening.delete(pixels);
    }
  }

  function addEntry(entry: ImageEntry, image: HostImage): void {
    entry.title.value = image.title;
    entries.set(image.image, entry);
    workspace.images.value = [...workspace.images.peek(), entry];
    if (entry.layers.peek().length === 0) addAnnotationLayer(entry);
    void showChannels(workspace, entry);
  }

  function addResult(entry: ImageEntry, kind: ResultOrigin["kind"], { image, madeBy }: HostImage): LabelLayer {
    return batch(() => {
      const layer = takeResultLayer(entry, { kind, model: madeBy?.model });
      const isFirst = layer.raster.tiles.size === 0;
      const change = writeResult(layer, planeOfResult(entry, madeBy?.plane), image as Pixels);
      if (isFirst) layer.version.value++;
      else replaceResult(workspace, layer, change);
      for (const [other, { layer: shown }] of layers) if (shown === layer) replaced.set(other, { entry, kind, image: other as Pixels });
      showResultLayer(entry, layer);
      return layer;
    });
  }

  // Macros name each result: one whose layer shows a later one is still what it was.
  function layerOf(image: Image): LabelLayer | undefined {
    const old = replaced.get(image);
    if (!old) return layers.get(image)?.layer;
    const { width, height, sizeZ, sizeT } = old.entry.source;
    const layer = createLabelLayer({ width, height, planes: sizeZ * sizeT }, "", old.kind);
    writeResult(layer, old.entry.planeIndex.peek(), old.image);
    return layer;
  }

  // Brings the workspace to what the host has.
  function reconcile(): void {
    batch(() => {
      const present = new Set(host().images.map(({ image }) => image));
      for (const [image, entry] of entries) if (!present.has(image)) dropEntry(image, entry);
      for (const image of layers.keys()) {
        if (present.has(image)) continue;
        layers.delete(image);
        replaced.delete(image);
      }
      for (const image of host().images) {
        const entry = entries.get(image.image);
        if (entry) entry.title.value = image.title;
        else if (!layers.has(image.image)) show(image);
      }
      const active = host().activeImage;
      const shown = active && (entries.get(active.image) ?? layers.get(active.image)?.entry);
      if (shown !== workspace.current.peek()) workspace.current.value = shown ?? workspace.images.peek().at(-1);
    });
  }

  function dropEntry(image: Image, entry: ImageEntry): void {
    entries.delete(image);
    workspace.images.value = workspace.images.peek().filter((other) => other !== entry);
    workspace.history.forget(entry);
    if (workspace.current.peek() === entry) workspace.current.value = undefined;
    entry.source.dispose?.();
  }

  // The pixels that a result came in are let go with its layer; the image's own close takes care of the others.
  function releaseDeleted(): void {
    const open = workspace.images.value.map((entry) => [entry, entry.layers.value] as const);
    for (const [image, { entry, layer }] of [...layers]) {
      if (!open.some(([one, present]) => one === entry && !present.includes(layer))) continue;
      const { images, activeImage } = host();
      if (activeImage?.image === image) host().selectImage(entry.title.peek());
      host().close(images.find((one) => one.image === image)!.title);
    }
  }

  return {
    offer(file, name) {
      const plain = toPlainName(name);
      offers.set(plain, file);
      return plain;
    },
    open: openKnown,
    async assertThere(path) {
      const found = await find(path);
      if (!(found instanceof URL)) offers.set(path, found);
    },
    restore(opened, title, origin, id) {
      const entry = makeEntry(opened, title, origin, id);
      if (origin.kind === "bytes") offers.set(title, origin.blob);
      return entry;
    },
    entryOf: (image) => entries.get(image) ?? layers.get(image)?.entry,
    layerOf,
    close(entry) {
      const results = host().images.filter(({ image }) => layers.get(image)?.entry === entry);
      for (const { title } of results) host().close(title);
      host().close(entry.title.peek());
    },
    select(entry) {
      if (host().activeImage?.image !== entry.image) host().selectImage(entry.title.peek());
    },
    follow() {
      const stops = [host().on("images", reconcile), effect(releaseDeleted)];
      stop = () => {
        for (const one of stops) one();
      };
    },
    dispose() {
      stop?.();
      for (const entry of workspace.images.peek()) entry.source.dispose?.();
      reader.dispose();
    },
  };
}

function originOf(file: Offered): Origin {
  if (!(file instanceof Blob)) return { kind: "folder" };
  return file.size > keptBytes ? { kind: "large", bytes: file.size } : { kind: "bytes", blob: file };
}

/** The layer that tools draw into at first. */
export function addAnnotationLayer(entry: ImageEntry, name = "Annotations"): LabelLayer {
  const { width, height, sizeZ, sizeT } = entry.source;
  const layer = createLabelLayer({ width, height, planes: sizeZ * sizeT }, name, "annotation");
  batch(() => {
    entry.layers.value = [layer, ...entry.layers.value];
    entry.activeLayer.value = layer;
  });
  return layer;
}

async function showChannels(workspace: Workspace, entry: ImageEntry): Promise<void> {
  if (entry.channels.peek().length > 0) return;
  try {
    const statistics = await measureChannels(entry.source, entry.plane.peek());
    if (entry.channels.peek().length === 0) entry.channels.value = initialDisplay(entry.source, statistics);
    if (entry.source.sizeZ * entry.source.sizeT === 1) assertFound(entry.source);
    const missing = describeMissing(entry.source);
    if (missing !== undefined) workspace.status.value = { kind: "info", text: [...(entry.source.notices ?? []), missing].join(" ") };
  } catch (error) {
    workspace.status.value = { kind: "error", text: describeError(error) };
  }
}

/** The image that a result of that title belongs to. */
export function parentOf<E extends Pick<ImageEntry, "title">>(
  title: string,
  images: readonly E[],
): { entry: E; kind: ResultOrigin["kind"] } | undefined {
  for (const kind of ["labels", "classes"] as const) {
    const entry = images.find(
      (other) => title.startsWith(`${other.title.peek()}.`) && title.slice(other.title.peek().length + 1).startsWith(kind),
    );
    if (entry) return { entry, kind };
    // A second result is called "a-1.labels" or "a.png-1.labels".
    const base = title.replace(/-\d+(?=\.(?:labels|classes)$)/, "");
    const second = base !== title && images.find((other) => base.startsWith(`${other.title.peek()}.${kind}`));
    if (second) return { entry: second, kind };
  }
  return undefined;
}

function isFetchable(path: string): boolean {
  return /^(https?|blob|data):/i.test(path) || path.startsWith("./") || path.startsWith("/");
}

function isPixels(image: Image): image is Pixels {
  return typeof image === "object" && !(image instanceof Blob) && !(image instanceof URL);
}
