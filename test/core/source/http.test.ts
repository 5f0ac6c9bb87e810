// Images on servers: few requests, and servers that fail in every way (500, hanging, cut, no ranges, pages in place of files).

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createBlockReader } from "../../../core/source/block-reader.ts";
import { openSource } from "../../../core/source/open.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { readZip } from "../../../core/source/zip.ts";
import { type FlakyServer, type Mood, type ServedFile, serveBytes, startServer } from "./flaky-server.ts";
import { describePixels } from "./pixels-of.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));
const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(`${folder}${path}`));
const golden = (name: string, image: string): unknown =>
  (JSON.parse(readFileSync(`${folder}${name}`, "utf8")) as Record<string, unknown[]>)[image];

/** Quick tries, so that a test of failures is quick; patience for a busy machine. */
const http = { retries: 3, backoffMs: 2, timeoutMs: 20_000 };
/** For servers that hang: each of these waits is really waited. */
const impatient = { ...http, timeoutMs: 800 };
const readAll = ({ read, width, height }: ImageSource, signal?: AbortSignal) => read({ y0: 0, x0: 0, y1: height, x1: width, signal });

/** Answers so, whatever is asked for. */
const answer =
  (status: number, headers: Readonly<Record<string, string | number>> = {}, body: string | Uint8Array = ""): Mood =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
    return true;
  };
/** Answers so, and then nothing more comes. */
const begin =
  (status: number, headers: Readonly<Record<string, string | number>>, body: string | Uint8Array): Mood =>
  (_, response) =>
    response.writeHead(status, headers).write(body) || true;
const page = answer(200, { "content-type": "text/html" }, "<html>");

const files = new Map<string, ServedFile>();
let server: FlakyServer;
beforeEach(async () => {
  files.clear();
  files.set("/slide.tif", serveBytes(bytesOf("slides/subifds.ome.tif")));
  for (const name of ["v2-blosc", "v3-sharded"]) {
    const zip = readZip(bytesOf(`zarr/${name}.zip`), { kind: "InvalidData", path: name });
    for (const key of zip.names) files.set(`/${name}.zarr/${key}`, serveBytes(zip.read(key)));
  }
  server = await startServer((path) => files.get(path));
});
afterEach(() => server.close());

const openSlide = (path = "slide.tif", options = http): Promise<ImageSource> => openSource(new URL(path, server.url), { http: options });

