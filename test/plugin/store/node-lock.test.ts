// Locks between processes by claims in a folder: one holds, the second hears who, and what a killed process left blocks nobody.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { isRunning, lifeOf, markOfProcess } from "../../../core/source/process-mark.ts";
import { createNodeLock } from "../../../plugin/store/node-lock.ts";

const folder = mkdtempSync(join(tmpdir(), "overtile-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));
const claims = (where = folder): readonly string[] => readdirSync(where).filter((name) => name.endsWith(".lock"));

/** Takes the lock and lets it go at once: the key that its claim's name holds. */
async function keyOf(name: string): Promise<string> {
  const release = await createNodeLock(folder)(name);
  const [claim] = claims();
  release!();
  return claim!.split("-")[1]!;
}

it("is held by one until it is released; the second hears who holds it; other names are free", async () => {
  const [first, second] = [createNodeLock(folder), createNodeLock(folder)];
  const release = await first("a 🔬/b");
  expect(await second("a 🔬/b")).toBeUndefined();
  expect(await second.holderOf!("a 🔬/b")).toMatch(
    new RegExp(`^process ${process.pid} on ${hostname()}, since \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC$`),
  );
  (await second("c"))!();
  expect(claims()).toHaveLength(1);
  release!();
  expect(await second.holderOf!("a 🔬/b")).toBeUndefined();
  (await second("a 🔬/b"))!();
  expect(claims()).toEqual([]);
});

it("of many that come at once, one gets it", async () => {
  for (let round = 0; round < 5; round++) {
    const taken = (await Promise.all(Array.from({ length: 6 }, () => createNodeLock(folder)("race")))).filter((one) => one !== undefined);
    expect(taken).toHaveLength(1);
    taken[0]!();
  }
});

it("is taken over at once from a process that was killed, and from an earlier one of the same number", async () => {
  const key = await keyOf("killed");
  const [machine, pid, start] = (await markOfProcess()).split("-") as [string, string, string];
  const { pid: dead } = spawnSync(process.execPath, ["-e", ""]);
  expect(isRunning(dead)).toBe(false);
  const began = process.platform === "linux" ? [`${machine}-${pid}-${Number(start) + 1}`] : [];
  const gone = [`${machine}-${dead}-${start}`, ...began];
  for (const mark of gone) {
    expect(await lifeOf(mark)).toBe("gone");
    writeFileSync(join(folder, `.overtile-${key}-${mark}-0.lock`), "");
  }
  const release = await createNodeLock(folder)("killed");
  expect(release).toBeDefined();
  expect(claims()).toHaveLength(1); // theirs are gone
  release!();
  expect(await lifeOf(await markOfProcess())).toBe("alive");
});

it("of another machine, or container, counts while it is touched, whatever its clock says, and no longer", async () => {
  const claim = join(folder, `.overtile-${await keyOf("far")}-00000000-7-0-0.lock`);
  writeFileSync(claim, JSON.stringify({ host: "alpha\u001b[31m", since: "2026-11-30T12:03:04Z" }));
  const lock = createNodeLock(folder, { silentMs: 1500 });
  let seconds = 0; // of 1970
  const beat = setInterval(() => utimesSync(claim, ++seconds, seconds), 100);
  expect(await lock("far")).toBeUndefined();
  expect(await lock.holderOf!("far")).toBe("process 7 on alpha31m, since 2026-11-30 12:03 UTC");
  clearInterval(beat);
  (await lock("far"))!();
  expect(claims()).toEqual([]);
});

it("is touched by a thread of its own, also while this one computes", async () => {
  const release = await createNodeLock(folder)("busy");
  const path = join(folder, claims()[0]!);
  const before = statSync(path).mtimeMs;
  await new Promise((resolve) => setTimeout(resolve, 300)); // the thread starts
  for (const end = performance.now() + 30_000; statSync(path).mtimeMs === before && performance.now() < end; ); // no turn is given
  expect(statSync(path).mtimeMs).not.toBe(before);
  release!();
});

it("is had by everyone, and that is said, where no claim can be written", async () => {
  writeFileSync(join(folder, "file"), "");
  const said: string[] = [];
  const lock = createNodeLock(join(folder, "file"), { log: (line) => said.push(line) });
  (await lock("a"))!();
  expect(said).toEqual([
    expect.stringMatching(/^No lock can be kept in .*file \(.*\): see to it that nothing else writes there meanwhile\.$/),
  ]);
});

it("makes its folder, and leaves files of others alone", async () => {
  const deep = join(folder, "deep/er");
  mkdirSync(deep, { recursive: true });
  for (const name of [".overtile-notes.lock", "a.lock", ".m.zip.lock"]) writeFileSync(join(deep, name), "");
  (await createNodeLock(deep)("a"))!();
  expect(readdirSync(deep)).toHaveLength(3);
});
