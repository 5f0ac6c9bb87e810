// Locks among the processes of a machine, and of machines that share a folder, without the locks of a file system: network folders
// have none, or lie. Each process puts a claim of its own into the folder, whose name says whose it is, and then looks at the
// others': two that came at once both see each other. A claim counts while its process lives, so that a process that was killed
// blocks nobody. Only imported in Node.

import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describeError } from "../../core/problem.ts";
import { lifeOf, markForm, markOfProcess } from "../../core/source/process-mark.ts";
import type { Lock } from "./lock.ts";

const claimForm = new RegExp(`^\\.overtile-([0-9a-f]{12})-(${markForm})-[0-9a-z]+\\.lock$`);
/** A claim is touched so often; one whose process cannot be looked at is given up after so long. */
const beatMs = 10_000;
const silentMs = 120_000;
// Who came at the same moment is given so long to step back.
const tries = 20;
const pauseMs = 25;

export interface NodeLockOptions {
  /** Told once where no lock can be kept. */
  readonly log?: ((line: string) => void) | undefined;
}

/** The lock function of a folder, which is made with the first lock. Where nothing can be written there, everyone gets it, and that is told. */
export function createNodeLock(folder: string, { log }: NodeLockOptions = {}): Lock {
  const take = async (name: string): Promise<(() => void) | undefined> => {
    const claim = await makeClaim(folder, name).catch((error: unknown) => {
      log?.(`No lock can be kept in ${folder} (${describeError(error)}): see to it that nothing else writes there meanwhile.`);
    });
    if (claim === undefined) return () => {};
    if (await isFirst(folder, name, claim)) return hold(folder, claim);
    await rm(join(folder, claim), { force: true });
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
async function isFirst(folder: string, name: string, claim: string): Promise<boolean> {
  for (let i = 0; i < tries; i++) {
    const others = (await listClaims(folder, name, claim)).filter((other) => other !== claim);
    if (others.length === 0) return true;
    if (others.some((other) => other < claim)) return false;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return false;
}

/** The claims that count; those of processes that are gone are removed. `own`: tells what time it is on that disk. */
async function listClaims(folder: string, name: string, own?: string): Promise<readonly string[]> {
  const key = keyOf(name);
  const alive: string[] = [];
  for (const file of await readdir(folder).catch(() => [])) {
    const [, itsKey, mark] = claimForm.exec(file) ?? [];
    if (mark === undefined) continue;
    if (await isOver(folder, file, mark, own)) await rm(join(folder, file), { force: true }).catch(() => {});
    else if (itsKey === key) alive.push(file);
  }
  return alive;
}

async function isOver(folder: string, claim: string, mark: string, own: string | undefined): Promise<boolean> {
  if (claim === own) return false;
  const life = await lifeOf(mark);
  if (life !== "unknown") return life === "gone";
  const touched = async (file: string): Promise<number | undefined> => (await stat(join(folder, file)).catch(() => undefined))?.mtimeMs;
  const now = (own === undefined ? undefined : await touched(own)) ?? Date.now();
  return now - ((await touched(claim)) ?? now) > silentMs;
}

/** Keeps the claim fresh until it is released or the process ends. */
function hold(folder: string, claim: string): () => void {
  const path = join(folder, claim);
  const beat = setInterval(() => {
    void readFile(path)
      .then((body) => writeFile(path, body, { flag: "r+" })) // the time is then that of the disk
      .catch(() => {});
  }, beatMs);
  beat.unref();
  const remove = (): void => {
    try {
      rmSync(path, { force: true });
    } catch {
      // Whoever comes next sees that this process is gone.
    }
  };
  process.on("exit", remove);
  return () => {
    clearInterval(beat);
    process.off("exit", remove);
    remove();
  };
}

async function describeHolder(folder: string, name: string): Promise<string | undefined> {
  const [claim] = await listClaims(folder, name);
  if (claim === undefined) return undefined;
  const [machine, pid] = claimForm.exec(claim)![2]!.split("-") as [string, string];
  const isHere = machine === (await markOfProcess()).split("-")[0];
  const said = await readFile(join(folder, claim), "utf8").then(JSON.parse).catch(() => undefined); // biome-ignore format: one thought
  const host = isHere ? hostname() : plainText(said?.host) || "another machine";
  const since = Date.parse(String(said?.since));
  const when = Number.isNaN(since) ? "" : `, since ${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  return `process ${pid} on ${host}${when}`;
}

/** What a claim of another machine says, as far as a line of a terminal may hold it. */
function plainText(value: unknown): string {
  return typeof value === "string" ? value.replace(/[^\p{L}\p{N}._-]/gu, "").slice(0, 64) : "";
}