describe("a slide on a server", () => {
  it("is the same as on the disk: TIFF by ranges, OME-Zarr by chunks and by parts of shards", async () => {
    const slide = await openSlide();
    expect([await describePixels(slide), await describePixels(slide, 1)]).toEqual(
      (golden("slides.json", "subifds.ome.tif") as unknown[]).slice(0, 2),
    );
    for (const name of ["v2-blosc", "v3-sharded"]) {
      const source = await openSlide(`${name}.zarr`);
      for (const [level, told] of (golden("zarr-images.json", `${name}.zip`) as unknown[]).entries())
        expect(await describePixels(source, level)).toEqual(told);
      expect(source.gaps?.missingChunks).toBeGreaterThan(0);
      source.dispose?.();
    }
    expect(server.requests.filter((request) => request.includes("slide.tif")).every((request) => / \d+-\d+$/.test(request))).toBe(true);
    slide.dispose?.();
  });

  it("E9: the first view of one of 1 GB takes at most 60 requests, and a few megabytes", async () => {
    const giant = makeGiant();
    expect(giant.size).toBeGreaterThan(1e9);
    let sent = 0;
    const read = (from: number, to: number): Uint8Array => {
      sent += to - from;
      return giant.read(from, to);
    };
    files.set("/giant.tif", { ...giant, read });
    const source = await openSlide("giant.tif");
    expect(source.levels.length).toBe(4);
    const last = source.levels[3]!;
    await source.read({ level: 3, y0: 0, x0: 0, y1: last.height, x1: last.width });
    // A screen in the middle, at full size, as a viewer asks for it: tile by tile.
    await Promise.all(
      Array.from({ length: 5 * 9 }, (_, index) => {
        const [y0, x0] = [30_000 + 240 * Math.floor(index / 9), 30_000 + 240 * (index % 9)];
        return source.read({ y0, x0, y1: y0 + 240, x1: x0 + 240 });
      }),
    );
    expect(server.requests.length).toBeLessThanOrEqual(60);
    expect(sent).toBeLessThan(16e6);
    expect(server.peak()).toBeLessThanOrEqual(6);
    source.dispose?.();
  });

  it("asks for a few parts at a time, and ends them all when the reader is aborted; reading goes on afterwards", async () => {
    const source = await openSlide("v2-blosc.zarr");
    server.setMood((request) => request.url!.includes("/0/0/"));
    const controller = new AbortController();
    const failed = expect(readAll(source, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
    await vi.waitFor(() => expect(server.requests.filter((request) => request.includes("/0/0/")).length).toBeGreaterThanOrEqual(6));
    controller.abort();
    await failed;
    await vi.waitFor(() => expect(server.givenUp()).toBe(server.requests.filter((request) => request.includes("/0/0/")).length));
    expect(server.peak()).toBeLessThanOrEqual(6);
    server.setMood(undefined);
    expect((await readAll(source)).data.length).toBe(50 * 70 * 2);
  });
});

describe("a server that fails for a while", () => {
  const once = (break_: Mood): Mood => {
    const seen = new Set<string>();
    return (request, response, number) => {
      const key = `${request.url} ${request.headers.range}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return break_(request, response, number);
    };
  };
  // biome-ignore format: a table
  const moods: readonly [string, Mood][] = [
    ["answers 503", answer(503, {}, "busy")],
    ["answers 500", answer(500)],
    ["answers 429", answer(429, { "retry-after": 0 })],
    ["never answers", () => true],
    ["stops in the middle", begin(206, { "content-length": 50_000, "content-range": "bytes 0-49999/99999" }, new Uint8Array(9))],
    ["cuts the connection", ({ socket }) => socket.destroy().destroyed],
    ["sends less than it was asked for", answer(206, { "content-length": 9 }, new Uint8Array(9))],
  ];
  it.each(moods)("and %s is asked again", async (name, mood) => {
    // The first request, whose size is not known, may be shorter: that one is left alone.
    const isFirst = /sends less|stops/.test(name);
    if (!isFirst) server.setMood(once(mood));
    const source = await openSlide("slide.tif", /never|stops/.test(name) ? impatient : http);
    server.setMood(once(mood));
    expect(await describePixels(source)).toEqual((golden("slides.json", "subifds.ome.tif") as unknown[])[0]);
  });
});

describe("a server that fails for good is a Problem that says why", () => {
  const failure = (mood: Mood, path = "slide.tif", options = http): Promise<string> => {
    server.setMood(mood);
    return openSlide(path, options).then(
      (source) =>
        readAll(source).then(
          () => "it was read",
          (error: Error) => error.message,
        ),
      (error: Error) => error.message,
    );
  };

  it("500, hanging, refused, not there, a page, another part", async () => {
    expect(await failure(answer(500))).toMatch(/got none in 4 tries: the server answered 500.*later/);
    expect(await failure(() => true, "slide.tif", { ...impatient, timeoutMs: 100 })).toMatch(/no data came for 0.1 s/);
    expect(await failure(answer(403))).toMatch(/answered 403 Forbidden.*without a password/);
    expect(await failure(answer(404))).toMatch(/the server has none \(404\)/);
    expect(await failure(page)).toMatch(/a page \(HTML\)/);
    const other = answer(206, { "content-range": "bytes 7-70/99" }, new Uint8Array(64));
    expect(await failure(other)).toContain("other bytes");
  });

  it("no server, and CORS where a page asks", async () => {
    const address = new URL("x.tif", server.url);
    await server.close();
    await expect(openSource(address, { http })).rejects.toMatchObject({ kind: "MissingFile", details: { path: address.href } });
    await expect(openSource(address, { http })).rejects.toThrow(/in 3 tries: .*ECONNREFUSED.*Check the address and the network.$/);
    vi.stubGlobal("location", { href: "https://page" });
    await expect(openSource(address, { http })).rejects.toThrow(/must send "Access-Control-Allow-Origin".*\(CORS\)/);
    vi.unstubAllGlobals();
  });

  it("no ranges: small files are read whole, for large ones it says what the server must do", async () => {
    server.setMood((_, response) => {
      const bytes = bytesOf("slides/subifds.ome.tif");
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
      return true;
    });
    const told: (readonly [number, number | undefined])[] = [];
    const onBytes = (...one: [number, number | undefined]): void => void told.push(one);
    const whole = await openSource(new URL("slide.tif", server.url), { http, onBytes });
    expect(await describePixels(whole)).toEqual((golden("slides.json", "subifds.ome.tif") as unknown[])[0]);
    const { length } = bytesOf("slides/subifds.ome.tif");
    expect(told.at(-1)).toEqual([length, length]);
    server.setMood(undefined);
    const heard = told.length;
    await describePixels(await openSource(new URL("slide.tif", server.url), { http, onBytes }));
    expect(told.length, "parts are not told").toBe(heard);
    expect(await failure(begin(200, { "content-length": 2 ** 30 }, "II*"))).toMatch(
      /no range requests.*1073741824 bytes.*"Range" with 206/,
    );
  });

  it("a size that is hidden from pages is found by HEAD, or asked for", async () => {
    const bytes = new Uint8Array(200_000);
    bytes.set(bytesOf("slides/subifds.ome.tif"));
    const hide: Mood = (request, response) => {
      const [, from, to] = /(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      if (from === undefined) return false;
      response.writeHead(206).end(bytes.subarray(Number(from), Number(to) + 1));
      return true;
    };
    files.set("/hidden.tif", serveBytes(bytes));
    server.setMood(hide);
    expect(await describePixels(await openSlide("hidden.tif"))).toEqual((golden("slides.json", "subifds.ome.tif") as unknown[])[0]);
    expect(await failure((request, ...rest) => (request.method === "HEAD" ? answer(405) : hide)(request, ...rest), "hidden.tif")).toContain(
      "Access-Control-Expose-Headers",
    );
  });

  it("a file that changes while it is read", async () => {
    const giant = makeGiant();
    files.set("/giant.tif", giant);
    const source = await openSlide("giant.tif");
    files.set("/giant.tif", { ...giant, size: giant.size - 1 });
    await expect(source.read({ y0: 0, x0: 0, y1: 9, x1: 9 })).rejects.toThrow("Open it again");
  });
});

describe("a chunk on a server", () => {
  const isChunk = (request: { url?: string | undefined }): boolean => request.url!.endsWith("/0/0/0/0/1/1");
  // biome-ignore format: a table
  const moods: readonly [string, Mood, RegExp][] = [
    ["403", answer(403), /answered 403/],
    ["500", answer(500), /answered 500/],
    ["a page", page, /page \(HTML\)/],
  ];
  it.each(moods)(
    "that is answered with %s is an error with its place, also with skipBad: it may be there tomorrow",
    async (_, mood, reason) => {
      server.setMood((request, ...rest) => isChunk(request) && mood(request, ...rest));
      for (const skipBad of [false, true]) {
        const source = await openSource(new URL("v2-blosc.zarr", server.url), { http, skipBad });
        await expect(readAll(source)).rejects.toThrow(reason);
        await expect(readAll(source)).rejects.toThrow(/chunk 0\/0\/0\/1\/1 \(x 32 to 64, y 32 to 50 of level 0/);
        expect(source.gaps).toMatchObject({ badChunks: [] });
      }
    },
  );

  it("of a shard whose server ignores ranges is cut out of the whole (D8)", async () => {
    server.setMood((request, response) => {
      const file = files.get(decodeURIComponent(request.url!));
      if (!file) return false;
      response.writeHead(200, { "content-length": file.size }).end(file.read(0, file.size));
      return true;
    });
    expect(await describePixels(await openSlide("v3-sharded.zarr"))).toEqual(
      (golden("zarr-images.json", "v3-sharded.zip") as unknown[])[0],
    );
  });

  it("a whole hierarchy that is not there is an error, not a slide of background (D9)", async () => {
    await expect(openSlide("nothing.zarr")).rejects.toMatchObject({ kind: "MissingFile" });
    await expect(openSlide("nothing/")).rejects.toThrow("404");
  });
});

describe("blocks", () => {
  it("give the bytes of the file, whatever is read at the same time, and ask for none twice while they are kept", async () => {
    const bytes = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 31) >> 7);
    const reads = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(200_000)), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(reads, async (list) => {
        const asked = new Set<number>();
        const fetch = async (offset: number, length: number): Promise<Uint8Array> => {
          for (let at = offset; at < offset + length; at += 65_536) {
            expect(asked.has(at)).toBe(false);
            asked.add(at);
          }
          await new Promise((resolve) => setImmediate(resolve));
          return bytes.slice(offset, offset + length);
        };
        const reader = createBlockReader({ size: bytes.length, fetch });
        await Promise.all(
          list.map(async ([offset, length]) => {
            const end = Math.min(bytes.length, offset + length);
            expect(Buffer.from(await reader.read(offset, end - offset)).equals(bytes.subarray(offset, end))).toBe(true);
          }),
        );
      }),
      { seed: 8, numRuns: 60 },
    );
  });

  it("that one reader gives up are still fetched for another", async () => {
    const aborted: number[] = [];
    const fetch = (offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> =>
      new Promise((resolve, reject) => {
        setTimeout(() => resolve(new Uint8Array(length).fill(7)), 20);
        signal.addEventListener("abort", () => {
          aborted.push(offset);
          reject(signal.reason);
        });
      });
    const reader = createBlockReader({ size: 300_000, fetch });
    const controller = new AbortController();
    const first = expect(reader.read(0, 10, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
    const second = reader.read(5, 10);
    const alone = expect(reader.read(200_000, 10, controller.signal)).rejects.toMatchObject({ name: "AbortError" });
    controller.abort();
    await Promise.all([first, alone]);
    expect([...(await second)]).toEqual(Array(10).fill(7));
    expect(aborted).toEqual([196_608]);
  });
});

/** A tiled BigTIFF-less giant: tables of real tiles, all of them alike, 20,000 bytes apart; four levels. */
function makeGiant(): ServedFile {
  const side = 256;
  const apart = 20_000;
  const tile = deflateSync(Uint8Array.from({ length: side * side }, (_, at) => (Math.imul(at, 2654435761) >>> 13) & 3));
  const levels = [60_000, 15_000, 3750, 938].map((size) => ({ size, tiles: Math.ceil(size / side) ** 2 }));
  const tablesAt = 4096;
  const dataAt = tablesAt + levels.reduce((sum, { tiles }) => sum + 8 * tiles, 0);
  const head = Buffer.alloc(dataAt);
  head.write("II*\0", "latin1");
  let directoryAt = 8;
  head.writeUInt32LE(directoryAt, 4);
  let tableAt = tablesAt;
  let number = 0;
  for (const [level, { size, tiles }] of levels.entries()) {
    const fields = [[254, level === 0 ? 0 : 1], [256, size], [257, size], [258, 8], [259, 8], [262, 1], [277, 1], [322, side], [323, side], [324, tableAt, tiles], [325, tableAt + 4 * tiles, tiles]]; // biome-ignore format: a table
    head.writeUInt16LE(fields.length, directoryAt);
    for (const [index, [tag, value, count = 1]] of fields.entries()) {
      const at = directoryAt + 2 + 12 * index;
      head.writeUInt16LE(tag!, at);
      head.writeUInt16LE(4, at + 2);
      head.writeUInt32LE(count, at + 4);
      head.writeUInt32LE(value!, at + 8);
    }
    for (let index = 0; index < tiles; index++, number++) {
      head.writeUInt32LE(dataAt + number * apart, tableAt + 4 * index);
      head.writeUInt32LE(tile.length, tableAt + 4 * (tiles + index));
    }
    tableAt += 8 * tiles;
    const next = directoryAt + 2 + 12 * fields.length + 4;
    head.writeUInt32LE(level === levels.length - 1 ? 0 : next, next - 4);
    directoryAt = next;
  }
  expect(tile.length).toBeLessThan(apart);
  const period = Buffer.alloc(apart);
  period.set(tile);
  return {
    size: dataAt + number * apart,
    read(from, to) {
      const out = new Uint8Array(to - from);
      for (let at = from; at < to; ) {
        const place = at < dataAt ? at : (at - dataAt) % apart;
        const part = (at < dataAt ? head : period).subarray(place, place + to - at);
        out.set(part, at - from);
        at += part.length;
      }
      return out;
    },
  };
}
