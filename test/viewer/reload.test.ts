// What a reload keeps: images, labels, classes and boxes; frozen samples, so that a recorded line can be replayed; plugins that
// were installed by hand; the macro; a training that was under way. What it cannot keep is said.

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import { boxMiddle, createStand, drawFour, type Handle, hasChromium, reload, type Stand, statusOf, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("a reload", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  test("finds images, labels, classes and boxes again, and images go on being read", () =>
    withSheet(
      stand,
      async (sheet) => {
        await sheet.openSample();
        await boxMiddle(sheet);
        await drawFour(sheet);
        await sheet.drop(
          await writePng({ width: 40, height: 30, channels: 1, data: new Uint8Array(1200).map((_, i) => i % 251) }),
          "small.png",
        );
        await sheet.page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 2);
        await sheet.page.evaluate(() => {
          const { workspace } = (globalThis as never as Handle).overtileViewer.app;
          workspace.current.value = workspace.images.value[0];
        });
        const before = await sheet.areas();
        expect(Object.keys(before)).toHaveLength(4);
        await sheet.page.keyboard.press("Control+s");
        await sheet.page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.autosave.state.value === "saved");
        await reload(sheet);
        await sheet.page.waitForFunction(
          () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value === "cells.tif",
        );
        expect(await sheet.areas()).toEqual(before);
        expect(
          await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.activeLayer.value!.regions.value),
        ).toEqual([{ y0: 192, x0: 192, y1: 320, x1: 320 }]);
        // Storing again leaves the file alone that the image is read from.
        await drawFour(sheet);
        await sheet.page.evaluate(async () => {
          const { workspace, autosave } = (globalThis as never as Handle).overtileViewer.app;
          await autosave.save();
          const { source } = workspace.images.value.find(({ title }) => title.value === "small.png")!;
          await source.read({ y0: 0, x0: 0, y1: 30, x1: 40 });
        });
      },
      { serviceWorker: true },
    ));

  test("finds what the viewer of 2026-12-01 stored (test/kept/workspace): image, drawn pixels, classes, recorded lines", () =>
    withSheet(stand, async (sheet) => {
      const files = readdirSync("test/kept/workspace").map((name) => [name, [...readFileSync(`test/kept/workspace/${name}`)]] as const);
      await sheet.page.evaluate(async (stored) => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle("overtile-viewer", { create: true });
        for (const [name, bytes] of stored) {
          const writable = await (await folder.getFileHandle(name, { create: true })).createWritable();
          await writable.write(Uint8Array.from(bytes));
          await writable.close();
        }
      }, files);
      await reload(sheet);
      await sheet.page.waitForFunction(
        () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value === "small.png",
      );
      expect(await sheet.areas()).toEqual({ 1: 3, 2: 2 });
      const found = await sheet.page.evaluate(async () => {
        const { workspace } = (globalThis as never as Handle).overtileViewer.app;
        const { data } = await workspace.current.value!.source.read({ y0: 0, x0: 0, y1: 1, x1: 3 });
        return { pixels: [...data], layer: workspace.activeLayer.value!.name.value, classes: workspace.classes.value };
      });
      expect(found).toEqual({ pixels: [0, 1, 2], layer: "Annotations", classes: [{ name: "cell", color: "#56b4e9" }] });
    }));

  test.runIf(process.env["OVERTILE_LONG"])(
    "replays a recorded training: its samples are kept under their name; the macro's text and the recording are there",
    () =>
      withSheet(stand, async (sheet) => {
        const { page } = sheet;
        await sheet.openSample();
        await drawFour(sheet);
        await page.click("[data-action=train]");
        await page.getByText(/Trained my cells@1/).waitFor();
        await page.click("#tab-macro");
        await page.getByRole("button", { name: "Copy to editor" }).click();
        await page.keyboard.press("Control+s");
        const learnt = (): Promise<unknown> =>
          page.evaluate(() =>
            (
              globalThis as never as { lastSamples: { name: string; labels: { data: Uint32Array; shape: number[] }; regions: unknown }[] }
            ).lastSamples.map(({ name, labels, regions }) => ({
              name,
              regions,
              shape: labels.shape,
              sum: labels.data.reduce((a, b) => a + b, 0),
            })),
          );
        const before = await learnt();
        await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.autosave.state.value === "saved");
        await reload(sheet);

        await page.click("#tab-macro");
        expect(await page.locator("pre.recorded").textContent()).toMatch(/run\("Fake Train", ".*dataset=\[training 1\]"\);/);
        const text = await page.inputValue("textarea[aria-label=Macro]");
        expect(text).toMatch(/^open\("http.*cells\.tif"\);\nrun\("Fake Train", ".*dataset=\[training 1\]"\);\n$/);
        await page.fill("textarea[aria-label=Macro]", text.split("\n")[1]!);
        await page.getByRole("button", { name: "Run", exact: true }).click();
        await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.training.models.value.length === 1);
        expect(await learnt()).toEqual(before);

        await page.fill("textarea[aria-label=Macro]", 'run("Fake Train", "dataset=[training 9]");');
        await page.getByRole("button", { name: "Run", exact: true }).click();
        await page
          .getByText(/"training 9" must be in this browser's storage/)
          .first()
          .waitFor();
      }),
  );

  test("in the middle of a training is told, and the training goes on with the same annotations", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const before = await sheet.areas();
      await sheet.setValues("fake-plugin.train", { steps: 1_000_000, delay: 20 });
      await page.click("[data-action=train]");
      await page.getByText(/step \d+ of 1000000/).waitFor();
      await expect
        .poll(() =>
          page.evaluate(async () => {
            const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("overtile-viewer");
            const names: string[] = [];
            for await (const name of folder.keys()) names.push(name);
            const { autosave } = (globalThis as never as Handle).overtileViewer.app;
            return [names.includes("samples-training 1"), autosave.state.value];
          }),
        )
        .toEqual([true, "saved"]);
      page.once("dialog", (dialog) => void dialog.accept());
      await reload(sheet);

      await page.getByText("A model was learning when this page was left").waitFor();
      expect(await sheet.areas()).toEqual(before);
      // Told again after another reload, until it is gone on with or forgotten.
      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
      await reload(sheet);
      await page.evaluate(() => {
        const { training } = (globalThis as never as Handle).overtileViewer.app;
        training.interrupted.value = { parameters: { ...training.interrupted.value!.parameters, steps: 20, delay: 0 } };
      });
      await page.getByRole("button", { name: "Go on with it" }).click();
      await page.getByText(/Trained my cells@1/).waitFor();
      const [sample] = await page.evaluate(() =>
        (globalThis as never as { lastSamples: { labels: { data: Uint32Array } }[] }).lastSamples.map(({ labels }) =>
          [1, 2, 3, 4].map((id) => labels.data.reduce((sum, one) => sum + (one === id ? 1 : 0), 0)),
        ),
      );
      expect(sample).toEqual(Object.values(before));
      expect(await page.getByText("A model was learning").count()).toBe(0);
    }));

  test("starts the plugins that were installed by hand again, not those that were removed", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        for (const name of ["throws", "nowhere"]) {
          await page.evaluate(
            (file) => (globalThis as never as Handle).overtileViewer.actions.installPlugin(`../fake-plugin/${file}.json`),
            name,
          );
        }
        await page.evaluate(async () => {
          const { library, autosave } = (globalThis as never as Handle).overtileViewer.app;
          library.remove(library.plugins.value.find(({ url }) => url.endsWith("nowhere.json"))!.url);
          await autosave.save();
        });
        await reload(sheet);
        const plugins = (): Promise<string[]> =>
          page.evaluate(() =>
            (globalThis as never as Handle).overtileViewer.app.library.plugins.value.map(
              ({ url, state }) => `${url.split("/").at(-1)} ${state}`,
            ),
          );
        await expect.poll(async () => (await plugins()).sort()).toEqual(["manifest.json ready", "throws.json failed"]);
      },
      {},
      /404/,
    ));

  test("a plugin of another origin is not run: the dialog says where it must lie, and the sentence is there again", async () => {
    const folder = new URL("fake-plugin/", import.meta.url);
    const server = createServer(({ url }, response) => {
      const headers = {
        "access-control-allow-origin": "*",
        "content-type": url!.endsWith(".json") ? "application/json" : "text/javascript",
      };
      response.writeHead(200, headers).end(readFileSync(new URL(url!.slice(1), folder)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sheet = await stand.open();
    try {
      const { page } = sheet;
      await page.evaluate(
        (address) => (globalThis as never as Handle).overtileViewer.actions.installPlugin(address),
        `${origin}/throws.json`,
      );
      const said = new RegExp(`must lie on this page's own server, .*: the page runs no programs of ${origin}\\. Copy the plugin's folder`);
      const reasons = (): Promise<string> =>
        page.evaluate(() =>
          (globalThis as never as Handle).overtileViewer.app.library.plugins.value.map(({ reason }) => reason ?? "").join(),
        );
      await expect.poll(reasons).toMatch(said);
      await page.evaluate(() => void (globalThis as never as Handle).overtileViewer.actions.managePlugins());
      await page.locator("dialog").getByText(said).waitFor();
      expect(new Set(sheet.foreign.map((url) => new URL(url).origin))).toEqual(new Set([origin]));
    } finally {
      await sheet.close();
      server.close();
    }
  });

  test("keeps the labels of an image that is too large to be kept, until it is opened once more; both is said", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      const png = await writePng({ width: 80, height: 60, channels: 1, data: new Uint8Array(4800).map((_, i) => i % 251) });
      // A PNG may be followed by anything: this one by so much that it is not kept.
      const drop = async (): Promise<void> => {
        await page.evaluate((text) => {
          const head = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const files = new DataTransfer();
          files.items.add(new File([head, ...new Array<Blob>(5).fill(new Blob([new Uint8Array(2 ** 26)]))], "large.png"));
          window.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }, Buffer.from(png).toString("base64"));
        await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 1);
      };
      await drop();
      expect(await statusOf(sheet)).toMatch(/large\.png \(0\.3 GB\) is not copied into this browser's storage/);
      await page.focus("#map");
      await page.keyboard.press("b");
      await sheet.drag([
        [20, 20],
        [40, 30],
      ]);
      const before = await sheet.areas();
      expect(Object.keys(before)).toEqual(["1"]);
      for (let round = 0; round < 2; round++) {
        await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
        await reload(sheet);
        expect(await statusOf(sheet)).toMatch(/Not opened again: large\.png\..*Open it once more: its labels are kept/);
      }
      await drop();
      await expect.poll(() => sheet.areas()).toEqual(before);
      expect(await statusOf(sheet)).toMatch(/The labels of large\.png are here again/);
    }));
});
