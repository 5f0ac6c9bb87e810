// Keeps the workspace: a while after each change what is open and drawn is written to the store, and found again after a
// reload. Label tiles are written only where they changed. A write that fails is told once, and nothing old is lost. An image
// that cannot be opened again by itself (too large to be kept, or moved) leaves its labels here until it is opened once more.

import { batch, effect, type Signal, signal } from "@preact/signals-core";
import { describeError } from "../../core/problem.ts";
import type { OpenedImage } from "../file/open-image.ts";
import type { ImageEntry, Origin } from "../model/image-entry.ts";
import { createLabelLayer, type LabelLayer } from "../model/label-layer.ts";
import { defaultPreferences } from "../model/workspace.ts";
import type { BlobStore } from "./blob-store.ts";
import { describeWorkspace, type Kept, type StoredImage, type StoredWorkspace } from "./stored-workspace.ts";
import { packTiles, unpackTiles } from "./tile-file.ts";

export type SaveState = "saved" | "changed" | "saving" | "failed";

export interface Keeper {
  readonly state: Signal<SaveState>;
  readonly limit: string | undefined;
  /** Writes now. */
  save(): Promise<void>;
  /** Fills the workspace with what was stored. Images that cannot be opened again are named, the others open. */
  load(reopening: Reopening): Promise<void>;
  /** Gives an image that was opened once more its labels back; false where none wait for it. */
  adopt(entry: ImageEntry): Promise<boolean>;
  /** Follows changes from now on. Returns what ends it. */
  follow(): () => void;
}

/** What `load` needs to open images again. */
export interface Reopening {
  open(origin: Origin, title: string): Promise<OpenedImage>;
  restore(opened: OpenedImage, title: string, origin: Origin, id: string): ImageEntry;
  /** Called once the layers are in place. */
  show(entry: ImageEntry): void;
}

const fileName = "workspace.json";
const quietMs = 1200;
// Other files in the store are not the keeper's.
const own = /^(image|layer)-/;

/** A keeper that writes what is `kept` to `store`. */
export function createKeeper(kept: Kept, store: BlobStore): Keeper {
  const { workspace, training } = kept;
  const state = signal<SaveState>("saved");
  const missing = signal<readonly StoredImage[]>([]);
  const written = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();

  async function write(): Promise<void> {
    state.value = "saving";
    try {
      const present = new Set(await store.list());
      const names = new Set(missing.peek().flatMap(filesOf));
      for (const entry of workspace.images.peek()) await writeImage(entry, names, present);
      await store.put(fileName, new Blob([JSON.stringify(describeWorkspace(kept, missing.peek()))]));
      for (const name of present) if (own.test(name) && !names.has(name)) await store.remove(name);
      if (state.peek() === "saving") state.value = "saved";
    } catch (error) {
      state.value = "failed";
      const text = `Your work could not be stored in this browser: ${describeError(error)}. What was stored before is kept. Export what you need, or free some space.`;
      workspace.status.value = { kind: "error", text };
    }
  }

  async function writeImage(entry: ImageEntry, names: Set<string>, present: ReadonlySet<string>): Promise<void> {
    if (entry.origin.kind === "bytes") {
      const name = `image-${entry.id}`;
      names.add(name);
      // Never twice: the image may be read from that very file.
      if (!present.has(name)) await store.put(name, entry.origin.blob);
    }
    for (const layer of entry.layers.peek()) {
      const name = `layer-${layer.id}`;
      names.add(name);
      const version = layer.version.peek();
      if (written.get(name) === version) continue;
      await store.put(name, await packTiles(new Map(layer.raster.tiles)));
      written.set(name, version);
    }
  }

  const save = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    running = running.then(write);
    return running;
  };

  async function load(reopening: Reopening): Promise<void> {
    const stored = await readStored(store);
    if (!stored) return;
    batch(() => {
      workspace.classes.value = stored.classes.length > 0 ? stored.classes : workspace.classes.value;
      workspace.preferences.value = { ...defaultPreferences, ...stored.preferences };
      training.values.value = stored.values ?? {};
      training.model.value = stored.model;
      training.interrupted.value = stored.begun;
      kept.macro.source.value = stored.macro?.source ?? "";
      kept.macro.earlier.value = stored.macro?.recorded ?? "";
    });
    const lost: StoredImage[] = [];
    for (const image of stored.images) {
      try {
        await loadImage(image, store, reopening);
      } catch {
        lost.push(image);
      }
    }
    const current = workspace.images.value.find(({ id }) => id === stored.current);
    if (current) workspace.current.value = current;
    missing.value = lost;
    if (lost.length > 0) tellMissing(lost);
    for (const url of stored.plugins ?? []) void kept.library.install(url, { byHand: true });
  }

  function tellMissing(lost: readonly StoredImage[]): void {
    const forget = (): void => {
      missing.value = [];
      workspace.status.value = undefined;
    };
    workspace.status.value = {
      kind: "error",
      text: `Not opened again: ${lost.map(({ title }) => title).join(", ")}. The file is too large to be kept here, or has moved. Open it once more: its labels are kept.`,
      action: { title: "Forget them", run: forget },
    };
  }

  return {
    state,
    limit: store.limit,
    save,
    load,
    async adopt(entry) {
      const { width, height } = entry.source;
      const found = missing.peek().find((one) => one.title === entry.title.peek() && one.width === width && one.height === height);
      if (!found) return false;
      await loadLayers(found, entry, store);
      missing.value = missing.peek().filter((one) => one !== found);
      if (missing.peek().length === 0) workspace.status.value = { kind: "info", text: `The labels of ${found.title} are here again.` };
      return true;
    },
    follow() {
      let first = true;
      const stop = effect(() => {
        describeWorkspace(kept, missing.value);
        if (!first) {
          state.value = "changed";
          clearTimeout(timer);
          timer = setTimeout(() => void save(), quietMs);
        }
        first = false;
      });
      return () => {
        stop();
        clearTimeout(timer);
      };
    },
  };
}

