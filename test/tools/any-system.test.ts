// Windows and macOS: nothing that is run needs a POSIX shell, or takes the path of an address for that of a file. Tested on Debian; this
// holds what can be held there.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly scripts: Readonly<Record<string, string>> };

it("scripts of the package are programs of Node with plain words, one after another", () => {
  const programs = /^(node|npm|esbuild|biome|tsc|vitest)( [\w@./:=-]+)*$/;
  for (const [name, line] of Object.entries(scripts)) for (const part of line.split(" && ")) expect(part, name).toMatch(programs);
});

const sources = ["tools", "host", "plugin", "core", "bench"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name)),
);

it.each([
  ["the path of an address in place of a file's: use fileURLToPath", /new URL\([^()]*import\.meta\.url\)\.pathname/],
  ["a shell", /\bexecSync\(|\b(spawn|spawnSync|execFile|execFileSync)\("(sh|bash|zsh)"|\bshell: true/],
  ["a folder of POSIX systems", /"\/(tmp|dev\/null)\b/],
])("no source has %s", (_, fault) => {
  expect(sources.length).toBeGreaterThan(300);
  expect(sources.filter((file) => fault.test(readFileSync(file, "utf8")))).toEqual([]);
});
