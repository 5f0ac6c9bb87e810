// Installed plugins. All that is known of one is its manifest and what its `activate` returns. One that throws, or never
// answers, is shown as failed with the reason; the viewer goes on without it.

import { type Signal, signal } from "@preact/signals-core";
import { describeError, Problem } from "../../core/problem.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { LocalHost } from "../../host/host.ts";
import { loadManifest, type Manifest } from "../../host/manifest.ts";
import type { Activate, Models, Overtile } from "../../plugin/contract.ts";

export interface InstalledPlugin {
  readonly url: string;
  /** Installed by the user, not by the page: it is installed again after a reload. */
  readonly byHand: boolean;
  readonly state: "loading" | "ready" | "failed";
  readonly manifest?: Manifest;
  readonly api?: Overtile;
  /** Why it failed, for the user. */
  readonly reason?: string;
  readonly uninstall?: () => void;
}

export interface Library {
  readonly plugins: Signal<readonly InstalledPlugin[]>;
  /** Installs from a manifest's address; resolves when it is ready or has failed. */
  install(url: string, options?: { readonly byHand?: boolean }): Promise<InstalledPlugin>;
  remove(url: string): void;
  /** Resolves once no plugin is starting. */
  settled(): Promise<void>;
  /** The first command with a role, among the plugins that are ready. */
  commandFor(role: "segment" | "train"): RegisteredCommand | undefined;
  /** The first plugin's models. */
  models(): Models | undefined;
  dispose(): void;
}

const startTimeoutMs = 10_000;

/** An empty library that installs into `host`. */
export function createLibrary(host: LocalHost): Library {
  const plugins = signal<readonly InstalledPlugin[]>([]);
  const put = (plugin: InstalledPlugin): InstalledPlugin => {
    const others = plugins.value.filter(({ url }) => url !== plugin.url);
    plugins.value = [...others, plugin];
    return plugin;
  };
  const ready = (): readonly InstalledPlugin[] => plugins.value.filter(({ state }) => state === "ready");
  const remove = (url: string): void => {
    const plugin = plugins.value.find((other) => other.url === url);
    plugin?.uninstall?.();
    plugins.value = plugins.value.filter((other) => other.url !== url);
  };
  return {
    plugins,
    async install(given, { byHand = false } = {}) {
      const url = new URL(given, location.href).href;
      remove(url);
      let shown = put({ url, byHand, state: "loading" });
      // False once it was removed, or installed anew, while it started: what comes of this start is not wanted any more.
      const replace = (plugin: InstalledPlugin): boolean => {
        if (!plugins.peek().includes(shown)) return false;
        shown = put(plugin);
        return true;
      };
      const removed: InstalledPlugin = { url, byHand, state: "failed", reason: "It was removed while it started." };
      let manifest: Manifest | undefined;
      try {
        manifest = await loadManifest(url);
        if (!replace({ url, byHand, state: "loading", manifest })) return removed;
        const api = await start(manifest, url, host);
        if (!plugins.peek().includes(shown)) {
          api.dispose();
          return removed;
        }
        const unregister = host.install(manifest, api);
        const uninstall = (): void => {
          unregister();
          api.dispose();
        };
        replace({ url, byHand, state: "ready", manifest, api, uninstall });
        return shown;
      } catch (error) {
        const failed: InstalledPlugin = { url, byHand, state: "failed", ...(manifest && { manifest }), reason: describeError(error) };
        return replace(failed) ? shown : removed;
      }
    },
    settled: () =>
      new Promise((resolve) => {
        const stop = plugins.subscribe((list) => {
          if (list.some(({ state }) => state === "loading")) return;
          resolve();
          queueMicrotask(() => stop());
        });
      }),
    remove,
    commandFor: (role) => {
      const names = ready().map(({ manifest }) => manifest!.name);
      return host.commands.list.find(({ command, plugin }) => command.role === role && names.includes(plugin));
    },
    models: () => ready().find(({ api }) => api?.models)?.api?.models,
    dispose() {
      for (const { url } of plugins.peek()) remove(url);
    },
  };
}

async function start(manifest: Manifest, url: string, host: LocalHost): Promise<Overtile> {
  const address = new URL(manifest.entry.module, url).href;
  const loading = import(address).catch((cause: unknown) => {
    throw new Problem("MissingFile", describeLoadFailure(manifest, address, cause), { path: address }, { cause });
  });
  const module = (await withTimeout(loading, `"${manifest.display_name}" did not load within 10 s. Reload the page to try again.`)) as {
    activate?: Activate;
  };
  if (typeof module.activate !== "function")
    throw new Error(`"${manifest.display_name}" has no function "activate" in ${manifest.entry.module}. Ask its author.`);
  const answer = Promise.resolve(module.activate(host));
  return withTimeout(
    answer,
    `"${manifest.display_name}" did not answer within 10 s. The rest of the viewer works; remove the plugin or reload the page.`,
  );
}

/** Browsers do not tell a program that the page's policy forbids from one that is missing. */
function describeLoadFailure({ display_name: name }: Pick<Manifest, "display_name">, address: string, cause: unknown): string {
  const { origin } = new URL(address);
  if (origin === location.origin) return `"${name}" did not load (${describeError(cause)}). Ask who made it, or reload the page.`;
  return `"${name}" must lie on this page's own server, ${location.origin}: the page runs no programs of ${origin}. Copy the plugin's folder there and install it from its new address, or open a viewer that is on its server.`;
}

async function withTimeout<T>(promise: Promise<T>, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), startTimeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
