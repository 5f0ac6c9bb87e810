// A small static server on 127.0.0.1 for dist/: right MIME types, nothing else. No isolation headers: they would block
// foreign frames, and nothing here needs them. `node tools/serve.mjs [--port 8765] [--root dist] [--open]`

import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const types = {
  ".html": "text/html; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".tif": "image/tiff",
  ".tiff": "image/tiff",
  ".zip": "application/zip",
  ".txt": "text/plain; charset=utf-8",
  ".ijm": "text/plain; charset=utf-8",
};

/** Serves the folder `root`; resolves with the server and its address. Port 0 takes a free one. */
export async function serve({ root, port = 0 }) {
  const folder = resolve(root);
  const server = createServer((request, response) => {
    answer(folder, request, response).catch(() => response.writeHead(500).end());
  });
  await new Promise((done, fail) => server.once("error", fail).listen(port, "127.0.0.1", done));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

/** This computer by the names that a browser knows it by. A page of another name that is led here (DNS rebinding) reads nothing. */
const ownHost = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i;

async function answer(folder, request, response) {
  if (!ownHost.test(request.headers.host ?? "")) return refuse(response, 421, "This server answers to 127.0.0.1 and localhost only");
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "Only GET and HEAD");
  const path = readPath(request.url);
  if (path === undefined) return refuse(response, 400, "The address is broken");
  let file = resolve(folder, `.${path}`);
  if (file !== folder && !file.startsWith(folder + sep)) return response.writeHead(403).end();
  let found = await stat(file).catch(() => undefined);
  if (found?.isDirectory()) {
    // A folder without its slash would break relative addresses.
    if (!path.endsWith("/")) {
      // Of this server whatever the path begins with, and encoded again: it was decoded.
      const own = file.slice(folder.length).split(sep).map(encodeURIComponent).join("/");
      return response.writeHead(301, { location: `/${own.replace(/^\/+/, "")}/` }).end();
    }
    file = resolve(file, "index.html");
    found = await stat(file).catch(() => undefined);
  }
  if (!found?.isFile()) return response.writeHead(404, { "content-type": "text/plain" }).end("Not found");
  const headers = {
    "content-type": types[extname(file).toLowerCase()] ?? "application/octet-stream",
    "cache-control": "no-cache",
    "accept-ranges": "bytes",
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), found.size - 1) : found.size - 1;
  if (start > end && found.size > 0) return response.writeHead(416, { "content-range": `bytes */${found.size}` }).end();
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "content-length": end - start + 1,
    ...(range && { "content-range": `bytes ${start}-${end}/${found.size}` }),
  });
  if (request.method === "HEAD" || found.size === 0) return response.end();
  createReadStream(file, { start, end })
    .on("error", () => response.destroy())
    .pipe(response);
}

/** The decoded path of a request; undefined for one that is none. */
function readPath(address) {
  try {
    const path = decodeURIComponent(new URL(`http://127.0.0.1${address.startsWith("/") ? address : `/${address}`}`).pathname);
    return path.includes("\0") ? undefined : path;
  } catch {
    return undefined;
  }
}

function refuse(response, status, text) {
  response.writeHead(status, { "content-type": "text/plain" }).end(text);
}

function openBrowser(url) {
  const command = { darwin: "open", win32: "explorer" }[process.platform] ?? "xdg-open";
  spawn(command, [url], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name, fallback) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : fallback);
  const root = option("--root", fileURLToPath(new URL("../dist", import.meta.url)));
  const wanted = Number(option("--port", 8765));
  const { url } = await serve({ root, port: wanted }).catch(() => serve({ root }));
  console.log(`Overtile runs at ${url}viewer/\nStop with Ctrl+C.`);
  if (process.argv.includes("--open")) openBrowser(`${url}viewer/`);
}
