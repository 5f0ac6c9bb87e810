// Checks the sizes of the built bundle against the budgets of CONTRACT.md: `npm run size`. Figures are gzip -9, in kB (1000 bytes).

import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

/** Reads formats of images: loaded when met, not part of the worker's budget. */
const readers = /^(zarr|reader).*\.mjs$/;

async function gzipped(...files) {
  const sizes = await Promise.all(files.map(async (file) => gzipSync(await readFile(`dist/${file}`), { level: 9 }).length));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Each measured part with its budget in bytes. */
export async function measureBundle() {
  const models = await readdir("dist/models").catch(() => []);
  const chunks = (await readdir("dist/chunks").catch(() => [])).filter((name) => !readers.test(name)).map((name) => `chunks/${name}`);
  return [
    { part: "entry overtile.mjs", bytes: await gzipped("overtile.mjs"), budget: 60e3 },
    { part: "worker.mjs with its chunks but the readers", bytes: await gzipped("worker.mjs", ...chunks), budget: 455e3 },
    { part: "overtile.single.mjs", bytes: await gzipped("overtile.single.mjs"), budget: 3e6 },
    { part: "overtile.single.js", bytes: await gzipped("overtile.single.js"), budget: 3e6 },
    { part: "overtile.imjoy.html", bytes: await gzipped("overtile.imjoy.html"), budget: 3e6 },
    ...(await Promise.all(models.map(async (name) => ({ part: `models/${name}`, bytes: await gzipped(`models/${name}`), budget: 1.1e6 })))),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const parts = await measureBundle();
  for (const { part, bytes, budget } of parts) {
    const verdict = bytes <= budget ? "ok" : "OVER";
    console.log(`${part.padEnd(46)} ${(bytes / 1e3).toFixed(1).padStart(7)} kB of ${(budget / 1e3).toFixed(0).padStart(5)} kB  ${verdict}`);
  }
  if (parts.some(({ bytes, budget }) => bytes > budget)) process.exitCode = 1;
}
