// The built viewer in the system's Chromium, with the fake plugin as its default one. Build, server and browser are made once a
// process: all test files of a worker use them. Every page notes what the console says and where requests go.

import { mkdtemp, readdir, readFile, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { hasChromium, shareBrowser } from "../support/chromium.ts";
import { takePage } from "./page-pool.ts";

export { hasChromium };

export interface Stand {
  readonly url: string;
  readonly browser: Browser;
  open(options?: OpenOptions): Promise<Sheet>;
  dispose(): Promise<void>;
}

export interface OpenOptions {
  readonly query?: string;
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "dark" | "light";
  /** A touch screen, as a phone has. */
  readonly touch?: boolean;
  /** Pixels of the screen in one of the page: 1 where a test looks at them, else fewer, which are drawn in software. */
  readonly pixelRatio?: number;
  /** Starts the service worker, too, which keeps the page for the time without a network. */
  readonly serviceWorker?: boolean;
  /** Run in every page before the viewer. */
  readonly before?: () => void;
}

/** One page with the viewer, in a storage of its own. */
export interface Sheet {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings of the console, and exceptions. */
  readonly faults: string[];
  /** Requests to other origins. */
  readonly foreign: string[];
  /** Opens the sample and waits until it is drawn. */
  openSample(): Promise<void>;
  /** Waits until all that is in sight is drawn and nothing moves. */
  rest(): Promise<void>;
  /** Sets the values of a command's dialog. */
  setValues(command: string, values: Readonly<Record<string, unknown>>): Promise<void>;
  /** Notes in the page when something that fits the selector is there, however shortly; what comes back waits for it. */
  note(selector: string): Promise<() => Promise<void>>;
  /** Drops a file or folder of the disk, as a file manager does; the page itself does not make it. */
  dropPath(path: string): Promise<void>;
  /** Drops bytes as a file onto the viewer. */
  drop(bytes: Uint8Array, name: string): Promise<void>;
  /** Where an image point is on the page. */
  at(x: number, y: number): Promise<{ x: number; y: number }>;
  /** Drags through image points. */
  drag(points: readonly (readonly [number, number])[]): Promise<void>;
  /** The ids of the active layer, with the number of pixels of each. */
  areas(): Promise<Record<string, number>>;
  close(): Promise<void>;
  /** Ends the use of the page, which may then be another sheet's: for tests that left nothing open. */
  giveBack(): Promise<void>;
}

/** Returns the served viewer and the browser. `plugin`: the folder whose manifest.json is the default plugin. */
export async function createStand({ plugin = "test/viewer/fake-plugin" }: { plugin?: string } = {}): Promise<Stand> {
  if (!served.has(plugin)) served.set(plugin, serveViewer(plugin));
  const [url, browser] = await Promise.all([served.get(plugin)!, shareBrowser("viewer")]);
  const sheets = new Set<Sheet>();
  return {
    url,
    browser,
    async open(options) {
      const opened = await openSheet(browser, url, options);
      const sheet: Sheet = {
        ...opened,
        giveBack() {
          sheets.delete(sheet);
          return opened.giveBack();
        },
      };
      sheets.add(sheet);
      return sheet;
    },
    async dispose() {
      for (const sheet of sheets) await sheet.close();
    },
  };
}

/** Never called: tells `vitest --changed` of what the page is made. */
export const builtFrom = [() => import("../../viewer/main.ts"), () => import("../../viewer/read/worker.ts")];

/** Addresses by plugin. */
const served = new Map<string, Promise<string>>();

async function serveViewer(plugin: string): Promise<string> {
  // Vitest's setup removes what lies in the folder of its run.
  const root = await mkdtemp(join(process.env["OVERTILE_RUN_FOLDER"] ?? tmpdir(), "viewer-"));
  const { buildViewer } = (await import("../../tools/build-viewer.mjs" as string)) as {
    buildViewer(options: { out: string }): Promise<void>;
  };
  const { serve } = (await import("../../tools/serve.mjs" as string)) as {
    serve(options: { root: string }): Promise<{ server: { unref(): void }; url: string }>;
  };
  // `npm test` has just built it.
  if (process.env["OVERTILE_BUILT"]) await symlink(resolve("dist/viewer"), join(root, "viewer"));
  else await buildViewer({ out: join(root, "viewer") });
  for (const name of await readdir(plugin)) if (name !== "viewer") await symlink(resolve(plugin, name), join(root, name));
  await symlink(resolve("test/viewer/fake-plugin"), join(root, "fake-plugin"));
  await symlink(resolve("test/core/source/golden/images"), join(root, "images"));
  await build({
    entryPoints: ["core/source/open.ts"],
    outfile: join(root, "open.mjs"),
    bundle: true,
    format: "esm",
    external: ["node:*", "fs", "path", "numcodecs/*"],
    logLevel: "error",
  });
  const { server, url } = await serve({ root });
  server.unref();
  return url;
}

async function openSheet(
  browser: Browser,
  url: string,
  {
    query = "",
    width = 1440,
    height = 900,
    theme = "dark",
    touch = false,
    pixelRatio = 0.5,
    serviceWorker = false,
    before,
  }: OpenOptions = {},
): Promise<Sheet> {
  const { page, context, giveBack } = await takePage(browser, { width, height, theme, touch, pixelRatio, serviceWorker });
  if (before) await page.addInitScript(before);
  const faults: string[] = [];
  const foreign: string[] = [];
  page.on("console", (message) => {
    // A picture that is put together without a GPU is read back from it.
    if (/GPU stall due to ReadPixels|Service Worker registration blocked/.test(message.text())) return;
    if (message.type() === "error" || message.type() === "warning") faults.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !/^(blob|data):/.test(address)) foreign.push(address);
  });
  // OVERTILE_THROTTLE=6: as on a machine that is six times slower.
  const rate = Number(process.env["OVERTILE_THROTTLE"] ?? 1);
  if (rate > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate });
  await page.goto(`${url}viewer/${query}`);
  await page.waitForFunction(() => document.documentElement.dataset["ready"] === "true");
  const sheet: Sheet = {
    page,
    context,
    faults,
    foreign,
    async openSample() {
      await page.evaluate(() => {
        void (globalThis as never as Handle).overtileViewer.actions.openSample();
      });
      await page.waitForFunction(
        () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
      );
      await sheet.rest();
      await page.focus("#map");
    },
    rest: () =>
      page.evaluate(async () => {
        const { view } = (globalThis as never as Handle).overtileViewer.app;
        await view.drawn();
        await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
        // A canvas is on the screen one frame later.
        for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
      }),
    setValues: (command, values) =>
      page.evaluate(
        ([id, given]) => {
          const { training } = (globalThis as never as Handle).overtileViewer.app;
          training.values.value = { ...training.values.value, [id]: given as never };
        },
        [command, values] as const,
      ),
    async note(selector) {
      await page.evaluate((wanted) => {
        const notes = (globalThis as never as { notes?: Set<string> }).notes ?? new Set();
        Object.assign(globalThis, { notes });
        const observer = new MutationObserver(() => look());
        const look = (): void => {
          if (!document.querySelector(wanted)) return;
          notes.add(wanted);
          observer.disconnect();
        };
        observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
        look();
      }, selector);
      return async () => {
        await page.waitForFunction((wanted) => (globalThis as never as { notes: Set<string> }).notes.has(wanted), selector);
      };
    },
    async dropPath(path) {
      const client = await context.newCDPSession(page);
      const data = { items: [], files: [path], dragOperationsMask: 1 };
      for (const type of ["dragEnter", "dragOver", "drop"] as const)
        await client.send("Input.dispatchDragEvent", { type, x: width / 2, y: height / 2, data });
      await client.detach();
    },
    async drop(bytes, name) {
      const text = Buffer.from(bytes).toString("base64");
      await page.evaluate(
        ([data, title]) => {
          const files = new DataTransfer();
          files.items.add(new File([Uint8Array.from(atob(data!), (letter) => letter.charCodeAt(0))], title!));
          window.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        },
        [text, name],
      );
    },
    async at(x, y) {
      return page.evaluate(
        ([px, py]) => {
          const { view } = (globalThis as never as Handle).overtileViewer.app;
          const box = document.querySelector("#map")!.getBoundingClientRect();
          const sight = view.sight.value!;
          return { x: box.left + (px! - sight.x0) * view.scale.value, y: box.top + (py! - sight.y0) * view.scale.value };
        },
        [x, y],
      );
    },
    async drag(points) {
      const places = await Promise.all(points.map(([x, y]) => sheet.at(x, y)));
      await page.mouse.move(places[0]!.x, places[0]!.y);
      await page.mouse.down();
      for (const place of places.slice(1)) await page.mouse.move(place.x, place.y, { steps: 2 });
      await page.mouse.up();
    },
    areas: () =>
      page.evaluate(() => {
        const counts: Record<string, number> = {};
        const layer = (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.activeLayer.value;
        for (const tile of layer?.raster.tiles.values() ?? []) for (const id of tile) if (id) counts[id] = (counts[id] ?? 0) + 1;
        return counts;
      }),
    close: () => context.close(),
    giveBack: () => giveBack(`${url}manifest.json`),
  };
  return sheet;
}

