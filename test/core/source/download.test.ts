// Whole files from servers that send without end, stall, cut, answer pages or send elsewhere: an error that says what to do, soon.

import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { openDataset } from "../../../core/source/dataset.ts";
import { describeBytes, download } from "../../../core/source/download.ts";
import { writeZip } from "../../../core/source/zip.ts";
import { loadManifest } from "../../../host/manifest.ts";
import { createLibrary } from "../../../plugin/library/library.ts";
import { createMemoryFiles } from "../../../plugin/store/files.ts";
import { overtile } from "../../host/terminal/run-overtile.ts";
import { measurePeakMb } from "../../support/peak-memory.ts";
import { createModel } from "../model/sample-model.ts";
import { type FlakyServer, type Mood, type ServedFile, serveBytes, startServer } from "./flaky-server.ts";

const quick = { retries: 1, backoffMs: 1, timeoutMs: 400 };
const files = new Map<string, ServedFile>();
let server: FlakyServer;
beforeAll(async () => {
  server = await startServer((path) => files.get(path));
});
afterAll(() => server.close());
beforeEach(() => {
  server.setMood(undefined);
  files.clear();
});

const piece = new Uint8Array(2 ** 20);
/** Sends until the other side has enough. */
const endless =
  (headers: Readonly<Record<string, string>> = {}): Mood =>
  (_, response) => {
    response.writeHead(200, { "content-type": "application/zip", ...headers });
    const more = (): void => {
      while (!response.destroyed && response.write(piece));
    };
    response.on("drain", more);
    more();
    return true;
  };
const head =
  (status: number, headers: Readonly<Record<string, string | number>>, body: string | Uint8Array = "", end = true): Mood =>
  (_, response) => {
    response.writeHead(status, headers);
    if (end) response.end(body);
    else response.write(body);
    return true;
  };
const cut: Mood = (_, response) => {
  response.writeHead(200, { "content-length": 1000 }).write("half");
  setTimeout(() => response.destroy(), 20);
  return true;
};
/** A byte now and then, for ever. */
const drip: Mood = (_, response) => {
  response.writeHead(200, { "content-length": 1000 });
  const timer = setInterval(() => response.write("x"), 20);
  response.on("close", () => clearInterval(timer));
  return true;
};
const fetchIt = (most = 2 ** 22): Promise<Uint8Array> => download(new URL("model.zip", server.url), { what: "a model", most, http: quick });

