// The two pages of the bundle: index.html (ImJoy's page form, with imjoy-rpc beside it) and overtile.imjoy.html (all in one).

import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

// Whatever reaches the page by its RPC (a "method" may be named "constructor"): no code but the bundle's runs in it.
const policy = "script-src 'self' 'wasm-unsafe-eval' blob:";

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>Overtile</title>
<link rel="icon" href="data:,">
<script type="module" src="page.mjs"></script>
</head>
<body>
<h1>Overtile</h1>
<p>This is a plugin. Give this page's address to ImJoy, or <a href="viewer/">open the viewer</a>.</p>
</body>
</html>
`;

/** Writes dist/index.html, dist/imjoy-rpc.min.js and dist/overtile.imjoy.html. */
export async function writePages({ version, ui, code }) {
  await writeFile("dist/index.html", html);
  await writeFile("dist/imjoy-rpc.min.js", await readRpc());
  await writeFile("dist/overtile.imjoy.html", formatPlugin({ version, ui, code }));
}

/** imjoy-rpc without its eval of array types, which a strict content security policy forbids. */
async function readRpc() {
  const source = await readFile(require.resolve("imjoy-rpc/dist/imjoy-rpc.min.js"), "utf8");
  const patched = source
    .replaceAll("eval(arrType)", "globalThis[arrType]")
    // Never reached (plugin/adapter/guard-parent.ts); named here so that no eval is left.
    .replaceAll("eval(code.content)", 'Promise.reject(new Error("This plugin runs no code from outside."))')
    .replace(/\n\/\/# sourceMappingURL=.*/, "");
  if (/\beval\(/.test(patched)) throw new Error("imjoy-rpc has an eval that is not replaced yet. Read tools/write-pages.mjs.");
  return patched;
}

function formatPlugin({ version, ui, code }) {
  const config = {
    name: "Overtile",
    type: "iframe",
    version,
    api_version: "0.1.8",
    description: "Learns to segment your own structures from a few annotated images, and segments images of any size, on this computer.",
    tags: [],
    ui,
    icon: "grid_on",
    inputs: null,
    outputs: null,
    cover: "",
    env: "",
    flags: [],
    permissions: [],
    dependencies: [],
    requirements: [],
    defaults: { w: 20, h: 10 },
  };
  // The code is text of a page: nothing in it may end its script early.
  const safe = code.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
  return `<docs lang="markdown">
# Overtile
Learns to segment your own structures from a few annotated images, and segments images of any size. Everything runs on this computer.
</docs>
<config lang="json">
${JSON.stringify(config, null, 2)}
</config>
<script lang="javascript">
${safe}
</script>
`;
}
