// Adds to package-lock.json the optional packages of other platforms (compilers' binaries) that the registry at hand did not serve when
// it was written: without them "npm ci" refuses the lock file. Run it after "npm install" has changed the lock: node tools/complete-lock.mjs

import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const oses = ["android", "darwin", "win32", "freebsd", "linux", "openbsd", "netbsd", "sunos", "aix", "openharmony"];
let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path}/node_modules/${name}`,
      top = `node_modules/${name}`;
    if (lock.packages[nested] || lock.packages[top]?.version === version) continue;
    const tokens = name.split("/").pop().split("-");
    const os = oses.find((o) => tokens.includes(o));
    const cpu =
      ["arm64", "x64", "ia32", "ppc64", "riscv64", "s390x", "loong64", "mips64el", "wasm32"].find((c) => tokens.includes(c)) ??
      (tokens.includes("arm") ? "arm" : undefined);
    if (!os && cpu !== "wasm32") {
      console.log("skip", name, version);
      continue;
    }
    const libc =
      os === "linux"
        ? tokens.some((t) => t.startsWith("musl"))
          ? ["musl"]
          : tokens.some((t) => t.startsWith("gnu"))
            ? ["glibc"]
            : undefined
        : undefined;
    const key = lock.packages[top] ? nested : top;
    lock.packages[key] = {
      version,
      ...(cpu ? { cpu: [cpu] } : {}),
      ...(entry.dev ? { dev: true } : {}),
      ...(libc ? { libc } : {}),
      optional: true,
      ...(os ? { os: [os] } : {}),
    };
    added++;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
console.log("added", added);
