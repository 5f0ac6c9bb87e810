// Takes pictures of the real viewer with the real plugin and a model that it has really trained: `npm run pictures [OUT]` after a
// build. OUT/picture.png is the README's, OUT/guide/ those of docs/guide.md; the others are all states at three widths, dark and light, to be looked at.

import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium } from "playwright-core";
import { buildViewer } from "../../tools/build-viewer.mjs";
import { serve } from "../../tools/serve.mjs";

const [out = "build/pictures", bundle = "dist"] = process.argv.slice(2);
const sizes = [
  [1440, 900],
  [1024, 768],
  [390, 844],
];

await mkdir(out, { recursive: true });
const root = await mkdtemp(join(tmpdir(), "overtile-pictures-"));
for (const name of await readdir(bundle)) if (name !== "viewer") await symlink(resolve(bundle, name), join(root, name));
await buildViewer({ out: join(root, "viewer") });
const { server, url } = await serve({ root });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"],
});
try {
  for (const theme of ["dark", "light"]) for (const size of sizes) await takeEmpty(size, theme);
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
  const guide = await browser.newContext({ viewport: { width: 1100, height: 700 }, colorScheme: "light" });
  await takeGuide(guide);
  await guide.close();
  await takeMain(context);
  for (const theme of ["dark", "light"]) for (const size of sizes) await takeStates(context, size, theme);
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true, force: true });
}

async function takeEmpty([width, height], theme) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme });
  const page = await openPage(context);
  await page.screenshot({ path: join(out, `empty-${width}-${theme}.png`) });
  await context.close();
}

// Annotations are the sample's truth in the middle: what a careful hand would draw. The training is told its
// steps, about what 45 seconds are on two cores at rest, so that a busy machine takes the same picture.
async function takeMain(context) {
  const page = await openPage(context);
  const shoot = async (name) => {
    await rest(page);
    await page.screenshot({ path: join(out, name) });
  };
  await page.click("[data-action=sample]");
  await page.waitForFunction(() => globalThis.overtileViewer.app.workspace.current.value?.channels.value.length > 0);

  const truth = await (await fetch(`${url}viewer/sample/cells-truth.png`)).arrayBuffer();
  await page.evaluate(drawTruth, Buffer.from(truth).toString("base64"));
  await page.getByText(/objects in 1 image/).waitFor();
  await shoot("drawn-1440-dark.png");
  await page.evaluate(() => {
    globalThis.overtileViewer.app.training.values.value = { "overtile.train": { minutes: 0, steps: 150 } };
  });
  await page.click("[data-action=train]");
  await page.waitForFunction(() => globalThis.overtileViewer.app.training.run.value?.losses.length > 80);
  await page.getByText("Prediction now").waitFor();
  await shoot("training-1440-dark.png");
  await page.waitForFunction(() => globalThis.overtileViewer.app.training.run.value?.state === "done");
  await page.evaluate(() => {
    globalThis.overtileViewer.app.training.values.value = {};
  });
  await page.click("[data-action=segment]");
  await page.getByText(/objects in "Prediction"/).waitFor();
  await page.evaluate(() => globalThis.overtileViewer.app.autosave.save());
  await page.mouse.move(700, 870);
  await shoot("picture.png");
  await page.close();
}

// Small ones, of the sample: segmented at once; five cells drawn; segmented by the model that learnt from these.
async function takeGuide(context) {
  await mkdir(join(out, "guide"), { recursive: true });
  const page = await openPage(context, (fresh) => fresh.setViewportSize({ width: 1100, height: 700 }));
  const shoot = async (name) => {
    await rest(page);
    await page.screenshot({ path: join(out, "guide", `${name}.jpg`), type: "jpeg", quality: 72 });
  };
  await page.click("[data-action=sample]");
  await page.waitForFunction(() => globalThis.overtileViewer.app.workspace.current.value?.channels.value.length > 0);
  await page.click("[data-action=segment]");
  await page.getByText(/objects in "Prediction"/).waitFor();
  await shoot("segmented");
  await page.keyboard.press("Control+z");
  const truth = await (await fetch(`${url}viewer/sample/cells-truth.png`)).arrayBuffer();
  await page.evaluate(drawTruth, Buffer.from(truth).toString("base64"));
  await page.evaluate(() => {
    const { app } = globalThis.overtileViewer;
    for (const layer of app.workspace.current.value.layers.value) layer.visible.value = layer.kind === "annotation";
  });
  await page.getByText(/objects in 1 image/).waitFor();
  await page.getByRole("button", { name: "Draw", exact: true }).click();
  await shoot("drawn");
  await page.click("[data-action=train]");
  await page.waitForFunction(() => globalThis.overtileViewer.app.training.run.value?.state === "done");
  await page.click("[data-action=segment]");
  await page.waitForFunction(() => globalThis.overtileViewer.app.workspace.activeLayer.value?.kind === "labels");
  await page.click("[data-tool=review]");
  await shoot("corrected");
  await page.evaluate(() => globalThis.overtileViewer.app.host.close(globalThis.overtileViewer.app.workspace.current.value.title.value));
  await page.evaluate(() => globalThis.overtileViewer.app.autosave.save());
  await page.close();
}

