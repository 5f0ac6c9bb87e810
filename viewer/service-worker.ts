// Keeps the viewer working when the network is gone: the files of the page and of its plugins are kept, and served when they
// cannot be fetched. Images, and the chunks of such, are not. The network goes first, so that a new version is never hidden by an
// old one; a storage that is full or forbidden costs the copy, never the answer.

/// <reference lib="webworker" />

export type {};

const worker = globalThis as unknown as ServiceWorkerGlobalScope;
const cacheName = "overtile-viewer";

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("message", (event) => {
  const urls: unknown = event.data;
  if (Array.isArray(urls)) event.waitUntil(keepAll(urls.map(String)));
});
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = request.method === "GET" && new URL(request.url).origin === location.origin && !request.headers.has("range");
  if (isOurs) event.respondWith(answer(event));
});

async function answer(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const cache = await caches.open(cacheName).catch(() => undefined);
  const kept = await cache?.match(request, { ignoreSearch: request.mode === "navigate" }).catch(() => undefined);
  try {
    const response = await fetch(request);
    if (cache && response.status === 200 && (kept || isProgram(request))) {
      event.waitUntil(cache.put(kept?.url || request, response.clone()).catch(() => {}));
    }
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/** True for what the browser runs or shows by itself; what the page fetches is kept only where the page has named it. */
function isProgram({ destination }: Request): boolean {
  return ["document", "iframe", "script", "style", "worker"].includes(destination);
}

async function keepAll(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const url of urls) {
    if (new URL(url).origin !== location.origin || (await cache.match(url))) continue;
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === 200) await cache.put(url, response).catch(() => {});
  }
}
