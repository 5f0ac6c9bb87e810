// `npm run build`: the kernels, then dist/ by rollup.config.mjs; what is up to date is left out. Remove dist/ to have all of it again.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildKernel } from "./build-kernel.mjs";
import { finishBundle } from "./finish-bundle.mjs";
import { makeIfNeeded } from "./up-to-date.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const rollup = join(createRequire(import.meta.url).resolve("rollup/package.json"), "../dist/bin/rollup");

/** Brings the kernels and dist/ up to date, all but dist/viewer. */
export async function buildBundle() {
  const bundle = {
    root,
    name: "bundle",
    sources: [
      "core",
      "plugin",
      "host",
      "models",
      "tools",
      "rollup.config.mjs",
      "tsconfig.json",
      "tsconfig.types.json",
      "package.json",
      "package-lock.json",
    ],
    results: ["dist", "build/packages.json"],
    except: (path) => path === "dist/viewer",
    options: process.env["OVERTILE_READABLE"] === undefined ? "" : "readable",
  };
  const isNew = await makeIfNeeded(bundle, async () => {
    // Two parts that need nothing of each other, each on a core.
    const parts = [runRollup("terminal"), buildKernel({ ifNeeded: true }).then(() => runRollup("browser"))];
    for (const ended of await Promise.allSettled(parts)) if (ended.status === "rejected") throw ended.reason;
    await finishBundle(["browser", "terminal"]);
  });
  if (isNew) return;
  await buildKernel({ ifNeeded: true });
  // Whoever compares times sees that it is as new as its sources.
  utimesSync(join(root, "dist/manifest.json"), new Date(), new Date());
}

/** Runs rollup.config.mjs for one of its parts. */
async function runRollup(part) {
  const child = spawn(process.execPath, [rollup, "-c", "--configPart", part, "--silent"], { cwd: root, stdio: "inherit" });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`The ${part} part of dist/ could not be built: see above.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(root);
  await buildBundle();
}
