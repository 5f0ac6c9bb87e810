// Makes release/: the static site (viewer, plugin files, docs), the npm package, a bill of materials and checksums.
// `npm ci && npm run release` in a clean clone gives the same bytes each time. What to do with the files: docs/release.md.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { createBillOfMaterials } from "./bill-of-materials.mjs";
import { writeDocs } from "./write-docs.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Parts of dist/ that a web page never asks for. */
const notOfTheSite = /^(terminal.*|types)$/;

process.chdir(root);
const changed = execFileSync("git", ["status", "--porcelain"], { encoding: "utf8" });
if (changed !== "") throw new Error(`A release is made of what is committed. Commit or remove first:\n${changed}`);

const { name, version } = JSON.parse(await readFile("package.json", "utf8"));
for (const folder of ["dist", "build", "release"]) await rm(folder, { recursive: true, force: true });
for (const script of ["build", "build:viewer"]) npm("run", script);
await mkdir("release");
npm("pack", "--ignore-scripts", "--pack-destination", "release");

await cp("dist", "release/site", { recursive: true, filter: (path) => !notOfTheSite.test(path.slice("dist/".length).split(/[\\/]/)[0]) });
await writeDocs("release/site/docs");
await writeFile(`release/${name}-${version}-site.zip`, await zipFolder("release/site"));
await writeFile(`release/${name}-${version}.cdx.json`, await createBillOfMaterials({ name, version }));
await writeFile("release/SHA256SUMS", await formatChecksums("release"));
console.log(await readFile("release/SHA256SUMS", "utf8"));

/** Runs npm by the file that runs this script: Windows starts no "npm" without a shell. */
function npm(...words) {
  execFileSync(process.execPath, [process.env["npm_execpath"], ...words, "--silent"], { stdio: "inherit" });
}

/** A zip of the folder with its files in order of name and one fixed date, so that the same files give the same bytes. */
async function zipFolder(folder) {
  const names = (await filesBelow(folder)).sort();
  const entries = await Promise.all(names.map(async (file) => [file, new Uint8Array(await readFile(join(folder, file)))]));
  return zipSync(Object.fromEntries(entries), { level: 9, mtime: new Date(1980, 0, 1) });
}

/** A line for each file of the folder itself, as `sha256sum -c` reads it. */
async function formatChecksums(folder) {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => entry.name);
  const lines = await Promise.all(files.sort().map(async (file) => `${await sha256(join(folder, file))}  ${file}\n`));
  return lines.join("");
}

async function sha256(path) {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

/** Paths of all files below the folder, with "/" between names. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length).replaceAll("\\", "/"));
}
