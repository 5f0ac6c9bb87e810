// Advice names parameters as each host shows them.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { createManifest } from "../../../plugin/parameter/manifest.ts";
import { nameParameter } from "../../../plugin/parameter/name-parameter.ts";
import { parameters } from "../../../plugin/parameter/parameter-table.ts";
import { overtile } from "../../host/terminal/run-overtile.ts";

it("every parameter is named by the title of its field in dialogs and by the key of macros; the terminal takes it with dashes", async () => {
  const fields = new Map<string, string>();
  interface Shown {
    readonly parameters?: { readonly properties?: Readonly<Record<string, { readonly title: string }>> };
  }
  for (const command of (createManifest({}) as unknown as { contributions: { commands: readonly Shown[] } }).contributions.commands)
    for (const [name, { title }] of Object.entries(command.parameters?.properties ?? {})) fields.set(name, title);
  for (const { name, title, actions } of parameters) {
    expect(nameParameter(name)).toBe(`"${title}" (${name})`);
    if (fields.has(name)) expect(fields.get(name)).toBe(title);
    const isCommand = actions.some((action) => action === "segment" || action === "train");
    if (isCommand && name !== "dataset" && name !== "resume") expect(fields.get(name), name).toBe(title);
  }
  for (const action of ["segment", "train"] as const) {
    const { stdout } = await overtile([action, "--help"]);
    for (const { name, actions } of parameters)
      if ((actions as readonly string[]).includes(action) && name !== "dataset" && name !== "name")
        expect(stdout, name).toContain(`--${name.replaceAll("_", "-")}`);
  }
});

it("no sentence names a parameter that is not there", () => {
  // An option of slides, in the terminal and in calls.
  const known = new Set<string>([...parameters.map(({ name }) => name), "skip_bad"]);
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const files = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? files(path) : path.endsWith(".ts") ? [path] : [];
    });
  // `with "channel"`, `Raise "validate"`: words in quotes after what advises.
  const advice = /(?:Choose [a-z ]+|choose by|[Rr]aise|[Ll]ower|with) \\?"([a-z_]+)\\?"/g;
  const named = ["core", "plugin"].flatMap((room) =>
    files(join(root, room)).flatMap((path) => [...readFileSync(path, "utf8").matchAll(advice)].map(([, name]) => name!)),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});
