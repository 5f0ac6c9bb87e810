// `npm test`: builds what the chosen tests need and runs them. Words are Vitest's: parts of paths choose test files, options follow.
//   npm test                     all of them
//   npm test -- core/label       one room; nothing is built for tests that read no dist/
//   npm run test:changed         those that changes since the last commit may break (`-- main`: since the branch left main)
//   npm run test:long            the long halves: the files that ask for OVERTILE_LONG

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { claimResults } from "./up-to-date.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = join(createRequire(import.meta.url).resolve("vitest/package.json"), "../vitest.mjs");
/** Tests of what is built: the bundle, the viewer, the package. */
const readsDist = /^test\/(browser|viewer|release)\//;

const words = process.argv.slice(2);
const files = chooseFiles(words);
if (files.length === 0) console.log("No test file is concerned.");
else {
  const endClaim = files.some((file) => readsDist.test(file)) ? await build() : () => {};
  const options = words.filter((word, i) => (word.startsWith("-") ? !/^--(long|changed)$/.test(word) : isValue(words, i)));
  const chosen = words.includes("--long") || words.includes("--changed") ? files : words.filter((_, i) => isFilter(words, i));
  const env = { ...process.env, OVERTILE_BUILT: "1", ...(words.includes("--long") && { OVERTILE_LONG: "1" }) };
  const { status } = spawnSync(process.execPath, [vitest, "run", ...options, ...chosen], { cwd: root, env, stdio: "inherit" });
  endClaim();
  process.exitCode = status ?? 1;
}

/** The test files that will run, as paths from the root. */
function chooseFiles(words) {
  const filters = words.filter((_, i) => isFilter(words, i));
  if (words.includes("--changed")) return listChanged(filters[0]);
  const all = readdirSync(join(root, "test"), { recursive: true })
    .map((name) => `test/${name.replaceAll("\\", "/")}`)
    .filter((name) => name.endsWith(".test.ts"));
  const chosen = all.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  return words.includes("--long") ? chosen.filter((file) => readFileSync(join(root, file), "utf8").includes("OVERTILE_LONG")) : chosen;
}

/** What Vitest finds by who imports whom. */
function listChanged(since) {
  const list = ["list", "--filesOnly", since === undefined ? "--changed" : `--changed=${since}`];
  const text = execFileSync(process.execPath, [vitest, ...list], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return text.match(/test\/\S+\.test\.ts/g) ?? [];
}

/** True for a part of a path: a word that is neither an option nor the value of one. */
function isFilter(words, i) {
  return !words[i].startsWith("-") && !isValue(words, i);
}

function isValue(words, i) {
  const before = words[i - 1] ?? "";
  return !words[i].startsWith("-") && /^-(-\w[\w.]*|t)$/.test(before) && !/^--(long|changed|run|silent|bail=\d+)$/.test(before);
}

/** Brings what is tested up to date. Until the function that comes back is called, nobody else builds it anew. */
async function build() {
  await runTools("ensure-browser");
  await runTools("build", "build-viewer");
  return claimResults(root);
}

/** Runs build scripts at the same time. */
async function runTools(...names) {
  const children = names.map((name) => spawn(process.execPath, [join(root, `tools/${name}.mjs`)], { cwd: root, stdio: "inherit" }));
  const codes = await Promise.all(children.map(async (child) => (await once(child, "close"))[0]));
  const failed = names.filter((_, i) => codes[i] !== 0);
  if (failed.length > 0) {
    console.error(`tools/${failed[0]}.mjs failed: see above.`);
    process.exit(1);
  }
}
