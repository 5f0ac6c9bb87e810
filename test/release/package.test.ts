// The npm package as a user gets it: packed, installed into an empty folder without a network, run, imported, type-checked.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "overtile-package-"));
const installed = join(folder, "node_modules/overtile");
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

function run(command: string, words: readonly string[]): string {
  return execFileSync(command, words, { cwd: folder, encoding: "utf8", env: { ...process.env, OVERTILE_HOME: join(folder, "home") } });
}

beforeAll(() => {
  const [{ filename }] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], { encoding: "utf8" }),
  ) as [{ filename: string }];
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  run("npm", ["install", "--offline", "--no-audit", "--no-fund", `./${filename}`]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the installed package", () => {
  it("brings no other package", () => {
    expect(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["overtile"]);
  });

  it("runs as a program", () => {
    const info = JSON.parse(run(join(folder, "node_modules/.bin/overtile"), ["info", "--json"])) as { parameters: number };
    expect(info.parameters).toBe(31_030_658); // the paper's network, one channel, two classes
    run(join(folder, "node_modules/.bin/overtile"), ["sample", "cells", "--images", "1", "--side", "64"]);
    run(join(folder, "node_modules/.bin/overtile"), [
      ...["train", "cells", "-o", "cells.zip", "--levels", "1", "--features", "2", "--steps", "2", "--validate", "0"],
    ]);
    run(join(folder, "node_modules/.bin/overtile"), ["segment", "cells/images/cells-01.png", "--model", "cells.zip", "-o", "found"]);
    expect(readdirSync(join(folder, "found"))).toContain("cells-01.labels.tif");
  });

  it("exports the module, the single file and the manifest", async () => {
    const { exports: doors } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { exports: Record<string, never> };
    expect(Object.keys(doors)).toEqual([".", "./single", "./manifest.json", "./dist/*"]);
    for (const file of ["dist/overtile.mjs", "dist/overtile.single.mjs"]) {
      const { activate } = (await import(pathToFileURL(join(installed, file)).href)) as { activate: unknown };
      expect(activate).toBeTypeOf("function");
    }
  });

  it("has types that a strict program compiles against", () => {
    writeFileSync(
      join(folder, "use.ts"),
      `import { activate } from "overtile";
       const overtile = activate();
       export const result: Promise<{ labels: unknown }> = overtile.segment({ data: new Uint8Array(4), shape: [2, 2] }, { model: "m" }) as never;
       // @ts-expect-error: there is no such function
       overtile.fly();`,
    );
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom", "--types", "", "use.ts"];
    expect(run(process.execPath, [compiler, ...options])).toBe("");
  });

  it("carries licence and notices", () => {
    expect(readdirSync(installed)).toEqual(expect.arrayContaining(["LICENSE", "README.md", "dist", "package.json"]));
    expect(readdirSync(join(installed, "dist"))).toContain("THIRD-PARTY-NOTICES.txt");
  });
});
