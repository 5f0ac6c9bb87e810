// `npm run test:mutations`: plants the ten faults of test/support/mutations.ts, one at a time, and runs the tests that must find them.
// First the same tests without a fault, which must pass. Ends with 1 when a fault survived. A number runs only that mutation.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { importTypeScript } from "./run-typescript.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = join(createRequire(import.meta.url).resolve("vitest/package.json"), "../vitest.mjs");
const { mutations } = await importTypeScript("test/support/mutations.ts");
const only = process.argv[2];
const chosen = mutations
  .map((mutation, i) => ({ ...mutation, number: i + 1 }))
  .filter(({ number }) => only === undefined || Number(only) === number);

const rooms = [...new Set(chosen.flatMap(({ tests }) => tests))];
const clean = run(rooms);
if (clean.status !== 0) {
  console.log(`The tests must pass before a fault is planted:\n${clean.stdout}${clean.stderr}`);
  process.exit(1);
}
let survived = 0;
for (const { number, name, file, tests } of chosen) {
  if (!existsSync(join(root, file))) throw new Error(`Mutation ${number} is of ${file}, which is no more`);
  const { status, stdout, stderr } = run(tests, { OVERTILE_MUTATION: String(number) });
  const killers = [...new Set(`${stdout}${stderr}`.match(/(?<=FAIL +(?:\S+ +)?)test\/\S+/g) ?? [])];
  const isKilled = status !== 0 && killers.length > 0;
  if (!isKilled) survived++;
  console.log(`${isKilled ? "killed  " : "SURVIVED"} ${number}. ${name}${isKilled ? ` (by ${killers.join(", ")})` : ""}`);
}
console.log(`${chosen.length - survived} of ${chosen.length} mutations were killed.`);
process.exitCode = survived === 0 ? 0 : 1;

function run(tests, more = {}) {
  const words = [vitest, "run", "--reporter=dot", ...tests];
  return spawnSync(process.execPath, words, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", ...more },
    maxBuffer: 2 ** 28,
  });
}
