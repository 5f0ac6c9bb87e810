// Undo and redo of everything that changes annotations, for each image by itself: what is taken back is a change of the image in
// sight, never one of another image. The classes belong to all images: a change of them is taken back only once all that was
// done since, on any image, has been. The oldest are forgotten, by number first and by memory where tiles are many, but never
// below a hundred.

import { batch, computed, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";

/** A change that was made. `undo` and `redo` must leave exactly the state before and after it. */
export interface Change {
  readonly title: string;
  readonly bytes: number;
  /** The image that it changed: it is forgotten with it. Absent: what all images share. */
  readonly image?: object | undefined;
  /** Changes in a row that share this become one: the colours that one passes on the way to the right one. */
  readonly joins?: string;
  /** The pixels that it changed, in whole tiles. */
  readonly at?: { readonly plane: number; readonly box: Box } | undefined;
  undo(): void;
  redo(): void;
  /** Shows the layer and the plane that it changed. */
  show?(): void;
}

/** What undo or redo would do next. */
export interface NextStep {
  readonly change: Change;
  /** The change of another image that comes first: until then, the step is not made. */
  readonly first?: Change;
}

export interface History {
  /** The titles of what undo and redo would do for the image in sight; undefined when there is nothing. */
  readonly undoTitle: ReadonlySignal<string | undefined>;
  readonly redoTitle: ReadonlySignal<string | undefined>;
  /** Remembers a change that has just been made. What was undone before and shares its image can no longer be redone. */
  push(change: Change): void;
  /** What `undo` or `redo` would do for the image in sight; undefined when there is nothing. */
  next(way: "undo" | "redo"): NextStep | undefined;
  /** Takes the last change of the image in sight back, or one of what all images share. False where there is none, or another comes first. */
  undo(): boolean;
  /** Makes the change again that was last taken back. */
  redo(): boolean;
  /** Forgets what changed this image. */
  forget(image: object): void;
  clear(): void;
}

export interface HistoryOptions {
  /** The image in sight; default: none is, and only what all images share is taken back. */
  readonly current?: ReadonlySignal<object | undefined>;
  readonly limit?: number;
  readonly limitBytes?: number;
}

/** An empty history that keeps `limit` changes, and fewer (but 100) when they take more than `limitBytes`. */
export function createHistory({ current, limit = 500, limitBytes = 512 * 2 ** 20 }: HistoryOptions = {}): History {
  // Both in the order in which they were made or taken back, the last at the end.
  const done = signal<readonly Change[]>([]);
  const undone = signal<readonly Change[]>([]);
  const isOf = (image: object | undefined, change: Change): boolean => change.image === undefined || change.image === image;
  const lastOf = (list: readonly Change[], image: object | undefined): number => list.findLastIndex((change) => isOf(image, change));

  // Between two images the order does not matter, so one is walked past the other's changes; what they share is not walked past.
  function nextOf(list: readonly Change[]): NextStep | undefined {
    const at = lastOf(list, current?.peek());
    const change = list[at];
    if (!change) return undefined;
    return change.image === undefined && at !== list.length - 1 ? { change, first: list.at(-1)! } : { change };
  }

  function walk(from: typeof done, to: typeof done, act: (change: Change) => void): boolean {
    const next = nextOf(from.peek());
    if (!next || next.first) return false;
    const { change } = next;
    batch(() => {
      act(change);
      from.value = from.peek().filter((one) => one !== change);
      to.value = [...to.peek(), change];
    });
    return true;
  }

  // A shared change that cannot be redone any more takes along what was made after it: that lies before it in the list.
  function dropUndone(image: object | undefined): void {
    const list = undone.peek();
    if (image === undefined) undone.value = [];
    else {
      const shared = list.findLastIndex((change) => change.image === undefined);
      undone.value = list.filter((change, i) => i > shared && change.image !== image);
    }
  }

  function trim(): void {
    const kept = [...done.peek()];
    let bytes = kept.reduce((sum, one) => sum + one.bytes, 0);
    while (kept.length > limit || (bytes > limitBytes && kept.length > 100)) bytes -= kept.shift()!.bytes;
    if (kept.length !== done.peek().length) done.value = kept;
  }

  return {
    undoTitle: computed(() => done.value[lastOf(done.value, current?.value)]?.title),
    redoTitle: computed(() => undone.value[lastOf(undone.value, current?.value)]?.title),
    push(change) {
      const last = undone.peek().some((one) => isOf(change.image, one)) ? undefined : done.peek().at(-1);
      const isJoined = last !== undefined && change.joins !== undefined && last.joins === change.joins && last.image === change.image;
      dropUndone(change.image);
      done.value = isJoined ? done.peek().with(-1, { ...change, undo: last.undo }) : [...done.peek(), change];
      trim();
    },
    next: (way) => nextOf((way === "undo" ? done : undone).peek()),
    undo: () => walk(done, undone, (change) => change.undo()),
    redo: () => walk(undone, done, (change) => change.redo()),
    forget(image) {
      done.value = done.peek().filter((change) => change.image !== image);
      undone.value = undone.peek().filter((change) => change.image !== image);
    },
    clear() {
      done.value = [];
      undone.value = [];
    },
  };
}
