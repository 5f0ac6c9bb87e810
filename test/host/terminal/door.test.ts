// How the program starts where it can hardly run: a Node that is too old, little memory, errors that nobody has caught.

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";
import { afterAll, describe, expect, it } from "vitest";
import { bundleTerminal, createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
afterAll(remove);
const door = new URL("../../../host/start.ts", import.meta.url);

/** Runs the program after a line of code. */
async function runAfter(code: string, words: readonly string[]) {
  const program = join(await bundleTerminal(), "terminal.mjs");
  const first = join(folder, "first.mjs");
  writeFileSync(first, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", first, program, ...words], { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("the door of the program", () => {
  it("says of a Node that is too old which one is needed", async () => {
    for (const version of ["18.20.4", "14.0.0"]) {
      const code = `Object.defineProperty(process.versions, "node", { value: "${version}" });`;
      const { status, stdout, stderr } = await runAfter(code, ["--version"]);
      expect([status, stdout, stderr]).toEqual([
        1,
        "",
        expect.stringMatching(/^overtile: Node 20 or newer is needed; this is v.*nodejs\.org\.\n$/),
      ]);
    }
  });

  it("imports nothing before it has looked, in words that Node 12 knows", () => {
    const source = readFileSync(door, "utf8");
    expect(source).not.toMatch(/^import /m);
    const { code } = transformSync(source, { loader: "ts", target: "es2022" });
    expect(transformSync(source, { loader: "ts", target: "node12.20" }).code).toBe(code);
  });

  it("tells what nobody has caught in one line, without the code around it", async () => {
    const later = (what: string): string =>
      `process.on("newListener", (name) => { if (name === "unhandledRejection") setTimeout(() => { ${what} }, 20); }); setTimeout(() => {}, 5000);`;
    for (const code of [later('throw new Error("lost")'), later('Promise.reject(new Error("lost"))'), later('throw "lost"')]) {
      const { status, stderr } = await runAfter(code, ["info"]);
      expect([status, stderr]).toEqual([1, "overtile: something went wrong that should not: lost (OVERTILE_DEBUG=1 shows where).\n"]);
    }
  });
});

describe.skipIf(process.platform !== "linux")("with the addresses of the process limited (ulimit -v; Linux)", () => {
  it("WebAssembly that cannot start is told in one sentence, and JavaScript computes", async () => {
    expect((await overtile(["new", "m.zip", "--levels", "1", "--features", "1"], { cwd: folder })).code).toBe(0);
    expect((await overtile(["sample", "set", "--images", "1", "--side", "64"], { cwd: folder })).code).toBe(0);
    const program = join(await bundleTerminal(), "terminal.mjs");
    const words = "segment set/images/cells-01.png --model m.zip -o out --overwrite";
    for (const kilobytes of [2_500_000, 8_000_000]) {
      const command = `ulimit -v ${kilobytes}; "${process.execPath}" "${program}" ${words}`;
      const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8" });
      expect([status, stdout], stderr).toEqual([0, expect.stringContaining("out/cells-01.labels.tif")]);
      expect(stderr).toMatch(/^WebAssembly could not be used, cpu computes, which is slow: .*memory/m);
      expect(stderr.length, stderr).toBeLessThan(800);
    }
    const asked = `ulimit -v 8000000; "${process.execPath}" "${program}" ${words} --backend wasm`;
    const { status, stderr } = spawnSync("sh", ["-c", asked], { cwd: folder, encoding: "utf8" });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^overtile: A backend that computes rightly is needed; none was found \(wasm: .*memory/),
    ]);
  });
});
