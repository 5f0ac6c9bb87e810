// A server of files in memory that behaves as badly as a test wants, and remembers what it was asked for.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file: its size, and its bytes from one place to another. */
export interface ServedFile {
  readonly size: number;
  read(from: number, to: number): Uint8Array;
}

/** Answers a request in its own way and returns true; or returns false for the normal answer. */
export type Mood = (request: IncomingMessage, response: ServerResponse, number: number) => boolean;

export interface FlakyServer {
  readonly url: string;
  /** "GET /path 0-99" of every request. */
  readonly requests: string[];
  /** The most requests that were open at the same time. */
  readonly peak: () => number;
  /** Requests that the other side gave up. */
  readonly givenUp: () => number;
  setMood(mood: Mood | undefined): void;
  close(): Promise<void>;
}

export function serveBytes(bytes: Uint8Array): ServedFile {
  return { size: bytes.length, read: (from, to) => bytes.subarray(from, to) };
}

export async function startServer(find: (path: string) => ServedFile | undefined): Promise<FlakyServer> {
  const requests: string[] = [];
  let mood: Mood | undefined;
  let open = 0;
  let peak = 0;
  let givenUp = 0;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    requests.push(`${request.method} ${path}${range ? ` ${range[1]}-${range[2]}` : ""}`);
    peak = Math.max(peak, ++open);
    response.on("close", () => {
      open--;
      if (!response.writableEnded) givenUp++;
    });
    if (mood?.(request, response, requests.length)) return;
    const file = find(path);
    if (!file) return void response.writeHead(404).end();
    const head = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
    if (!range) {
      response.writeHead(200, { ...head, "content-length": file.size });
      return void response.end(request.method === "HEAD" ? undefined : file.read(0, file.size));
    }
    const [from, to] = [Number(range[1]), Math.min(file.size, Number(range[2]) + 1)];
    if (from >= file.size) return void response.writeHead(416, { "content-range": `bytes */${file.size}` }).end();
    response.writeHead(206, { ...head, "content-length": to - from, "content-range": `bytes ${from}-${to - 1}/${file.size}` });
    response.end(file.read(from, to));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    peak: () => peak,
    givenUp: () => givenUp,
    setMood: (next) => {
      mood = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
