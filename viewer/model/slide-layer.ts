// The result of a slide: labels that lie in a folder of the browser's private files, read where they are looked at and never
// changed; their table; and how far the run is. It is a layer beside those that are drawn on.

import { type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { Parameters } from "../../plugin/contract.ts";
import type { ObjectTable } from "../labels/object-table.ts";
import type { SlideTiles } from "../labels/slide-tiles.ts";

/** What is kept of a run beside its folder, as plain data: enough to go on with it. */
export interface SlideFacts {
  /** The name of its folder. */
  readonly id: string;
  /** The layer's name. */
  readonly name: string;
  /** The image that it belongs to. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Index of the plane. */
  readonly plane: number;
  readonly command: string;
  readonly parameters: Parameters;
  readonly region?: Box;
}

/** `running`: here and now; `unfinished`: it was ended, what is done is kept. */
export type SlideState = "running" | "unfinished" | "done";

export interface SlideLayer {
  readonly facts: SlideFacts;
  readonly folder: FileSystemDirectoryHandle;
  readonly state: Signal<SlideState>;
  /** Blocks that are done, of all. */
  readonly blocks: Signal<{ readonly done: number; readonly total: number }>;
  readonly visible: Signal<boolean>;
  readonly opacity: Signal<number>;
  readonly outlinesOnly: Signal<boolean>;
  /** Ids of the selected objects. */
  readonly selected: Signal<readonly number[]>;
  /** What is drawn: classes while it is made, ids at its end. */
  readonly tiles: Signal<SlideTiles | undefined>;
  /** Once it is done and read. */
  readonly table: Signal<ObjectTable | undefined>;
}

export function createSlideLayer(facts: SlideFacts, folder: FileSystemDirectoryHandle, state: SlideState): SlideLayer {
  return {
    facts,
    folder,
    state: signal(state),
    blocks: signal({ done: 0, total: 0 }),
    visible: signal(true),
    opacity: signal(0.35),
    outlinesOnly: signal(false),
    selected: signal([]),
    tiles: signal(undefined),
    table: signal(undefined),
  };
}
