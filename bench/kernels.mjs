// Bundles bench/kernels.ts (Node 20 does not strip types) and runs it. Options: see its head.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { buildKernel } from "../tools/build-kernel.mjs";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "64" },
    tile: { type: "string", default: "572" },
    repeats: { type: "string", default: "3" },
    build: { type: "string", multiple: true, default: ["relaxed-simd"] },
    stock: { type: "boolean", default: false },
    kept: { type: "boolean", default: false },
    best: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
await buildKernel({ ifNeeded: true });
const outfile = new URL("../build/bench-kernels.mjs", import.meta.url);
await build({
  entryPoints: [fileURLToPath(new URL("kernels.ts", import.meta.url))],
  outfile: fileURLToPath(outfile),
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  logLevel: "error",
});
const { benchKernels } = await import(outfile.href);
await benchKernels({
  features: Number(values.features),
  tile: Number(values.tile),
  repeats: Number(values.repeats),
  builds: values.build,
  stock: values.stock,
  kept: values.kept,
  best: values.best,
  only: values.only,
});
