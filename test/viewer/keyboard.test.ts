// The whole way by keyboard alone: no mouse is moved or pressed. Every command of the menus is reached by arrows, or by its key.

import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("by keyboard alone", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  /** Presses Tab until the element with that selector has the focus. */
  async function tabTo({ page }: Sheet, selector: string): Promise<void> {
    for (let i = 0; i < 250; i++) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab never came to ${selector}`);
  }
  const press = async ({ page }: Sheet, ...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const times = (count: number, key: string): string[] => new Array<string>(count).fill(key);

  test("open, draw, train, segment, correct, export", { timeout: 120_000 }, () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await tabTo(sheet, "[data-action=sample]");
      await press(sheet, "Enter");
      await page.waitForFunction(
        () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
      );
      await tabTo(sheet, "#map");
      // The crosshair begins in the middle; a stroke, then a rectangle beside it.
      await press(sheet, "b", "k", "Enter", ...times(2, "Shift+ArrowRight"), "Enter");
      await press(
        sheet,
        "r",
        ...times(4, "Shift+ArrowDown"),
        "Enter",
        ...times(2, "Shift+ArrowRight"),
        ...times(2, "Shift+ArrowDown"),
        "Enter",
      );
      expect(Object.keys(await sheet.areas())).toHaveLength(2);
      await press(sheet, "k");
      await tabTo(sheet, "[data-action=train]");
      await press(sheet, "Enter");
      await page.getByText(/Trained my cells@1/).waitFor();
      await tabTo(sheet, "[data-action=segment]");
      await press(sheet, "Enter");
      await page.getByText(/objects in "Prediction"/).waitFor();
      const found = Object.keys(await sheet.areas()).length;

      // Correct: the first object of the table is chosen and deleted; undo brings it back, redo takes it again.
      await tabTo(sheet, "[role=tab][aria-selected=true]");
      await press(sheet, "ArrowRight");
      await tabTo(sheet, "tbody .cell-button");
      await press(sheet, "Enter");
      await expect.poll(() => page.locator("tr.selected").count()).toBe(1);
      await tabTo(sheet, "#map");
      await press(sheet, "Delete");
      expect(Object.keys(await sheet.areas())).toHaveLength(found - 1);
      await press(sheet, "Control+z");
      expect(Object.keys(await sheet.areas())).toHaveLength(found);
      await press(sheet, "Control+y");
      expect(Object.keys(await sheet.areas())).toHaveLength(found - 1);

      const download = page.waitForEvent("download");
      await tabTo(sheet, "[data-menu=File]");
      await press(sheet, "Enter");
      await page.locator("[data-command=export-GeoJSON]").waitFor();
      for (let i = 0; i < 30; i++) {
        if (await page.evaluate(() => document.activeElement?.getAttribute("data-command") === "export-GeoJSON")) break;
        await press(sheet, "ArrowDown");
      }
      await press(sheet, "Enter");
      const json = JSON.parse(await readFile(await (await download).path(), "utf8"));
      expect(json.features).toHaveLength(found - 1);
    }),
  );

  test("the arrows come to every command of every menu that can be chosen, and Escape closes it", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const missed: string[] = [];
      for (const menu of ["File", "Edit", "View", "Plugins", "Macro", "Help"]) {
        await page.focus(`[data-menu=${menu}]`);
        await press(sheet, "Enter");
        const wanted = await page
          .locator("[role=menu] [data-command]:not([disabled]):not([aria-disabled=true])")
          .evaluateAll((items) => items.map((item) => item.getAttribute("data-command")!));
        expect(wanted.length).toBeGreaterThan(0);
        const seen = new Set<string>();
        for (let i = 0; i < wanted.length + 2; i++) {
          seen.add(await page.evaluate(() => document.activeElement?.getAttribute("data-command") ?? ""));
          await press(sheet, "ArrowDown");
        }
        missed.push(...wanted.filter((id) => !seen.has(id)));
        await press(sheet, "Escape");
        expect(await page.locator("[role=menu]").count()).toBe(0);
      }
      expect(missed).toEqual([]);
    }));
});
