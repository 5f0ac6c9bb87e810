// Reading addresses and starting plugins without a browser: what is fetched, and what becomes of a plugin that is not wanted any more.

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { LocalHost } from "../../host/host.ts";
import { createManifest } from "../../plugin/parameter/manifest.ts";
import { createLibrary } from "../../viewer/plugin/library.ts";
import { openHere } from "../../viewer/read/open-here.ts";

describe("an address of unknown format", () => {
  const size = 64 * 2 ** 20;
  let server: Server;
  let sent = 0;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "") ?? [];
      const start = Number(from ?? 0);
      const end = to ? Math.min(size, Number(to) + 1) : size;
      const length = { "content-length": end - start, "accept-ranges": "bytes" };
      response.writeHead(
        from === undefined ? 200 : 206,
        from === undefined ? length : { ...length, "content-range": `bytes ${start}-${end - 1}/${size}` },
      );
      let left = end - start;
      const more = (): void => {
        while (left > 0 && !response.destroyed) {
          const piece = Buffer.alloc(Math.min(left, 65_536), "x");
          left -= piece.length;
          sent += piece.length;
          if (!response.write(piece)) return void response.once("drain", more);
        }
        response.end();
      };
      if (request.method === "HEAD") response.end();
      else more();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test("is told apart by its head, not downloaded", async () => {
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/letters.txt`);
    await expect(openHere(url, { name: "letters.txt" })).rejects.toMatchObject({ kind: "UnsupportedImage" });
    expect(sent).toBeLessThan(size / 4);
  });
});

describe("a plugin", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("of another server is told what to do: the page's policy forbids its program", async () => {
    vi.stubGlobal("location", { href: "https://here.org/viewer/", origin: "https://here.org" });
    vi.stubGlobal("fetch", async () => new Response(JSON.stringify(createManifest())));
    const library = createLibrary({ commands: { list: [] } } as never as LocalHost);
    const { state, reason } = await library.install("https://there.org/manifest.json");
    expect([state, reason]).toEqual([
      "failed",
      expect.stringMatching(
        /must lie on this page's own server, https:\/\/here\.org: .* no programs of https:\/\/there\.org\. Copy the plugin's folder/,
      ),
    ]);
  });

  test("that is removed while it starts stays away, however its start ends", async () => {
    vi.stubGlobal("location", { href: "https://here.org/" });
    let fail = (_: Error): void => {};
    vi.stubGlobal(
      "fetch",
      () =>
        new Promise((_, reject) => {
          fail = reject;
        }),
    );
    const library = createLibrary({ commands: { list: [] } } as never as LocalHost);
    const installed = library.install("https://there.org/manifest.json");
    expect(library.plugins.value.map(({ state }) => state)).toEqual(["loading"]);
    library.remove("https://there.org/manifest.json");
    fail(new TypeError("Failed to fetch"));
    expect((await installed).reason).toBe("It was removed while it started.");
    expect(library.plugins.value).toEqual([]);
    await library.settled();
  });
});
