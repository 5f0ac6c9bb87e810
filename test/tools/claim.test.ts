import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { claim } from "../../tools/claim.mjs";

const root = mkdtempSync(join(tmpdir(), "overtile-test-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Another process that takes a claim, says so, and keeps it until it is told to end; `killed`, without a word. */
async function claimElsewhere(name: string, against: string): Promise<{ readonly isHeld: Promise<void>; kill(): Promise<void> }> {
  const code = `
    import { claim } from ${JSON.stringify(resolve("tools/claim.mjs"))};
    await claim({ root: ${JSON.stringify(root)}, name: "${name}", against: /${against}/ });
    console.log("held");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  const isHeld = new Promise<void>((done) => child.stdout.once("data", () => done()));
  return {
    isHeld,
    kill: () =>
      new Promise((done) => {
        child.once("exit", () => done());
        child.kill("SIGKILL");
      }),
  };
}

it("a build waits for the process that tests the last one, and one that was killed blocks nobody", async () => {
  const test = await claimElsewhere("test", "^make-");
  await test.isHeld;
  const waited: number[] = [];
  let isMade = false;
  const made = claim({ root, name: "make-x", against: /^test$/, say: (pid) => waited.push(pid) }).then((end) => {
    isMade = true;
    return end;
  });
  await expect.poll(() => waited.length).toBe(1);
  expect(isMade).toBe(false);
  // Others that test go together.
  (await claim({ root, name: "test", against: /^make-/ }))();
  await test.kill();
  const end = await made;
  const next = await claimElsewhere("test", "^make-");
  const first = await Promise.race([next.isHeld.then(() => "held"), new Promise((done) => setTimeout(() => done("waits"), 500))]);
  expect(first).toBe("waits");
  end();
  await next.isHeld;
  await next.kill();
  // Of another machine, or of none: nobody knows of it.
  writeFileSync(join(root, "build/claims/test.00000000-1-1"), "");
  (await claim({ root, name: "make-x", against: /^test$/ }))();
  expect(readdirSync(join(root, "build/claims"))).toEqual(["test.00000000-1-1"]);
});
