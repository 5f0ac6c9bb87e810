// `npm run build`: the kernels, then dist/ by rollup.config.mjs; what is up to date is left out. Remove dist/ to have all of it again.

import { execFileSync } from "node:child_process";
import { utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildKernel } from "./build-kernel.mjs";
import { makeIfNeeded } from "./up-to-date.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const rollup = join(createRequire(import.meta.url).resolve("rollup/package.json"), "../dist/bin/rollup");

/** Brings the kernels and dist/ up to date, all but dist/viewer. */
export async function buildBundle() {
  await buildKernel({ ifNeeded: true });
  const bundle = {
    root,
    name: "bundle",
    sources: [
      "core",
      "plugin",
      "host",
      "tools",
      "rollup.config.mjs",
      "tsconfig.json",
      "tsconfig.types.json",
      "package.json",
      "package-lock.json",
    ],
    results: ["dist", "build/packages.json"],
    except: (file) => file.startsWith("dist/viewer/"),
    options: process.env["OVERTILE_READABLE"] === undefined ? "" : "readable",
  };
  const isNew = await makeIfNeeded(bundle, () =>
    execFileSync(process.execPath, [rollup, "-c", "--silent"], { cwd: root, stdio: "inherit" }),
  );
  // Whoever compares times sees that it is as new as its sources.
  if (!isNew) utimesSync(join(root, "dist/manifest.json"), new Date(), new Date());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildBundle();
