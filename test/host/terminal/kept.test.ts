// What was written by the build of 2026-12-01 (test/kept) is opened by today's: archives, checkpoints, runs of slides, manifests.

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import { readModel } from "../../../core/model/archive.ts";
import { checkManifest, type Manifest } from "../../../host/manifest.ts";
import { createManifest } from "../../../plugin/parameter/manifest.ts";
import { createFolder, overtile } from "./run-overtile.ts";

vi.setConfig({ testTimeout: 120_000 });
const kept = fileURLToPath(new URL("../../kept", import.meta.url));
const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const run = (...words: readonly string[]) => overtile(words, { cwd: folder });
cpSync(kept, folder, { recursive: true });
afterAll(remove);

test("an archive is read whole, and finds the objects that it found then", async () => {
  const { spec, classNames, training } = await readModel(new Uint8Array(readFileSync(at("model.zip"))), { path: "model.zip" });
  expect(spec).toMatchObject({ channels: 1, classes: 2, levels: 1, features: 4 });
  expect({ classNames, steps: training["steps"] }).toEqual({ classNames: ["background", "object"], steps: 400 });
  const { code, stdout } = await run("segment", "dataset/images/cells-01.png", "--model", "model.zip", "-o", "again", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)[0].objects).toBe(8);
});

test("a checkpoint goes on after the step that it was saved at", async () => {
  const words = "--levels 1 --features 4 --tile 60 --seed 1 --workers 1 --backend wasm --from none --steps 6 --resume".split(" ");
  const { code, stdout, stderr } = await run("train", "dataset", "-o", "begun.zip", ...words, "--json");
  expect(stderr).toContain("Going on after step 3 of 6");
  expect(code).toBe(0);
  expect(JSON.parse(stdout).curve.map(({ step }: { readonly step: number }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
});

test("of a run of a slide, the same objects are made as then, and others by another threshold", async () => {
  const words = ["merge", "slide/cells-01.overtile", "--output", "table"];
  expect((await run(...words, "-o", "merged")).code).toBe(0);
  // The image lies elsewhere: the columns that need no pixels are compared.
  const shapes = (path: string): readonly string[] =>
    readFileSync(at(path), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(",").slice(0, 13).join());
  const before = shapes("slide/cells-01.table.csv");
  expect(before).toHaveLength(9);
  expect(shapes("merged/cells-01.table.csv")).toEqual(before);
  expect((await run(...words, "-o", "other", "--threshold", "0.8")).code).toBe(0);
  expect(shapes("other/cells-01.table.csv")).not.toEqual(before);
});

test("a manifest installs, and what it offered is offered still: options only gain", () => {
  const old = checkManifest(JSON.parse(readFileSync(at("manifest.json"), "utf8")));
  const now = checkManifest(createManifest());
  const offers = ({ contributions: { commands } }: Manifest): readonly string[] =>
    commands.flatMap((command) => [
      command.title,
      command.id,
      ...Object.entries(command.parameters?.properties ?? {}).flatMap(([name, { enum: words = [] }]) => [
        `${command.id} ${name}`,
        ...words.map((word) => `${command.id} ${name}=${word}`),
      ]),
    ]);
  expect(offers(old).length).toBeGreaterThan(60);
  expect(offers(old).filter((offer) => !offers(now).includes(offer))).toEqual([]);
});
