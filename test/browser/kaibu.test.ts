// Kaibu itself, where its built app is at hand: OVERTILE_KAIBU is the folder of it (branch gh-pages of imjoy-team/kaibu, with
// itkVtkViewerCDN.js of oeway/itk-vtk-viewer in it). Everybody else tests against the stub in hosts.test.ts, and hears of it.

import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HostPage, hostPages } from "./support/host-pages.ts";
import { createStand, makeCells, type Stand } from "./support/stand.ts";

declare const host: HostPage;

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
  const load = imjoyLoader.loadImJoyRPC;
  imjoyLoader.loadImJoyRPC = (config) => load({ ...config, base_url: location.origin + "/rpc/" });
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
  "Kaibu shows the image, a layer to draw on and our buttons",
  async () => {
    const [hostUrl, pluginUrl, kaibuUrl] = [(await stand.serve(hostPages())).url, (await stand.serve()).url, await serveKaibu()];
    const { page, foreign } = await stand.open(`${hostUrl}imjoy.html`);
    await page.waitForFunction(() => "host" in globalThis, undefined, { timeout: 30_000 });
    await page.evaluate(
      async ({ pluginUrl, kaibuUrl, cells: { side, image } }) => {
        const plugin = (await host.load(pluginUrl)) as { openInKaibu(image: object, address: string): Promise<void> };
        await plugin.openInKaibu({ data: Uint8Array.from(image), shape: [side, side] }, kaibuUrl);
      },
      { pluginUrl: `${pluginUrl}index.html`, kaibuUrl: `${kaibuUrl}index.html#/app`, cells: makeCells(48) },
    );
    const frame = page.frames().find((one) => one.url().startsWith(kaibuUrl))!;
    await frame.getByText("Segment").waitFor();
    expect(await frame.getByText("annotation").count()).toBeGreaterThan(0);
    expect(foreign).toEqual([]);
  },
  120_000,
);
