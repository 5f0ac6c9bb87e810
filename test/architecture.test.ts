// The plan of the house (DESIGN.md 8, "Rooms" of CONTRACT.md), kept: which room may see which, and where the libraries that
// tie code to a place may be named. Type imports count like any other.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { projects } from "./support/projects.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = ["core", "plugin", "host", "viewer"].flatMap(listSources);

/** A room sees itself and those before it. */
const coreRooms = ["problem job json", "array", "unet", "label", "sample", "tile", "source", "sink", "model", "kernel", "engine"];
// The two stories and what they are told with, in the order in which they build on each other.
const stories = ["gather-notices", "image", "symmetry", "segment", "slide", "training", "train"];
const coreOrder = [...coreRooms, ...stories].flatMap((room) => room.split(" "));

/** The plugin's, likewise. Types may look up: what an action takes is told by the contract, what it needs by the workspace. */
const pluginOrder =
  "version contract parameter thread store library crew workspace evaluate segment train actions job client adapter entry".split(" ");

/** Files that run in Node only. */
const nodeFiles =
  /^(core\/source\/(node-file|process-mark|write-file)|plugin\/(thread\/node-worker|entry\/worker-node)|plugin\/store\/node-(files|lock)|host\/terminal\/.*|host\/(main|start))\.ts$/;

