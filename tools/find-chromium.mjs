// The Chromium of the browser tests: the one that is on the machine.

import { existsSync } from "node:fs";

const places = [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Returns the path of a Chromium on this machine, undefined when there is none. */
export function findChromium() {
  return places.find((path) => path && existsSync(path));
}
