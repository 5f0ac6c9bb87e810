// Drawing stays within reach: after a look at contrast or at a slide's result, and on a phone with a sheet open.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("within reach", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  /** The name of the layer that is drawn into, and how many objects it has. */
  const drawn = async (sheet: Sheet): Promise<[string | undefined, number]> => {
    const name = await sheet.page.evaluate(
      () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.activeLayer.value?.name.value,
    );
    return [name, Object.keys(await sheet.areas()).length];
  };
  const strokeAt = (sheet: Sheet, x: number): Promise<void> =>
    sheet.drag([
      [x, 240],
      [x + 8, 248],
    ]);

  test("after contrast one draws on: by the button, a key, a tool, the keyboard, and where all layers are gone", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const contrast = async (): Promise<void> => {
        await page.focus("#map");
        await page.keyboard.press("Shift+C");
        await page.locator(".channel").waitFor();
        expect((await drawn(sheet))[0]).toBeUndefined();
      };
      await contrast();
      await page.getByRole("button", { name: "Draw", exact: true }).click();
      await strokeAt(sheet, 210);
      expect(await drawn(sheet)).toEqual(["Annotations", 1]);

      // Meanwhile the pointer pans, and the strip says so; the same tool, taken again, draws.
      await contrast();
      expect(await page.locator(".tool:disabled").count()).toBe(0);
      expect(await page.getAttribute("[data-tool=select]", "aria-pressed")).toBe("true");
      const before = await sheet.at(240, 240);
      await strokeAt(sheet, 240);
      expect((await sheet.at(240, 240)).x).toBeGreaterThan(before.x);
      expect((await drawn(sheet))[0]).toBeUndefined();
      await page.keyboard.press("b");
      await strokeAt(sheet, 240);
      expect(await drawn(sheet)).toEqual(["Annotations", 2]);

      await contrast();
      await page.click("[data-tool=brush]");
      await strokeAt(sheet, 270);
      expect(await drawn(sheet)).toEqual(["Annotations", 3]);

      await contrast();
      await page.keyboard.press("k");
      for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.keyboard.press("k");
      expect(await drawn(sheet)).toEqual(["Annotations", 4]);

      // Annotations that are hidden are shown again.
      await page.evaluate(() => {
        const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
        entry.activeLayer.value!.visible.value = false;
        entry.activeLayer.value = undefined;
      });
      await page.click("[data-tool=rectangle]");
      await sheet.drag([
        [300, 200],
        [310, 210],
      ]);
      expect(await drawn(sheet)).toEqual(["Annotations", 5]);
      expect(await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.activeLayer.value!.visible.value)).toBe(
        true,
      );

      await page.click("[data-menu=View]");
      await page.click("[data-command=layer-delete]");
      expect((await drawn(sheet))[0]).toBeUndefined();
      await page.keyboard.press("b");
      await strokeAt(sheet, 210);
      expect(await drawn(sheet)).toEqual(["Annotations", 1]);
    }));

  test("on a phone tools, planes and the sheets' buttons are reached by a finger, with a sheet open, too", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await page.evaluate(() => {
          const image = { data: new Uint8Array(6 * 300 * 300).fill(90), shape: [2, 3, 300, 300], axes: "tzyx" };
          (globalThis as never as Handle).overtileViewer.app.host.addImage({ title: "stack", image });
        });
        await page.waitForFunction(
          () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
        );
        /** What a finger does not hit, of the tools and of all that lies over the image. */
        const missed = (): Promise<string[]> =>
          page.evaluate(() =>
            [
              ...document.querySelectorAll(".tool, .brush-size input, .planes input, .sheet-buttons button, .overview, .notice button"),
            ].flatMap((element) => {
              const { left, top, width, height } = element.getBoundingClientRect();
              const places = [0.1, 0.5, 0.9].map((part) => document.elementFromPoint(left + width * part, top + height / 2));
              return width >= 24 && height >= 20 && places.every((hit) => hit && element.contains(hit))
                ? []
                : [element.outerHTML.slice(0, 90)];
            }),
          );
        for (const sheetName of [undefined, "Train", "Layers"]) {
          await page.locator("[data-tool=brush]").tap();
          if (sheetName) await page.getByRole("button", { name: sheetName, exact: true }).tap();
          else await page.locator("[data-tool=select]").tap();
          await sheet.rest();
          expect([sheetName, await missed()]).toEqual([sheetName, []]);
          expect(await page.locator(".tool").count()).toBe(10);
          // The image is whole between what lies above and below it.
          const { box, over } = await page.evaluate(() => {
            const { view } = (globalThis as never as Handle).overtileViewer.app;
            const sight = view.sight.value!;
            const map = document.querySelector("#map")!.getBoundingClientRect();
            const planes = document.querySelector(".planes")!.getBoundingClientRect();
            const scale = view.scale.value;
            const strip = document.querySelector(".tool-strip")!.getBoundingClientRect();
            return { box: [-sight.y0 * scale + map.top, (300 - sight.y0) * scale + map.top], over: [planes.bottom, strip.top] };
          });
          expect(box[0]).toBeGreaterThan(over[0]!);
          expect(box[1]).toBeLessThan(over[1]!);
        }
        // Nor do the overview and messages lie over them.
        await page.evaluate(() => {
          const { app } = (globalThis as never as Handle).overtileViewer;
          app.shell.left.value = false;
          app.view.zoomTo(4);
          app.workspace.status.value = { kind: "error", text: "Expected one thing; another came. Do this instead, or that, as you like." };
        });
        await page.locator(".overview canvas").waitFor();
        await page.locator(".notice").waitFor();
        await sheet.rest();
        expect(await missed()).toEqual([]);
        await page.evaluate(() => {
          const { app } = (globalThis as never as Handle).overtileViewer;
          app.workspace.status.value = undefined;
          app.shell.left.value = true;
          app.view.fit();
        });
        await sheet.rest();
        const before = Object.keys(await sheet.areas()).length;
        const at = await sheet.at(150, 100);
        const client = await page.context().newCDPSession(page);
        await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [at] });
        await client.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: at.x + 8, y: at.y }] });
        await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
        expect(Object.keys(await sheet.areas()).length).toBe(before + 1);
      },
      { width: 390, height: 844, touch: true },
    ));
});
