// Pages that are used again: a new process, a new storage and scripts that are compiled anew are half of what a page costs. A page
// that comes back is emptied: its viewer is left, and all that its origin stored is deleted. One that a test changed for good
// (scripts, routes, a second tab), or that is not empty afterwards, is closed instead.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";

export interface PageOptions {
  readonly width: number;
  readonly height: number;
  readonly theme: "dark" | "light";
  readonly touch: boolean;
  readonly pixelRatio: number;
  readonly serviceWorker: boolean;
}

export interface PooledPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Empties the page for the next test. `url`: a small file of the viewer's origin. */
  giveBack(url: string): Promise<void>;
}

interface Kept extends Pick<PooledPage, "page" | "context"> {
  readonly key: string;
  readonly browser: Browser;
  isChanged: boolean;
}

const free: Kept[] = [];

/** Returns an empty page: one that was given back where one fits, else a new one. */
export async function takePage(browser: Browser, options: PageOptions): Promise<PooledPage> {
  const { width, height, theme, touch, pixelRatio, serviceWorker } = options;
  const key = JSON.stringify([touch, pixelRatio, serviceWorker]);
  const at = free.findIndex((one) => one.key === key && one.browser === browser && browser.isConnected());
  const kept = at < 0 ? await openPage(browser, key, options) : free.splice(at, 1)[0]!;
  const { page, context } = kept;
  if (at >= 0) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme });
  }
  return {
    page,
    context,
    async giveBack(url) {
      const isEmpty = !serviceWorker && !kept.isChanged && context.pages().length === 1 && (await empty(kept, url).catch(() => false));
      if (isEmpty) free.push(kept);
      else await context.close();
    },
  };
}

async function openPage(browser: Browser, key: string, { width, height, theme, touch, ...more }: PageOptions): Promise<Kept> {
  const wanted: BrowserContextOptions = {
    viewport: { width, height },
    deviceScaleFactor: more.pixelRatio,
    colorScheme: theme,
    hasTouch: touch,
    serviceWorkers: more.serviceWorker ? "allow" : "block",
    acceptDownloads: true,
  };
  const context = await browser.newContext(wanted);
  const page = await context.newPage();
  const kept: Kept = { page, context, key, browser, isChanged: false };
  for (const owner of [page, context] as unknown as Record<string, (...given: unknown[]) => unknown>[])
    for (const name of ["addInitScript", "exposeFunction", "exposeBinding", "route", "setOffline", "setExtraHTTPHeaders", "newPage"]) {
      const change = owner[name];
      if (!change) continue;
      owner[name] = (...given) => {
        kept.isChanged = true;
        return change.apply(owner, given);
      };
    }
  return kept;
}

/** Leaves the viewer and deletes what it stored; false where something is left. */
async function empty({ page, context }: Kept, url: string): Promise<boolean> {
  if (page.isClosed()) return false;
  for (const event of ["console", "pageerror", "request", "dialog", "download", "filechooser"]) page.removeAllListeners(event as "dialog");
  page.setDefaultTimeout(30_000);
  await page.goto(url);
  const devtools = await context.newCDPSession(page);
  await devtools.send("Storage.clearDataForOrigin", { origin: new URL(url).origin, storageTypes: "all" });
  await devtools.detach();
  return page.evaluate(async () => {
    sessionStorage.clear();
    for await (const _ of (await navigator.storage.getDirectory()).keys()) return false;
    return localStorage.length + (await indexedDB.databases()).length + (await caches.keys()).length === 0;
  });
}
