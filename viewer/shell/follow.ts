// What is kept in step with something else: the theme with the system, values and pictures with the pointer and the image,
// the question before leaving with the jobs. Each returns what ends it.

import { effect, type Signal, signal } from "@preact/signals-core";
import type { LocalHost } from "../../host/host.ts";
import type { JobInfo } from "../../host/jobs.ts";
import type { App } from "../app.ts";
import { composeColors } from "../map/compose.ts";
import { readReduced } from "../map/pyramid.ts";
import type { MacroState } from "../model/macro-state.ts";
import type { Workspace } from "../model/workspace.ts";

/** The host's jobs: a change of state is shown at once; progress twice a second, however
 * often it comes: where there is no GPU, drawing the page takes time from the computation. */
export function followJobs(host: LocalHost, jobs: Signal<readonly JobInfo[]>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const states = (list: readonly JobInfo[]): string => list.map(({ id, state }) => `${id} ${state}`).join();
  const show = (): void => {
    clearTimeout(timer);
    timer = undefined;
    jobs.value = host.jobs.list;
  };
  const stop = host.on("jobs", () => {
    if (states(host.jobs.list) !== states(jobs.peek())) show();
    else timer ??= setTimeout(show, 500);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

/** The recorded macro: what was recorded before the page was loaded, then what the host records. */
export function followRecorder({ recorder }: LocalHost, { earlier, recorded }: MacroState): () => void {
  const text = signal(recorder.text);
  const stopListening = recorder.onChange(() => {
    text.value = recorder.text;
  });
  const stop = effect(() => {
    recorded.value = earlier.value + text.value;
  });
  return () => {
    stopListening();
    stop();
  };
}

/** The value under the pointer as text, read at most four times a second. */
export function followValue({ workspace, view }: App): { text: { value: string }; stop: () => void } {
  const text = signal("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = async (): Promise<void> => {
    timer = undefined;
    const entry = workspace.current.peek();
    const point = view.crosshair.peek() ?? view.pointer.peek();
    const x = Math.floor(point?.x ?? -1);
    const y = Math.floor(point?.y ?? -1);
    if (!entry || x < 0 || y < 0 || x >= entry.source.width || y >= entry.source.height) {
      text.value = "";
      return;
    }
    try {
      const { data } = await entry.source.read({ x0: x, y0: y, x1: x + 1, y1: y + 1, ...entry.plane.peek() });
      text.value = Array.from(data, (one) => String(Number(one.toPrecision(6)))).join(", ");
    } catch {
      text.value = "";
    }
  };
  const stop = effect(() => {
    view.pointer.value;
    view.crosshair.value;
    workspace.current.value?.plane.value;
    timer ??= setTimeout(() => void read(), 250);
  });
  return {
    text,
    stop() {
      stop();
      clearTimeout(timer);
    },
  };
}

/** A small picture of the current image, drawn anew when its channels or plane change. */
export function followOverview({ workspace }: App): { readonly value: HTMLCanvasElement | undefined; stop: () => void } {
  const picture = signal<HTMLCanvasElement | undefined>(undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = 0;
  const stop = effect(() => {
    const turn = ++last;
    const entry = workspace.current.value;
    const channels = entry?.channels.value ?? [];
    const plane = entry?.plane.value;
    clearTimeout(timer);
    picture.value = undefined;
    if (!entry || !plane || channels.length === 0) return;
    timer = setTimeout(async () => {
      try {
        const image = composeColors(await readReduced(entry.source, plane, 160), channels);
        const canvas = document.createElement("canvas");
        canvas.width = image.width;
        canvas.height = image.height;
        canvas.getContext("2d")!.putImageData(image, 0, 0);
        // Meanwhile another image, plane or colour may be shown.
        if (turn === last) picture.value = canvas;
      } catch {
        // The tiles say what is wrong with the image; the overview stays away.
      }
    }, 200);
  });
  return {
    get value() {
      return picture.value;
    },
    stop() {
      stop();
      clearTimeout(timer);
    },
  };
}

// Long enough to be read twice.
const leastNoticeMs = 8000;
const noticeMsALetter = 80;

/** Takes notices away after a while, those that may go by themselves; one that is pointed at or has the focus stays for so long. */
export function followNotices({ status }: Workspace): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    clearTimeout(timer);
    const notice = status.value;
    if (!notice || notice.kind === "error" || notice.action || notice.stays) return;
    const wait = Math.max(leastNoticeMs, notice.text.length * noticeMsALetter);
    const go = (): void => {
      if (document.querySelector(".notice:hover, .notice:focus-within")) timer = setTimeout(go, wait);
      else if (status.peek() === notice) status.value = undefined;
    };
    timer = setTimeout(go, wait);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

/** The theme as preferred, or the system's. */
export function followTheme(workspace: Workspace): () => void {
  const system = matchMedia("(prefers-color-scheme: light)");
  const apply = (): void => {
    const { theme } = workspace.preferences.value;
    document.documentElement.dataset["theme"] = theme === "system" ? (system.matches ? "light" : "dark") : theme;
  };
  const stop = effect(apply);
  system.addEventListener("change", apply);
  return () => {
    stop();
    system.removeEventListener("change", apply);
  };
}

/** Tells the style whether one walks by Tab now: the frame around the focused image is for those who do. */
export function followTabbing(): () => void {
  const { dataset } = document.documentElement;
  const key = ({ key }: KeyboardEvent): void => {
    if (key === "Tab") dataset["tabbing"] = "";
  };
  const pointer = (): void => {
    delete dataset["tabbing"];
  };
  addEventListener("keydown", key, true);
  addEventListener("pointerdown", pointer, true);
  return () => {
    removeEventListener("keydown", key, true);
    removeEventListener("pointerdown", pointer, true);
  };
}

/** Asks before the page is left while a job runs or work is not yet stored. */
export function warnOnLeaving(jobs: { readonly value: readonly JobInfo[] }, autosave: App["autosave"]): () => void {
  const ask = (event: BeforeUnloadEvent): void => {
    const running = jobs.value.some(({ state }) => state === "running" || state === "queued");
    if (running || autosave.state.value !== "saved") event.preventDefault();
  };
  addEventListener("beforeunload", ask);
  return () => removeEventListener("beforeunload", ask);
}
