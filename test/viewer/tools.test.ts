// The tools in hand: each chosen by its button and used by mouse alone; what is under way when something else begins ends without
// a trace, by mouse and by keyboard; objects are moved by keyboard.

import { resolve } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { boxMiddle, createStand, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

type App = Handle["overtileViewer"]["app"];

describe.skipIf(!hasChromium)("tools", () => {
  let stand: Stand;
  let sheet: Sheet;

  beforeAll(async () => {
    stand = await createStand();
    sheet = await stand.open({ width: 1200, height: 700 });
    await sheet.openSample();
    await boxMiddle(sheet);
  }, 120_000);
  afterAll(() => stand.dispose());
  beforeEach(async () => {
    await look((app) => {
      const { workspace } = app;
      const entry = workspace.images.value[0]!;
      while (workspace.history.undo());
      workspace.history.clear();
      workspace.current.value = entry;
      workspace.tool.value = "select";
      workspace.keyboardDrawing.value = false;
      workspace.preferences.value = { ...workspace.preferences.value, brushPx: 20 };
      entry.activeLayer.value = entry.layers.value[0];
      entry.layers.value[0]!.selected.value = [];
      app.view.fit();
    });
    await sheet.rest();
    await sheet.page.focus("#map");
  });
  afterEach(() => {
    expect(sheet.faults).toEqual([]);
    expect(sheet.foreign).toEqual([]);
  });

  const look = <T>(read: (app: App) => T): Promise<T> => sheet.page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await sheet.page.keyboard.press(key);
  };
  const times = (count: number, key: string): string[] => new Array<string>(count).fill(key);
  const click = async (x: number, y: number): Promise<void> => {
    const place = await sheet.at(x, y);
    await sheet.page.mouse.click(place.x, place.y);
  };
  const choose = (tool: string): Promise<void> => sheet.page.click(`[data-tool=${tool}]`);
  const regions = (): Promise<unknown> => look((app) => app.workspace.images.value[0]!.layers.value[0]!.regions.value);
  /** What the tool in hand draws over the image now, in strokes of the pen. */
  const penStrokes = (): Promise<number> =>
    look(({ view, workspace }) => {
      let strokes = 0;
      const count = (name: unknown) => (): void => {
        if (name === "stroke") strokes++;
      };
      const context = new Proxy({}, { get: (_, name) => count(name), set: () => true });
      view.tools[workspace.tool.value].draw?.({ context, scale: 1, box: { y0: 0, x0: 0, y1: 9, x1: 9 } } as never);
      return strokes;
    });
  const chooseRow = (text: string): Promise<void> =>
    sheet.page.locator("[aria-label='Layers and models'] .row-name", { hasText: text }).first().click();

  test("each is chosen by its button and used by mouse alone", async () => {
    const before = await regions();
    await choose("rectangle");
    await sheet.drag([
      [40, 40],
      [80, 80],
    ]);
    expect(await sheet.areas()).toEqual({ 1: 1600 });
    await choose("split");
    await sheet.drag([
      [60, 30],
      [60, 90],
    ]);
    const halves = await sheet.areas();
    expect(Object.keys(halves)).toEqual(["1", "2"]);
    expect(halves["1"]! + halves["2"]!).toBe(1600);
    await choose("eraser");
    await sheet.drag([
      [45, 60],
      [45, 62],
    ]);
    expect((await sheet.areas())["1"]).toBeLessThan(halves["1"]!);
    await choose("polygon");
    for (const [x, y] of [
      [120, 40],
      [160, 40],
      [160, 80],
      [120, 40],
    ] as const)
      await click(x, y);
    const area = (await sheet.areas())["3"]!;
    expect(Math.abs(area - 800)).toBeLessThanOrEqual(45);
    await choose("freehand");
    await sheet.drag([
      [200, 40],
      [240, 40],
      [240, 80],
      [200, 80],
    ]);
    expect((await sheet.areas())["4"]).toBeGreaterThan(1200);
    await choose("brush");
    await sheet.drag([
      [300, 40],
      [330, 40],
    ]);
    expect((await sheet.areas())["5"]).toBeGreaterThan(100);
    await look((app) => {
      app.workspace.activeLayer.value!.selected.value = [];
    });
    await choose("fill");
    await click(310, 200);
    expect((await sheet.areas())["6"]).toBe(128 * 128);
    await choose("box");
    await sheet.drag([
      [350, 350],
      [400, 420],
    ]);
    expect(await regions()).toEqual([...(before as unknown[]), { y0: 350, x0: 350, y1: 420, x1: 400 }]);
    await choose("select");
    await click(220, 60);
    await sheet.drag([
      [220, 60],
      [220, 160],
    ]);
    expect(await look((app) => app.workspace.activeLayer.value!.selected.value)).toEqual([4]);
    expect(await look((app) => app.workspace.history.undoTitle.value)).toBe("move object");
  });

  test("an edge held by keyboard is let go when the image itself is chosen, and by Escape", async () => {
    const before = await regions();
    await press("a", "k", ...times(6, "Shift+ArrowRight"), ...times(4, "ArrowRight"), "Enter", "Shift+ArrowRight");
    expect(await penStrokes()).toBeGreaterThan(0);
    await press("Escape");
    expect(await look((app) => [app.view.pressed.value, app.workspace.keyboardDrawing.value])).toEqual([false, true]);
    await press("Shift+ArrowLeft", "Enter", "Shift+ArrowRight");
    expect(await look((app) => app.view.pressed.value)).toBe(true);
    await chooseRow("cells.tif");
    expect(await penStrokes()).toBe(0);
    await chooseRow("Annotations");
    await sheet.page.focus("#map");
    expect(await look((app) => app.view.pressed.value)).toBe(false);
    await press("ArrowRight");
    expect(await regions()).toEqual(before);
    expect(await look((app) => app.workspace.history.undoTitle.value)).toBeUndefined();
  });

  test("none draws while the image itself is chosen", async () => {
    for (const tool of ["rectangle", "split", "freehand", "box", "polygon", "brush"]) {
      await chooseRow("Annotations");
      await choose(tool);
      await chooseRow("cells.tif");
      const place = await sheet.at(250, 250);
      await sheet.page.mouse.move(place.x, place.y);
      await sheet.page.mouse.down();
      await sheet.page.mouse.move(place.x + 30, place.y + 30, { steps: 3 });
      expect([tool, tool === "brush" ? 0 : await penStrokes()]).toEqual([tool, 0]);
      await sheet.page.mouse.up();
    }
    await chooseRow("Annotations");
    expect(await sheet.areas()).toEqual({});
  });

  test("undo with the button down ends the stroke without a trace, and the mouse goes on", async () => {
    await press("b");
    await sheet.drag([
      [60, 60],
      [80, 60],
    ]);
    const place = await sheet.at(60, 62);
    await sheet.page.mouse.move(place.x, place.y);
    await sheet.page.mouse.down();
    await sheet.page.mouse.move(place.x + 40, place.y, { steps: 3 });
    await press("Control+z");
    await sheet.page.mouse.move(place.x + 80, place.y, { steps: 3 });
    await sheet.page.mouse.up();
    expect(await sheet.areas()).toEqual({});
    await press("Control+Shift+z");
    const whole = await sheet.areas();
    await sheet.drag([
      [200, 200],
      [220, 200],
    ]);
    await press("Control+z");
    expect(await sheet.areas()).toEqual(whole);
  });

  test("K in the middle of a stroke leaves no pixels, and the next stroke begins anew", async () => {
    await press("b", "k", "Enter", ...times(3, "Shift+ArrowRight"), "k");
    expect(await sheet.areas()).toEqual({});
    await press("k", "Enter", "Shift+ArrowRight", "Enter");
    expect(Object.keys(await sheet.areas())).toEqual(["1"]);
    await press("Control+z");
    expect(await sheet.areas()).toEqual({});
  });

  test("what is under way does not go over to another layer or image", async () => {
    await press("p");
    for (const [x, y] of [
      [100, 100],
      [140, 100],
      [140, 140],
    ] as const)
      await click(x, y);
    await sheet.page.getByRole("button", { name: "New label layer", exact: true }).click();
    await sheet.page.focus("#map");
    await press("Enter");
    expect(await sheet.areas()).toEqual({});
    await press("Control+z");
    await click(100, 100);
    await click(140, 100);
    await click(140, 140);
    await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.openSample());
    await sheet.page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 2);
    await sheet.rest();
    await sheet.page.focus("#map");
    await press("Enter");
    const drawn = (): Promise<number> =>
      look(({ workspace }) =>
        workspace.images.value.flatMap(({ layers }) => layers.value).reduce((sum, { raster }) => sum + raster.tiles.size, 0),
      );
    expect(await drawn()).toBe(0);
    await sheet.page.evaluate(() => {
      const { app, actions } = (globalThis as never as Handle).overtileViewer;
      return actions.closeImage(app.workspace.images.value[1]);
    });
  });

  test("by keyboard alone an object is chosen, taken up, moved and put down; Escape puts it back", async () => {
    await press("r", "k", "Enter", ...times(2, "Shift+ArrowRight"), ...times(2, "Shift+ArrowDown"), "Enter");
    const boxOf = (): Promise<number[]> =>
      look(({ workspace }) => {
        const { tiles, columns } = workspace.activeLayer.value!.raster;
        const [xs, ys]: [number[], number[]] = [[], []];
        for (const [key, tile] of tiles)
          for (let i = 0; i < tile.length; i++)
            if (tile[i]) {
              xs.push((key % columns) * 256 + (i & 255));
              ys.push(Math.floor(key / columns) * 256 + (i >> 8));
            }
        return [Math.min(...xs), Math.min(...ys), xs.length];
      });
    const [x, y, area] = await boxOf();
    await press("v", "Shift+ArrowLeft", "Shift+ArrowUp", "Enter");
    expect(await look((app) => [app.workspace.activeLayer.value!.selected.value, app.view.pressed.value])).toEqual([[1], false]);
    await press("Enter", ...times(3, "Shift+ArrowRight"), "ArrowDown", "Enter");
    expect(await boxOf()).toEqual([x! + 30, y! + 1, area]);
    await press("Enter", "Shift+ArrowRight", "Escape");
    expect(await boxOf()).toEqual([x! + 30, y! + 1, area]);
    await press("Control+z");
    expect(await boxOf()).toEqual([x, y, area]);
  });

  test("Ctrl+O opens the file dialog, whose field is in the page until it is answered", () =>
    withSheet(stand, async ({ page }) => {
      const chooser = page.waitForEvent("filechooser");
      await page.evaluate(() => 0);
      await page.keyboard.press("Control+o");
      const dialog = await chooser;
      expect(await page.locator("body > input[type=file]").count()).toBe(1);
      await dialog.setFiles(resolve("test/core/source/golden/images/grey8.png"));
      await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 1);
      expect(await page.locator("body > input[type=file]").count()).toBe(0);
    }));
});
