// Kaibu itself, where its built app is at hand: OVERTILE_KAIBU is the folder of it (branch gh-pages of imjoy-team/kaibu, with
// itkVtkViewerCDN.js of oeway/itk-vtk-viewer in it). Everybody else tests against the stub in hosts.test.ts, and hears of it.

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HostPage, hostPages } from "./support/host-pages.ts";
import { createStand, makeCells, type Stand } from "./support/stand.ts";

declare const host: HostPage;
declare const plugin: {
  openInKaibu(image: object, address: string, options: object): Promise<void>;
  listModels(): Promise<readonly { name: string }[]>;
};

const app = process.env["OVERTILE_KAIBU"] ?? "";
const isAtHand = app !== "" && existsSync(`${app}/index.html`);
if (!isAtHand) {
  const what = app === "" ? "OVERTILE_KAIBU does not say where" : `there is no index.html in ${app}`;
  console.warn(`Kaibu's own app is not at hand (${what}): only a stub with its signatures is tested. Give the folder of its built app.`);
}

let stand: Stand;
beforeAll(async () => {
  stand = await createStand();
});
afterAll(() => stand?.dispose());

// What the app loads from elsewhere, turned to this machine (FIELD.md, "Kaibu").
const loader = `<script src="/lib/imjoy-loader.js"></script><script>{
  // Its members are getters: only another object can have another member.
  const loadImJoyRPC = (config) => loader.loadImJoyRPC({ ...config, base_url: location.origin + "/rpc/" });
  const loader = window.imjoyLoader;
  window.imjoyLoader = { ...loader, loadImJoyRPC };
}</script>`;
const turned: readonly (readonly [RegExp, string])[] = [
  [/<script[^>]*src="?https:\/\/lib\.imjoy\.io\/imjoy-loader\.js"?[^>]*><\/script>/g, loader],
  [/https:\/\/oeway\.github\.io\/itk-vtk-viewer\/itkVtkViewerCDN\.js/g, "/itkVtkViewerCDN.js"],
];

async function serveKaibu(): Promise<string> {
  const files = (await readdir(app, { recursive: true })).filter((file) => /\.(html|js)$/.test(file));
  const changed = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(`${app}/${file}`, "utf8");
      return [`/${file}`, turned.reduce((all, [from, to]) => all.replace(from, to), text), text] as const;
    }),
  );
  const pages = Object.fromEntries(changed.filter(([, now, before]) => now !== before).map(([path, now]) => [path, now]));
  const folders = { "/": app, "/lib/": "node_modules/imjoy-core/dist", "/rpc/": "node_modules/imjoy-rpc/dist" };
  return (await stand.serve({ folders, pages: { ...pages, "/service-worker.js": "" } })).url;
}

test.skipIf(!isAtHand)(
  "Kaibu shows the image, is drawn in by mouse, and trains and segments by our buttons in it",
  async () => {
    const [hostUrl, pluginUrl, kaibuUrl] = [(await stand.serve(hostPages())).url, (await stand.serve()).url, await serveKaibu()];
    const { page, foreign } = await stand.open(`${hostUrl}imjoy.html`);
    await page.waitForFunction(() => "host" in globalThis, undefined, { timeout: 30_000 });
    // A window of imjoy-core has no size of its own here.
    await page.addStyleTag({ content: "iframe { width: 1200px !important; height: 640px !important }" });
    await page.evaluate(
      async ({ pluginUrl, kaibuUrl, cells: { side, image } }) => {
        Object.assign(globalThis, { plugin: await host.load(pluginUrl) });
        const train = { levels: 1, features: 4, tile: 92, steps: 30 };
        await plugin.openInKaibu({ data: Uint8Array.from(image), shape: [side, side] }, kaibuUrl, { model: "drawn", train });
      },
      { pluginUrl: `${pluginUrl}index.html`, kaibuUrl: `${kaibuUrl}index.html#/app`, cells: makeCells(48) },
    );
    const frame = page.frames().find((one) => one.url().startsWith(kaibuUrl))!;
    await frame.getByText("Segment", { exact: true }).waitFor();
    const layer = (name: string): Promise<number> => frame.getByText(name).count();
    expect(await layer("annotation")).toBeGreaterThan(0);
    expect(await layer("objects")).toBe(0);
    await drawBlob(page, (await frame.locator(".ol-viewport").boundingBox())!);
    await frame.getByText("Train", { exact: true }).click();
    const models = (): Promise<readonly string[]> => page.evaluate(async () => (await plugin.listModels()).map(({ name }) => name));
    await expect.poll(models, { timeout: 60_000 }).toContain("drawn");
    await frame.getByText("Segment", { exact: true }).click();
    await expect.poll(() => layer("objects"), { timeout: 60_000 }).toBeGreaterThan(0);
    expect(foreign).toEqual([]);
  },
  120_000,
);

/** Draws a freehand outline with the mouse in the middle of the map. */
async function drawBlob(page: Page, box: { x: number; y: number; width: number; height: number }): Promise<void> {
  const radius = box.height / 8;
  const at = (turn: number): [number, number] => [
    box.x + box.width / 2 + radius * Math.cos(turn * 2 * Math.PI),
    box.y + box.height / 2 + radius * Math.sin(turn * 2 * Math.PI),
  ];
  await page.mouse.move(...at(0));
  await page.mouse.down();
  for (let turn = 0.05; turn < 1; turn += 0.05) await page.mouse.move(...at(turn));
  await page.mouse.up();
}
