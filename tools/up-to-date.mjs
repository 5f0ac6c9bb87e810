// Leaves a build out whose sources and results are byte for byte those of the last one. What was built from what is written down in
// build/NAME.stamp.json.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Calls `make` unless nothing has changed since it was called last. Returns true when it did. `sources` and `results` are files and
 * folders below `root`; `options` is a text that, when it differs, asks for another build; `except` names results of other builds.
 */
export async function makeIfNeeded({ root, name, sources, results, options = "", except = () => false }, make) {
  const stampFile = join(root, "build", `${name}.stamp.json`);
  const from = hashFiles(root, listFiles(root, sources)) + options;
  if (isAsStamped(root, stampFile, from)) return false;
  await make();
  const files = listFiles(root, results).filter((file) => !except(file));
  mkdirSync(join(root, "build"), { recursive: true });
  writeFileSync(stampFile, JSON.stringify({ from, files, to: hashFiles(root, files) }));
  return true;
}

function isAsStamped(root, stampFile, from) {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, "utf8"));
  return stamp.from === from && stamp.files.every((file) => existsSync(join(root, file))) && hashFiles(root, stamp.files) === stamp.to;
}

/** The files among the paths and below them, in a fixed order. */
function listFiles(root, paths) {
  return paths
    .flatMap((path) => {
      const found = statSync(join(root, path), { throwIfNoEntry: false });
      if (found === undefined) return [];
      return found.isDirectory() ? readdirSync(join(root, path)).flatMap((name) => listFiles(root, [`${path}/${name}`])) : [path];
    })
    .sort();
}

function hashFiles(root, files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash.update(`${file}\0`).update(
      createHash("sha256")
        .update(readFileSync(join(root, file)))
        .digest(),
    );
  return hash.digest("hex");
}
