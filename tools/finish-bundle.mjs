// The last step of the build: pages, types, third-party notices, and dist/manifest.json with bytes and sha256 of every file that a browser may ask for.

import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { noticesFile, writeNotices } from "./notices.mjs";
import { importTypeScript } from "./run-typescript.mjs";
import { writePages } from "./write-pages.mjs";
import { writeTypes } from "./write-types.mjs";

// Of the terminal, of other builds, told by the list itself, the same code once more in another form, or a model, which is fetched when it
// is used: nobody loads those together.
const unlisted =
  /^(terminal.*|viewer|models|fake-plugin|types|THIRD-PARTY-NOTICES\.txt|manifest\.json|manifest\.schema\.json|overtile\.single\..*|overtile\.imjoy\.html)$/;

/** Writes what is made from the other files of dist/. `parts`: the parts of rollup.config.mjs, whose modules are in them. */
export async function finishBundle(parts) {
  const modules = (await Promise.all(parts.map(async (part) => JSON.parse(await readFile(`build/${part}-modules.json`, "utf8"))))).flat();
  const { createManifest, createJoyForm, manifestSchema, version } = await importTypeScript(
    "plugin/parameter/manifest.ts",
    "plugin/adapter/imjoy-form.ts",
    "plugin/version.ts",
    "host/manifest-schema.ts",
  );
  await writePages({ version, ui: createJoyForm("segment"), code: await readFile("build/imjoy-plugin.js", "utf8") });
  await writeTypes();
  await writeNotices({ modules, file: `dist/${noticesFile}`, list: "build/packages.json" });
  const files = await listFiles("dist");
  await writeFile("dist/manifest.schema.json", `${JSON.stringify(manifestSchema, null, 2)}\n`);
  await writeFile("dist/manifest.json", `${JSON.stringify(createManifest({ files }), null, 2)}\n`);
}

async function listFiles(root, folder = "") {
  const entries = await readdir(`${root}/${folder}`, { withFileTypes: true });
  const lists = await Promise.all(
    entries
      .filter(({ name }) => folder !== "" || !unlisted.test(name))
      .map(async (entry) => {
        const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory()) return listFiles(root, path);
        const bytes = await readFile(`${root}/${path}`);
        return [{ path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") }];
      }),
  );
  return lists.flat().sort((a, b) => (a.path < b.path ? -1 : 1));
}
