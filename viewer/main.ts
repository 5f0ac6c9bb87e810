// The viewer's start: makes the parts, puts them together, and lets the page follow. What it is made of is in app.ts; what it
// looks like in panel/, shell/ and style/.

import { computed, effect, signal } from "@preact/signals-core";
import { describeError } from "../core/problem.ts";
import { createHost, type LocalHost } from "../host/host.ts";
import type { JobInfo } from "../host/jobs.ts";
import type { JobWatch } from "../host/run-command.ts";
import type { SegmentResult } from "../plugin/contract.ts";
import type { App } from "./app.ts";
import { type Actions, createActions } from "./command/actions.ts";
import { focusCanvas } from "./command/attempt.ts";
import type { ViewerCommand } from "./command/command.ts";
import { listenToKeys } from "./command/keyboard.ts";
import { createPluginCommands } from "./command/plugin-commands.ts";
import { createViewerCommands } from "./command/viewer-commands.ts";
import { createDialogs, type Dialogs } from "./dialog/dialogs.ts";
import { html } from "./dom/html.ts";
import { installIcons } from "./dom/icon.ts";
import { download, exportLayer, layerExports } from "./file/export.ts";
import { createImageSync } from "./file/image-sync.ts";
import { openImage } from "./file/open-image.ts";
import { createMapView } from "./map/map-view.ts";
import { allAnnotations } from "./model/annotations.ts";
import { createMacroState, type MacroState } from "./model/macro-state.ts";
import { createShellState } from "./model/shell-state.ts";
import { createWorkspace } from "./model/workspace.ts";
import { assertModel } from "./plugin/find-model.ts";
import { createLibrary } from "./plugin/library.ts";
import { createSlideRuns } from "./plugin/slide-runs.ts";
import { createTraining, type Training } from "./plugin/training.ts";
import { createReader } from "./read/reader.ts";
import { watchAddress } from "./shell/address-request.ts";
import { acceptDrops } from "./shell/drop.ts";
import { followJobs, followRecorder, followTabbing, followTheme, warnOnLeaving } from "./shell/follow.ts";
import { layOut, mountShell } from "./shell/mount-shell.ts";
import { keepOffline } from "./shell/offline.ts";
import { type Autosave, createAutosave } from "./store/autosave.ts";
import { openBlobStore } from "./store/blob-store.ts";
import { createDatasets } from "./store/datasets.ts";
import { openSlideShelf } from "./store/slide-shelf.ts";

/** A viewer in the page; `dispose` ends all that it started. */
export interface Viewer {
  readonly app: App;
  readonly actions: Actions;
  dispose(): void;
}

export interface ViewerOptions {
  /** Manifests of the plugins that the page brings. */
  readonly plugins?: readonly string[];
  /** More pixels than these at once are segmented block by block. */
  readonly largestInMemoryPx?: number;
}

