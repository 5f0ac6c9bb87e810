// What the viewer holds: open images, classes, the tool in hand, what the user prefers. No screen, no plugin.

import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import { createHistory, type History } from "../labels/history.ts";
import type { ImageEntry } from "./image-entry.ts";
import type { LabelLayer } from "./label-layer.ts";
import type { Preview } from "./preview.ts";

export interface ClassInfo {
  readonly name: string;
  readonly color: string;
}

export type ToolName = "select" | "brush" | "eraser" | "polygon" | "freehand" | "rectangle" | "fill" | "box" | "split" | "review";

export interface Preferences {
  readonly theme: "system" | "dark" | "light";
  readonly singleKeys: boolean;
  readonly brushPx: number;
  /** The brush keeps its size in image pixels when zooming; else its size on the screen. */
  readonly brushInImage: boolean;
  readonly preserveLabels: boolean;
  readonly overview: boolean;
  readonly scaleBar: boolean;
}

export interface Workspace {
  readonly images: Signal<readonly ImageEntry[]>;
  readonly current: Signal<ImageEntry | undefined>;
  readonly activeLayer: ReadonlySignal<LabelLayer | undefined>;
  readonly classes: Signal<readonly ClassInfo[]>;
  /** The class that is drawn: 1, 2, ..., or `ignoreClass` or `backgroundClass`. */
  readonly currentClass: Signal<number>;
  readonly tool: Signal<ToolName>;
  readonly preferences: Signal<Preferences>;
  readonly history: History;
  /** True while H is held: layers of labels are hidden. */
  readonly peeking: Signal<boolean>;
  /** True: of a prediction, the result whose place it took is shown. */
  readonly showsBefore: Signal<boolean>;
  readonly keyboardDrawing: Signal<boolean>;
  readonly status: Signal<Notice | undefined>;
  /** The part of the current image in sight, not rounded; changes with every pan. */
  readonly sight: Signal<Box | undefined>;
  /** A prediction that is being made or learnt. */
  readonly preview: Signal<Preview | undefined>;
}

/** A sentence for the user. Errors and what asks for something stay until they are closed; others go after a while. */
export interface Notice {
  readonly kind: "info" | "error";
  readonly text: string;
  /** True: it stays, since what it says is of use later, too. */
  readonly stays?: boolean;
  readonly action?: { readonly title: string; run(): void };
}

/** What is drawn in place of a class: pixels that count for nothing, or background. */
export const ignoreClass = 0;
export const backgroundClass = -1;

// Okabe and Ito's colours: told apart by the colour-blind, too.
export const classColors = ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00", "#999999"];

export const defaultPreferences: Preferences = {
  theme: "system",
  singleKeys: true,
  brushPx: 20,
  brushInImage: false,
  preserveLabels: false,
  overview: true,
  scaleBar: true,
};

/** An empty workspace. */
export function createWorkspace(): Workspace {
  const current = signal<ImageEntry | undefined>(undefined);
  return {
    images: signal([]),
    current,
    activeLayer: computed(() => current.value?.activeLayer.value),
    classes: signal([{ name: "cell", color: classColors[0]! }]),
    currentClass: signal(1),
    tool: signal("select"),
    preferences: signal(defaultPreferences),
    history: createHistory({ current }),
    peeking: signal(false),
    showsBefore: signal(false),
    keyboardDrawing: signal(false),
    status: signal(undefined),
    sight: signal(undefined),
    preview: signal(undefined),
  };
}

/** Sets some preferences. */
export function prefer(workspace: Workspace, change: Partial<Preferences>): void {
  workspace.preferences.value = { ...workspace.preferences.value, ...change };
}
