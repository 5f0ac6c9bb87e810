// Claims of processes that build dist/, or test what is built, in one clone: nothing is built while another process builds or tests it.
// A claim is a file of build/claims whose name says whose it is (core/source/process-mark.ts); it counts while that process lives, so
// that one that was killed blocks nobody.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { importTypeScript } from "./run-typescript.mjs";

const { lifeOf, markOfProcess } = await importTypeScript("core/source/process-mark.ts");

/**
 * Returns once no other process has a claim whose name fits `against`; until the function that comes back is called, this process has one
 * named `name`. Each puts its claim there before it looks at the others', and steps back when it finds one: two never go on together.
 * `say` is told once when it has to wait, with the number of the process that is waited for.
 */
export async function claim({ root, name, against, say = () => {} }) {
  const folder = join(root, "build/claims");
  const own = `${name}.${await markOfProcess()}`;
  const release = () => rmSync(join(folder, own), { force: true });
  for (let tries = 0; ; tries++) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, own), "");
    const other = await findOther(folder, own, against);
    if (other === undefined) return release;
    release();
    if (tries === 10) say(Number(other.split("-").at(-2)));
    await pause(50 + 100 * Math.random());
  }
}

/** A claim of another process that lives. Those of processes that have ended are removed. */
async function findOther(folder, own, against) {
  for (const file of readdirSync(folder)) {
    const [name, mark] = file.split(".");
    if (file === own || !against.test(name)) continue;
    const life = await lifeOf(mark);
    if (life === "alive") return file;
    if (life === "gone") rmSync(join(folder, file), { force: true });
  }
  return undefined;
}
