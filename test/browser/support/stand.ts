// The built dist/ in the system's Chromium, a fresh context a page. Whatever a page asks of another host is noted, and cannot be reached: names resolve to this machine or to nothing.

import { existsSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { chromiumPath, hasChromium, launchBrowser, shareBrowser } from "../../support/chromium.ts";
import { type ServeOptions, serve, type TestServer } from "./server.ts";

export { chromiumPath };

/** Never called: tells `vitest --changed` of what dist/ is made. */
export const builtFrom = [() => import("../../../plugin/entry/entry-single.ts"), () => import("../../../plugin/entry/worker.ts")];

/** A page that loads nothing by itself. */
export const blank = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>blank</title>';

export interface Stand {
  readonly browser: Browser;
  serve(options?: Partial<ServeOptions>): Promise<TestServer>;
  open(url: string, options?: { readonly offline?: boolean; readonly before?: string }): Promise<Sheet>;
  dispose(): Promise<void>;
}

export interface Sheet {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Exceptions that nobody caught. */
  readonly faults: string[];
  /** Requests to anything but 127.0.0.1 and lan.test. */
  readonly foreign: string[];
}

/**
 * Opens pages in the shared browser, or in one of its own where the test harms it. Throws where the bundle or the browser is
 * missing, and says how to get it.
 */
export async function createStand({ isOwn = false }: { readonly isOwn?: boolean } = {}): Promise<Stand> {
  await assertBuilt();
  if (!hasChromium)
    throw new Error(`Chromium must be at ${chromiumPath}, or CHROMIUM must say where. Install it (Debian: apt-get install chromium).`);
  const browser = await (isOwn ? launchBrowser : shareBrowser)("bundle");
  const servers: TestServer[] = [];
  const contexts: BrowserContext[] = [];
  return {
    browser,
    async serve(options = {}) {
      const server = await serve({ folders: { "/": "dist" }, ...options, pages: { "/blank.html": blank, ...options.pages } });
      servers.push(server);
      return server;
    },
    async open(url, { before } = {}) {
      const context = await browser.newContext();
      contexts.push(context);
      await context.addInitScript("globalThis.loadModule = (url) => import(url);");
      if (before !== undefined) await context.addInitScript(before);
      const page = await context.newPage();
      const faults: string[] = [];
      const foreign: string[] = [];
      page.on("pageerror", (error) => faults.push(error.message));
      context.on("request", (request) => {
        const { protocol, hostname } = new URL(request.url());
        if (protocol.startsWith("http") && hostname !== "127.0.0.1" && hostname !== "lan.test") foreign.push(request.url());
      });
      await page.goto(url);
      return { page, context, faults, foreign };
    },
    async dispose() {
      await Promise.all(contexts.map((context) => context.close()));
      if (isOwn) await browser.close();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

async function assertBuilt(): Promise<void> {
  if (!existsSync("dist/manifest.json")) throw new Error("The bundle must be built before it is tested. Run npm run build.");
  const built = statSync("dist/manifest.json").mtimeMs;
  for (const folder of ["plugin", "core"]) {
    for (const file of await readdir(folder, { recursive: true })) {
      if (file.endsWith(".ts") && statSync(`${folder}/${file}`).mtimeMs > built) {
        console.warn(`dist/ is older than ${folder}/${file}: these tests are about an older state. Run npm run build.`);
        return;
      }
    }
  }
}

/** Generated cells as plain numbers, which cross into a page. */
export interface Cells {
  readonly side: number;
  readonly image: readonly number[];
  readonly labels: readonly number[];
}

export function makeCells(side = 96, seed = 3): Cells {
  const { image, labels } = generateCells({ height: side, width: side, seed });
  return { side, image: [...image.data], labels: [...labels.data] };
}

/** A training of a second or two. */
export const tiny = { levels: 1, features: 4, tile: 44, steps: 4, seed: 1, validate: "0" } as const;
