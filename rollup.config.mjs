// Builds dist/ in two parts, which tools/build.mjs runs at the same time: `--configPart terminal`, the terminal with its worker; and
// `--configPart browser`: the browser's worker (large readers in chunks/; once more as one classic script, which the single files carry
// inside), the entry, the single files and the page's script. Each part lists the modules whose code it holds in build/PART-modules.json.
// Needs build/kernel (npm run build:kernel). Pages, types, notices and the manifest follow: tools/finish-bundle.mjs.

import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import commonjs from "@rollup/plugin-commonjs";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import esbuild, { minify } from "rollup-plugin-esbuild";
import { collectModules, formatNotices, packagesOf } from "./tools/notices.mjs";

const require = createRequire(import.meta.url);
const wasmFiles = {
  "tfjs-backend-wasm-simd.wasm": require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
  "overtile-simd.wasm": "build/kernel/overtile-simd.wasm",
  "overtile-relaxed-simd.wasm": "build/kernel/overtile-relaxed-simd.wasm",
};
// Models that come with Overtile. One of them is in the single files, too; the others are taken in by import there.
const modelFiles = existsSync("models") ? readdirSync("models").filter((name) => name.endsWith(".zip")) : [];
const inside = Object.fromEntries(
  modelFiles.filter((name) => name === "nuclei-fluorescence.zip").map((name) => [`models/${name}`, `models/${name}`]),
);
const isNodeModule = (id) => id.startsWith("node:");
const minified = process.env["OVERTILE_READABLE"] === undefined;

// tfjs requires these in Node only; files of a disk are opened in Node only; and codecs are not zarrita's but ours (core/source/zarr/codecs.ts).
const unused = /^(node:.*|fs|path|os|perf_hooks|worker_threads|util|crypto|node-fetch|string_decoder)$|\/node-file\.ts$|^numcodecs\//;

function browserPlugins(...extra) {
  return [
    ...extra,
    collectModules(modules),
    emptyModules(unused),
    nodeResolve({ browser: true, preferBuiltins: false }),
    commonjs(),
    esbuild({ target: "es2022" }),
    ...shrink(),
  ];
}

function shrink() {
  return minified ? [minify({ target: "es2022", legalComments: "none", logOverride: { "unsupported-require-call": "silent" } })] : [];
}

let workerCode = "";

// The modules whose code is in dist/ so far: of all files, and of the worker that the single files carry inside.
const workerModules = new Set([...Object.values(wasmFiles), require.resolve("assemblyscript/package.json")]);
const modules = new Set([...workerModules, require.resolve("imjoy-rpc/dist/imjoy-rpc.min.js")]);

// What tfjs takes for granted in Node, and a module has not.
const nodeIntro = `import { createRequire as createNodeRequire } from "node:module";
import { fileURLToPath as toNodePath } from "node:url";
const require = createNodeRequire(import.meta.url);
const __dirname = toNodePath(new URL(".", import.meta.url));`;

export default ({ configPart }) => (configPart === "terminal" ? [terminal()] : browser());

function browser() {
  return [
    {
      input: "plugin/entry/worker.ts",
      // Read once, written twice.
      output: [
        { dir: "dist", format: "es", entryFileNames: "[name].mjs", chunkFileNames: nameChunk, manualChunks: joinWorker },
        {
          file: "build/worker.classic.js",
          format: "iife",
          inlineDynamicImports: true,
          plugins: [keepCode((code) => (workerCode = code)), collectModules(workerModules)],
        },
      ],
      plugins: browserPlugins(cleanFolder("dist/chunks"), copyWasm()),
      onwarn: failOnWarning,
    },
    {
      input: { overtile: "plugin/entry/entry.ts" },
      output: { dir: "dist", format: "es", entryFileNames: "[name].mjs", inlineDynamicImports: true },
      plugins: browserPlugins(),
      onwarn: failOnWarning,
    },
    {
      input: "plugin/entry/entry-single.ts",
      output: [
        { file: "dist/overtile.single.mjs", format: "es" },
        { file: "dist/overtile.single.js", format: "iife", name: "Overtile" },
      ],
      plugins: browserPlugins(virtualBundle(), appendNotices()),
      onwarn: failOnWarning,
    },
    {
      input: "plugin/entry/imjoy-entry.ts",
      output: { file: "build/imjoy-plugin.js", format: "iife" },
      plugins: browserPlugins(virtualBundle(), appendNotices()),
      onwarn: failOnWarning,
    },
    {
      input: { page: "plugin/entry/page.ts" },
      output: { dir: "dist", format: "es", entryFileNames: "[name].mjs", inlineDynamicImports: true },
      plugins: browserPlugins(writeModules("browser")),
      onwarn: failOnWarning,
    },
  ];
}

