// The browser tests use the Chromium that is on the machine. Where there is none it is installed, if that is allowed; else
// this says what to do. Sets nothing and downloads no browser of its own.

import { execFileSync, spawnSync } from "node:child_process";
import { findChromium } from "./find-chromium.mjs";

if (findChromium() === undefined) {
  const isRoot = process.getuid?.() === 0;
  const hasApt = spawnSync("apt-get", ["--version"]).status === 0;
  if (isRoot && hasApt) {
    console.log("No Chromium found: installing Debian's.");
    execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium"], { stdio: "inherit" });
  }
}
if (findChromium() === undefined) {
  console.error(
    "The browser tests need Chromium. Install it (Debian: sudo apt-get install chromium), or set CHROMIUM to its path, and run the command again.",
  );
  process.exit(1);
}
