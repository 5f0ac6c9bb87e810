// What is shipped names whose code it holds. Which packages these are is asked of another bundler than the one that made dist/.

import { existsSync, readFileSync } from "node:fs";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { modulesOf, packagesOf } from "../../tools/notices.mjs";

const notLoaded = /^(numcodecs\/.*|node:.*)$/;

/** Names with versions of the packages whose code a bundle of the entries holds. */
async function packagesIn(entries: readonly string[], platform: "browser" | "node"): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [...entries],
    bundle: true,
    splitting: true,
    format: "esm",
    platform,
    mainFields: platform === "node" ? ["module", "main"] : ["browser", "module", "main"],
    outdir: "build/notices-test",
    write: false,
    metafile: true,
    logLevel: "error",
    loader: { ".svg": "text" },
    external: [
      "node:*",
      "fs",
      "path",
      "os",
      "perf_hooks",
      "worker_threads",
      "util",
      "crypto",
      "string_decoder",
      "node-fetch",
      "virtual:bundle",
    ],
    plugins: [
      {
        name: "not-loaded",
        setup({ onResolve }) {
          onResolve({ filter: notLoaded }, ({ path }) => ({ path, external: true }));
        },
      },
    ],
  });
  return packagesOf(modulesOf(metafile)).map(({ name, version }) => `${name} ${version}`);
}

const readText = (file: string): string => readFileSync(file, "utf8");

describe("third-party notices", () => {
  beforeAll(() => {
    if (!existsSync("dist/overtile.single.js") || !existsSync("dist/viewer/viewer.mjs"))
      throw new Error("The bundle must be built before it is tested. Run npm run build && npm run build:viewer.");
  });

  it("of dist/ name every package that the plugin and the terminal hold, with the parts inside WASM", async () => {
    const text = readText("dist/THIRD-PARTY-NOTICES.txt");
    const browser = ["plugin/entry/worker.ts", "plugin/entry/entry.ts", "plugin/entry/imjoy-entry.ts", "plugin/entry/page.ts"];
    const held = [
      ...(await packagesIn(browser, "browser")),
      ...(await packagesIn(["host/main.ts", "plugin/entry/worker-node.ts"], "node")),
    ];
    expect(held).toContain("comlink 4.4.2");
    expect(held).toContain("commander 14.0.3");
    for (const one of [...held, "XNNPACK (BSD-3-Clause)", "libjpeg-turbo (IJG AND BSD-3-Clause AND Zlib)", "Emscripten, with musl (MIT)"])
      expect(text).toContain(one);
  });

  it("of the viewer name every package that it holds", async () => {
    const held = await packagesIn(
      ["viewer/main.ts", "viewer/read/worker.ts", "viewer/service-worker.ts", "viewer/style/viewer.css"],
      "browser",
    );
    expect(held).toContain("ol 10.11.0");
    const text = readText("dist/viewer/THIRD-PARTY-NOTICES.txt");
    for (const one of held) expect(text).toContain(one);
  });

  it("stand inside the files that are shipped alone", async () => {
    const held = await packagesIn(["plugin/entry/worker.ts", "plugin/entry/entry-single.ts"], "browser");
    for (const file of ["overtile.single.mjs", "overtile.single.js", "overtile.imjoy.html"]) {
      const text = readText(`dist/${file}`);
      for (const one of [...held, "XNNPACK"]) expect(text, file).toContain(one);
      expect(text, file).toContain("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION");
    }
  });

  it("hold a licence text for each package, and nobody's placeholder", () => {
    for (const file of ["dist/THIRD-PARTY-NOTICES.txt", "dist/viewer/THIRD-PARTY-NOTICES.txt"]) {
      const [list, ...sections] = readText(file).split(`\n${"-".repeat(80)}\n`);
      const packages = list!.match(/^\S+ \d\S* \(.*\)/gm)!.map((line) => line.replace(/ \(.*/, ""));
      expect(packages.length).toBeGreaterThan(10);
      for (const one of packages)
        expect(
          sections.some((section) => section.split("\n\n")[0]!.includes(one)),
          one,
        ).toBe(true);
      expect(sections.join("\n")).not.toMatch(/<year>|<copyright holders>|<owner>/);
      expect(sections.join("\n")).toMatch(/Copyright \(c\) 2010-2014 Emscripten authors|Copyright \(c\) Jeremy Danyow/);
    }
  });
});