/** The terminal and its worker, for Node only. */
function terminal() {
  return {
    input: { terminal: "host/start.ts", "terminal-main": "host/main.ts", "terminal-worker": "plugin/entry/worker-node.ts" },
    output: {
      dir: "dist",
      format: "es",
      entryFileNames: "[name].mjs",
      chunkFileNames: "terminal/[name].mjs",
      // The door runs in every Node: nothing is imported before it has looked.
      intro: ({ name }) => (name === "terminal" ? "" : nodeIntro),
    },
    external: isNodeModule,
    plugins: [
      cleanFolder("dist/terminal"),
      writeModules("terminal"),
      collectModules(modules),
      emptyModules(/^numcodecs\//),
      nodeResolve({ preferBuiltins: true, exportConditions: ["node"] }),
      commonjs(),
      esbuild({ target: "es2022" }),
    ],
    onwarn: failOnWarning,
  };
}

const largeReaders = /(zarr|numcodecs|blosc|lz4|libjpeg|zstd)/;

/** All of the worker in one file, which starts from memory too; only large readers of formats load when met. */
function joinWorker(id) {
  return largeReaders.test(id) ? undefined : "worker";
}

/** Chunks by what is in them: the reader of a format. */
function nameChunk({ facadeModuleId, name }) {
  const [, format] = largeReaders.exec(`${facadeModuleId ?? ""}/${name}`) ?? [];
  return `chunks/${format ? `reader-${format}` : name}.mjs`;
}

/** Chunks of an older build must not stay. */
function cleanFolder(folder) {
  return { name: "clean-folder", buildStart: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Lists all modules of a part, at its end. */
function writeModules(part) {
  return { name: "write-modules", writeBundle: () => writeFileSync(`build/${part}-modules.json`, JSON.stringify([...modules])) };
}

/** The WASM files and the models go beside the code, under their own names. */
function copyWasm() {
  return {
    name: "copy-wasm",
    writeBundle() {
      mkdirSync("dist", { recursive: true });
      for (const [name, from] of Object.entries(wasmFiles)) if (existsSync(from)) copyFileSync(from, `dist/${name}`);
      rmSync("dist/models", { recursive: true, force: true });
      mkdirSync("dist/models");
      for (const name of modelFiles) copyFileSync(`models/${name}`, `dist/models/${name}`);
    },
  };
}

/** Modules that a browser never runs, empty. */
function emptyModules(pattern) {
  return {
    name: "empty-modules",
    resolveId: (id) => (pattern.test(id) ? { id: `\0empty:${id}`, syntheticNamedExports: true } : undefined),
    load: (id) => (id.startsWith("\0empty:") ? "export default {};" : undefined),
  };
}

function keepCode(keep) {
  return { name: "keep-code", writeBundle: (_, bundle) => keep(Object.values(bundle)[0].code) };
}

/** What plugin/thread/virtual-bundle.d.ts declares: the worker of the build before this one, the WASM, and a model. */
function virtualBundle() {
  const id = "virtual:bundle";
  return {
    name: "virtual-bundle",
    resolveId: (name) => (name === id ? `\0${id}` : undefined),
    load(name) {
      if (name !== `\0${id}`) return undefined;
      const files = Object.fromEntries(
        Object.entries({ ...wasmFiles, ...inside })
          .filter(([, from]) => existsSync(from))
          .map(([file, from]) => [file, readFileSync(from).toString("base64")]),
      );
      return `export const workerCode = ${JSON.stringify(workerCode)};\nexport const files = ${JSON.stringify(files)};`;
    },
  };
}

/** Adds the notices of all that is inside to the end of a single file, as a comment. */
function appendNotices() {
  return {
    name: "append-notices",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle)) {
        const inside = new Set(workerModules);
        collectModules(inside).generateBundle(undefined, { chunk });
        chunk.code += `\n/*!\n${formatNotices(packagesOf(inside)).replaceAll("*/", "* /")}*/\n`;
      }
    },
  };
}

// Warnings that are of others' code and harmless; any other one fails the build.
const harmless = ["THIS_IS_UNDEFINED", "CIRCULAR_DEPENDENCY", "EVAL"];

function failOnWarning(warning) {
  if (harmless.includes(warning.code) && /node_modules/.test(warning.id ?? warning.message)) return;
  throw new Error(`${warning.code}: ${warning.message}`);
}
