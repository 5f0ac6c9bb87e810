// Runs a piece of the project's TypeScript in a build script: Node 20 does not read types, so it is bundled in memory first.

import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** The exports of the modules, each given by its path from the project's root. */
export async function importTypeScript(...paths) {
  const bundled = await build({
    stdin: {
      contents: paths.map((path) => `export * from "./${path}";`).join("\n"),
      resolveDir: fileURLToPath(new URL("..", import.meta.url)),
      loader: "ts",
    },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    logLevel: "warning",
  });
  return import(`data:text/javascript;base64,${Buffer.from(bundled.outputFiles[0].contents).toString("base64")}`);
}
