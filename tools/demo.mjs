// The terminal's way, `npm run demo`: writes generated cells, trains a network on them for about a minute with the default
// settings, segments an image that it has not seen, measures it against the truth, and draws what was found. All in .demo/.

import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importTypeScript } from "./run-typescript.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = ".demo";
const program = "dist/terminal.mjs";

process.chdir(root);
if (!existsSync(program)) await run(process.execPath, [process.env["npm_execpath"], "run", "build"]);
rmSync(folder, { recursive: true, force: true });

await overtile("sample", `${folder}/train`, "--images", "12", "--seed", "1");
await overtile("sample", `${folder}/unseen`, "--images", "1", "--side", "512", "--seed", "2");
await overtile("train", `${folder}/train`, "-o", `${folder}/cells.zip`, "--minutes", process.env["OVERTILE_DEMO_MINUTES"] ?? "1");
const image = `${folder}/unseen/images/cells-01.png`;
await overtile("segment", image, "--model", `${folder}/cells.zip`, "-o", `${folder}/found`);
const labels = `${folder}/found/cells-01.labels.tif`;
const scores = JSON.parse(await overtile("evaluate", labels, `${folder}/unseen/labels/cells-01.png`, "--json"));
const overlay = `${folder}/found/cells-01.outlines.png`;
await drawOutlines(image, labels, overlay);

console.log(`
F1 on the unseen image: ${scores.f1.toFixed(2)} (${scores.objectsMatched} of ${scores.objectsTrue} cells found, ${scores.objectsPredicted - scores.objectsMatched} invented)
Look at it:   ${join(root, overlay)}
Label image:  ${join(root, labels)}
The model:    ${join(root, folder, "cells.zip")}
`);

/** Runs the program and shows what it says; returns what it printed. */
function overtile(...words) {
  console.log(`\n$ overtile ${words.join(" ")}`);
  return run(process.execPath, [program, ...words], { prints: !words.includes("--json") });
}

function run(command, words, { prints = true } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      if (prints) process.stdout.write(text);
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(printed) : reject(new Error(`"${command} ${words.join(" ")}" ended with ${code}`))));
  });
}

/** The image, twice as large, with the outlines of the objects in yellow. */
async function drawOutlines(imagePath, labelsPath, out) {
  const { openSource, writePng } = await importTypeScript("core/source/open.ts", "core/source/write-png.ts");
  const [grey, found] = await Promise.all([imagePath, labelsPath].map((path) => readPlane(openSource, path)));
  const zoom = 2;
  const [height, width] = [zoom * grey.height, zoom * grey.width];
  const data = new Uint8Array(height * width * 3);
  const idAt = (y, x) => found.data[Math.floor(y / zoom) * found.width + Math.floor(x / zoom)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const id = idAt(y, x);
      const isOutline = (y + 1 < height && idAt(y + 1, x) !== id) || (x + 1 < width && idAt(y, x + 1) !== id);
      const value = grey.data[Math.floor(y / zoom) * grey.width + Math.floor(x / zoom)];
      data.set(isOutline ? [255, 210, 0] : [value, value, value], 3 * (y * width + x));
    }
  }
  await writeFile(out, await writePng({ height, width, channels: 3, data }));
}

async function readPlane(openSource, path) {
  const source = await openSource(new Uint8Array(await readFile(path)));
  const { height, width } = source;
  return source.read({ y0: 0, x0: 0, y1: height, x1: width, channels: [0] });
}