describe("a download", () => {
  it("of which hardly anything comes in a minute is given up, as one that stalls", async () => {
    server.setMood(drip);
    const http = { ...quick, timeoutMs: 20_000, windowMs: 200 };
    const dripping = download(new URL("model.zip", server.url), { what: "a model", most: 2 ** 22, http });
    await expect(dripping).rejects.toThrow(/in 2 tries: only \d+ bytes came in 0\.2 s\. Try again later/);
  });

  it("brings the bytes, and tells how many of how many have come", async () => {
    const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
    files.set("/model.zip", serveBytes(bytes));
    const told: [number, number | undefined][] = [];
    const onBytes = (done: number, total: number | undefined): void => void told.push([done, total]);
    const got = await download(`${server.url}model.zip`, { what: "a model", most: 1e6, onBytes });
    expect(Buffer.compare(got, bytes)).toBe(0);
    expect(told.at(-1)).toEqual([300_000, 300_000]);
    expect([describeBytes(12_345_678, 250e6), describeBytes(1.25e6, undefined)]).toEqual(["12 of 250 MB", "1.3 MB"]);
  });

  it("follows where the server sends it, and not in circles", async () => {
    files.set("/there.zip", serveBytes(Buffer.from("moved")));
    server.setMood((request, response, number) =>
      request.url === "/model.zip" ? head(302, { location: "/there.zip" })(request, response, number) : false,
    );
    expect(new TextDecoder().decode(await fetchIt())).toBe("moved");
    server.setMood(head(302, { location: "/model.zip" }));
    await expect(fetchIt()).rejects.toMatchObject({ kind: "MissingFile", message: expect.stringMatching(/redirect.*Check the address/) });
  });

  const failures: readonly [string, Mood, RegExp][] = [
    ["without end", endless(), /it has more than 4194304 bytes; the most is 4194304\. Check the address/],
    ["without end, packed", head(200, { "content-encoding": "gzip" }, gzipSync(new Uint8Array(2 ** 24))), /more than 4194304 bytes/],
    ["that announces too much", endless({ "content-length": "9000000000" }), /it has 9000000000 bytes; the most is 4194304/],
    ["that stalls after its beginning", head(200, { "content-length": 1000 }, "half", false), /no data came for 0\.4 s\. Try again later/],
    ["that stalls before it", () => true, /no data came for 0\.4 s/],
    ["that is cut", cut, /got none in 2 tries: its answer broke off .*Try again later/],
    ["that is a page", head(200, { "content-type": "text/html" }, "<html>"), /a page \(HTML\) in place of a file\. Check the address/],
    ["that is not there", head(404, {}), /Expected a model at .*status 404.*Check the address/],
    ["that is not allowed", head(403, {}), /403.*without a password/],
    ["of a server that fails", head(503, {}), /503.*Try again later/],
  ];
  for (const [what, mood, says] of failures) {
    it(`of a body ${what} is an error that says what to do`, async () => {
      server.setMood(mood);
      await expect(fetchIt()).rejects.toMatchObject({ kind: "MissingFile", message: expect.stringMatching(says) });
    });
  }

  it("takes memory as bytes come, whatever is announced", async () => {
    server.setMood(head(200, { "content-length": 2_000_000_000 }, "a little", false));
    const peakMb = await measurePeakMb(() => fetchIt(2 ** 31 - 1).catch(() => {}));
    expect(peakMb).toBeLessThan(64);
  });

  it("ends when it is cancelled, in the middle of its body", async () => {
    server.setMood(head(200, {}, "half", false));
    const controller = new AbortController();
    const failed = expect(
      download(`${server.url}model.zip`, { what: "a model", most: 1e6, signal: controller.signal, onBytes: () => controller.abort() }),
    ).rejects.toMatchObject({ name: "AbortError" });
    await failed;
  });

  it("of what is no address says so", async () => {
    await expect(download("model.zip", { what: "a model", most: 1 })).rejects.toMatchObject({ kind: "MissingFile" });
  });
});

describe("models, datasets and manifests from an address", () => {
  const noFiles = () =>
    createLibrary({
      files: createMemoryFiles(),
      readBytes: (from) => download(from as string, { what: "a file", most: 1e6, http: quick }),
    });

  it("come whole, also where the address has a query", async () => {
    files.set("/model.zip", serveBytes(await writeModel(createModel())));
    const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==", "base64");
    files.set(
      "/set.zip",
      serveBytes(
        writeZip([
          { name: "images/a.png", data: png },
          { name: "labels/a.png", data: png },
        ]),
      ),
    );
    expect((await noFiles().import(`${server.url}model.zip?token=1`)).name).toBe("my cells");
    expect((await openDataset(`${server.url}set.zip`)).map(({ name }) => name)).toEqual(["a"]);
  });

  it("that are cut are told alike, in the terminal too", async () => {
    server.setMood(cut);
    const says = { kind: "MissingFile", message: expect.stringContaining("broke off") };
    await expect(noFiles().import(`${server.url}model.zip`)).rejects.toMatchObject(says);
    await expect(loadManifest(`${server.url}manifest.json`)).rejects.toMatchObject(says);
    for (const words of [
      ["models", "import", `${server.url}model.zip`],
      ["info", `${server.url}model.zip?token=1`],
      ["train", `${server.url}set.zip`, "-o", "never.zip"],
    ]) {
      const { code, stderr } = await overtile(words);
      expect([code, stderr], words.join(" ")).toEqual([
        1,
        expect.stringMatching(/^overtile: Expected an answer .*broke off.*Try again later\.\n$/),
      ]);
    }
  });
});
