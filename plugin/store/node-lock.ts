// Locks among the processes of a machine, and of machines that share a folder, without the locks of a file system: network folders
// have none, or lie. Each process puts a claim of its own into the folder, whose name says whose it is, and then looks at the
// others': two that came at once both see each other. A claim counts while its process lives, so that a process that was killed
// blocks nobody. The process of another machine, or container, cannot be looked at; but while it lives it touches its claim.
// Only imported in Node.

import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describeError } from "../../core/problem.ts";
import { lifeOf, markForm, markOfProcess } from "../../core/source/process-mark.ts";
import type { Lock } from "./lock.ts";

const claimForm = new RegExp(`^\\.overtile-([0-9a-f]{12})-(${markForm})-[0-9a-z]+\\.lock$`);
/** A claim is touched so often. */
const beatMs = 2000;
/** One that is not touched for so long is over; network folders tell of a touch some seconds later. */
const standardSilentMs = 15_000;
const lookMs = 250;
// Who came at the same moment is given so long to step back.
const tries = 20;
const pauseMs = 25;

export interface NodeLockOptions {
  /** How long a claim of another machine must be untouched to be over. */
  readonly silentMs?: number;
  /** Told once where no lock can be kept. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The lock function of a folder, which is made with the first lock. Where nothing can be written there, everyone gets it, and that is told. */
export function createNodeLock(folder: string, { log, silentMs = standardSilentMs }: NodeLockOptions = {}): Lock {
  const take = async (name: string): Promise<(() => void) | undefined> => {
    const claim = await makeClaim(folder, name).catch((error: unknown) => {
      log?.(`No lock can be kept in ${folder} (${describeError(error)}): see to it that nothing else writes there meanwhile.`);
    });
    if (claim === undefined) return () => {};
    const release = keepAlive(join(folder, claim));
    if (await isFirst(folder, name, { claim, silentMs })) return release;
    release();
    return undefined;
  };
  return Object.assign(take, { holderOf: (name: string) => describeHolder(folder, name) });
}

/** Puts a claim into the folder and returns its file's name. What it holds is for people; a full disk may leave it empty. */
async function makeClaim(folder: string, name: string): Promise<string> {
  const claim = `.overtile-${keyOf(name)}-${await markOfProcess()}-${Math.random().toString(36).slice(2, 10)}.lock`;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, claim), "", { flag: "wx" });
  const body = { name, pid: process.pid, host: hostname(), since: new Date().toISOString() };
  await writeFile(join(folder, claim), JSON.stringify(body)).catch(() => {});
  return claim;
}

/** Names may hold what no file system takes; on some, letters of either case are the same. */
function keyOf(name: string): string {
  const same = process.platform === "linux" ? name : name.normalize("NFC").toLowerCase();
  return createHash("sha256").update(same).digest("hex").slice(0, 12);
}

/** True when no other claim of that name counts. Of two that came at once, the later in the alphabet steps back. */
async function isFirst(
  folder: string,
  name: string,
  { claim, silentMs }: { readonly claim: string; readonly silentMs: number },
): Promise<boolean> {
  for (let i = 0; i < tries; i++) {
    const all = await listClaims(folder, name);
    const looked = await Promise.all(
      all.map(async (one) => ({ ...one, counts: !one.isFar || (await isTouched(folder, one.file, silentMs)) })),
    );
    const others = looked.filter(({ file, counts }) => file !== claim && counts);
    if (others.length === 0) return true;
    if (others.some(({ file }) => file < claim)) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

interface Claim {
  readonly file: string;
  /** Its process cannot be looked at from here. */
  readonly isFar: boolean;
}

/** The claims of a name. All those of processes that are gone are removed. */
async function listClaims(folder: string, name: string): Promise<readonly Claim[]> {
  const key = keyOf(name);
  const found: Claim[] = [];
  for (const file of await readdir(folder).catch(() => [])) {
    const [, itsKey, mark] = claimForm.exec(file) ?? [];
    if (mark === undefined) continue;
    const life = await lifeOf(mark);
    if (life === "gone") await rm(join(folder, file), { force: true }).catch(() => {});
    else if (itsKey === key) found.push({ file, isFar: life === "unknown" });
  }
  return found;
}

/** True when the claim is touched while one looks; clocks are not compared. One that is not is removed. */
async function isTouched(folder: string, file: string, silentMs: number): Promise<boolean> {
  const path = join(folder, file);
  const touchedAt = async (): Promise<number | undefined> => (await stat(path).catch(() => undefined))?.mtimeMs;
  const first = await touchedAt();
  for (const end = performance.now() + silentMs; performance.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, lookMs));
    const now = await touchedAt();
    if (now === undefined) return false; // released
    if (now !== first) return true;
  }
  await rm(path, { force: true }).catch(() => {});
  return false;
}

// A thread of its own touches the claim: this one may compute for a minute without a turn.
const beat = `const { utimesSync } = require("node:fs");
const { workerData: path } = require("node:worker_threads");
setInterval(() => { try { const now = new Date(); utimesSync(path, now, now); } catch {} }, ${beatMs});`;

/** Touches the claim until it is released or the process ends; returns what releases it. */
function keepAlive(path: string): () => void {
  const thread = new Worker(beat, { eval: true, workerData: path, stdout: false, stderr: false });
  thread.on("error", () => {}); // then it is not touched, which only other machines notice
  thread.unref();
  const remove = (): void => {
    try {
      rmSync(path, { force: true });
    } catch {
      // Whoever comes next sees that this process is gone.
    }
  };
  process.on("exit", remove);
  return () => {
    void thread.terminate();
    process.off("exit", remove);
    remove();
  };
}

async function describeHolder(folder: string, name: string): Promise<string | undefined> {
  const [claim] = await listClaims(folder, name);
  if (claim === undefined) return undefined;
  const { file } = claim;
  const [machine, pid] = claimForm.exec(file)![2]!.split("-") as [string, string];
  const isHere = machine === (await markOfProcess()).split("-")[0];
  const said = await readFile(join(folder, file), "utf8").then(JSON.parse).catch(() => undefined); // biome-ignore format: one thought
  const host = isHere ? hostname() : plainText(said?.host) || "another machine";
  const since = Date.parse(String(said?.since));
  const when = Number.isNaN(since) ? "" : `, since ${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `process ${pid} on ${host}${when}`;
}

/** Reads the claim of another machine, cut to what a line of a terminal may hold. */
function plainText(value: unknown): string {
  return typeof value === "string" ? value.replace(/[^\p{L}\p{N}._-]/gu, "").slice(0, 64) : "";
}
