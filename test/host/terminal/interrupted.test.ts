// What runs leave when they are not alone, or not let to their end: two at once, signals, closed pipes, kills. Few real processes.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { markOfProcess } from "../../../core/source/process-mark.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { createNodeLock } from "../../../plugin/store/node-lock.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal, createFolder, overtile, startOvertile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const tiny = ["--levels", "1", "--features", "3", "--tile", "52", "--interval", "4", "--workers", "1", "--batch", "1"];
const words = (name: string, steps: number): readonly string[] => [
  ...["train", "cells", "-o", `${name}.zip`, ...tiny, "--validate", "0", "--steps", `${steps}`],
];
const run = (...more: readonly string[]) => overtile(more, { cwd: folder, env: { OVERTILE_HOME: at("home") } });

beforeAll(async () => {
  for (const part of ["images", "labels"]) mkdirSync(at("cells", part), { recursive: true });
  for (const seed of [1, 2]) {
    const { image, labels } = generateCells({ height: 72, width: 80, seed });
    const ids = { height: 72, width: 80, channels: 1, data: Uint16Array.from(labels.data) };
    for (const [part, raster] of [["images", image], ["labels", ids]] as const) writeFileSync(at("cells", part, `c${seed}.png`), await writePng(raster)); // biome-ignore format: one thought
  }
  writeFileSync(at("one.zip"), await writeModel({ ...createModel({ levels: 1, features: 2 }), name: "one" }));
});
afterAll(remove);

const hidden = (where = folder): readonly string[] => readdirSync(where).filter((name) => name.startsWith("."));

it("three imports at once, each in a process of its own, give three models", async () => {
  const env = { OVERTILE_HOME: at("home") };
  const imports = await Promise.all([1, 2, 3].map(() => startOvertile(["models", "import", "one.zip", "--json"], { cwd: folder, env })));
  const ended = await Promise.all(imports.map((one) => one.ended));
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(ended.map(({ stdout }) => JSON.parse(stdout).version).sort()).toEqual([1, 2, 3]);
  expect(readdirSync(at("home/models")).sort()).toEqual(["one%401.zip", "one%402.zip", "one%403.zip"]);
});

it("two trainings of one file: one trains, the other hears who is at it, whatever else it asks for, and writes nothing", async () => {
  const refusal =
    /A model is trained once at a time; "same": process \d+ on \S+, since [\d: -]+ UTC, trains it\. Wait, end that one, or give another name/;
  const both = await Promise.all([1, 2].map(() => run(...words("same", 60))));
  const [trained, refused] = both.toSorted((a, b) => a.code! - b.code!);
  expect(trained).toMatchObject({ code: 0, stdout: expect.stringContaining("same.zip: 60 steps") });
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(refusal) });
  expect(hidden()).toEqual([]);

  const before = readFileSync(at("same.zip"));
  const release = await createNodeLock(folder)("training same");
  for (const more of [[], ["--resume"], ["--overwrite"]]) {
    expect(await run(...words("same", 60), ...more)).toMatchObject({ code: 1, stderr: expect.stringMatching(refusal) });
  }
  release!();
  expect(readFileSync(at("same.zip")).equals(before)).toBe(true);
});

it("a hangup keeps what was learnt and exits with 129", async () => {
  const running = await startOvertile([...words("hung", 4000), "--minutes", "0"], { cwd: folder });
  await running.says(/4000 steps of/);
  while (!existsSync(at("hung.checkpoint"))) await new Promise((resolve) => setTimeout(resolve, 10));
  running.child.kill("SIGHUP");
  const { code, stderr } = await running.ended;
  expect({ code, stderr }).toMatchObject({ code: 129, stderr: expect.stringContaining("Stopping: what was learnt is kept") });
  expect((await readModel(new Uint8Array(readFileSync(at("hung.zip"))))).training["ended"]).toBe("stopped");
});

it("SIGTERM keeps what was learnt and exits with 143; --resume goes on, and of a finished training says so and exits with 0", async () => {
  const running = await startOvertile([...words("term", 400), "--minutes", "0"], { cwd: folder });
  await running.says(/400 steps of/);
  while (!existsSync(at("term.checkpoint"))) await new Promise((resolve) => setTimeout(resolve, 10));
  running.child.kill("SIGTERM");
  const { code, stderr, stdout } = await running.ended;
  expect({ code, stderr }).toMatchObject({ code: 143, stderr: expect.stringContaining("Stopping: what was learnt is kept") });
  expect(stdout).toContain("ended by stopped");
  const { training } = await readModel(new Uint8Array(readFileSync(at("term.zip"))));
  expect(training["steps"]).toBeLessThan(400);
  expect(hidden()).toEqual([]);

  const going = await run(...words("term", 400), "--minutes", "0", "--resume");
  expect(going).toMatchObject({ code: 0, stderr: expect.stringContaining(`Going on after step ${training["steps"]} of 400`) });
  const before = readFileSync(at("term.zip"));
  const again = await run(...words("term", 400), "--resume");
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("It is finished already: there is nothing to go on with.") });
  const json = JSON.parse((await run(...words("term", 400), "--resume", "--json")).stdout);
  expect(json).toMatchObject({
    model: "term.zip",
    ended: "steps",
    parameters: { stop_at: 400 },
    note: expect.stringContaining("finished"),
  });
  expect(readFileSync(at("term.zip")).equals(before)).toBe(true);
  // Another training is none that is finished.
  expect((await run(...words("term", 400), "--resume", "--seed", "7")).code).toBe(2);
});

it("a pipe of both outputs that is closed after its first line ends nothing", async () => {
  const program = join(await bundleTerminal(), "terminal.mjs");
  const command = `("${process.execPath}" "${program}" ${words("piped", 8).join(" ")}; echo $? > code) 2>&1 | head -n 1`;
  const { stdout } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
  expect(stdout.trim().split("\n")).toHaveLength(1);
  while (!existsSync(at("code"))) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(readFileSync(at("code"), "utf8")).toBe("0\n");
  expect((await readModel(new Uint8Array(readFileSync(at("piped.zip"))))).training["steps"]).toBe(8);
});

it("a training that was killed blocks nobody: --resume goes on at once, and nothing of the killed one is left", async () => {
  const running = await startOvertile(words("killed", 4000), { cwd: folder });
  await running.says(/4000 steps of/);
  while (!existsSync(at("killed.checkpoint"))) await new Promise((resolve) => setTimeout(resolve, 10));
  running.child.kill("SIGKILL");
  await running.ended;
  expect(hidden().length).toBeGreaterThan(0);
  // Half of a file of a process that is gone, and one of a process that lives.
  const [machine, pid, start] = (await markOfProcess()).split("-");
  writeFileSync(at(`.killed.zip.overtile-${machine}-${running.child.pid}-1-x1.tmp`), "half");
  const alive = `.other.zip.overtile-${machine}-${pid}-${start}-x1.tmp`;
  writeFileSync(at(alive), "still written");
  const resumed = await startOvertile([...words("killed", 4000), "--resume", "--stop-at", "8"], { cwd: folder });
  const { code, stderr } = await resumed.ended;
  expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/Going on after step \d+ of 4000/) });
  expect(hidden()).toEqual([alive]);
  rmSync(at(alive));
});
