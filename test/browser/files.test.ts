// The files of the built bundle: all of CONTRACT.md's are there, listed with their sizes and hashes, and within their budgets.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { createSpec } from "../../core/unet/spec.ts";
import { checkManifest } from "../../host/manifest.ts";
import { openCrew } from "../../plugin/crew/compute.ts";
import { loadAssets } from "../../plugin/thread/assets.ts";
import { createNodeSpawn } from "../../plugin/thread/node-worker.ts";

const manifest = checkManifest(JSON.parse(await readFile("dist/manifest.json", "utf8")));

test("every file of the bundle is there", () => {
  const files = [
    "overtile.mjs",
    "worker.mjs",
    "page.mjs",
    "index.html",
    "imjoy-rpc.min.js",
    "overtile.imjoy.html",
    "overtile.single.mjs",
    "overtile.single.js",
    "manifest.schema.json",
    "types/index.d.ts",
    "terminal.mjs",
    "terminal-main.mjs",
  ];
  for (const file of files) expect(existsSync(`dist/${file}`), file).toBe(true);
  for (const path of Object.values(manifest.entry)) expect(existsSync(`dist/${path}`), path).toBe(true);
});

test("the manifest lists what a page may ask for, byte for byte", async () => {
  const listed = manifest.files!.map(({ path }) => path);
  expect(listed).toEqual(expect.arrayContaining(["overtile.mjs", "worker.mjs", "page.mjs", "index.html"]));
  expect(listed.filter((path) => path.endsWith(".wasm"))).toHaveLength(3);
  for (const { path, bytes, sha256 } of manifest.files!) {
    const content = await readFile(`dist/${path}`);
    expect([content.length, createHash("sha256").update(content).digest("hex")], path).toEqual([bytes, sha256]);
  }
});

test("no file has an eval or a global tf, and nothing names an outside address to load from", async () => {
  for (const file of ["overtile.mjs", "page.mjs", "imjoy-rpc.min.js"]) {
    const code = await readFile(`dist/${file}`, "utf8");
    expect(/\beval\(|new Function\(/.test(code), file).toBe(false);
    expect(/cdn\.jsdelivr|unpkg\.com/.test(code.replace(/\/\/.*$/gm, "")), file).toBe(false);
  }
});

test("the terminal's worker computes on wasm with our kernels, too", async () => {
  const read = async (file: string) => new Uint8Array(await readFile(`dist/${file}`));
  const spawn = createNodeSpawn(pathToFileURL("dist/terminal-worker.mjs"));
  const lines: string[] = [];
  const options = { assets: await loadAssets(read), backend: "wasm", useKernels: true } as const;
  const crew = await openCrew({
    ...options,
    spec: createSpec({ levels: 1, features: 2 }),
    count: 1,
    spawn,
    log: (line) => void lines.push(line),
  });
  expect(crew.backend).toMatch(/^wasm \(.*simd kernels\)$/);
  expect(lines).toEqual([]);
  crew.dispose();
});

test("the sizes hold their budgets", async () => {
  const { measureBundle } = (await import("../../tools/check-size.mjs" as string)) as {
    measureBundle(): Promise<readonly { part: string; bytes: number; budget: number }[]>;
  };
  for (const { part, bytes, budget } of await measureBundle()) expect(bytes, part).toBeLessThanOrEqual(budget);
});
