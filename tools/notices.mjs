// Third-party notices: names the packages whose code a bundle holds, with their licences. Bundlers say which modules they kept; the
// package of a module is the nearest package.json above it. What is compiled into WASM files stands in compiled-parts.mjs.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { compiledParts } from "./compiled-parts.mjs";

const require = createRequire(import.meta.url);

export const noticesFile = "THIRD-PARTY-NOTICES.txt";

/** A rollup plugin that adds the file of each module with code in the bundle to the set `modules`. */
export function collectModules(modules) {
  return {
    name: "collect-modules",
    generateBundle(_, bundle) {
      for (const chunk of Object.values(bundle))
        for (const [id, { renderedLength }] of Object.entries(chunk.modules ?? {})) if (renderedLength > 0) modules.add(id);
    },
  };
}

/** Files with code in the outputs of an esbuild metafile. */
export function modulesOf({ outputs }) {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
}

/** The packages that the modules are of, each once by name and version, in order of name; modules outside node_modules have none. */
export function packagesOf(modules) {
  const found = new Map();
  for (const module of modules) {
    const folder = packageFolder(module);
    if (folder === undefined) continue;
    const { name, version, license, author, homepage } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    found.set(`${name} ${version}`, { name, version, license, author, homepage, folder, parts: compiledParts[name] ?? [] });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** Folder of the package that a module is of: the nearest one whose package.json has name and version. Undefined for our own. */
function packageFolder(module) {
  const path = module
    .replace(/^\0(commonjs-\w+:)?/, "")
    .replace(/\?.*$/, "")
    .replaceAll("\\", "/");
  if (!path.includes("node_modules/")) return undefined;
  for (let folder = dirname(path); /node_modules\/./.test(folder); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (!existsSync(file)) continue;
    const { name, version } = JSON.parse(readFileSync(file, "utf8"));
    if (name && version) return folder;
  }
  throw new Error(`No package.json stands above ${path}, so that its licence is not known.`);
}

/** Writes the notices to `file`, and the list of packages to `list`, which the bill of materials is made of. */
export async function writeNotices({ modules, file, list }) {
  const packages = packagesOf(modules);
  await writeFile(file, formatNotices(packages));
  await mkdir(dirname(list), { recursive: true });
  const rows = packages.map(({ name, version, license, parts }) => ({ name, version, license, parts }));
  await writeFile(list, `${JSON.stringify(rows, null, 2)}\n`);
}

/** The text of the notices: each package once, then each licence text once, under the names of those that it holds for. */
export function formatNotices(packages) {
  const texts = new Map();
  const lines = packages.flatMap(({ name, version, license, homepage, parts, ...rest }) => {
    for (const text of licenceTexts({ name, license, ...rest })) addTo(texts, text, `${name} ${version}`);
    for (const part of parts) for (const text of partTexts(part)) addTo(texts, text, `${part.name} (in ${name})`);
    const inside = parts.map((part) => `  holds ${part.name} (${part.license}), ${part.homepage}`);
    return [`${name} ${version} (${license})${homepage ? `, ${homepage}` : ""}`, ...inside];
  });
  const sections = [...texts].map(([text, holders]) => `${"-".repeat(80)}\n${[...new Set(holders)].join("\n")}\n\n${text}`);
  return `Overtile contains code of others, under the licences below.\n\n${lines.join("\n")}\n\n${sections.join("\n\n")}\n`;
}

function addTo(texts, text, holder) {
  texts.set(text, [...(texts.get(text) ?? []), holder]);
}

/** Texts of the files that a package ships; where it ships none, the standard text of its licence. */
function licenceTexts({ name, license, author, folder }) {
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying|copyright)/i.test(file));
  if (files.length > 0) return files.sort().map((file) => clean(readFileSync(join(folder, file), "utf8")));
  const holder = typeof author === "string" ? author : (author?.name ?? `the authors of ${name}`);
  return standardTexts(license, `Copyright (c) ${holder.replace(/ *<[^>]*>/, "")}`);
}

function partTexts({ license, copyright }) {
  return standardTexts(license, copyright);
}

function standardTexts(license, copyright) {
  const all = require("spdx-license-list/full");
  return String(license)
    .split(/ AND /)
    .map((id) => {
      const text = all[id]?.licenseText;
      if (text === undefined) throw new Error(`The licence ${id} has no standard text. Add the package's own text.`);
      // Lines of the list that stand for somebody's copyright give way to the true one.
      const own = text.replace(/^.*Copyright \([cC]\) (<year>|\d{4}).*\n+/gm, "");
      return clean(id === "Apache-2.0" ? text : `${copyright}\n\n${own}`);
    });
}

function clean(text) {
  return text
    .replaceAll("\r\n", "\n")
    .replace(/[ \t]+$/gm, "")
    .trim();
}
