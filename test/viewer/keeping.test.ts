// What is kept while things go on: layers that are deleted and brought back, images that are still opening, a second tab, images
// that are closed while they are segmented.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import { createStand, drawFour, type Handle, hasChromium, reload, type Sheet, type Stand, statusOf, withSheet } from "./open-viewer.ts";

type App = Handle["overtileViewer"]["app"];
type Page = Sheet["page"];

describe.skipIf(!hasChromium)("the autosave", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  const look = <T>(page: Page, read: (app: App) => T): Promise<T> =>
    page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;
  const save = (page: Page): Promise<void> => page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
  const dropSmall = async ({ page, drop }: Sheet, name: string): Promise<void> => {
    const count = await look(page, (app) => app.workspace.images.value.length);
    await drop(await writePng({ width: 60, height: 50, channels: 1, data: new Uint8Array(3000).map((_, i) => i % 251) }), name);
    await expect.poll(() => look(page, (app) => app.workspace.images.value.length)).toBe(count + 1);
  };
  const stored = (page: Page): Promise<string[]> =>
    page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("overtile-viewer");
      const names: string[] = [];
      for await (const name of folder.keys()) names.push(name);
      return names.sort();
    });

  test("stores a layer again that was deleted, stored so, and brought back", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const before = await sheet.areas();
      await save(page);
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        const entry = app.workspace.current.value!;
        actions.deleteLayer(entry, entry.layers.value[0]!);
      });
      await save(page);
      expect((await stored(page)).filter((name) => name.startsWith("layer-"))).toEqual([]);
      await page.keyboard.press("Control+z");
      await save(page);
      await reload(sheet);
      await expect.poll(() => sheet.areas()).toEqual(before);
    }));

  test("keeps the labels of images that are still opening when the first ones are stored", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      for (const name of ["one.png", "two.png", "three.png"]) {
        await dropSmall(sheet, name);
        await page.focus("#map");
        await page.keyboard.press("b");
        await sheet.drag([
          [20, 20],
          [30, 25],
        ]);
      }
      await save(page);
      const files = await stored(page);
      expect(files.filter((name) => name.startsWith("layer-"))).toHaveLength(3);
      // From now on the second image that is opened never answers: it is opening for ever.
      await page.addInitScript(() => {
        const { getFile } = FileSystemFileHandle.prototype;
        let images = 0;
        FileSystemFileHandle.prototype.getFile = function () {
          return this.name.startsWith("image-") && ++images === 2 ? new Promise(() => {}) : getFile.call(this);
        };
      });
      await page.reload();
      await page.locator("#map").waitFor();
      await page.locator(".tool-strip").waitFor();
      await page.focus("#map");
      await page.keyboard.press("b");
      const place = (await page.locator("#map").boundingBox())!;
      await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
      await page.mouse.down();
      await page.mouse.up();
      const noted = (): Promise<{ time: number; titles: string[] }> =>
        page.evaluate(async () => {
          const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("overtile-viewer");
          const file = await (await folder.getFileHandle("workspace.json")).getFile();
          const { images } = JSON.parse(await file.text()) as { images: { title: string }[] };
          return { time: file.lastModified, titles: images.map(({ title }) => title).sort() };
        });
      const { time } = await noted();
      await page.keyboard.press("Control+s");
      await expect.poll(async () => (await noted()).time).toBeGreaterThan(time);
      await page.getByText("saved in this browser").waitFor();
      // One is open: a list of images shows where there are more.
      expect(await page.locator("[aria-label=Images]").count()).toBe(0);
      expect((await noted()).titles).toEqual(["one.png", "three.png", "two.png"]);
      expect((await stored(page)).filter((name) => files.includes(name))).toEqual(files);
    }));

  test("has the page ask before it is left until all is written", () =>
    withSheet(stand, async ({ page }) => {
      const asks = await look(page, ({ autosave }) =>
        (["saved", "changed", "saving", "failed"] as const).map((state) => {
          autosave.state.value = state;
          const event = new Event("beforeunload", { cancelable: true });
          dispatchEvent(event);
          return event.defaultPrevented;
        }),
      );
      expect(asks).toEqual([false, true, true, true]);
    }));

  test("of a second tab keeps nothing and says so; it takes over within 2 s after the first is gone (R11)", () =>
    withSheet(stand, async (sheet) => {
      const { page: first, context } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await save(first);
      const second = await context.newPage();
      const faults: string[] = [];
      second.on("pageerror", ({ message }) => faults.push(message));
      await second.goto(first.url());
      await second.waitForFunction(() => (globalThis as never as Handle).overtileViewer !== undefined);
      const limit = (): Promise<string | undefined> => look(second, ({ autosave }) => autosave.limit);
      expect(await limit()).toMatch(/open in another tab.*not kept.*close the other tab.*or export it/);
      await second.getByText("not kept: export your work").waitFor();
      const other: Sheet = { ...sheet, page: second };
      await second.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.openUrl("../images/grey8.png"));
      await expect.poll(() => look(second, (app) => app.workspace.current.value?.title.value)).toBe("grey8.png");
      await second.keyboard.press("Control+s");
      expect(await statusOf(other)).toMatch(/open in another tab/);
      expect(await look(first, async (app) => app.autosave.limit)).toBeUndefined();
      const titles = (page: Page): Promise<string[]> => look(page, (app) => app.workspace.images.value.map(({ title }) => title.value));
      // What the first draws last counts.
      await sheet.drag([
        [240, 200],
        [250, 205],
      ]);
      const drawn = await sheet.areas();
      await save(first);

      await first.close();
      const closed = Date.now();
      await expect.poll(limit, { interval: 50, timeout: 5000 }).toBeUndefined();
      console.log(`taken over after ${Date.now() - closed} ms`);
      expect(Date.now() - closed).toBeLessThan(2000);
      await expect.poll(async () => (await titles(second)).sort()).toEqual(["cells.tif", "grey8.png"]);
      expect(await look(second, (app) => app.workspace.current.value!.title.value)).toBe("grey8.png");
      await expect.poll(() => look(second, ({ autosave }) => autosave.state.value)).toBe("saved");
      await second.reload();
      await second.waitForFunction(() => (globalThis as never as Handle).overtileViewer !== undefined);
      expect(await limit()).toBeUndefined();
      expect((await titles(second)).sort()).toEqual(["cells.tif", "grey8.png"]);
      const kept = await second.evaluate(() => {
        const { workspace } = (globalThis as never as Handle).overtileViewer.app;
        const counts: Record<string, number> = {};
        const entry = workspace.images.value.find(({ title }) => title.value === "cells.tif")!;
        for (const tile of entry.layers.value[0]!.raster.tiles.values()) for (const id of tile) if (id) counts[id] = (counts[id] ?? 0) + 1;
        return counts;
      });
      expect(kept).toEqual(drawn);
      expect(faults).toEqual([]);
    }));

  test("an image closed while it is segmented: asked about by name, the job ends, nothing opens of it afterwards", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await sheet.setValues("fake-plugin.segment", { delay: 1000 });
      // One that runs and one that waits.
      for (let i = 0; i < 2; i++) await page.evaluate(() => void (globalThis as never as Handle).overtileViewer.actions.segment("image"));
      await expect.poll(() => look(page, ({ host }) => host.jobs.list.map(({ state }) => state))).toEqual(["running", "queued"]);
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        void actions.closeImage(app.workspace.current.value);
      });
      await page.getByText(/It is being segmented/).waitFor();
      await page.locator("dialog .primary").click();
      await expect.poll(() => look(page, ({ host }) => host.jobs.list.map(({ state }) => state))).toEqual(["cancelled", "cancelled"]);
      await page.waitForTimeout(300);
      expect(await look(page, ({ host, workspace }) => [host.images.length, workspace.images.value.length])).toEqual([0, 0]);
    }));

  test("a deleted prediction's pixels are let go; the image stays the current one, and undo brings the layer back", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await dropSmall(sheet, "cells-3.png");
      await dropSmall(sheet, "other.png");
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        actions.selectImage(app.workspace.images.value[0]!);
      });
      for (let i = 1; i <= 2; i++) {
        await page.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.segment("image"));
        await expect.poll(() => look(page, ({ host }) => host.images.length)).toBe(i + 2);
      }
      expect(await look(page, (app) => app.workspace.current.value!.layers.value.map(({ name }) => name.value))).toEqual([
        "Prediction",
        "Annotations",
      ]);
      const found = await sheet.areas();
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        const entry = app.workspace.current.value!;
        actions.deleteLayer(entry, entry.layers.value[0]!);
      });
      expect(await look(page, ({ host }) => host.images.map(({ title }) => title))).toEqual(["cells-3.png", "other.png"]);
      expect(await look(page, (app) => app.workspace.current.value!.title.value)).toBe("cells-3.png");
      await page.keyboard.press("Control+z");
      expect(await sheet.areas()).toEqual(found);
    }));
});