/** Starts the viewer in `root`. */
export async function startViewer(
  root: HTMLElement,
  { plugins = ["../manifest.json"], largestInMemoryPx }: ViewerOptions = {},
): Promise<Viewer> {
  const workspace = createWorkspace();
  const shell = createShellState();
  const dialogs = createDialogs(root);
  const macro = createMacroState();
  const places = layOut(root);
  const store = await openBlobStore();
  const onProblem = (error: unknown): void => {
    workspace.status.value = { kind: "error", text: describeError(error) };
  };

  let host!: LocalHost;
  let training!: Training;
  let autosave!: Autosave;
  const reader = createReader();
  const slides = createSlideRuns({
    workspace,
    host: () => host,
    library: () => library,
    reader,
    shelf: await openSlideShelf(store),
    largestInMemoryPx,
  });
  const imageSync = createImageSync(workspace, {
    reader,
    host: () => host,
    locate: (name) => locate(dialogs, name),
    adopt: async (entry) => {
      await autosave.adopt(entry);
      await slides.attach(entry).catch(onProblem);
    },
  });
  host = createHost({
    files: {
      open: imageSync.open,
      async save(kind, path, image, model) {
        if (kind === "Model") {
          const archive = await library.models()?.export(model!);
          if (archive) download(archive, fileName(path));
          return;
        }
        const entry = image && imageSync.entryOf(image.image);
        const layer = (image && imageSync.layerOf(image.image)) ?? (entry && allAnnotations(entry));
        const format = layerExports.find((one) => one.kind === kind);
        if (entry && layer && format) download(await exportLayer(workspace, entry, layer, format.kind), fileName(path));
      },
    },
    log: (line) => {
      macro.output.value = [...macro.output.value.slice(-500), line];
    },
    samples: (parameters) => training.samplesFor(parameters),
    watch: (start) => withOutput(training.watch(start), macro),
    slides: slides.find,
    assertThere: ({ kind, path }) => (kind === "image" ? imageSync.assertThere(path) : assertModel(library, path)),
  });
  const library = createLibrary(host);
  training = createTraining(workspace, host, library, { datasets: createDatasets(store), slides, ask: dialogs.confirm });
  autosave = createAutosave({ workspace, training, library, macro }, store);
  const view = createMapView(workspace, places.map, onProblem);
  imageSync.follow();

  const app: App = { workspace, shell, host, library, training, autosave, slides, dialogs, view, commands: [] };
  const actions = createActions(app, imageSync, macro);
  const own = createViewerCommands(app, actions);
  const commands = computed<readonly ViewerCommand[]>(() => [...own, ...createPluginCommands(app, actions)]);
  const run = (command: ViewerCommand): void => void actions.attempt(() => command.run());
  const jobs = signal<readonly JobInfo[]>([]);
  const stops: (() => void)[] = [
    followJobs(host, jobs),
    followRecorder(host, macro),
    effect(() => {
      (app as { commands: readonly ViewerCommand[] }).commands = commands.value;
    }),
    followTheme(workspace),
    followTabbing(),
    listenToKeys(app, places.map, () => commands.value, run),
    acceptDrops(root, actions),
    warnOnLeaving(jobs, autosave),
  ];

  const request = watchAddress(app, actions, macro);
  stops.push(...mountShell(app, actions, places, { commands, run, jobs, macro, request }));

  for (const url of plugins) {
    const { state, reason } = await Promise.race([library.install(url), later(0)]).then(
      (plugin) => plugin ?? { state: "loading", reason: undefined },
    );
    if (state === "failed") console.info(reason);
  }
  stops.push(autosave.follow());
  await autosave.load({
    open: (origin, title) =>
      origin.kind === "url"
        ? openImage(reader, new URL(origin.url), { name: title })
        : origin.kind === "bytes"
          ? openImage(reader, origin.blob, { name: title })
          : Promise.reject(new Error("not kept")),
    restore: imageSync.restore,
    show: (entry, options) => {
      host.addImage({ title: entry.title.value, image: entry.image }, options);
      void slides.attach(entry).catch(onProblem);
    },
  });
  stops.push(
    effect(() => {
      if (library.plugins.value.some(({ state }) => state === "ready")) void training.refreshModels().catch(onProblem);
    }),
  );
  document.documentElement.dataset["ready"] = "true";

  return {
    app,
    actions,
    dispose() {
      for (const stop of stops) stop();
      shell.dispose();
      view.dispose();
      library.dispose();
      host.dispose();
      imageSync.dispose();
      root.replaceChildren();
    },
  };
}

/** What a running macro has to hear of, too: that nothing was found. */
function withOutput(watch: JobWatch | undefined, { running, output }: MacroState): JobWatch {
  return {
    ...watch,
    end(outcome) {
      watch?.end(outcome);
      const { nothing } = ("result" in outcome ? (outcome.result ?? {}) : {}) as Partial<SegmentResult>;
      if (nothing !== undefined && running.peek()) output.value = [...output.peek(), nothing];
    },
  };
}

async function locate(dialogs: Dialogs, name: string): Promise<Blob | undefined> {
  return dialogs.open<Blob>("Locate a file", (close) => {
    const choose = (event: Event): void => close((event.target as HTMLInputElement).files?.[0]);
    return html`<div class="dialog-body"><p>The macro opens <strong>${name}</strong>. A page may not look for files by itself: choose it.</p>
        <label class="field"><span>Locate ${name}</span><input type="file" @change=${choose} /></label></div>
      <footer class="dialog-foot"><button @click=${() => close()}>Cancel</button></footer>`;
  });
}

function fileName(path: string): string {
  return path.split(/[/\\]/).at(-1) || "result";
}

function later(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms));
}

const root = document.querySelector<HTMLElement>("#app");
if (root) {
  installIcons();
  startViewer(root).then(
    (viewer) => {
      focusCanvas();
      void keepOffline(viewer.app.library);
      Object.assign(globalThis, { overtileViewer: { ...viewer, startViewer } });
    },
    (error: unknown) => {
      const text = document.createElement("p");
      text.setAttribute("role", "alert");
      text.textContent = `The viewer could not start: ${describeError(error)} Reload the page; if it happens again, use a current Chrome, Edge, Firefox or Safari.`;
      root.append(text);
    },
  );
}
