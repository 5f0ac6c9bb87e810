// Real ImageJ, where it is installed (Debian: imagej, or OVERTILE_IJ = path of ij.jar) together with Java 11 or later.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const jar = process.env["OVERTILE_IJ"] ?? "/usr/share/java/ij.jar";

/** True where ImageJ can be asked; else says so. */
export function hasImageJ(): boolean {
  const found = existsSync(jar) && canRun("java", ["-version"]);
  if (!found) console.warn("Skipped: what ImageJ itself reads (no ij.jar and java here; Debian has it as imagej)");
  return found;
}

/** The pixels that ImageJ says ROIs cover: sets of "x,y" by name. A ROI without area has an empty set. */
export function readWithImageJ(paths: readonly string[]): Map<string, Set<string>> {
  const script = fileURLToPath(new URL("PrintRois.java", import.meta.url));
  const text = execFileSync("java", ["-Djava.awt.headless=true", "-cp", jar, script, ...paths], {
    maxBuffer: 2 ** 28,
    stdio: ["ignore", "pipe", "ignore"],
  });
  const found = new Map<string, Set<string>>();
  for (const line of text.toString().trim().split("\n")) {
    const [name, y, x0, x1] = line.split("\t");
    const pixels = found.get(name!) ?? new Set();
    found.set(name!, pixels);
    for (let x = Number(x0); x1 !== undefined && x < Number(x1); x++) pixels.add(`${x},${y}`);
  }
  return found;
}

/** True when the program answers at all. */
export function canRun(program: string, args: readonly string[]): boolean {
  try {
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
