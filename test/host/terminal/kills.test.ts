// R10: a run that is killed (SIGKILL) at any moment, again and again, ends with the bytes of one that was not; what was on the disk is
// never done again. Two kills of a slide of four blocks in the usual tests, 100 of one of eight in the long ones.

import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRandom } from "../../../core/array/random.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { bundleTerminal, createFolder, overtile, startOvertile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const isLong = process.env["OVERTILE_LONG"] !== undefined;
const kills = isLong ? 100 : 2;
const words = (out: string): readonly string[] => [
  ...["segment", "slide.tif", "--model", "m.zip", "-o", out, "--workers", "1", "--min-size", "9", "--format", "ome-zarr", "--resume"],
  ...["--output", "labels,probabilities,geojson,table"],
];
let wholeMs = 0;

beforeAll(async () => {
  const [height, width] = [160, isLong ? 7200 : 3600]; // blocks of 1024 pixels
  const { image } = generateCells({ height, width, seed: 4 });
  writeFileSync(at("slide.tif"), writeTiff({ height, width, pages: [image.data] }));
  await overtile(["new", "m.zip", "--levels", "1", "--features", "2", "--seed", "3"], { cwd: folder });
  const start = performance.now();
  // A process like those that are killed, so that the times of the kills are spread over all that one does.
  const { code } = await (await startOvertile(words("alive"), { cwd: folder })).ended;
  wholeMs = performance.now() - start;
  expect(code).toBe(0);
}, 240_000);
afterAll(remove);

/** Runs until its end or until it is killed, at the time or as soon as what is asked is true. True when it came to its end. */
async function runFor(milliseconds: number, isTime = () => false): Promise<boolean> {
  const child = spawn(process.execPath, [join(await bundleTerminal(), "terminal.mjs"), ...words("killed")], {
    cwd: folder,
    stdio: "ignore",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
  const watch = setInterval(() => isTime() && child.kill("SIGKILL"), 1);
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => child.once("exit", (...end) => resolve(end)));
  clearTimeout(timer);
  clearInterval(watch);
  if (signal === null) expect(code).toBe(0);
  return signal === null;
}

const work = "killed/slide.overtile";
/** True when the results have their names and what they were made of is gone: killed later, a run has nothing to go on with. */
const isDone = (): boolean => existsSync(at("killed/slide.table.csv")) && !existsSync(at(work));

/** When each block that is on the disk was written. */
function readLedger(): ReadonlyMap<string, number> {
  const blocks = at(work, "classes/0");
  const names = existsSync(blocks) ? (readdirSync(blocks, { recursive: true }) as string[]) : [];
  return new Map(names.filter((name) => /^\d+\/\d+$/.test(name)).map((name) => [name, statSync(join(blocks, name)).mtimeMs]));
}

function readResults(out: string): Readonly<Record<string, string>> {
  const files = readdirSync(at(out), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name).slice(at(out).length),
      readFileSync(join(parentPath, name)).toString("base64"),
    ]),
  );
}

/** Nothing half-written is left either; but of a run that was killed while it tidied up, blocks under a temporary name. */
function expectSameResults(): void {
  const alive = readResults("alive");
  const killed = Object.fromEntries(Object.entries(readResults("killed")).filter(([name]) => !/^\/\.slide\.overtile\./.test(name)));
  expect(Object.keys(killed).sort()).toEqual(Object.keys(alive).sort());
  expect(Object.keys(alive).filter((name) => killed[name] !== alive[name])).toEqual([]);
}

describe(`a run that is killed ${kills} times`, () => {
  it("ends with the bytes of one that was not, and does nothing twice that was on the disk", async () => {
    const random = createRandom(10, 1);
    let ended = false;
    for (let count = 0; count < kills; ) {
      const before = readLedger();
      ended = await runFor(random.uniform(0.05, 1) * wholeMs);
      if (ended || isDone()) {
        expectSameResults();
        rmSync(at("killed"), { recursive: true }); // and from the beginning again
        continue;
      }
      count++;
      const after = readLedger();
      for (const [name, time] of before) expect(after.get(name), name).toBe(time);
    }
    expect(await runFor(1e7)).toBe(true);
    expectSameResults();
  }, 3_600_000);

  it("among its last steps goes on with the same words, too", async () => {
    rmSync(at("killed"), { recursive: true, force: true });
    const steps = [() => existsSync(at(work, "named.json")), () => existsSync(at("killed/slide.labels.ome.zarr"))];
    for (const isTime of steps) if (!isDone()) await runFor(1e7, isTime);
    if (!isDone()) expect(await runFor(1e7)).toBe(true);
    expectSameResults();
  }, 240_000);
});
