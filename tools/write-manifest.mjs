// Writes the root manifest.json from the table of parameters: `npm run manifest`. The copy in dist, with its list of files, is
// made with the bundle (finish-bundle.mjs).

import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { importTypeScript } from "./run-typescript.mjs";

/** The text of the root manifest, whose bundle lies in dist/. */
export async function formatRootManifest() {
  const { createManifest } = await importTypeScript("plugin/parameter/manifest.ts");
  return `${JSON.stringify(createManifest({ folder: "dist/" }), null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL("../manifest.json", import.meta.url), await formatRootManifest());
}