describe("the plan of the house", () => {
  it("has all of its sources looked at", () => {
    expect(files.length).toBeGreaterThan(150);
    for (const file of ["core/segment.ts", "core/engine/forward.ts", "plugin/client.ts", "host/terminal.ts", "viewer/app.ts"]) {
      expect(files.map(({ path }) => path)).toContain(file);
    }
  });

  it("every import resolves to a file of ours or a package", () => {
    const known = new Set(files.map(({ path }) => path));
    const lost = ourImports().filter(({ to }) => !known.has(to) && !/\.(css|d\.ts|json|mjs|svg)$/.test(to));
    expect(show(lost)).toEqual([]);
  });

  it("in core, imports go one way: from right to left of DESIGN.md 8", () => {
    const inCore = ourImports().filter(({ from }) => from.startsWith("core/"));
    expect(show(inCore.filter(({ to }) => !to.startsWith("core/")))).toEqual([]);
    expect(show(inCore.filter(looksUp(coreOrder)))).toEqual([]);
  });

  it("in the plugin, imports of values go one way, from the entries down to the contract", () => {
    const values = ourImports().filter(({ from, to, isType }) => !isType && from.startsWith("plugin/") && to.startsWith("plugin/"));
    expect(show(values.filter(looksUp(pluginOrder)))).toEqual([]);
  });

  it("tile, sample and label never see engine, nor kernel", () => {
    const blind = /^core\/(tile|sample|label|array|unet|source|model)\//;
    expect(show(ourImports().filter(({ from, to }) => blind.test(from) && /^core\/(engine|kernel)\//.test(to)))).toEqual([]);
  });

  it("plugin sees core alone; the host sees the plugin by its contract, its manifest and the grammar of options, but for the terminal", () => {
    const seen = (from: RegExp, allowed: RegExp): readonly string[] =>
      show(ourImports().filter((one) => from.test(one.from) && !allowed.test(one.to)));
    expect(seen(/^plugin\//, /^(core|plugin)\//)).toEqual([]);
    expect(seen(/^host\/terminal/, /^(core|plugin|host)\//)).toEqual([]);
    expect(
      seen(
        /^host\/(?!terminal|main)/,
        /^(host\/(?!terminal)|core\/(problem|job|json)\.ts|core\/(array|label|source)\/|plugin\/(contract|parameter\/macro-options)\.ts)/,
      ),
    ).toEqual([]);
  });

  it("the viewer sees hosts, the plugin's contract, and of core only arrays, labels, sources, what is said of an image and what a Problem is", () => {
    const allowed =
      /^(viewer\/|host\/(?!terminal|main)|plugin\/contract\.ts$|core\/(array|label|source)\/|core\/(problem|image\/(match-image|object-scale|describe-planes))\.ts$|manifest\.json$)/;
    expect(show(ourImports().filter(({ from, to }) => from.startsWith("viewer/") && !allowed.test(to)))).toEqual([]);
  });

  it("tfjs is named in engine and kernel only, comlink in the plugin only, each host's library in its adapter only", () => {
    expect(users(/^@tensorflow\//).filter((path) => !/^core\/(engine|kernel)\//.test(path))).toEqual([]);
    expect(users(/^comlink$/).filter((path) => !path.startsWith("plugin/"))).toEqual([]);
    expect(users(/^(imjoy|hypha)/).filter((path) => !/^plugin\/(adapter\/|entry\/imjoy-entry)/.test(path))).toEqual([]);
    expect(users(/^(ol\/|ol$|uplot|lit-html|lucide)/).filter((path) => !path.startsWith("viewer/"))).toEqual([]);
    expect(users(/^(commander|cli-progress)$/).filter((path) => !path.startsWith("host/terminal"))).toEqual([]);
  });

  it("modules of Node are named in the files of Node only, and in core only when they are needed", () => {
    expect(users(/^node:/).filter((path) => !nodeFiles.test(path))).toEqual([]);
    const atStart = files.filter(({ path, text }) => path.startsWith("core/") && /^import .*"node:/m.test(text));
    expect(atStart.map(({ path }) => path)).toEqual([]);
  });

  it("no file imports itself by way of others, be it for a type", () => {
    expect(findCycle()).toBeUndefined();
  });

  it("every value that a file exports is imported by another file of ours, or by a test, a bench or a tool", () => {
    const wanted = new Set([...files, ...["test", "bench", "tools"].flatMap(listSources)].flatMap(listWantedValues));
    // The entries of bundles: pages and hosts import them.
    const isEntry = (path: string): boolean => path.startsWith("plugin/entry/") || path === "viewer/main.ts";
    const unwanted = files
      .filter(({ path }) => !isEntry(path) && !wanted.has(`${path} *`))
      .flatMap(({ path, text }) => listExportedValues(text).map((name) => `${path} ${name}`))
      .filter((value) => !wanted.has(value));
    expect(unwanted).toEqual([]);
  });

  it("files are named in kebab-case, and none is a drawer for anything", () => {
    const names = files.map(({ path }) => basename(path).replace(/\.d\.ts$|\.ts$/, ""));
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names.filter((name) => /^(utils?|helpers?|common|manager|misc)$/.test(name))).toEqual([]);
  });

  it("every file begins with what it is for", () => {
    expect(files.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

interface SourceFile {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  /** Everything that is imported, as it is written. */
  readonly imports: readonly Named[];
}

interface Named {
  readonly name: string;
  /** True: of types alone, which no program sees. */
  readonly isType: boolean;
}

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function listSources(folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(root.length).replaceAll("\\", "/");
    // AssemblyScript is another language.
    if (!entry.isFile() || !path.endsWith(".ts") || path.startsWith("core/kernel/assembly/")) return [];
    const text = readFileSync(join(root, path), "utf8");
    return [{ path, text, imports: findImports(text) }];
  });
}

/** Of statements and of calls; lines of comments do not count. */
function findImports(text: string): readonly Named[] {
  const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  const statements = code.matchAll(/^(?:import|export)\s+(type\s)?[^;"'`()=]*?from\s+"([^"]+)"/gm);
  const effects = code.matchAll(/^import\s+()"([^"]+)"/gm);
  const calls = code.matchAll(/\bimport\(\s*()"([^"]+)"/g);
  return [...statements, ...effects, ...calls].map(([, type, name]) => ({ name: name!, isType: type !== undefined && type !== "" }));
}

function listExportedValues(text: string): readonly string[] {
  return [...text.matchAll(/^export (?:async )?(?:function\*?|const|let|class) (\w+)/gm)].map(([, name]) => name!);
}

/** Values of our files that a file imports, each as "path name"; "path *" where it imports the file as a whole. */
function listWantedValues({ path, text }: SourceFile): readonly string[] {
  const named = text.matchAll(/^(?:import|export)\s+\{([^}]*)\}\s+from\s+"(\.[^"]+)"/gm);
  const awaited = text.matchAll(/\bconst \{([^}]*)\} = await import\(\s*"(\.[^"]+)"/g);
  const whole = text.matchAll(
    /^(?:import|export) \*() (?:as \w+ )?from "(\.[^"]+)"|(?<!\} = await )(?<!typeof )\bimport\(\s*()"(\.[^"]+)"/gm,
  );
  return [...named, ...awaited, ...whole].flatMap((match) => {
    const target = normalize(join(dirname(path), match[2] ?? match[4]!));
    const names = match[1]?.split(",").map((name) => name.trim().split(/\s/)[0]!) ?? ["*"];
    return (match[1] === "" ? ["*"] : names).map((name) => `${target} ${name}`);
  });
}

/** Imports of files of ours. */
function ourImports(): readonly Import[] {
  return files.flatMap(({ path, imports }) =>
    imports
      .filter(({ name }) => name.startsWith("."))
      .map(({ name, isType }) => ({ from: path, to: normalize(join(dirname(path), name)), isType })),
  );
}

/** Files that import a package. */
function users(wanted: RegExp): readonly string[] {
  return files.filter(({ imports }) => imports.some(({ name }) => wanted.test(name))).map(({ path }) => path);
}

/** True of imports that lead from a room, or a file beside the rooms, to one that is later in the order. */
function looksUp(order: readonly string[]): (one: Import) => boolean {
  const rank = (path: string): number => {
    const at = order.indexOf(path.split("/")[1]!.replace(/\.ts$/, ""));
    expect(at, `${path} belongs to no room`).toBeGreaterThanOrEqual(0);
    return at;
  };
  return ({ from, to }) => rank(to) > rank(from);
}

function show(imports: readonly Import[]): readonly string[] {
  return imports.map(({ from, to }) => `${from} -> ${to}`);
}

/** The files of a circle of imports; undefined when there is none. */
function findCycle(): readonly string[] | undefined {
  const targets = new Map<string, string[]>();
  for (const { from, to } of ourImports()) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): readonly string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    for (const next of targets.get(path) ?? []) {
      const found = walk(next, [...trail, path]);
      if (found !== undefined) return found;
    }
    done.add(path);
    return undefined;
  };
  for (const path of targets.keys()) {
    const found = walk(path, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe("the tests", () => {
  it("that docs/results.md names are there", () => {
    const named = readFileSync(join(root, "docs/results.md"), "utf8").match(/(?<=`)test\/[\w/.-]+(?=`)/g)!;
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => ![name, `${name}.test.ts`].some((path) => existsSync(join(root, path))))).toEqual([]);
  });

  it("that open tfjs or ONNX Runtime in their own process share it with no other file", () => {
    const opens = /^import .*(support\/engine|with-kernels|guarded-workspace|"@tensorflow|"onnxruntime)/m;
    const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
      .map((name) => `test/${name.replaceAll("\\", "/")}`)
      .filter((name) => name.endsWith(".test.ts") && !/^test\/(browser|viewer)\//.test(name));
    const opening = tests.filter((name) => opens.test(readFileSync(join(root, name), "utf8")));
    expect(opening.length).toBeGreaterThan(10);
    const { include } = projects.engine;
    const isAlone = (name: string): boolean => include.some((glob) => matchesGlob(name, glob));
    expect(opening.filter((name) => !isAlone(name))).toEqual([]);
  });
});

/** True when the path is one of the pattern's, which may hold ** for folders, * for a name and {a,b} for either. */
function matchesGlob(path: string, glob: string): boolean {
  const pattern = glob
    .replaceAll(".", "\\.")
    .replace(/\{(.*?)\}/g, (_, names: string) => `(${names.replaceAll(",", "|")})`)
    .replace(/\*\*\/|\*/g, (star) => (star === "*" ? "[^/]*" : "(.*/)?"));
  return new RegExp(`^${pattern}$`).test(path);
}
