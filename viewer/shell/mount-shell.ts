// Puts the window together: the fixed skeleton, and what is rendered into each part of it.

import { computed, effect } from "@preact/signals-core";
import type { JobInfo } from "../../host/jobs.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import type { ViewerCommand } from "../command/command.ts";
import { html, mount, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import type { MacroState } from "../model/macro-state.ts";
import { createSettled } from "../model/settled.ts";
import type { ShellState } from "../model/shell-state.ts";
import { prefer } from "../model/workspace.ts";
import { createCurves } from "../panel/curves.ts";
import { announceJobs, jobsPanel } from "../panel/jobs-panel.ts";
import { layersPanel } from "../panel/layers-panel.ts";
import { countTrainable, type Trainable } from "../panel/learning-words.ts";
import { macroPanel } from "../panel/macro-panel.ts";
import { createObjectList, createObjectsPanel, type ObjectsPanel } from "../panel/objects-panel.ts";
import { createSlideObjects, type SlideObjects } from "../panel/slide-objects.ts";
import { statusBar } from "../panel/status-bar.ts";
import { toolStrip } from "../panel/tool-strip.ts";
import { trainPanel } from "../panel/train-panel.ts";
import { computeBadge } from "./compute-badge.ts";
import { followNotices, followOverview, followValue } from "./follow.ts";
import { menuBar } from "./menu-bar.ts";
import { resizer } from "./resizer.ts";
import { emptyStage, notice, overview, planeSliders, scaleBar } from "./stage.ts";

/** The elements that hold the window's parts. */
export interface Places {
  readonly bar: HTMLElement;
  readonly left: HTMLElement;
  readonly stage: HTMLElement;
  readonly map: HTMLElement;
  readonly over: HTMLElement;
  readonly strip: HTMLElement;
  readonly right: HTMLElement;
  readonly status: HTMLElement;
  readonly live: HTMLElement;
}

/** The fixed skeleton in `root`; the parts are rendered into it. */
export function layOut(root: HTMLElement): Places {
  const make = (tag: string, className: string, attributes: Readonly<Record<string, string>> = {}): HTMLElement => {
    const element = document.createElement(tag);
    element.className = className;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const places = {
    bar: make("header", "bar"),
    left: make("aside", "side left", { "aria-label": "Layers and models" }),
    stage: make("main", "stage"),
    map: make("div", "map", {
      id: "map",
      tabindex: "0",
      role: "application",
      "aria-label": "Image. Draw with the tools; K draws by keyboard. The table of objects tells what is drawn.",
    }),
    over: make("div", "over"),
    strip: make("div", "strip-place"),
    right: make("aside", "side right", { "aria-label": "Train, objects and macros" }),
    status: make("footer", "status"),
    live: make("div", "visually-hidden", { "aria-live": "polite", role: "status" }),
  };
  places.stage.append(places.map, places.over, places.strip);
  root.classList.add("app");
  root.append(places.bar, places.left, places.stage, places.right, places.status, places.live);
  return places;
}

/** Renders every part into its place and keeps it in step. Returns what ends that. */
export function mountShell(
  app: App,
  actions: Actions,
  places: Places,
  {
    commands,
    run,
    jobs,
    macro,
    request,
  }: {
    commands: { readonly value: readonly ViewerCommand[] };
    run: (command: ViewerCommand) => void;
    jobs: { readonly value: readonly JobInfo[] };
    macro: MacroState;
    request: () => Part;
  },
): (() => void)[] {
  const { workspace, shell, view } = app;
  const curves = createCurves();
  const settled = createSettled(workspace);
  const objects = createObjectList(app, settled.count);
  const trainable = computed(() => {
    settled.count.value;
    return countTrainable(app.training.annotatedPlanes.peek(), workspace.current.peek());
  });
  const value = followValue(app);
  const picture = followOverview(app);
  const objectsPanel = createObjectsPanel(app, actions, objects);
  const slideObjects = createSlideObjects(app, actions);
  const root = places.bar.parentElement!;
  return [
    mount(places.bar, () => topBar(app, actions, commands.value, run)),
    mount(places.left, () =>
      shell.left.value ? html`<div class="side-scroll">${layersPanel(app, actions)}</div>${resizer(shell, "left")}` : railLeft(app),
    ),
    mount(
      places.over,
      () =>
        html`${emptyStage(app, actions, request())}${scaleBar(app)}<div class="over-top">${narrowTabs(shell)}${planeSliders(app)}${overview(app, picture.value)}${notice(app)}${workspace.current.value ? request() : nothing}</div>`,
    ),
    mount(places.strip, () => toolStrip(app)),
    mount(places.right, () =>
      shell.right.value ? rightPanel(app, actions, { curves, objects, objectsPanel, slideObjects, trainable, macro, jobs }) : nothing,
    ),
    mount(places.status, () => statusBar(app, value.text.value)),
    mount(places.live, () => announceJobs(jobs.value)),
    effect(() => {
      root.dataset["left"] = String(shell.left.value);
      root.dataset["right"] = String(shell.right.value);
      root.dataset["width"] = shell.width.value;
      root.dataset["empty"] = String(workspace.current.value === undefined);
      root.style.setProperty("--left", `${shell.leftPx.value}px`);
      root.style.setProperty("--right", `${shell.rightPx.value}px`);
      requestAnimationFrame(() => view.refresh());
    }),
    followNotices(workspace),
    () => curves.dispose(),
    () => objectsPanel.dispose(),
    () => slideObjects.dispose(),
    settled.stop,
    value.stop,
    picture.stop,
    closeMenusOutside(shell),
  ];
}

function topBar(app: App, actions: Actions, commands: readonly ViewerCommand[], run: (command: ViewerCommand) => void): Part {
  const { workspace, shell } = app;
  const dark = document.documentElement.dataset["theme"] === "dark";
  workspace.preferences.value;
  const find = (id: string): ViewerCommand | undefined => commands.find((command) => command.id === id);
  const button = (id: string, name: Parameters<typeof icon>[0], label: string): Part => {
    const command = find(id);
    return command
      ? html`<button class="icon-button" aria-label=${label} title=${`${label}${command.keys ? ` (${command.keys[0]})` : ""}`} ?disabled=${command.enabled?.() === false} @click=${() => run(command)}>${icon(name)}</button>`
      : nothing;
  };
  return html`<h1 class="brand">Overtile</h1>${menuBar(shell, commands, run)}<span class="grow"></span>
    ${computeBadge(app, actions)}${button("undo", "undo", "Undo")}${button("redo", "redo", "Redo")}${button("keys", "help", "Keys")}
    <button class="icon-button" aria-label=${dark ? "Light theme" : "Dark theme"} title=${dark ? "Light theme" : "Dark theme"} @click=${() => prefer(workspace, { theme: dark ? "light" : "dark" })}>${icon(dark ? "sun" : "moon")}</button>`;
}

function railLeft({ shell }: App): Part {
  if (shell.width.value === "narrow") return nothing;
  return html`<button class="icon-button rail" aria-label="Show layers" title="Layers and models" @click=${() => {
    shell.left.value = true;
  }}>${icon("layers")}</button>`;
}

function rightPanel(
  app: App,
  actions: Actions,
  {
    curves,
    objects,
    objectsPanel,
    slideObjects,
    trainable,
    macro,
    jobs,
  }: {
    curves: ReturnType<typeof createCurves>;
    objects: ReturnType<typeof createObjectList>;
    objectsPanel: ObjectsPanel;
    slideObjects: SlideObjects;
    trainable: { readonly value: Trainable };
    macro: MacroState;
    jobs: { readonly value: readonly JobInfo[] };
  },
): Part {
  const { shell, host } = app;
  const tab = shell.tab.value;
  const slide = app.workspace.current.value?.activeSlide.value;
  const tabs = [
    ["train", "Train & segment"],
    ["objects", "Objects"],
    ["macro", "Macro"],
  ] as const;
  return html`${resizer(shell, "right")}<div class="tabs" role="tablist" aria-label="Panels" @keydown=${(event: KeyboardEvent) => walkTabs(event)}>
      ${tabs.map(
        ([name, title]) =>
          html`<button role="tab" id=${`tab-${name}`} aria-selected=${tab === name} aria-controls="panel" tabindex=${tab === name ? 0 : -1} @click=${() => {
            shell.tab.value = name;
          }}>${title}</button>`,
      )}
    </div>
    <div class="side-scroll" id="panel" role="tabpanel" aria-labelledby=${`tab-${tab}`}>
      ${tab === "train" ? trainPanel(app, actions, curves, { objectCount: objects.value.length, trainable: trainable.value }) : nothing}
      ${tab === "objects" ? (slide ? slideObjects.panel(slide) : objectsPanel.panel()) : nothing}
      ${tab === "macro" ? macroPanel(app, actions, macro) : nothing}
    </div>
    ${jobsPanel(jobs.value, (id) => host.jobs.cancel(id))}`;
}

function walkTabs(event: KeyboardEvent): void {
  if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
  const tabs = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=tab]")];
  const next =
    tabs[(tabs.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length];
  next?.click();
  next?.focus();
}

// On a phone the panels are sheets from below, opened by two buttons.
function narrowTabs(shell: ShellState): Part {
  if (shell.width.value !== "narrow") return nothing;
  const toggle = (left: boolean): void => {
    const open = left ? !shell.left.value : !shell.right.value;
    shell.left.value = left && open;
    shell.right.value = !left && open;
  };
  return html`<div class="sheet-buttons"><button aria-pressed=${shell.left.value} @click=${() => toggle(true)}>${icon("layers")}Layers</button><button aria-pressed=${shell.right.value} @click=${() => toggle(false)}>${icon("target")}Train</button></div>`;
}

function closeMenusOutside(shell: ShellState): () => void {
  const close = (event: Event): void => {
    if (shell.menu.value && !(event.target as Element).closest(".menu")) shell.menu.value = undefined;
  };
  addEventListener("pointerdown", close, true);
  return () => removeEventListener("pointerdown", close, true);
}
