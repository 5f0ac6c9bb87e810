// A release is made twice from two clean clones, and its site is opened in Chromium from a folder below a host's root. Takes
// minutes: only with OVERTILE_LONG=1.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createStand, type Stand } from "../browser/support/stand.ts";
import { findBillFaults } from "./bill-faults.ts";

const isLong = process.env["OVERTILE_LONG"] === "1";
if (!isLong) console.warn("A release (two builds in clean clones) is only made with OVERTILE_LONG=1");

let folder: string;

/** A clone of what is committed, released; its release/ folder. */
function makeRelease(name: string): string {
  const clone = join(folder, name);
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", resolve("."), clone]);
  symlinkSync(resolve("node_modules"), join(clone, "node_modules"));
  execFileSync("npm", ["run", "--silent", "release"], { cwd: clone, stdio: "ignore" });
  return join(clone, "release");
}

describe.runIf(isLong)("npm run release", () => {
  let first: string;
  let stand: Stand;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "overtile-release-"));
    first = makeRelease("first");
    stand = await createStand();
  });
  afterAll(async () => {
    await stand?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  it("gives the same bytes from another clone", () => {
    const sums = (release: string): string => readFileSync(join(release, "SHA256SUMS"), "utf8");
    expect(sums(makeRelease("second"))).toBe(sums(first));
    expect(sums(first).trim().split("\n")).toHaveLength(3);
    execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: first });
  });

  it("lists every package of the notices in the bill of materials", () => {
    const bill = JSON.parse(readFileSync(join(first, "overtile-0.1.0.cdx.json"), "utf8")) as {
      components: readonly { name: string; version: string; licenses: readonly unknown[] }[];
    };
    expect(findBillFaults(bill)).toEqual([]);
    const listed = new Set(bill.components.map(({ name, version }) => `${name} ${version}`));
    for (const file of ["THIRD-PARTY-NOTICES.txt", "viewer/THIRD-PARTY-NOTICES.txt"]) {
      const [list] = readFileSync(join(first, "site", file), "utf8").split(`\n${"-".repeat(80)}\n`);
      for (const [, one] of list!.matchAll(/^(\S+ \d\S*) \(/gm)) expect(listed).toContain(one);
    }
    expect(bill.components.every(({ licenses }) => licenses.length > 0)).toBe(true);
  });

  it("makes a site that works below any path, with docs whose links lead somewhere", async () => {
    const site = join(folder, "host/some/path");
    cpSync(join(first, "site"), site, { recursive: true });
    const { url } = await stand.serve({ folders: { "/": join(folder, "host") } });
    const { page, faults, foreign } = await stand.open(`${url}some/path/viewer/index.html`);
    await page.locator('html[data-ready="true"]').waitFor();
    expect({ faults, foreign }).toEqual({ faults: [], foreign: [] });
    for (const file of readdirSync(join(site, "docs")).filter((name) => name.endsWith(".html"))) {
      const links = [...readFileSync(join(site, "docs", file), "utf8").matchAll(/(?:href|src)="([^"#:]+)(?:#[^"]*)?"/g)].map(
        ([, to]) => to!,
      );
      for (const link of links) if (!/LICENSE/.test(link)) expect(existsSync(join(site, "docs", link)), `${file}: ${link}`).toBe(true);
    }
  });

  it("zips the same files", () => {
    const zipped = Object.keys(unzipSync(readFileSync(join(first, "overtile-0.1.0-site.zip"))));
    const files = readdirSync(join(first, "site"), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(zipped).toHaveLength(files.length);
    expect(zipped).toEqual(expect.arrayContaining(["viewer/index.html", "manifest.json", "docs/index.html"]));
  });
});
