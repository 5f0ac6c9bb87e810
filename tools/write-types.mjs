// The declarations of the public API, dist/types: those that plugin/entry/entry.ts leads to, and no others.

import { execFile } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

// The program itself: what stands in node_modules/.bin is no file that Windows starts.
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const from = "build/types";
const to = "dist/types";

/** Writes dist/types; its entry is index.d.ts. */
export async function writeTypes() {
  await rm(from, { recursive: true, force: true }); // of an earlier build: a file that moved would be found where it was
  await promisify(execFile)(process.execPath, [compiler, "-p", "tsconfig.types.json"]);
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  const written = new Set();
  await copy("plugin/entry/entry", written);
  await writeFile(`${to}/index.d.ts`, 'export * from "./plugin/entry/entry.js";\n');
}

async function copy(path, written) {
  if (written.has(path)) return;
  written.add(path);
  const text = await readFile(`${from}/${path}.d.ts`, "utf8");
  await mkdir(dirname(`${to}/${path}`), { recursive: true });
  // The compiler leaves the sources' endings in declarations; readers of packages look for those of modules.
  await writeFile(`${to}/${path}.d.ts`, text.replaceAll(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  for (const [, target] of text.matchAll(/from "(\.[^"]*)\.ts"/g)) await copy(join(dirname(path), target), written);
}
