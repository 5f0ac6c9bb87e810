// What lies around the image: where the focus goes, which keys act where, the table of objects, layers that keys and menus are
// about, the overview, the badge of what computes.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boxMiddle, createStand, drawFour, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("around the image", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  const focused = ({ page }: Sheet): Promise<string> => page.evaluate(() => document.activeElement?.id ?? "");
  const choose = async ({ page }: Sheet, menu: string, command: string): Promise<void> => {
    await page.click(`[data-menu=${menu}]`);
    await page.click(`[data-command="${command}"]`);
  };

  test("after a menu's item, the dialog that it opens, and a button that is gone, the image has the focus and single keys act", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await choose(sheet, "View", "overview");
      expect(await focused(sheet)).toBe("map");
      // A button that goes with what it removes.
      await boxMiddle(sheet);
      await page.getByRole("button", { name: "Remove box 1" }).press("Enter");
      expect(await focused(sheet)).toBe("map");
      await choose(sheet, "Help", "about");
      await page.locator("dialog").waitFor();
      await page.keyboard.press("Escape");
      await page.locator("dialog").waitFor({ state: "detached" });
      expect(await focused(sheet)).toBe("map");
      await page.keyboard.press("b");
      expect(await page.getAttribute("[data-tool=brush]", "aria-pressed")).toBe("true");
    }));

  test("single keys, also ? and a plugin's own, act only while the image has the focus, and can be turned off", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const isOpen = async (key: string): Promise<boolean> => {
        await page.keyboard.press(key);
        await page.waitForTimeout(100);
        const shown = (await page.locator("dialog").count()) > 0;
        if (shown) await page.keyboard.press("Escape");
        await page.locator("dialog").waitFor({ state: "detached" });
        return shown;
      };
      expect([await isOpen("?"), await isOpen("u")]).toEqual([true, true]);
      await page.focus("#tab-train");
      expect([await isOpen("?"), await isOpen("u")]).toEqual([false, false]);
      expect(await isOpen("Control+Shift+S")).toBe(true);
      await choose(sheet, "Edit", "single-keys");
      expect([await focused(sheet), await isOpen("?"), await isOpen("u")]).toEqual(["map", false, false]);
    }));

  /** Two results: squares of 4 px, `count` of them in the first and three in the second, which is the active one. */
  const addSquares = ({ page }: Sheet, count: number): Promise<void> =>
    page.evaluate((many) => {
      const { host, workspace } = (globalThis as never as Handle).overtileViewer.app;
      const { source, image, title } = workspace.current.value!;
      const { width, height } = source;
      for (const squares of [many, 3]) {
        const data = new Uint32Array(width * height);
        const columns = Math.floor(width / 6);
        for (let i = 0; i < squares; i++)
          for (let p = 0; p < 16; p++) data[(Math.floor(i / columns) * 6 + (p >> 2)) * width + (i % columns) * 6 + (p & 3)] = i + 1;
        host.selectImage(title.value);
        void host.addResult({ title: title.value, kind: "labels", pixels: { data, shape: [height, width], axes: "yx" } });
      }
      return void image;
    }, count);

  test("a long table shows rows whatever was done before: another tab, another layer; it goes where an object is chosen in the image", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await addSquares(sheet, 1500);
      const layer = (name: string) => page.locator("[data-layer] .row-name", { hasText: name }).first();
      await layer("Prediction").waitFor();
      const chooseLayer = (squares: number): Promise<void> =>
        page.evaluate((many) => {
          const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
          entry.activeLayer.value = entry.layers.value.find(({ raster }) => {
            const ids = new Set([...raster.tiles.values()].flatMap((tile) => [...new Set(tile)]));
            return ids.size - 1 === many;
          });
        }, squares);
      await chooseLayer(1500);
      await page.click("#tab-objects");
      const table = page.locator(".table");
      await page.getByText("1500 objects", { exact: true }).waitFor();
      /** The labels of the rows that are in sight. */
      const seen = (): Promise<number[]> =>
        table.evaluate((element) => {
          const frame = element.getBoundingClientRect();
          const rows = [...element.querySelectorAll<HTMLElement>("tbody tr[aria-rowindex]")];
          const inside = rows.filter(
            (row) => row.getBoundingClientRect().top >= frame.top && row.getBoundingClientRect().bottom <= frame.bottom,
          );
          return inside.map((row) => Number(row.querySelector("td")!.textContent));
        });
      const scrollTo = (top: number): Promise<void> => table.evaluate((element, to) => void element.scrollTo(0, to), top);
      await scrollTo(20_000);
      await expect.poll(async () => (await seen())[0] ?? 0).toBeGreaterThan(700);
      await page.click("#tab-macro");
      await page.click("#tab-objects");
      await expect.poll(async () => (await seen()).length).toBeGreaterThan(5);
      expect((await seen())[0]).toBeLessThan(5);

      await scrollTo(20_000);
      await expect.poll(async () => (await seen())[0] ?? 0).toBeGreaterThan(700);
      await chooseLayer(3);
      await page.getByText("3 objects", { exact: true }).waitFor();
      await expect.poll(seen).toEqual([1, 2, 3]);

      await chooseLayer(1500);
      await page.getByText("1500 objects", { exact: true }).waitFor();
      await page.evaluate(() => {
        (globalThis as never as Handle).overtileViewer.app.workspace.activeLayer.value!.selected.value = [1200];
      });
      await expect.poll(seen).toContain(1200);
      await page.click("#tab-macro");
      await page.click("#tab-objects");
      await expect.poll(seen).toContain(1200);
    }));

  test("with a slide chosen, X and Z are about its result, and File > Export writes it", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await page.evaluate(() => {
        const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
        const { width, height } = entry.source;
        const make = <T>(value: T) => new (entry.visible.constructor as new (value: T) => typeof entry.visible)(value) as never;
        const facts = { id: "a", name: "Slide", title: entry.title.value, width, height, plane: 0, command: "", parameters: {} };
        const looks = { visible: make(true), opacity: make(1), outlinesOnly: make(false), selected: make([]) };
        const slide = { facts, folder: undefined as never, state: make("done"), blocks: make({ done: 1, total: 1 }), ...looks };
        entry.slides.value = [{ ...slide, tiles: make(undefined), table: make(undefined) }];
        entry.activeLayer.value = undefined;
        entry.activeSlide.value = entry.slides.value[0];
      });
      const looks = (): Promise<boolean[]> =>
        page.evaluate(() => {
          const { slides, layers } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
          return [slides.value[0]!, layers.value[0]!].flatMap(({ visible, outlinesOnly }) => [visible.value, outlinesOnly.value]);
        });
      await page.focus("#map");
      await page.keyboard.press("x");
      expect(await looks()).toEqual([false, false, true, false]);
      await page.keyboard.press("z");
      expect(await looks()).toEqual([false, true, true, true]);
      await page.click("[data-menu=File]");
      const offered = await page
        .locator("[data-command^=export-]")
        .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset["command"]));
      expect(offered).toContain("export-slide-geojson");
      expect(offered).not.toContain("export-GeoJSON");
    }));

  test("the overview is of the image shown, also when a slow one ends after it", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const picture = page.locator(".overview canvas");
      await page.evaluate(() =>
        (globalThis as never as Handle).overtileViewer.actions.openUrl(new URL("../images/grey8.png", document.baseURI).href),
      );
      await page.waitForFunction(() => {
        const { images, current } = (globalThis as never as Handle).overtileViewer.app.workspace;
        return images.value.length === 2 && (current.value?.channels.value.length ?? 0) > 0;
      });
      // The sample, as if it came over a slow line.
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        const slow = app.workspace.images.value.find((entry) => entry !== app.workspace.current.value)!;
        actions.selectImage(slow);
        // Measured anew, so that the overview's pixels are no longer those at hand.
        app.commands.find(({ id }) => id === "auto-contrast")!.run();
        const source = slow.source as { read: unknown; readEvery?: unknown };
        const gate = new Promise<void>((resolve) => Object.assign(globalThis, { openGate: resolve }));
        for (const name of ["read", "readEvery"] as const) {
          const before = source[name] as ((...given: unknown[]) => Promise<unknown>) | undefined;
          if (before) source[name] = async (...given: unknown[]) => gate.then(() => before(...given));
        }
      });
      await page.waitForTimeout(350);
      await page.evaluate(() => {
        const { app, actions } = (globalThis as never as Handle).overtileViewer;
        actions.selectImage(app.workspace.images.value.find((entry) => entry !== app.workspace.current.value)!);
        app.view.zoomBy(6);
      });
      await picture.waitFor();
      const shown = (): Promise<string> => picture.evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
      const before = await shown();
      await page.evaluate(() => (globalThis as never as { openGate(): void }).openGate());
      await page.waitForTimeout(500);
      expect(await shown()).toBe(before);
    }));

  test("the badge says what computed; a click shows the diagnostics", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const badge = page.locator("[data-badge]");
      expect(await badge.textContent()).toMatch(/\d+ cores?$/);
      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.training.segment("image"));
      await expect.poll(() => badge.textContent()).toBe("Computed by WASM x2");
      // The tests' graphics are drawn in software.
      expect(await badge.getAttribute("title")).toMatch(/^No GPU found: 2 processor cores are used/);
      await badge.click();
      await page.locator("dialog").getByText("fake backend: chosen").waitFor();
    }));

  test("layers, classes, boxes, segmenting and models are in the menus, too", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const look = <T>(read: (app: Handle["overtileViewer"]["app"]) => T): Promise<T> =>
        page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;
      const answer = async (text: string): Promise<void> => {
        await page.locator("dialog input").fill(text);
        await page.keyboard.press("Enter");
        await page.locator("dialog").waitFor({ state: "detached" });
      };
      const layers = (): Promise<string[]> => look((app) => app.workspace.current.value!.layers.value.map(({ name }) => name.value));
      await choose(sheet, "View", "layer-add");
      await choose(sheet, "View", "layer-rename");
      await answer("nuclei");
      await choose(sheet, "View", "layer-down");
      expect(await layers()).toEqual(["Annotations", "nuclei"]);
      await choose(sheet, "View", "layer-delete");
      expect(await layers()).toEqual(["Annotations"]);
      await choose(sheet, "Edit", "class-add");
      await answer("debris");
      expect(await look((app) => app.workspace.classes.value.length)).toBe(2);
      await choose(sheet, "Edit", "class-delete");
      const boxes = (): Promise<number> => look((app) => app.workspace.activeLayer.value!.regions.value.length);
      for (const [command, count] of [
        ["box-whole", 1],
        ["box-remove", 0],
        ["box-place", 1],
      ] as const) {
        await choose(sheet, "Edit", command);
        expect([command, await boxes()]).toEqual([command, count]);
      }
      await choose(sheet, "Plugins", "train");
      await page.getByText(/Trained my cells@1/).waitFor();
      await choose(sheet, "Plugins", "segment-box");
      await expect.poll(layers).toEqual(["Prediction", "Annotations"]);
      await choose(sheet, "Plugins", "model-rename");
      await answer("nuclei");
      await expect.poll(() => look((app) => app.training.models.value.map(({ name }) => name))).toEqual(["nuclei"]);
    }));
});
