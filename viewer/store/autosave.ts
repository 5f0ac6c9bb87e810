// Keeps the workspace: a while after each change what is open and drawn is written to the store, and found again after a
// reload. Label tiles are written only where they changed. A write that fails is told once, and nothing old is lost. An image
// that cannot be opened again by itself (too large to be kept, or moved) leaves its labels here until it is opened once more.
// One tab keeps the workspace (workspace-lock.ts); in another one nothing is kept until the first is closed, then its work
// comes to what is open there.

import { batch, effect, type Signal, signal } from "@preact/signals-core";
import { describeError } from "../../core/problem.ts";
import type { OpenedImage } from "../file/open-image.ts";
import type { ImageEntry, Origin } from "../model/image-entry.ts";
import { createLabelLayer, type LabelLayer } from "../model/label-layer.ts";
import { defaultPreferences } from "../model/workspace.ts";
import type { BlobStore } from "./blob-store.ts";
import { wasLearning } from "./learning-mark.ts";
import { describeWorkspace, type Kept, regionsOf, type StoredImage, type StoredWorkspace } from "./stored-workspace.ts";
import { packTiles, unpackTiles } from "./tile-file.ts";
import { queueForWorkspace } from "./workspace-lock.ts";

export type SaveState = "saved" | "changed" | "saving" | "failed";

export interface Autosave {
  readonly state: Signal<SaveState>;
  /** Why nothing is kept here, and what to do; undefined where all is. A screen that reads it follows it. */
  readonly limit: string | undefined;
  /** Writes now. */
  save(): Promise<void>;
  /**
   * Fills the workspace with what was stored. Images that cannot be opened again are named, the others open. Where another tab
   * has the workspace, that is said, and it is filled later: when that tab is closed.
   */
  load(reopening: Reopening): Promise<void>;
  /** Gives an image that was opened once more its labels back; false where none wait for it. */
  adopt(entry: ImageEntry): Promise<boolean>;
  /** Follows changes from now on. Returns what ends it, and lets another tab have the workspace. */
  follow(): () => void;
}

/** What `load` needs to open images again. */
export interface Reopening {
  open(origin: Origin, title: string): Promise<OpenedImage>;
  restore(opened: OpenedImage, title: string, origin: Origin, id: string): ImageEntry;
  /** Called once the layers are in place. `activate`: it was the current image. */
  show(entry: ImageEntry, options: { readonly activate: boolean }): void;
}

const fileName = "workspace.json";
const quietMs = 1200;
// A tab that was just closed or reloaded lets go within this time.
const patienceMs = 500;
const otherTab =
  "Your stored images and labels are open in another tab, which keeps them. What you open and draw here is not kept: close the other tab to go on here with all of it, or export it.";
// Other files in the store belong to others.
const own = /^(image|layer)-/;

