// Which panels are open and how wide: the state of the window around the image.

import { type Signal, signal } from "@preact/signals-core";

export type RightTab = "train" | "objects" | "macro";
export type Width = "wide" | "medium" | "narrow";

export interface ShellState {
  readonly left: Signal<boolean>;
  readonly right: Signal<boolean>;
  readonly tab: Signal<RightTab>;
  readonly leftPx: Signal<number>;
  readonly rightPx: Signal<number>;
  readonly width: Signal<Width>;
  /** Title of the menu that is open. */
  readonly menu: Signal<string | undefined>;
  dispose(): void;
}

/** The state at the start; follows the window's width. */
export function createShellState(): ShellState {
  const width = signal<Width>(measureWidth());
  const follow = (): void => {
    const now = measureWidth();
    if (now === width.value) return;
    width.value = now;
    state.left.value = now === "wide";
    state.right.value = now !== "narrow";
  };
  const state: ShellState = {
    left: signal(width.value === "wide"),
    right: signal(width.value !== "narrow"),
    tab: signal("train"),
    leftPx: signal(248),
    rightPx: signal(312),
    width,
    menu: signal(undefined),
    dispose: () => removeEventListener("resize", follow),
  };
  addEventListener("resize", follow);
  return state;
}

function measureWidth(): Width {
  return innerWidth >= 1200 ? "wide" : innerWidth >= 700 ? "medium" : "narrow";
}
