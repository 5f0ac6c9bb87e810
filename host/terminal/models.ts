// `overtile models`: the library of the terminal, which trainings under a macro go into and "--model NAME" comes from.

import { showText } from "../../core/source/plain-text.ts";
import { writeFileWhole } from "../../core/source/write-file.ts";
import type { ModelInfo } from "../../plugin/contract.ts";
import type { Inspection } from "../../plugin/library/library.ts";
import { assertFree, print, tellLine } from "./output.ts";
import { libraryFolder, openLibrary } from "./workspace.ts";

interface JsonOption {
  readonly json: boolean;
}

export async function listModelsCommand({ json }: JsonOption): Promise<void> {
  const { models, faults } = await openLibrary().inspect();
  print(json ? JSON.stringify(models, null, 2) : formatModels(models, libraryFolder()));
  tellFaults(faults);
}

/** Models that a list has left out, on stderr. */
export function tellFaults(faults: Inspection["faults"]): void {
  for (const { model, reason } of faults) tellLine(`${model} is left out: ${reason}`);
}

export async function importModelCommand(path: string, { name, json }: JsonOption & { readonly name?: string }): Promise<void> {
  tell(await openLibrary().import(path, name), json);
}

export async function exportModelCommand(model: string, path: string, { overwrite }: { readonly overwrite: boolean }): Promise<void> {
  await assertFree(path, overwrite);
  const archive = await openLibrary().export(model);
  await writeFileWhole(path, new Uint8Array(await archive.arrayBuffer()));
  print(`${model} -> ${path}`);
}

export async function renameModelCommand(model: string, name: string, { json }: JsonOption): Promise<void> {
  tell(await openLibrary().rename(model, name), json);
}

export async function removeModelCommand(model: string): Promise<void> {
  await openLibrary().remove(model);
  print(`${model}: removed`);
}

/** One model a line: name@version, what it tells apart, its size and its description. `folder`: where an empty library lies. */
export function formatModels(models: readonly ModelInfo[], folder?: string): string {
  const where = folder === undefined ? "" : ` in ${folder}`;
  if (models.length === 0) return `There are no models yet${where}.`;
  const rows = models.map((model) => [
    `${model.name}@${model.version}`,
    `${model.channels} channel${model.channels === 1 ? "" : "s"}`,
    model.classes.join(", "),
    `${(model.bytes / 1e6).toFixed(1)} MB`,
    showText(describe(model)),
  ]);
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd(),
  );
  const isFresh = folder !== undefined && models.every(({ starter }) => starter === true);
  return [...(isFresh ? [`There are no models of your own yet${where}; these come with Overtile:`] : []), ...lines].join("\n");
}

/** Its description; of one that comes with Overtile also how good it is, and on what terms. */
function describe({ description, starter, scores, license }: ModelInfo): string {
  if (starter !== true) return description;
  const facts = [
    "comes with Overtile",
    ...(scores?.["f1"] === undefined ? [] : [`F1 ${scores["f1"].toFixed(2)} on unseen images`]),
    ...(license === undefined ? [] : [license]),
  ];
  return `${description} (${facts.join("; ")})`;
}

function tell(model: ModelInfo, json: boolean): void {
  print(json ? JSON.stringify(model, null, 2) : formatModels([model]));
}
