// Runs the terminal: `overtile` in this process, where tfjs is loaded already, and `startOvertile` as a process of its own, for
// tests of signals, kills and pipes. Worker threads and processes run from a bundle that is made once for each state of the
// sources. Nothing here reads dist/, which may be of another day.

import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import type { TerminalProcess } from "../../../host/terminal/process.ts";
import { runTerminal } from "../../../host/terminal.ts";
import { buildKernel, kernelFile } from "../../../tools/build-kernel.mjs";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bundles = join(root, "build/terminal-test");
const require = createRequire(import.meta.url);
/** Of this process only: runs beside it do not meet in it. */
const noLibrary = join(tmpdir(), `overtile-has-no-library-${process.pid}`);

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when stderr has come to hold the text. */
  says(text: RegExp): Promise<void>;
}

export interface RunOptions {
  /** Folder in which it runs. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another bundle than `bundleTerminal` makes. */
  readonly bundle?: string;
  /** Of a process of its own: the user and group that it runs as. */
  readonly uid?: number | undefined;
}

/** Runs `overtile` with these words to its end, in this process. Its library is one that does not exist. */
export async function overtile(words: readonly string[], { cwd = tmpdir(), env = {}, bundle }: RunOptions = {}): Promise<Ended> {
  const dist = pathToFileURL(`${bundle ?? (await bundleTerminal())}/`);
  const said = { stdout: "", stderr: "" };
  const listen = (name: keyof typeof said): Writable =>
    new Writable({
      decodeStrings: false,
      write(text, _encoding, done) {
        said[name] += text;
        done();
      },
    });
  const own: TerminalProcess = {
    stdout: listen("stdout"),
    stderr: listen("stderr"),
    env: environment(env),
    dist,
    onInterrupt: () => () => {},
    exit: (code) => {
      throw new Error(`Only a process of its own can be ended at once (exit code ${code}): use startOvertile`);
    },
  };
  const code = await inFolder(cwd, () => runTerminal(words, own));
  return { code, ...said };
}

function environment(more: Readonly<Record<string, string>>): Record<string, string | undefined> {
  return { PATH: process.env["PATH"], OVERTILE_HOME: noLibrary, ...more };
}

let occupied: { readonly folder: string; readonly left: Promise<void>; leave(): void; users: number } | undefined;

/** Calls `work` with this process in the folder. Calls that want the same folder run at the same time, others one after another. */
async function inFolder<R>(folder: string, work: () => Promise<R>): Promise<R> {
  while (occupied !== undefined && occupied.folder !== folder) await occupied.left;
  occupied ??= enter(folder);
  const here = occupied;
  here.users++;
  try {
    return await work();
  } finally {
    here.users--;
    if (here.users === 0) here.leave();
  }
}

function enter(folder: string): NonNullable<typeof occupied> {
  const before = process.cwd();
  process.chdir(folder);
  let tell = (): void => {};
  const left = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const leave = (): void => {
    process.chdir(before);
    occupied = undefined;
    tell();
  };
  return { folder, left, leave, users: 0 };
}

/** Starts `overtile` with these words as a process of its own. Its library is one that does not exist. */
export async function startOvertile(
  words: readonly string[],
  { cwd = tmpdir(), env = {}, bundle, uid }: RunOptions = {},
): Promise<Running> {
  const program = join(bundle ?? (await bundleTerminal()), "terminal.mjs");
  const child = spawn(process.execPath, [program, ...words], {
    cwd,
    env: environment(env),
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const said = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.setEncoding("utf8").on("data", (text: string) => {
      said[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, ...said }));
  });
  const says = (text: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (text.test(said.stderr)) resolve();
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`It never said ${text}, but:\n${said.stderr}`)));
    });
  return { child, ended, says };
}

/** Never called: tells `vitest --changed` of what the bundle is made. */
export const bundledFrom = [() => import("../../../host/main.ts"), () => import("../../../plugin/entry/worker-node.ts")];

let bundled: Promise<string> | undefined;

/** The folder with terminal.mjs, its worker and the WASM files, for the sources as they are now. */
export function bundleTerminal(): Promise<string> {
  bundled ??= makeBundle();
  return bundled;
}

async function makeBundle(): Promise<string> {
  await buildKernel({ ifNeeded: true });
  const wasm = [
    require.resolve("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
    kernelFile("simd"),
    kernelFile("relaxed-simd"),
  ];
  const folder = join(bundles, stampOf([...["core", "plugin", "host", "models"].flatMap((part) => listFiles(join(root, part))), ...wasm]));
  if (existsSync(folder)) {
    utimesSync(folder, new Date(), new Date()); // in use: another run, of other sources, leaves it alone
    return folder;
  }
  mkdirSync(bundles, { recursive: true });
  // Made beside and renamed: two test files may want it at the same time.
  const partial = mkdtempSync(join(bundles, "partial-"));
  await build({
    entryPoints: { terminal: join(root, "host/start.ts"), "terminal-worker": join(root, "plugin/entry/worker-node.ts") },
    outdir: partial,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    mainFields: ["module", "main"],
    outExtension: { ".js": ".mjs" },
    banner: {
      js: 'import { createRequire as createNodeRequire } from "node:module"; const require = createNodeRequire(import.meta.url); const __dirname = ".";',
    },
    logLevel: "error",
  });
  for (const file of wasm) copyFileSync(file, join(partial, file.slice(file.lastIndexOf("/") + 1)));
  cpSync(join(root, "models"), join(partial, "models"), { recursive: true });
  const older = readdirSync(bundles).filter((name) => join(bundles, name) !== partial && isOld(join(bundles, name)));
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // else another one was first
  }
  for (const name of older) rmSync(join(bundles, name), { recursive: true, force: true });
  return folder;
}

function isOld(path: string): boolean {
  const anHourMs = 3_600_000;
  return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > anHourMs;
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  );
}

function stampOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files.toSorted()) hash.update(`${file} ${statSync(file).mtimeMs} ${statSync(file).size}\n`);
  return hash.digest("hex").slice(0, 16);
}

/** A new empty folder, and what removes it. */
export function createFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "overtile-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
