// A number that changes once drawing has come to rest: what is counted over whole layers follows it, not every move of the brush.

import { effect, type ReadonlySignal, signal } from "@preact/signals-core";
import type { Workspace } from "./workspace.ts";

const quietMs = 150;

/** Counts the rests. `stop` ends it. */
export function createSettled(workspace: Workspace): { readonly count: ReadonlySignal<number>; stop(): void } {
  const count = signal(0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    for (const entry of workspace.images.value) {
      entry.activeLayer.value;
      entry.planeIndex.value;
      for (const { version, regions } of entry.layers.value) [version.value, regions.value];
    }
    workspace.current.value;
    clearTimeout(timer);
    timer = setTimeout(() => {
      count.value++;
    }, quietMs);
  });
  return {
    count,
    stop() {
      stop();
      clearTimeout(timer);
    },
  };
}
