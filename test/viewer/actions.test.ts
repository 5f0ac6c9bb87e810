// Every action beside drawing, done twice: by mouse, and by keyboard alone (what is used must be reachable by Tab, and answers
// Enter and the arrows; exports and layers only in the long run). Drawing is in keys.test.ts, the way from an image to its objects in viewer.test.ts and keyboard.test.ts.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, drawFour, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

const images = ["grey8.png", "jpeg-grey.jpg"].map((name) => resolve("test/core/source/golden/images", name));

let stand: Stand;
beforeAll(async () => {
  if (hasChromium) stand = await createStand();
}, 120_000);
afterAll(() => stand?.dispose());

describe.skipIf(!hasChromium).each(["mouse", "keyboard"] as const)("by %s", (way) => {
  const mayBeLong = way === "keyboard" ? test.runIf(process.env["OVERTILE_LONG"]) : test;
  /** Presses a button; in a row, whose buttons show when it is pointed at or has the focus. */
  const use = async (button: Locator): Promise<void> => {
    if (way === "mouse") {
      const row = button.locator("xpath=ancestor::li[contains(@class,'row')][1]");
      if ((await row.count()) > 0) await row.hover();
      await button.click();
      return;
    }
    const row = button.locator("xpath=ancestor::li[contains(@class,'row')][1]//button[contains(@class,'row-name')]");
    if ((await row.count()) > 0) await row.focus();
    await expect.poll(() => button.isEnabled()).toBe(true); // as a click waits
    await button.focus();
    expect(await button.evaluate((element) => [document.activeElement === element, (element as HTMLElement).tabIndex >= 0])).toEqual([
      true,
      true,
    ]);
    await button.press("Enter");
  };
  /** Chooses from a menu. */
  const choose = async ({ page }: Sheet, menu: string, command: string): Promise<void> => {
    const item = page.locator(`[data-command="${command}"]`);
    if (way === "mouse") {
      await page.click(`[data-menu=${menu}]`);
      await item.click();
      return;
    }
    await page.focus(`[data-menu=${menu}]`);
    await page.keyboard.press("Enter");
    await item.waitFor();
    for (let i = 0; i < 40 && !(await item.evaluate((element) => element === document.activeElement)); i++)
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
  };
  /** Answers a dialog that asks for a name. */
  const answer = async ({ page }: Sheet, text: string, button: string): Promise<void> => {
    const field = page.locator("dialog input").first();
    await field.waitFor();
    await field.fill(text);
    if (way === "mouse") await page.locator("dialog").getByRole("button", { name: button, exact: true }).click();
    else await page.keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
  };
  const button = ({ page }: Sheet, name: string | RegExp): Locator =>
    page.getByRole("button", { name, ...(typeof name === "string" && { exact: true }) }).first();
  /** A button that shows only while its row is pointed at or has the focus. */
  const inRow = ({ page }: Sheet, label: string): Locator => page.locator(`button[aria-label="${label}"]`).first();
  const look = <T>({ page }: Sheet, read: (app: Handle["overtileViewer"]["app"]) => T): Promise<T> =>
    page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;

  mayBeLong("layers: new, renamed, moved, hidden, faded, deleted; boxes: removed, placed", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const names = (): Promise<string[]> => look(sheet, (app) => app.workspace.current.value!.layers.value.map(({ name }) => name.value));
      await use(button(sheet, "New label layer"));
      expect(await names()).toEqual(["Annotations 2", "Annotations"]);
      await use(button(sheet, "Rename layer"));
      await answer(sheet, "nuclei", "OK");
      await use(button(sheet, "Move layer down"));
      expect(await names()).toEqual(["Annotations", "nuclei"]);
      await use(button(sheet, "Move layer up"));
      expect(await names()).toEqual(["nuclei", "Annotations"]);
      await use(button(sheet, "Show nuclei"));
      expect(await look(sheet, (app) => app.workspace.activeLayer.value!.visible.value)).toBe(false);
      await use(button(sheet, "Show nuclei"));

      const opacity = page.getByRole("slider", { name: "Opacity" });
      if (way === "mouse") await opacity.click({ position: { x: 60, y: 8 } });
      else await opacity.press("End");
      const faded = await look(sheet, (app) => app.workspace.activeLayer.value!.opacity.value);
      expect(faded).toBeGreaterThan(0.45);
      await use(page.locator("[aria-label='Layers and models'] .row-name", { hasText: "Annotations" }));
      expect(await look(sheet, (app) => app.workspace.activeLayer.value!.name.value)).toBe("Annotations");
      const boxes = (): Promise<number> => look(sheet, (app) => app.workspace.activeLayer.value!.regions.value.length);
      await use(button(sheet, "Place a box"));
      expect(await boxes()).toBe(1);
      await use(button(sheet, "Remove box 1"));
      expect(await boxes()).toBe(0);
      // One button says that all of the image is drawn, and takes it back.
      const wholly = button(sheet, "All drawn");
      await use(wholly);
      const whole = { y0: 0, x0: 0, y1: 512, x1: 512 };
      expect(await look(sheet, (app) => app.workspace.activeLayer.value!.regions.value)).toEqual([whole]);
      expect(await wholly.getAttribute("aria-pressed")).toBe("true");
      await use(wholly);
      expect(await boxes()).toBe(0);

      await use(inRow(sheet, "Delete nuclei"));
      const confirm = page.locator("dialog .primary");
      if ((await confirm.count()) > 0) await use(confirm);
      await expect.poll(names).toEqual(["Annotations"]);
    }),
  );

  test("classes: new, renamed, chosen, deleted; objects: merged, deleted, brought back; the layer cleared", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const classes = (): Promise<(string | number)[]> =>
        look(sheet, (app) => [...app.workspace.classes.value.map(({ name }) => name), app.workspace.currentClass.value]);
      await use(button(sheet, "Add class"));
      await answer(sheet, "debris", "OK");
      expect(await classes()).toEqual(["cell", "debris", 2]);
      await use(inRow(sheet, "Rename debris"));
      await answer(sheet, "dust", "OK");
      await use(page.locator("[aria-label=Classes] .row-name", { hasText: "cell" }));
      expect(await classes()).toEqual(["cell", "dust", 1]);
      await use(inRow(sheet, "Delete dust"));
      expect(await classes()).toEqual(["cell", 1]);

      const ids = async (): Promise<number> => Object.keys(await sheet.areas()).length;
      const tab = page.getByRole("tab", { name: "Objects" });
      if (way === "mouse") await tab.click();
      else {
        await page.getByRole("tab", { name: "Train & segment" }).focus();
        await page.keyboard.press("ArrowRight");
      }
      const cells = page.locator("tbody .cell-button");
      await expect.poll(() => cells.count()).toBe(4);
      if (way === "mouse") {
        await cells.nth(0).click();
        await cells.nth(1).click({ modifiers: ["Shift"] });
      } else {
        await cells.nth(0).press("Enter");
        await cells.nth(1).press("Shift+Enter");
      }
      expect(await look(sheet, (app) => app.workspace.activeLayer.value!.selected.value.length)).toBe(2);
      await choose(sheet, "Edit", "merge");
      expect(await ids()).toBe(3);
      // The table is counted anew once drawing has come to rest.
      await expect.poll(() => cells.count()).toBe(3);
      await use(cells.nth(1));
      await choose(sheet, "Edit", "delete");
      expect(await ids()).toBe(2);
      await use(button(sheet, /^Undo/));
      expect(await ids()).toBe(3);
      await use(button(sheet, /^Redo/));
      expect(await ids()).toBe(2);
      await choose(sheet, "Edit", "clear");
      expect(await ids()).toBe(0);
    }));

  mayBeLong(
    "exports: what the menu offers are files of its kind; models: renamed, exported, imported, deleted; jobs: a waiting one cancelled",
    () =>
      withSheet(stand, async (sheet) => {
        const { page } = sheet;
        await sheet.openSample();
        await drawFour(sheet);
        await sheet.setValues("fake-plugin.train", { steps: 1_000_000, delay: 20 });
        await use(page.locator("[data-action=train]"));
        await page.getByText(/step \d+ of/).waitFor();
        await choose(sheet, "Plugins", "fake-plugin.segment");
        const run = page.locator("dialog").getByRole("button", { name: "Run", exact: true });
        await run.waitFor();
        await use(run);
        await use(button(sheet, "Cancel Fake Segment"));
        await expect.poll(() => page.locator(".job").count()).toBe(1);
        await use(button(sheet, "Stop and keep"));
        await page.getByText(/Trained my cells@1/).waitFor();

        const fileOf = async (act: () => Promise<void>): Promise<[string, Buffer]> => {
          const download = page.waitForEvent("download");
          await act();
          const file = await download;
          return [file.suggestedFilename(), await readFile(await file.path())];
        };
        const begins: Record<string, [string, string]> = {
          PNG: ["cells-annotations.png", "89504e47"],
          Tiff: ["cells-annotations.tif", "49492a00"],
          GeoJSON: ["cells-annotations.geojson", Buffer.from('{"type":').toString("hex")],
          ROI: ["cells-annotations.zip", "504b0304"],
          CSV: ["cells-annotations.csv", Buffer.from("id,class,").toString("hex")],
          picture: ["cells-view.png", "89504e47"],
          dataset: ["cells-dataset.zip", "504b0304"],
          model: ["my_cells.zip", Buffer.from("model").toString("hex")],
        };
        // The keys reach the same menu: the first and the last of it, and all in the long run.
        const isWhole = way === "mouse" || process.env["OVERTILE_LONG"] !== undefined;
        for (const [kind, [name, start]] of Object.entries(begins).filter(([kind]) => isWhole || /^(PNG|model)$/.test(kind))) {
          const [found, bytes] = await fileOf(async () => {
            await use(page.locator("[title='Export layer']"));
            await use(page.locator(`[data-export=${kind}]`));
          });
          expect([kind, found, bytes.subarray(0, start.length / 2).toString("hex")]).toEqual([kind, name, start]);
        }

        await use(inRow(sheet, "Rename my cells"));
        await answer(sheet, "nuclei", "OK");
        const [archive] = await fileOf(() => use(inRow(sheet, "Export nuclei")));
        expect(archive).toBe("nuclei.zip");
        const chooser = page.waitForEvent("filechooser");
        await use(button(sheet, "Import model"));
        await (await chooser).setFiles({ name: "other.zip", mimeType: "application/zip", buffer: Buffer.from("anything") });
        const models = (): Promise<string[]> => look(sheet, (app) => app.training.models.value.map(({ name }) => name));
        await expect.poll(async () => (await models()).sort()).toEqual(["imported", "nuclei"]);
        await use(inRow(sheet, "Delete nuclei"));
        await use(page.locator("dialog .primary"));
        await expect.poll(models).toEqual(["imported"]);
      }),
  );

  test("macros: opened, run on files, saved; plugins: installed and removed; the theme", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await choose(sheet, "Macro", "macro-panel");
        let chooser = page.waitForEvent("filechooser");
        await use(button(sheet, "Open…"));
        const text = Buffer.from('print("title " + getTitle());\n');
        await (await chooser).setFiles({ name: "titles.ijm", mimeType: "text/plain", buffer: text });
        await expect.poll(() => page.inputValue("textarea[aria-label=Macro]")).toBe(text.toString());
        chooser = page.waitForEvent("filechooser");
        await use(button(sheet, "Run on files…"));
        await (await chooser).setFiles(images);
        await expect.poll(() => page.locator("pre.output").textContent(), { timeout: 60_000 }).toBe("title grey8.png\ntitle jpeg-grey.jpg");
        const download = page.waitForEvent("download");
        await use(button(sheet, "Save…"));
        expect((await download).suggestedFilename()).toBe("macro.ijm");

        const states = (): Promise<string[]> =>
          look(sheet, (app) => app.library.plugins.value.map(({ url, state }) => `${url.split("/").at(-1)} ${state}`));
        await choose(sheet, "Plugins", "plugins");
        await page.locator("dialog input[name=url]").fill(`${stand.url}fake-plugin/throws.json`);
        if (way === "mouse") await button(sheet, "Install").click();
        else await page.keyboard.press("Enter");
        await expect.poll(states).toEqual(["manifest.json ready", "throws.json failed"]);
        await use(page.locator("dialog").getByRole("button", { name: "Remove" }).nth(1));
        expect(await states()).toEqual(["manifest.json ready"]);
        await page.keyboard.press("Escape");
        await page.locator("dialog").waitFor({ state: "detached" });

        await use(button(sheet, "Light theme"));
        expect(await page.locator("html").getAttribute("data-theme")).toBe("light");
      },
      {},
      /throws/,
    ));
});
