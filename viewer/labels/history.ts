// Undo and redo of everything that changes annotations: each change can be taken back and made again. The oldest are
// forgotten, by number first and by memory where tiles are many, but never below a hundred.

import { type ReadonlySignal, signal } from "@preact/signals-core";

/** A change that was made. `undo` and `redo` must leave exactly the state before and after it. */
export interface Change {
  readonly title: string;
  readonly bytes: number;
  /** The image and layers that it changed: it is forgotten with them. */
  readonly of?: readonly object[];
  /** Changes in a row that share this become one: the colours that one passes on the way to the right one. */
  readonly joins?: string;
  undo(): void;
  redo(): void;
}

export interface History {
  /** The titles of what undo and redo would do; undefined when there is nothing. */
  readonly undoTitle: ReadonlySignal<string | undefined>;
  readonly redoTitle: ReadonlySignal<string | undefined>;
  /** Remembers a change that has just been made. What was undone before can no longer be redone. */
  push(change: Change): void;
  undo(): boolean;
  redo(): boolean;
  /** Forgets what changed these, and what changed anything else together with them: a closed image with all layers it ever had. */
  forget(...gone: readonly object[]): void;
  clear(): void;
}

/** An empty history that keeps `limit` changes, and fewer (but 100) when they take more than `limitBytes`. */
export function createHistory({ limit = 500, limitBytes = 512 * 2 ** 20 }: { limit?: number; limitBytes?: number } = {}): History {
  let done: Change[] = [];
  let undone: Change[] = [];
  const undoTitle = signal<string | undefined>(undefined);
  const redoTitle = signal<string | undefined>(undefined);
  const tell = (): void => {
    undoTitle.value = done.at(-1)?.title;
    redoTitle.value = undone.at(-1)?.title;
  };
  return {
    undoTitle,
    redoTitle,
    push(change) {
      const last = undone.length === 0 ? done.at(-1) : undefined;
      undone = [];
      if (last && change.joins !== undefined && last.joins === change.joins) done[done.length - 1] = { ...change, undo: last.undo };
      else done.push(change);
      let bytes = done.reduce((sum, { bytes }) => sum + bytes, 0);
      while (done.length > limit || (bytes > limitBytes && done.length > 100)) bytes -= done.shift()!.bytes;
      tell();
    },
    undo() {
      const change = done.pop();
      if (!change) return false;
      change.undo();
      undone.push(change);
      tell();
      return true;
    },
    redo() {
      const change = undone.pop();
      if (!change) return false;
      change.redo();
      done.push(change);
      tell();
      return true;
    },
    forget(...gone) {
      const all = new Set(gone);
      const isGone = ({ of = [] }: Change): boolean => of.some((one) => all.has(one));
      for (const change of [...done, ...undone]) if (isGone(change)) for (const one of change.of!) all.add(one);
      done = done.filter((change) => !isGone(change));
      undone = undone.filter((change) => !isGone(change));
      tell();
    },
    clear() {
      done = [];
      undone = [];
      tell();
    },
  };
}