/** In the page: draws the sample's cells that lie in the middle of it, under their own ids. */
async function drawTruth(data) {
  const { app, actions } = globalThis.overtileViewer;
  const file = new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], "truth.png");
  const entry = app.workspace.current.value;
  await actions.openBlobs([file]);
  const { source } = app.workspace.images.value.find(({ title }) => title.value === "truth.png");
  const { width, height } = source;
  const ids = (await source.read({ y0: 0, x0: 0, y1: height, x1: width })).data;
  app.host.close("truth.png");
  app.workspace.current.value = entry;
  const { raster, version } = entry.layers.value.find(({ kind }) => kind === "annotation");
  const box = { y0: 192, x0: 192, y1: 320, x1: 320 };
  const kept = new Set();
  for (let y = box.y0; y < box.y1; y++) for (let x = box.x0; x < box.x1; x++) kept.add(ids[y * width + x]);
  for (let i = 0; i < ids.length; i++) {
    if (!ids[i] || !kept.has(ids[i])) continue;
    const [x, y] = [i % width, Math.floor(i / width)];
    const key = (y >> 8) * raster.columns + (x >> 8);
    if (!raster.tiles.has(key)) raster.tiles.set(key, new Uint32Array(65536));
    raster.tiles.get(key)[((y & 255) << 8) | (x & 255)] = ids[i];
  }
  version.value++;
}

// The same work at another size: it is in the browser's storage.
async function takeStates(context, [width, height], theme) {
  const page = await openPage(context, async (fresh) => {
    await fresh.setViewportSize({ width, height });
    await fresh.emulateMedia({ colorScheme: theme });
  });
  const narrow = width < 700;
  const shoot = async (state) => {
    await rest(page);
    await page.screenshot({ path: join(out, `${state}-${width}-${theme}.png`) });
  };
  const show = (change) =>
    page.evaluate(
      (wanted) => {
        const { shell } = globalThis.overtileViewer.app;
        for (const [name, value] of Object.entries(wanted)) shell[name].value = value;
      },
      { menu: undefined, ...(narrow && { left: false, right: false }), ...change },
    );
  const call = (name, ...values) =>
    page.evaluate(([action, given]) => void globalThis.overtileViewer.actions[action](...given), [name, values]);
  const close = async () => {
    await page.keyboard.press("Escape");
    await page.waitForFunction(() => !document.querySelector("dialog[open]"));
  };
  await shoot("segmented");
  if (narrow) {
    await show({ right: true, tab: "train" });
    await shoot("train");
  }
  await show({ right: true, tab: "objects" });
  await shoot("objects");
  await show({ right: true, tab: "macro" });
  await shoot("macro");
  await show({ left: true, ...(narrow ? {} : { tab: "train" }) });
  await page.evaluate(() => {
    const { workspace } = globalThis.overtileViewer.app;
    workspace.current.value.activeLayer.value = undefined;
  });
  await shoot("contrast");
  await page.evaluate(() => {
    const entry = globalThis.overtileViewer.app.workspace.current.value;
    entry.activeLayer.value = entry.layers.value[0];
  });
  await show({ menu: "View" });
  if (narrow) await page.evaluate(() => document.querySelector(".menu-title")?.click());
  await shoot("menu");
  await show({});
  await call("settings", "train");
  await shoot("settings");
  await close();
  await call("exportDialog");
  await shoot("export");
  await close();
  await call("managePlugins");
  await shoot("plugins");
  await close();
  await call("showKeys");
  await shoot("keys");
  await close();
  await call("openBlobs", []);
  await page.evaluate(() => {
    void globalThis.overtileViewer.actions.openBlobs([new File(["hello"], "letter with a long name, as they come.docx.png")]);
  });
  await page.locator(".notice").waitFor();
  await shoot("error");
  await page.close();
}

async function openPage(context, prepare = async () => {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(900_000);
  await prepare(page);
  await page.goto(`${url}viewer/`);
  await page.waitForFunction(() => document.documentElement.dataset.ready === "true" && globalThis.overtileViewer !== undefined);
  await page.waitForFunction(() => globalThis.overtileViewer.app.library.plugins.value.every(({ state }) => state !== "loading"));
  return page;
}

async function rest(page) {
  await page.evaluate(async () => {
    const { app } = globalThis.overtileViewer;
    if (app.workspace.current.value) await app.view.drawn();
    // What follows the drawing: counts and tables.
    await new Promise((resolve) => setTimeout(resolve, 600));
  });
}
