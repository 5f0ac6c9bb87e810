import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readModel, writeModel } from "../../../core/model/archive.ts";
import { hasHidden } from "../../../core/source/plain-text.ts";
import type { ModelInfo } from "../../../plugin/contract.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { createFolder, type Ended, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const models = (...words: readonly string[]): Promise<Ended> =>
  overtile(["models", ...words], { cwd: folder, env: { OVERTILE_HOME: at("home") } });
const list = async (): Promise<readonly string[]> =>
  (JSON.parse((await models("list", "--json")).stdout) as readonly ModelInfo[])
    .filter(({ starter }) => starter !== true)
    .map(({ name, version }) => `${name}@${version}`);

beforeAll(async () => {
  const model = createModel({ levels: 1, features: 2 });
  writeFileSync(at("one.zip"), await writeModel({ ...model, name: "one" }));
});
afterAll(remove);

it("an empty library says so, and where it is, and what comes with the program", async () => {
  const { code, stdout, stderr } = await models();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [first, ...starters] = stdout.trim().split("\n");
  expect(first).toBe(`There are no models of your own yet in ${at("home")}; these come with Overtile:`);
  expect(starters.length).toBeGreaterThan(0);
  for (const line of starters) expect(line).toMatch(/\(comes with Overtile; F1 0\.\d\d on unseen images; CC0-1\.0\)$/);
  expect(await list()).toEqual([]);
});

it("imports, as the next version of a name or under another one; lists, one line each", async () => {
  expect((await models("import", "one.zip")).stdout).toMatch(/^one@1 +1 channel /);
  expect(JSON.parse((await models("import", "one.zip", "--json")).stdout)).toMatchObject({ name: "one", version: 2 });
  expect((await models("import", "one.zip", "--name", "my cells 🔬")).code).toBe(0);
  expect(await list()).toEqual(["my cells 🔬@1", "one@1", "one@2"]);
  const { stdout } = await models();
  expect(stdout.split("\n").filter((line) => !line.includes("comes with Overtile"))).toEqual([
    expect.stringMatching(/^my cells 🔬@1 /),
    expect.stringMatching(/^one@1 /),
    expect.stringMatching(/^one@2 /),
    "",
  ]);
});

it("exports the newest or a certain version, and never over a file unasked", async () => {
  const weights = (await readModel(new Uint8Array(readFileSync(at("one.zip"))))).weights;
  expect(await models("export", "one", "out.zip")).toEqual({ code: 0, stdout: "one -> out.zip\n", stderr: "" });
  expect(await readModel(new Uint8Array(readFileSync(at("out.zip"))))).toMatchObject({ name: "one", version: 2, weights });
  const refused = await models("export", "one@1", "out.zip");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("add --overwrite") });
  expect((await models("export", "one@1", "out.zip", "--overwrite")).code).toBe(0);
  expect(await readModel(new Uint8Array(readFileSync(at("out.zip"))))).toMatchObject({ version: 1 });
});

it("renames and removes", async () => {
  expect((await models("rename", "my cells 🔬", "others")).stdout).toMatch(/^others@1 /);
  expect((await models("remove", "one@2")).stdout).toBe("one@2: removed\n");
  expect(await list()).toEqual(["one@1", "others@1"]);
});

it("names what is not there, what is no archive, a name that no macro could hold, and a word too few", async () => {
  expect(await models("export", "ohters", "x.zip")).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean "others"?') });
  expect(await models("remove", "one@9")).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no "one@9"') });
  expect(await models("import", "none.zip")).toMatchObject({ code: 1, stderr: expect.stringContaining("none.zip") });
  writeFileSync(at("text.zip"), "no archive");
  expect(await models("import", "text.zip")).toMatchObject({ code: 1, stderr: expect.stringContaining("text.zip") });
  expect(await models("rename", "one", 'a "b" [c]')).toMatchObject({ code: 2, stderr: expect.stringContaining("a name without [ ]") });
  expect(await models("rename", "one")).toMatchObject({ code: 2, stderr: expect.stringContaining("missing required argument") });
  expect(await list()).toEqual(["one@1", "others@1"]);
  expect(existsSync(at("x.zip"))).toBe(false);
});

it("what drives a terminal or turns a text around is refused in names, and shown in descriptions and messages", async () => {
  const model = createModel({ levels: 1, features: 2 });
  const text = "good\u202e\x1b[2J\u009b31m\nmodel@1   removed";
  writeFileSync(at("told.zip"), await writeModel({ ...model, name: "told", description: text }));
  expect((await models("import", "told.zip")).code).toBe(0);
  const { stdout } = await models("list");
  expect(stdout).toMatch(/^told@1 .*good\\u202e\\u001b\[2J\\u009b31m\\u000amodel@1 {3}removed$/m);
  expect(JSON.parse((await models("list", "--json")).stdout)).toContainEqual(expect.objectContaining({ name: "told", description: text }));
  for (const ended of [
    await models("list", "--json"),
    await models(),
    await models("import", "told.zip", "--name", "a\u202eb\x1b[2J"),
    await models("remove", "no\x1b[2J\u202e"),
  ]) {
    expect(hasHidden((ended.stdout + ended.stderr).replaceAll("\n", ""))).toBe(false);
  }
  expect(await models("import", "told.zip", "--name", "a\u202eb")).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/without line breaks.*got "a\\u202eb"/),
  });
  await models("remove", "told");
});