function filesOf({ id, layers }: StoredImage): string[] {
  return [`image-${id}`, ...layers.map((layer) => `layer-${layer.id}`)];
}

async function readStored(store: BlobStore): Promise<StoredWorkspace | undefined> {
  try {
    const blob = await store.get(fileName);
    const stored = blob && (JSON.parse(await blob.text()) as StoredWorkspace);
    return stored?.version === 1 ? stored : undefined;
  } catch {
    return undefined;
  }
}

async function loadImage(stored: StoredImage, store: BlobStore, { open, restore, show }: Reopening): Promise<void> {
  const origin = await findOrigin(stored, store);
  const entry = restore(await open(origin, stored.title), stored.title, origin, stored.id);
  await loadLayers(stored, entry, store);
  show(entry);
}

async function loadLayers(stored: StoredImage, entry: ImageEntry, store: BlobStore): Promise<void> {
  const { width, height, sizeZ, sizeT } = entry.source;
  entry.plane.value = stored.plane;
  entry.channels.value = stored.channels;
  const layers: LabelLayer[] = [];
  for (const one of stored.layers) {
    const layer = createLabelLayer({ width, height, planes: sizeZ * sizeT }, one.name, one.kind, one.id);
    const tiles = await store.get(`layer-${one.id}`);
    if (tiles) await unpackTiles(tiles, layer.raster);
    layer.visible.value = one.visible;
    layer.opacity.value = one.opacity;
    layer.outlinesOnly.value = one.outlinesOnly;
    layer.classOf.value = new Map(one.classOf);
    layer.regions.value = one.regions;
    layers.push(layer);
  }
  entry.layers.value = layers;
  entry.activeLayer.value = layers.find(({ id }) => id === stored.active);
  entry.trainingLayer.value = layers.find(({ id }) => id === stored.training);
}

async function findOrigin({ id, origin: { kind, url } }: StoredImage, store: BlobStore): Promise<Origin> {
  if (kind === "url" && url !== undefined) return { kind, url };
  const blob = await store.get(`image-${id}`);
  if (!blob) throw new Error("not kept");
  return { kind: "bytes", blob };
}
