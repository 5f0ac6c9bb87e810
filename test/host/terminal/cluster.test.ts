// The recipes of docs/cluster.md, as they stand there: a workflow that Snakemake runs, the script of a Slurm array, the command of a
// Kubernetes job; in the long run (OVERTILE_LONG). Only sizes and paths are this test's own; schedulers are not at hand, so their part is played by this file.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { generateCells } from "../../../core/sample/synthetic.ts";
import { writeTiff } from "../../../core/source/write-tiff.ts";
import { bundleTerminal, createFolder, overtile } from "./run-overtile.ts";

const { path: folder, remove } = createFolder();
const at = (...parts: readonly string[]): string => join(folder, ...parts);
const text = readFileSync(fileURLToPath(new URL("../../../docs/cluster.md", import.meta.url)), "utf8");
const [workflow, script, job] = ["Snakemake", "Slurm", "Kubernetes"].map(readRecipe) as [string, string, string];
const result = "slide.labels.ome.tif";
const limitMs = 240_000; // a dozen processes, on a machine that may be busy

const hasSnakemake = spawnSync("snakemake", ["--version"]).status === 0;
if (!hasSnakemake) console.warn("The Snakemake workflow is only run where snakemake is installed");

beforeAll(async () => {
  const [height, width] = [180, 3100]; // four blocks
  const { image } = generateCells({ height, width, seed: 4 });
  writeFileSync(at("slide.tif"), writeTiff({ height, width, pages: [image.data] }));
  await overtile(["new", "cells.zip", "--levels", "1", "--features", "2", "--seed", "3"], { cwd: folder });
  await overtile(["segment", "slide.tif", "--model", "cells.zip", "-o", "one", "--workers", "1", "--format", "ome-tiff"], { cwd: folder });
  mkdirSync(at("bin"));
  const program = join(await bundleTerminal(), "terminal.mjs");
  // The first attempt at the first shard is killed as soon as one of its blocks is on the disk; `attempts` has a line a call.
  const lines = [
    "#!/bin/sh",
    `echo "$*" >> ${at("attempts")}`,
    `case "$*" in *"--shard 1/2"*) if mkdir ${at("killed")} 2>/dev/null; then`,
    `  "${process.execPath}" "${program}" "$@" & child=$!`,
    "  while kill -0 $child 2>/dev/null && [ ! -e out/slide.overtile/classes/0/0/0 ]; do sleep 0.02; done",
    "  kill -9 $child; exit 137",
    "fi ;; esac",
    `exec "${process.execPath}" "${program}" "$@"`,
  ];
  writeFileSync(at("bin/overtile"), `${lines.join("\n")}\n`);
  chmodSync(at("bin/overtile"), 0o755);
}, limitMs);
afterAll(remove);

/** The first block of code below a heading. */
function readRecipe(heading: string): string {
  const found = new RegExp(`## ${heading}\\n[^#]*?\`\`\`\\w*\\n([\\s\\S]*?)\`\`\``).exec(text);
  if (found === null) throw new Error(`docs/cluster.md has no recipe for ${heading}`);
  return found[1]!;
}

const env = (more: Readonly<Record<string, string>> = {}) => ({
  ...process.env,
  PATH: `${at("bin")}${delimiter}${process.env["PATH"]}`,
  OVERTILE_HOME: at("library"),
  ...more,
});

/** Runs a shell's text in the folder. Resolves with its exit code. */
function runShell(command: string, more: Readonly<Record<string, string>>): Promise<number | null> {
  const child = spawn("sh", ["-c", command], { cwd: folder, env: env(more), stdio: "ignore" });
  return new Promise((resolve) => child.once("close", resolve));
}

function expectSame(out: string): void {
  expect(readFileSync(at(out, result)).equals(readFileSync(at("one", result)))).toBe(true);
}

interface KubernetesJob {
  readonly kind: string;
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly {
          readonly command: readonly string[];
          readonly volumeMounts: readonly { readonly name: string }[];
        }[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

if (!process.env["OVERTILE_LONG"]) console.warn("The recipes of docs/cluster.md are only run with OVERTILE_LONG=1");

describe.runIf(process.env["OVERTILE_LONG"])("docs/cluster.md", () => {
  it.skipIf(!hasSnakemake)(
    "Snakemake: two jobs at a time, one of them killed and done again, are one run on one machine (needs snakemake)",
    () => {
      const own = workflow.replace("N = 4", "N = 2").replaceAll("slide.svs", "slide.tif");
      expect(own).toContain("N = 2");
      writeFileSync(at("Snakefile"), own);
      execFileSync("snakemake", ["--cores", "2"], { cwd: folder, env: env(), stdio: "ignore" });
      expectSame("out");
      const attempts = readFileSync(at("attempts"), "utf8").trim().split("\n");
      expect(attempts.filter((line) => line.includes("--shard 1/2"))).toHaveLength(2);
      expect(attempts).toHaveLength(4);
    },
    limitMs,
  );

  it(
    "Slurm: the tasks of the array, two of them at once, and what is run after them",
    async () => {
      execFileSync("bash", ["-n"], { input: script });
      expect(script).toContain("#SBATCH --array=1-16");
      const own = script
        .replaceAll("/16", "/2")
        .replaceAll("slide.svs", "slide.tif")
        .replaceAll("-o out", "-o slurm")
        .replace("--workers 4", "--workers 1");
      mkdirSync(at("killed"), { recursive: true }); // nothing is killed any more
      expect(await Promise.all(["1", "2"].map((task) => runShell(own, { SLURM_ARRAY_TASK_ID: task })))).toEqual([0, 0]);
      const after = /sbatch --dependency=\S+ --wrap "([^"]+)"/.exec(text)![1]!;
      expect(await runShell(after.replaceAll("out/", "slurm/"), {})).toBe(0);
      expectSame("slurm");
    },
    limitMs,
  );

  it(
    "Kubernetes: an indexed Job, whose pods do one shard each",
    async () => {
      const { kind, spec } = parse(job) as KubernetesJob;
      expect([kind, spec.completionMode, spec.completions, spec.template.spec.restartPolicy]).toEqual(["Job", "Indexed", 16, "Never"]);
      const { command, volumeMounts } = spec.template.spec.containers[0]!;
      expect(volumeMounts[0]!.name).toBe(spec.template.spec.volumes[0]!.name);
      const own = command[2]!
        .replaceAll("/16", "/2")
        .replaceAll("/data/slide.svs", "slide.tif")
        .replaceAll("/data/out", "pods")
        .replaceAll("/data/", "");
      expect(command.slice(0, 2)).toEqual(["sh", "-c"]);
      mkdirSync(at("killed"), { recursive: true });
      expect(await Promise.all(["0", "1"].map((index) => runShell(own, { JOB_COMPLETION_INDEX: index })))).toEqual([0, 0]);
      expect(await runShell("overtile merge pods/slide.overtile", {})).toBe(0);
      expectSame("pods");
    },
    limitMs,
  );
});
