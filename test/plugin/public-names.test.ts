// The names that others write down: changing one is a break, and shows here.

import { expect, test } from "vitest";
import { createRpcPlugin } from "../../plugin/adapter/imjoy.ts";
import { createOvertile } from "../../plugin/client.ts";
import type { Overtile } from "../../plugin/contract.ts";
import * as entry from "../../plugin/entry/entry.ts";
import { createManifest } from "../../plugin/parameter/manifest.ts";
import { parameters } from "../../plugin/parameter/parameter-table.ts";

const never = {
  models: { files: {} },
  form: "test",
  openScripts: () => {
    const script = { url: "data:,", type: "module" as const };
    return { script, kept: Promise.resolve(script), release: () => {} };
  },
  readFile: () => Promise.reject(new Error("none")),
};

test("the entry", () => {
  expect(Object.keys(entry)).toEqual(["activate"]);
});

test("what activate returns", () => {
  const overtile: Overtile = createOvertile(never);
  expect(Object.keys(overtile).sort()).toEqual([
    "cancel",
    "diagnostics",
    "dispose",
    "evaluate",
    "exportSlide",
    "models",
    "objectsFrom",
    "segment",
    "train",
  ]);
  expect(Object.keys(overtile.models).sort()).toEqual(["export", "import", "list", "remove", "rename"]);
  overtile.dispose();
});

test("what ImJoy plugins call", () => {
  const overtile = createOvertile(never);
  const names = Object.keys(createRpcPlugin({ export: () => {} }, overtile)).sort();
  expect(names).toEqual([
    "cancel",
    "diagnostics",
    "evaluate",
    "exit",
    "exportModel",
    "importModel",
    "listModels",
    "openInKaibu",
    "removeModel",
    "renameModel",
    "run",
    "segment",
    "setup",
    "train",
  ]);
  overtile.dispose();
});

test("commands and their names in macros", () => {
  const { contributions } = createManifest() as { contributions: { commands: { id: string; macro: { name: string } }[] } };
  expect(contributions.commands.map(({ id, macro }) => `${id}: ${macro.name}`)).toEqual([
    "overtile.train: Overtile Train",
    "overtile.segment: Overtile Segment",
    "overtile.evaluate: Overtile Evaluate",
    "overtile.cancel: Overtile Cancel",
    "overtile.diagnostics: Overtile Diagnostics",
    "overtile.models_list: Overtile List Models",
    "overtile.models_import: Overtile Import Model",
    "overtile.models_export: Overtile Export Model",
    "overtile.models_rename: Overtile Rename Model",
    "overtile.models_remove: Overtile Remove Model",
  ]);
});

test("parameters", () => {
  expect(parameters.map(({ name }) => name).join(" ")).toMatchInlineSnapshot(
    `"model output min_size fill_holes threshold split scale symmetry dataset name preset from levels features dropout channels compare classes tile steps minutes lengths stop_at optimizer learning_rate schedule momentum averaging batch seed weight_map border_weight border_sigma class_balance background smoothness elastic grey_values imaging scale_range validate hold_out interval patience resume channel plane pixel_size memory backend workers"`,
  );
});
