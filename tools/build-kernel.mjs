// Compiles core/kernel/assembly with the lock file's own AssemblyScript compiler into build/kernel: overtile-simd.wasm and
// overtile-relaxed-simd.wasm. `node tools/build-kernel.mjs [--if-needed]`; the tests and the bundle's build import buildKernel.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "core/kernel/assembly");
const builds = { simd: ["--enable", "simd"], "relaxed-simd": ["--enable", "simd", "--enable", "relaxed-simd"] };

/** Where the WASM of a build lies: "simd" or "relaxed-simd". */
export function kernelFile(build) {
  return join(root, "build/kernel", `overtile-${build}.wasm`);
}

/** Builds both files; with `ifNeeded` only those that are missing or were made of other sources. */
export async function buildKernel({ ifNeeded = false } = {}) {
  const stamp = stampOfSources();
  mkdirSync(join(root, "build/kernel"), { recursive: true });
  for (const [build, features] of Object.entries(builds)) {
    const file = kernelFile(build);
    if (ifNeeded && existsSync(file) && readStamp(file) === stamp) continue;
    const { default: asc } = await import("assemblyscript/asc");
    // Compiled beside and renamed, so that a test running at the same time never reads half a file.
    const partial = `${file}.${process.pid}`;
    const { error, stderr } = await asc.main([
      join(sources, "index.ts"),
      "--outFile",
      partial,
      "-O3",
      "--noAssert",
      "--runtime",
      "stub",
      "--importMemory",
      "--initialMemory",
      "1",
      "--use",
      "abort=",
      ...features,
    ]);
    // A warning is an error: the compiler's are about 32-bit integers that lose their sign, and addresses are unsigned.
    if (error || /WARNING/.test(stderr.toString()))
      throw new Error(`The kernel's "${build}" build failed.\n${stderr.toString()}`, { cause: error });
    writeFileSync(`${partial}.stamp`, stamp);
    renameSync(partial, file);
    renameSync(`${partial}.stamp`, `${file}.stamp`);
  }
}

/** A hash of what the files are made of: the sources and this file. */
function stampOfSources() {
  const names = readdirSync(sources).filter((name) => name.endsWith(".ts"));
  const hash = createHash("sha256");
  for (const file of [...names.sort().map((name) => join(sources, name)), fileURLToPath(import.meta.url)]) hash.update(readFileSync(file));
  return hash.digest("hex");
}

function readStamp(file) {
  return existsSync(`${file}.stamp`) ? readFileSync(`${file}.stamp`, "utf8") : undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernel({ ifNeeded: process.argv.includes("--if-needed") });
