// Hands the files of this page and of its plugins to the service worker, so that both work after the network is gone.

import { effect } from "@preact/signals-core";
import type { Library } from "../plugin/library.ts";

/** Registers the worker and tells it what to keep. Without one (plain http, a sandbox) the viewer works while the network does. */
export async function keepOffline(library: Library): Promise<void> {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("service-worker.mjs", { type: "module" });
    const { active } = await navigator.serviceWorker.ready;
    // A plugin may still be on its way, and more may come: what is there is told anew, and kept once.
    effect(() => {
      if (library.plugins.value.some(({ state }) => state === "loading")) return;
      const own = ["", "reader.mjs", "sample/cells.tif"].map((path) => new URL(path, document.baseURI.split(/[?#]/)[0]).href);
      active?.postMessage([...new Set([...own, ...loadedFiles(), ...pluginFiles(library)])]);
    });
  } catch {
    // Refused here: nothing is lost but the work without a network.
  }
}

// Programs and styles: what was fetched (images, say) is no file of the page.
function loadedFiles(): string[] {
  const loaded = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
  return loaded.filter(({ initiatorType }) => initiatorType !== "fetch").map(({ name }) => name.split(/[?#]/)[0]!);
}

function pluginFiles(library: Library): string[] {
  return library.plugins
    .peek()
    .flatMap(({ url, manifest }) => [url, ...(manifest?.files ?? []).map(({ path }) => new URL(path, url).href)]);
}
