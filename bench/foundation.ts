// What the foundation promises in speed and memory: weight map, example, components, and a large image in constant memory.
//   npm run bench:foundation
// prints one line a figure; medians of 7 runs after one. Ours only: these have no peer in one process.

import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../core/array/random.ts";
import { labelComponents } from "../core/label/components.ts";
import { defaultAugmentation } from "../core/sample/draw.ts";
import { createExample } from "../core/sample/example.ts";
import { prepareImage } from "../core/sample/prepare.ts";
import { separate } from "../core/sample/separate.ts";
import { generateCells } from "../core/sample/synthetic.ts";
import { weightMap } from "../core/sample/weight-map.ts";
import { writeTiff } from "../core/source/write-tiff.ts";

const weights = { form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: false } as const;

function median(title: string, target: string, work: () => void, runs = 7): void {
  work();
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).toSorted((a, b) => a - b);
  print(title, `${times[Math.floor(runs / 2)]!.toFixed(0)} ms (least ${times[0]!.toFixed(0)})`, target);
}

function print(title: string, value: string, target: string): void {
  process.stdout.write(`${title.padEnd(52)} ${value.padStart(24)}   target ${target}\n`);
}

const { image, labels } = generateCells({ height: 1024, width: 1024, seed: 1, cells: 400 });
const cut = separate(labels);
median(`weight map 1024x1024, ${new Set(labels.data).size - 1} objects`, "300 ms", () => weightMap({ labels: cut }, weights));

const normalized = { ...image, data: Float32Array.from(image.data, (v) => v / 255) };
const prepared = prepareImage({ image: normalized, labels }, { weights });
const size = { tileHeight: 572, tileWidth: 572, levels: 4, augmentation: defaultAugmentation };
let k = 0;
median("augmented example, tile 572", "60 ms", () => createExample(1, k++, [prepared], size), 15);

const large = generateCells({ height: 4096, width: 4096, seed: 2 });
const classes = { height: 4096, width: 4096, data: Uint8Array.from(large.labels.data, (id) => (id === 0 ? 0 : 1)) };
median("components 4096x4096, cells", "500 ms", () => labelComponents(classes));
const random = createRandom(1);
const noise = { ...classes, data: Uint8Array.from(classes.data, () => random.integer(2)) };
median("components 4096x4096, noise", "500 ms", () => labelComponents(noise), 3);

const reportMemory = 'data:text/javascript,process.on("exit",()=>console.error("maxRSS",process.resourceUsage().maxRSS))';

/** The terminal on a 4096 x 4096 image with a 16-feature network: peak resident memory by the system's own accounting. */
async function segmentLarge(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "overtile-bench-"));
  try {
    await writeFile(join(folder, "large.tif"), writeTiff({ height: 4096, width: 4096, pages: [large.image.data] }));
    const terminal = ["dist/terminal.mjs"];
    spawnSync("node", [...terminal, "new", join(folder, "model.zip"), "--features", "16"], { stdio: "inherit" });
    const start = performance.now();
    const options = ["segment", join(folder, "large.tif"), "--model", join(folder, "model.zip"), "-o", join(folder, "out")];
    const { stderr } = spawnSync("node", ["--import", reportMemory, ...terminal, ...options], { encoding: "utf8" });
    const seconds = (performance.now() - start) / 1000;
    const kilobytes = Math.max(...[...stderr.matchAll(/maxRSS (\d+)/g)].map((found) => Number(found[1])));
    if (!(kilobytes > 0)) throw new Error(`The large image could not be segmented.\n${stderr}`);
    print(`segment 4096x4096, 16 features (${seconds.toFixed(0)} s)`, `${(kilobytes / 1e6).toFixed(2)} GB resident`, "2.5 GB");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await segmentLarge();
