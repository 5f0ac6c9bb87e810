// Keeps the viewer working when the network is gone: every file of this origin that the page has loaded is kept, and served
// when it cannot be fetched. The network goes first, so that a new version is never hidden by an old one.

/// <reference lib="webworker" />

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
  if (isOurs) event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    const response = await fetch(request);
    if (response.status === 200) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request, { ignoreSearch: request.mode === "navigate" });
    if (kept) return kept;
    throw error;
  }
}

async function keepAll(urls: readonly string[]): Promise<void> {
  const cache = await caches.open(cacheName);
  for (const url of urls) {
    if (new URL(url).origin !== location.origin || (await cache.match(url))) continue;
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === 200) await cache.put(url, response);
  }
}