/** Opens a page, runs the work, and demands a quiet console and no foreign request. `allowed`: faults that belong to the work. */
export async function withSheet(
  stand: Stand,
  work: (sheet: Sheet) => Promise<void>,
  options: OpenOptions = {},
  allowed: RegExp = /^$/,
): Promise<void> {
  const sheet = await stand.open(options);
  try {
    await work(sheet);
    expect(sheet.faults.filter((fault) => !allowed.test(fault))).toEqual([]);
    expect(sheet.foreign).toEqual([]);
  } catch (error) {
    await sheet.close();
    throw error;
  }
  await sheet.giveBack();
}

// 100 ms are promised on a free machine (E5); a slower one gets twice that. The clock's time is told, not judged: other work on the
// machine stretches it, and WebGL drawn in software makes the page wait.
export const longestTaskMs = 200;

/** Draws four objects with the brush, in the middle of the sample. */
export async function drawFour(sheet: Sheet): Promise<void> {
  await sheet.page.keyboard.press("b");
  for (const [x, y] of [
    [220, 220],
    [280, 220],
    [220, 280],
    [280, 280],
  ] as const)
    await sheet.drag([
      [x, y],
      [x + 12, y + 6],
    ]);
}

/** Places a box of 128 pixels in the middle of the sample: everything in it is drawn. */
export function boxMiddle({ page }: Sheet): Promise<void> {
  return page.evaluate(() => {
    const { layers } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
    layers.value.find(({ kind }) => kind === "annotation")!.regions.value = [{ y0: 192, x0: 192, y1: 320, x1: 320 }];
  });
}

/** The sentence that the viewer shows. */
export function statusOf({ page }: Sheet): Promise<string | undefined> {
  return page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.status.value?.text);
}

/** Reloads the page and waits until the viewer is there again. */
export async function reload({ page }: Sheet): Promise<void> {
  await page.reload();
  await page.waitForFunction(() => document.documentElement.dataset["ready"] === "true");
  await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer !== undefined);
}

/** What the viewer leaves on the page, as far as tests look at it. */
export interface Handle {
  readonly overtileViewer: import("../../viewer/main.ts").Viewer;
}

/** A small PNG or other file of the tests' data. */
export const readData = (path: string): Promise<Uint8Array> => readFile(path);
