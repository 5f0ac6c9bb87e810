// Leaves a build out whose sources and results are byte for byte those of the last one. What was built from what is written down in
// build/NAME.stamp.json.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { claim } from "./claim.mjs";

/**
 * Calls `make` unless nothing has changed since it was called last. Returns true when it did. `sources` and `results` are files and
 * folders below `root`; `options` is a text that, when it differs, asks for another build; `except` names files and folders of other builds.
 * Waits while another process makes the same build, and before a new one while another process tests the old one (see `claimResults`).
 */
export async function makeIfNeeded({ root, name, sources, results, options = "", except = () => false }, make) {
  const endLooking = await claim({ root, name: `look-${name}`, against: new RegExp(`^look-${name}$`) });
  try {
    const stampFile = join(root, "build", `${name}.stamp.json`);
    const from = hashFiles(root, listFiles(root, sources)) + options;
    if (isAsStamped(root, stampFile, from)) return false;
    const say = (pid) => console.log(`The ${name} is built anew once process ${pid}, which tests the one that is there, has ended.`);
    const endMaking = await claim({ root, name: `make-${name}`, against: /^test$/, say });
    try {
      await make();
      const files = listFiles(root, results, except);
      writeFileSync(stampFile, JSON.stringify({ from, files, to: hashFiles(root, files) }));
    } finally {
      endMaking();
    }
    return true;
  } finally {
    endLooking();
  }
}

/** Keeps all results as they are until the function that comes back is called: no process of this clone builds anew meanwhile. */
export function claimResults(root) {
  return claim({ root, name: "test", against: /^make-/ });
}

function isAsStamped(root, stampFile, from) {
  if (!existsSync(stampFile)) return false;
  const stamp = JSON.parse(readFileSync(stampFile, "utf8"));
  return stamp.from === from && stamp.files.every((file) => existsSync(join(root, file))) && hashFiles(root, stamp.files) === stamp.to;
}

/** The files among the paths and below them, in a fixed order. What is excepted is not looked at: another build may be writing there. */
function listFiles(root, paths, except = () => false) {
  return paths
    .flatMap((path) => {
      if (except(path)) return [];
      const found = statSync(join(root, path), { throwIfNoEntry: false });
      if (found === undefined) return [];
      return found.isDirectory() ? readdirSync(join(root, path)).flatMap((name) => listFiles(root, [`${path}/${name}`], except)) : [path];
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
