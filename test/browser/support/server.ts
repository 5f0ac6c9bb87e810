// Servers for the tests: the built dist/ as some host might serve it, right or wrong. Every request is noted.

import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, resolve, sep } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".wasm": "application/wasm",
  ".zip": "application/zip",
};

export interface ServeOptions {
  /** Folders by the path that they are served under; the longest fitting one counts. */
  readonly folders: Readonly<Record<string, string>>;
  /** Texts by path, before any folder. */
  readonly pages?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Gets what a page posts to /report. */
  readonly onReport?: (text: string) => void;
}

export interface TestServer {
  readonly url: string;
  readonly requests: string[];
  close(): Promise<void>;
}

export async function serve({ folders, pages = {}, headers = {}, onReport }: ServeOptions): Promise<TestServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://127.0.0.1").pathname);
    requests.push(path);
    if (request.method === "POST" && path === "/report") {
      let text = "";
      request.on("data", (part) => {
        text += String(part);
      });
      request.on("end", () => {
        onReport?.(text);
        response.writeHead(204).end();
      });
      return;
    }
    answer(path, response).catch(() => response.writeHead(404, { "content-type": "text/html" }).end("<!doctype html><p>Not found"));
  });
  async function answer(path: string, response: ServerResponse): Promise<void> {
    const page = pages[path];
    const body = page ?? (await readFile(findFile(folders, path)));
    const type = types[extname(path)] ?? (page === undefined ? "application/octet-stream" : "text/html; charset=utf-8");
    response
      .writeHead(200, { "content-type": type, "cache-control": "no-cache", "access-control-allow-origin": "*", ...headers })
      .end(body);
  }
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    requests,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

function findFile(folders: Readonly<Record<string, string>>, path: string): string {
  const prefix = Object.keys(folders)
    .filter((folder) => path.startsWith(folder))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) throw new Error(`nothing is served at ${path}`);
  const root = resolve(folders[prefix]!);
  const file = join(root, path.slice(prefix.length));
  if (file !== root && !file.startsWith(root + sep)) throw new Error("outside");
  return file;
}
