// The service worker by itself, with a network and a storage of the test's: what it keeps, and what a full storage costs.

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

type Listener = (event: unknown) => void;
const listeners = new Map<string, Listener>();
const kept = new Map<string, string>();
let isFull = false;
let isOffline = false;

const urlOf = (input: string | { readonly url: string }): string => (typeof input === "string" ? input : input.url);
const cache = {
  async match(input: string | { readonly url: string }) {
    const text = kept.get(urlOf(input));
    return text === undefined ? undefined : Object.defineProperty(new Response(text), "url", { value: urlOf(input) });
  },
  async put(input: string | { readonly url: string }, response: Response) {
    if (isFull) throw new DOMException("full", "QuotaExceededError");
    kept.set(urlOf(input), await response.text());
  },
};

beforeAll(async () => {
  vi.stubGlobal("addEventListener", (type: string, listener: Listener) => listeners.set(type, listener));
  vi.stubGlobal("location", { origin: "https://here.org" });
  vi.stubGlobal("caches", { open: async () => cache });
  vi.stubGlobal("fetch", async (input: string | { readonly url: string }) => {
    if (isOffline) throw new TypeError("Failed to fetch");
    return new Response(`bytes of ${urlOf(input)}`);
  });
  await import("../../viewer/service-worker.ts");
});
afterAll(() => vi.unstubAllGlobals());
beforeEach(() => {
  kept.clear();
  isFull = isOffline = false;
});

/** What the worker answers to a request of the page, once all that it does with it has ended. */
async function ask(url: string, destination: string): Promise<string> {
  const work: Promise<unknown>[] = [];
  let answer: Promise<Response> | undefined;
  const request = { url, destination, method: "GET", mode: "no-cors", headers: new Headers() };
  listeners.get("fetch")!({
    request,
    respondWith: (response: Promise<Response>) => {
      answer = response;
    },
    waitUntil: (one: Promise<unknown>) => work.push(one),
  });
  const text = await (await answer!).text();
  await Promise.all(work);
  return text;
}

async function name(urls: readonly string[]): Promise<void> {
  const work: Promise<unknown>[] = [];
  listeners.get("message")!({ data: urls, waitUntil: (one: Promise<unknown>) => work.push(one) });
  await Promise.all(work);
}

describe("the service worker", () => {
  test("a full storage costs the copy, never the answer", async () => {
    isFull = true;
    await name(["https://here.org/plugin.wasm"]);
    expect(await ask("https://here.org/viewer.mjs", "script")).toBe("bytes of https://here.org/viewer.mjs");
    expect(kept.size).toBe(0);
  });

  test("programs, and files that the page has named, are kept and served without a network", async () => {
    await name(["https://here.org/plugin.wasm"]);
    await ask("https://here.org/viewer.mjs", "script");
    isOffline = true;
    expect(await ask("https://here.org/viewer.mjs", "script")).toContain("viewer.mjs");
    expect(await ask("https://here.org/plugin.wasm", "")).toContain("plugin.wasm");
  });

  test("what the page fetches besides, such as the chunks of an image, is not kept", async () => {
    expect(await ask("https://here.org/slide.zarr/0/c/0/0", "")).toContain("slide.zarr");
    expect(await ask("https://here.org/cells.png", "image")).toContain("cells.png");
    expect(kept.size).toBe(0);
  });
});
