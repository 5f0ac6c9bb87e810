// One smoke in Firefox ESR and one in WebKitGTK: a page trains, segments, keeps the model, and posts what came of it. Long run only;
// a browser that is missing is named. Firefox is only started with the address; WebKitGTK, which has no headless mode, draws on a
// display in memory and is told the address over WebDriver.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serve } from "./support/server.ts";
import { blank, chromiumPath, makeCells, tiny } from "./support/stand.ts";

const isLong = process.env["OVERTILE_LONG"] === "1";
const firefox = "/usr/bin/firefox-esr";
const webkitDriver = "/usr/bin/WebKitWebDriver";
const xvfb = "/usr/bin/Xvfb";

const smoke = `${blank}<script type="module">
const { cells: { side, image, labels }, tiny } = ${JSON.stringify({ cells: makeCells(48), tiny })};
const report = (value) => fetch("report", { method: "POST", body: JSON.stringify(value) });
try {
  const { activate } = await import("./overtile.mjs");
  const overtile = activate();
  const pixels = { data: Uint8Array.from(image), shape: [side, side] };
  const { model } = await overtile.train([{ image: pixels, labels: { data: Uint16Array.from(labels), shape: [side, side] } }], { ...tiny, name: "tiny" });
  const { backend, labels: found } = await overtile.segment(pixels, { model });
  const models = (await overtile.models.list()).filter(({ starter }) => !starter).map(({ name }) => name);
  await report({ backend, shape: found.shape, models, text: await overtile.diagnostics() });
} catch (error) {
  await report({ error: String(error.stack ?? error) });
}
</script>`;

interface Report {
  readonly error?: string;
  readonly backend?: string;
  readonly shape?: readonly number[];
  readonly models?: readonly string[];
  readonly text?: string;
}

/** Serves the smoke page, lets `start` open it, and waits for its report. */
async function runSmoke(start: (url: string, folder: string) => Promise<readonly ChildProcess[]>): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), "overtile-smoke-"));
  let tell!: (report: Report) => void;
  const told = new Promise<Report>((resolve) => {
    tell = resolve;
  });
  const server = await serve({
    folders: { "/": "dist" },
    pages: { "/smoke.html": smoke },
    onReport: (text) => tell(JSON.parse(text) as Report),
  });
  const children = await start(`${server.url}smoke.html`, folder);
  try {
    return await told;
  } finally {
    for (const child of children) child.kill();
    await server.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function expectRight(report: Report): void {
  expect(report.error).toBeUndefined();
  expect(report).toMatchObject({ shape: [48, 48], models: ["tiny"] });
  console.log(report.text);
}

function isMissing(path: string, name: string, how: string): boolean {
  if (!isLong) return true;
  if (existsSync(path)) return false;
  console.warn(`${name} is missing: its smoke is skipped. Install it: ${how}`);
  return true;
}

if (!isLong) console.warn("Firefox ESR and WebKitGTK are only tested with OVERTILE_LONG=1");

test("Chromium, which shows that the page itself is right", async () => {
  const flags = ["--headless=new", "--no-sandbox", "--no-first-run", "--disable-background-networking"];
  expectRight(
    await runSmoke(async (url, folder) => [spawn(chromiumPath, [...flags, `--user-data-dir=${folder}`, url], { stdio: "ignore" })]),
  );
}, 60_000);

test.skipIf(isMissing(firefox, "Firefox ESR", "apt-get install firefox-esr"))(
  "Firefox ESR trains, segments and keeps the model",
  async () => {
    expectRight(
      await runSmoke(async (url, folder) => [spawn(firefox, ["--headless", "--no-remote", "--profile", folder, url], { stdio: "ignore" })]),
    );
  },
  180_000,
);

const noWebkit =
  isMissing(webkitDriver, "WebKitGTK", "apt-get install webkit2gtk-driver") ||
  isMissing(xvfb, "Xvfb, for WebKitGTK", "apt-get install xvfb");
test.skipIf(noWebkit)(
  "WebKitGTK trains, segments and keeps the model",
  async () => {
    const report = await runSmoke(async (url, folder) => {
      const { display, child } = await openDisplay();
      const port = 4600 + (process.pid % 300);
      const env = { ...process.env, DISPLAY: display, HOME: folder, XDG_DATA_HOME: folder };
      const driver = spawn(webkitDriver, [`--port=${port}`], { stdio: "ignore", env });
      await driveTo(`http://127.0.0.1:${port}`, url);
      return [driver, child];
    });
    expectRight(report);
  },
  180_000,
);

/** A screen in memory, and its name: Xvfb chooses a free one and tells it. */
async function openDisplay(): Promise<{ readonly display: string; readonly child: ChildProcess }> {
  const child = spawn(xvfb, ["-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const number = await new Promise<string>((resolve, reject) => {
    child.stdout!.once("data", (text) => resolve(String(text).trim()));
    child.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
  });
  return { display: `:${number}`, child };
}

/** Lets the driver open a browser at the address. */
async function driveTo(driver: string, url: string): Promise<void> {
  const isUp = (): Promise<boolean> =>
    fetch(`${driver}/status`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await isUp())) await new Promise((resolve) => setTimeout(resolve, 100));
  const ask = async (path: string, body: object): Promise<{ readonly sessionId?: string; readonly message?: string } | null> => {
    const response = await fetch(`${driver}${path}`, { method: "POST", body: JSON.stringify(body) });
    const { value } = (await response.json()) as { value: { sessionId?: string; message?: string } | null };
    if (!response.ok) throw new Error(`WebKitWebDriver refused ${path}: ${value?.message}`);
    return value;
  };
  const session = await ask("/session", { capabilities: { alwaysMatch: {} } });
  await ask(`/session/${session!.sessionId}/url`, { url });
}
