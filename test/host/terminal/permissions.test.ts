// What a user may not read or write: found before the work, and said as what it is. Permissions bind everyone but root, so that a
// test run as root starts the program as nobody.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../../core/model/archive.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writePng } from "../../../core/source/write-png.ts";
import { createModel } from "../../core/model/sample-model.ts";
import { bundleTerminal, createFolder, type Ended, startOvertile } from "./run-overtile.ts";

const isRoot = process.getuid?.() === 0;
const uid = isRoot ? 65534 : undefined;
const canRun =
  process.platform !== "win32" && (!isRoot || spawnSync(process.execPath, ["-e", ""], { uid: 65534, gid: 65534 }).status === 0);
if (!canRun) console.warn("Permissions are only tested where the program can be started as a user whom they bind");

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const bundle = at("bundle");
const run = async (words: readonly string[], env: Readonly<Record<string, string>> = { OVERTILE_HOME: at("own") }): Promise<Ended> =>
  (await startOvertile(words, { cwd: folder, env, bundle, uid })).ended;

describe.skipIf(!canRun)("for a user who may not", () => {
  beforeAll(async () => {
    cpSync(await bundleTerminal(), bundle, { recursive: true });
    const { image, labels } = generateCells({ height: 60, width: 60, seed: 1 });
    const png = (data: Uint8Array | Uint16Array): Promise<Uint8Array> => writePng({ height: 60, width: 60, channels: 1, data });
    for (const part of ["cells/images", "cells/labels", "secret/images", "secret/labels", "locked/models", "fixed", "own"])
      mkdirSync(at(part), { recursive: true });
    for (const set of ["cells", "secret"]) {
      writeFileSync(at(set, "images/a.png"), await png(Uint8Array.from(image.data)));
      writeFileSync(at(set, "labels/a.png"), await png(Uint16Array.from(labels.data)));
    }
    writeFileSync(at("a.png"), await png(Uint8Array.from(image.data)));
    for (const name of ["one.zip", "hidden.zip"]) writeFileSync(at(name), await writeModel(createModel({ levels: 1, features: 2 })));
    writeFileSync(at("hidden.png"), await png(Uint8Array.from(image.data)));
    chmodSync(bundle, 0o755);
    chmodSync(at("own"), 0o777);
    for (const shut of ["locked", "secret/images", "hidden.zip", "hidden.png"]) chmodSync(at(shut), 0);
    for (const fixed of ["fixed", ""]) chmodSync(at(fixed), 0o555);
  });
  afterAll(() => {
    for (const shut of ["", "locked", "secret/images", "fixed"]) chmodSync(at(shut), 0o755);
    remove();
  });

  const locked = { OVERTILE_HOME: at("locked") };
  const noHome = { OVERTILE_HOME: "", HOME: at("fixed"), XDG_DATA_HOME: "" };
  const segment = (model: string, out = "own/out", image = "a.png"): readonly string[] => ["segment", image, "--model", model, "-o", out];
  const train = (set: string, out: string): readonly string[] => ["train", set, "-o", out, "--steps", "1"];

  it.concurrent.each([
    [
      "read the library",
      ["models"],
      locked,
      /Expected to read \S+locked.models; it may not be read\. Choose another folder: .*OVERTILE_HOME/,
    ],
    ["read the library for a model", segment("cells"), locked, /Expected to read \S+locked.models; it may not be read/],
    [
      "write the library",
      ["models", "import", "one.zip"],
      noHome,
      /Expected to write \S+fixed\S+; you may not write there\. Choose another folder/,
    ],
    ["write results", segment("one.zip", "fixed/out"), undefined, /Expected to write fixed.out; you may not write there/],
    ["write a model", train("cells", "fixed/m.zip"), undefined, /Expected to write fixed; you may not write there/],
    [
      "write a macro's model into the library",
      ["macro", "own/train.ijm"],
      noHome,
      /Expected to write \S+fixed\S+; you may not write there/,
    ],
    ["read a model", segment("hidden.zip"), undefined, /hidden\.zip; it may not be read\. Ask its owner for the right to read it/],
    ["read an image", segment("one.zip", "own/out", "hidden.png"), undefined, /hidden\.png.*(EACCES|may not be read)/],
    ["read a dataset", train("secret", "own/m.zip"), undefined, /secret.*(EACCES|may not be read)/],
  ] as const)("%s: it is said before the work, with what to do", async (what, words, env, message) => {
    if (what.includes("macro")) writeFileSync(at("own/train.ijm"), 'run("Overtile Train", "dataset=cells steps=1 name=m");');
    const { code, stderr } = await run(words, env);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/should not|steps of|1\/1/);
    expect(code).toBe(1);
  });

  it("keep a library still segments with a model's file, and lists that there is none", async () => {
    const [segmented, listed] = await Promise.all([run(segment("one.zip", "own/found"), noHome), run(["models"], noHome)]);
    expect(segmented).toMatchObject({ code: 0, stdout: expect.stringContaining("own/found/a.labels.tif") });
    expect(existsSync(at("own/found/a.labels.tif"))).toBe(true);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining("There are no models of your own yet") });
  });
});