/** Writes what is `kept` to `store` after each change, and reads it when the page is opened. */
export function createAutosave(kept: Kept, store: BlobStore): Autosave {
  const { workspace } = kept;
  const state = signal<SaveState>("saved");
  const limit = signal(store.limit);
  const lock = store.limit === undefined ? queueForWorkspace() : undefined;
  // What is stored and not open: all of it at first, in the end what could not be opened (`lost`).
  const waiting = signal<readonly StoredImage[]>([]);
  let lost: readonly StoredImage[] = [];
  const written = new Map<string, number>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = Promise.resolve();
  // Nothing is written before what is stored is known.
  let isKnown = false;
  // True while a load changes the workspace.
  let isFilling = false;

  function fill(work: () => void): void {
    isFilling = true;
    try {
      batch(work);
    } finally {
      isFilling = false;
    }
  }

  function drop(images: readonly StoredImage[]): void {
    waiting.value = waiting.peek().filter((one) => !images.includes(one));
    lost = lost.filter((one) => !images.includes(one));
  }

  async function write(): Promise<void> {
    state.value = "saving";
    try {
      const present = new Set(await store.list());
      const names = new Set(waiting.peek().flatMap(filesOf));
      for (const entry of workspace.images.peek()) await writeImage(entry, names, present);
      await store.put(fileName, new Blob([JSON.stringify(describeWorkspace(kept, waiting.peek()))]));
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
      // The file of a deleted layer is gone, and undo brings the layer back.
      if (present.has(name) && written.get(name) === version) continue;
      await store.put(name, await packTiles(new Map(layer.raster.tiles)));
      written.set(name, version);
    }
  }

  const save = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    if (isKnown) running = running.then(write);
    else if (limit.peek() !== undefined) workspace.status.value = { kind: "error", text: limit.peek()! };
    return running;
  };

  async function read(reopening: Reopening): Promise<void> {
    const stored = await readStored(store);
    const isFree = workspace.current.peek() === undefined;
    fill(() => {
      waiting.value = stored?.images ?? [];
      if (stored) takeSettings(kept, stored);
    });
    isKnown = true;
    for (const url of stored?.plugins ?? []) void kept.library.install(url, { byHand: true });
    const images = stored?.images ?? [];
    // What was looked at comes first.
    for (const image of images.toSorted((a, b) => Number(b.id === stored?.current) - Number(a.id === stored?.current))) {
      try {
        const entry = await loadImage(image, store, reopening);
        fill(() => {
          reopening.show(entry, { activate: isFree && image.id === stored?.current });
          drop([image]);
        });
      } catch {
        lost = [...lost, image];
      }
    }
    const places = new Map(images.map(({ id }, i) => [id, i]));
    const placeOf = ({ id }: ImageEntry): number => places.get(id) ?? images.length;
    fill(() => {
      workspace.images.value = workspace.images.peek().toSorted((a, b) => placeOf(a) - placeOf(b));
    });
    if (lost.length > 0) tellLost();
  }

  function tellLost(): void {
    const forget = (): void => {
      drop(lost);
      workspace.status.value = undefined;
    };
    workspace.status.value = {
      kind: "error",
      text: `Not opened again: ${lost.map(({ title }) => title).join(", ")}. The file is too large to be kept here, or has moved. Open it once more: its labels are kept.`,
      action: { title: "Forget them", run: forget },
    };
  }

  async function takeOver(reopening: Reopening): Promise<void> {
    limit.value = store.limit;
    await read(reopening);
    if (lost.length === 0)
      workspace.status.value = { kind: "info", text: "The other tab is closed: its images and labels are here now, and all is kept." };
    await save();
  }

  return {
    state,
    get limit() {
      return limit.value;
    },
    save,
    async load(reopening) {
      let isHeld = false;
      const held = (lock?.held ?? Promise.resolve()).then(() => {
        isHeld = true;
      });
      await Promise.race([held, new Promise((resolve) => setTimeout(resolve, patienceMs))]);
      if (isHeld) return read(reopening);
      limit.value = otherTab;
      workspace.status.value = { kind: "info", text: otherTab, stays: true };
      void held.then(() => takeOver(reopening));
    },
    async adopt(entry) {
      const { width, height } = entry.source;
      const found = lost.find((one) => one.title === entry.title.peek() && one.width === width && one.height === height);
      if (!found) return false;
      await loadLayers(found, entry, store);
      drop([found]);
      if (lost.length === 0) workspace.status.value = { kind: "info", text: `The labels of ${found.title} are here again.` };
      return true;
    },
    follow() {
      let first = true;
      const stop = effect(() => {
        describeWorkspace(kept, waiting.value);
        if (!first && !isFilling) {
          state.value = "changed";
          clearTimeout(timer);
          timer = setTimeout(() => isKnown && void save(), quietMs);
        }
        first = false;
      });
      return () => {
        stop();
        clearTimeout(timer);
        lock?.release();
      };
    },
  };
}

// Something may have been drawn here already, with more classes; or a macro written.
function takeSettings({ workspace, training, macro }: Kept, stored: StoredWorkspace): void {
  if (stored.classes.length >= workspace.classes.value.length) workspace.classes.value = stored.classes;
  workspace.preferences.value = { ...defaultPreferences, ...stored.preferences };
  training.values.value = stored.values ?? {};
  training.model.value = stored.model;
  training.interrupted.value = stored.begun && wasLearning(stored.begun.id) ? stored.begun : undefined;
  macro.source.value ||= stored.macro?.source ?? "";
  macro.earlier.value = stored.macro?.recorded ?? "";
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

async function loadImage(stored: StoredImage, store: BlobStore, { open, restore }: Reopening): Promise<ImageEntry> {
  const origin = await findOrigin(stored, store);
  const entry = restore(await open(origin, stored.title), stored.title, origin, stored.id);
  await loadLayers(stored, entry, store);
  return entry;
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
    layer.regions.value = regionsOf(one, layer);
    layer.madeBy.value = one.madeBy;
    layers.push(layer);
  }
  entry.layers.value = layers;
  entry.activeLayer.value = layers.find(({ id }) => id === stored.active);
}

async function findOrigin({ id, origin: { kind, url } }: StoredImage, store: BlobStore): Promise<Origin> {
  if (kind === "url" && url !== undefined) return { kind, url };
  const blob = await store.get(`image-${id}`);
  if (!blob) throw new Error("not kept");
  return { kind: "bytes", blob };
}
