import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { makeIfNeeded } from "../../tools/up-to-date.mjs";

const root = mkdtempSync(join(tmpdir(), "overtile-test-"));
const at = (path: string): string => join(root, path);
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("a build is left out only while its sources, its options and its results are byte for byte those of the last one", async () => {
  for (const folder of ["src/deep", "out/other"]) mkdirSync(at(folder), { recursive: true });
  writeFileSync(at("src/deep/a.ts"), "a");
  writeFileSync(at("one.json"), "1");
  const made = (options = ""): Promise<boolean> => {
    const build = { root, name: "x", sources: ["src", "one.json", "none.json"], results: ["out"], options };
    return makeIfNeeded({ ...build, except: (path) => path === "out/other" }, () => {
      writeFileSync(at("out/a.js"), "built");
      writeFileSync(at("out/b.js"), "built");
    });
  };
  expect([await made(), await made()]).toEqual([true, false]);
  utimesSync(at("src/deep/a.ts"), 0, 0); // as a checkout does
  writeFileSync(at("out/other/c.js"), "of another build");
  expect(await made()).toBe(false);
  const changes: (() => void)[] = [
    () => writeFileSync(at("src/deep/a.ts"), "b"),
    () => writeFileSync(at("src/b.ts"), ""),
    () => rmSync(at("one.json")),
    () => writeFileSync(at("out/b.js"), "by hand"),
    () => rmSync(at("out/a.js")),
  ];
  for (const [i, change] of changes.entries()) {
    change();
    expect([await made(), await made()], `change ${i}`).toEqual([true, false]);
  }
  expect([await made("readable"), await made("readable"), await made()]).toEqual([true, false, true]);
  // A build that fails is made again.
  writeFileSync(at("src/b.ts"), "wrong");
  const failing = makeIfNeeded({ root, name: "x", sources: ["src"], results: ["out"] }, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(await made()).toBe(true);
});
