// Builds the viewer into dist/viewer/: index.html, viewer.mjs with its chunks, reader.mjs (the worker that reads images), viewer.css,
// THIRD-PARTY-NOTICES.txt, and the sample: cells made by core/sample/synthetic.ts (with this seed the first box holds five), written as files here, so that the viewer needs no generator.
// Read next: serve.mjs.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { modulesOf, noticesFile, writeNotices } from "./notices.mjs";
import { makeIfNeeded } from "./up-to-date.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Builds the viewer into the folder `out`, which is emptied first. `readable`: not minified, with source maps. */
export async function buildViewer({ out = join(root, "dist/viewer"), readable = false } = {}) {
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, "sample"), { recursive: true });
  const [script, reader, style] = await Promise.all([
    bundleScript(out, readable),
    bundleReader(out, readable),
    bundleStyle(out),
    writeSample(out),
    copyPage(out),
  ]);
  const modules = [script, reader, style].flatMap(({ metafile }) => modulesOf(metafile)).map((file) => join(root, file));
  await writeNotices({ modules, file: join(out, noticesFile), list: join(root, "build/packages-viewer.json") });
}

// Zarr's codecs are ours (core/source/zarr/codecs.ts): those that zarrita would load are left out.
const withoutCodecs = {
  name: "without-codecs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^numcodecs\// }, ({ path }) => ({ path, namespace: "without-codecs" }));
    onLoad({ filter: /.*/, namespace: "without-codecs" }, () => ({ contents: "export default undefined;" }));
  },
};

const scriptOptions = (readable) => ({
  absWorkingDir: root,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  target: ["chrome114", "firefox121", "safari16.4"],
  minify: !readable,
  sourcemap: readable ? "inline" : false,
  // libjpeg-turbo asks for fs and path in Node only.
  external: ["node:*", "fs", "path"],
  plugins: [withoutCodecs],
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
const bundleScript = (out, readable) =>
  build({
    ...scriptOptions(readable),
    entryPoints: { viewer: "viewer/main.ts", "service-worker": "viewer/service-worker.ts" },
    outdir: out,
    chunkNames: "chunks/[name]-[hash]",
    splitting: true,
    loader: { ".svg": "text" },
  });
// The reading worker is one file, with all readers in it: so it is one address to keep for the time without a network.
const bundleReader = (out, readable) =>
  build({ ...scriptOptions(readable), entryPoints: { reader: "viewer/read/worker.ts" }, outdir: out });
const bundleStyle = (out) =>
  build({
    absWorkingDir: root,
    entryPoints: { viewer: "viewer/style/viewer.css" },
    outdir: out,
    bundle: true,
    minify: true,
    metafile: true,
    logLevel: "warning",
  });

const copyPage = async (out) => writeFile(join(out, "index.html"), await readFile(join(root, "viewer/index.html")));

// TypeScript is bundled in memory first: Node 20 does not run it.
async function writeSample(out) {
  const source = `
    export { generateCells } from "./core/sample/synthetic.ts";
    export { writePng } from "./core/source/write-png.ts";
    export { writeTiff } from "./core/source/write-tiff.ts";
  `;
  const bundled = await build({
    stdin: { contents: source, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  const code = Buffer.from(bundled.outputFiles[0].contents).toString("base64");
  const { generateCells, writePng, writeTiff } = await import(`data:text/javascript;base64,${code}`);
  const { image, labels } = generateCells({ width: 512, height: 512, seed: 83, cells: 70, radiusPx: 16, clumping: 0.05 });
  const { width, height, data } = image;
  await writeFile(join(out, "sample/cells.tif"), writeTiff({ width, height, pages: [data], pixelSizeUm: 0.65 }));
  const truth = { ...labels, channels: 1, data: Uint16Array.from(labels.data) };
  await writeFile(join(out, "sample/cells-truth.png"), await writePng(truth));
}

/** Brings dist/viewer up to date. */
export async function buildViewerIfNeeded({ readable = false } = {}) {
  const viewer = {
    root,
    name: "viewer",
    sources: ["viewer", "core", "plugin", "host", "tools", "package.json", "package-lock.json"],
    results: ["dist/viewer", "build/packages-viewer.json"],
    options: readable ? "readable" : "",
  };
  return await makeIfNeeded(viewer, () => buildViewer({ readable }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildViewerIfNeeded({ readable: process.argv.includes("--readable") });
