// What a process adds to `runTerminal`: exit codes that a shell sees, results and notices on pipes of their own, a pipe that is
// closed before all of it is read. And runs in one process, which do not see each other.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal, createFolder, type Ended, overtile, startOvertile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const alone = async (...words: readonly string[]): Promise<Ended> => (await startOvertile(words, { cwd: folder })).ended;

beforeAll(async () => {
  writeFileSync(at("one.zip"), await writeModel(createModel({ levels: 1, features: 2 })));
});
afterAll(remove);

describe("a process of the terminal", () => {
  it("ends with 0, 1 for a failure, 2 for wrong usage; results go to stdout, errors to stderr, as in this process", async () => {
    for (const [code, ...words] of [
      [0, "info", "one.zip", "--json"],
      [1, "info", "none.zip"],
      [2, "info", "--tile", "573"],
      [2, "trian"],
    ] as const) {
      const ended = await alone(...words);
      expect(ended.code, ended.stderr).toBe(code);
      expect(ended.stdout === "", ended.stdout).toBe(code !== 0);
      expect(ended.stderr === "", ended.stderr).toBe(code === 0);
      expect(await overtile(words, { cwd: folder })).toEqual(ended);
    }
  });

  it("ends quietly when what reads its output has read enough", async () => {
    const program = join(await bundleTerminal(), "terminal.mjs");
    const { stderr, stdout } = spawnSync("sh", ["-c", `("${process.execPath}" "${program}" info; echo "code $?" >&2) | head -c 5`], {
      cwd: folder,
      encoding: "utf8",
    });
    expect({ stdout: stdout.length, stderr }).toEqual({ stdout: 5, stderr: "code 0\n" });
  });
});

describe("runs in one process at the same time", () => {
  it("have their own words, folders, libraries and streams", async () => {
    for (const name of ["a", "b"]) mkdirSync(at(name));
    const run = (name: string, ...words: readonly string[]): Promise<Ended> =>
      overtile(words, { cwd: at(name), env: { OVERTILE_HOME: at(name, "home") } });
    const both = (...words: readonly string[]): Promise<Ended[]> => Promise.all(["a", "b"].map((name) => run(name, ...words)));
    const made = await both("new", "m.zip", "--levels", "1", "--features", "2");
    for (const { code, stdout, stderr } of made) expect({ code, stdout, stderr }).toMatchObject({ code: 0, stderr: "" });
    const models = await both("models");
    expect(models.map(({ stdout }) => stdout)).toEqual(
      ["a", "b"].map((name) => expect.stringContaining(`There are no models of your own yet in ${at(name, "home")}; these come with`)),
    );
    const [listed, refused, imported] = await Promise.all([
      run("a", "info"),
      run("a", "info", "--tile", "573"),
      run("a", "models", "import", "m.zip"),
    ]);
    expect([listed!.code, refused!.code, imported!.code]).toEqual([0, 2, 0]);
    expect(listed!.stdout).toContain("conv19");
    expect(refused).toMatchObject({ stdout: "", stderr: expect.stringContaining("Use 572 or 588") });
    expect(imported).toMatchObject({ stdout: expect.stringMatching(/^m@1 /), stderr: "" });
    expect(["a", "b"].map((name) => existsSync(at(name, "home")))).toEqual([true, false]);
  });
});
