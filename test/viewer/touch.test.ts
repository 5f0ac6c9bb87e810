// Touch: one finger draws, two fingers pan and zoom and leave no trace of the stroke that the first one had begun.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createStand, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("touch", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  type Finger = readonly [x: number, y: number];

  /** Moves fingers over the page as a touch screen does: each step lists where they are; fewer than before are lifted. */
  async function touch({ page }: Sheet, steps: readonly (readonly Finger[])[]): Promise<void> {
    const client = await page.context().newCDPSession(page);
    let before = 0;
    for (const fingers of [...steps, []]) {
      const type = fingers.length > before ? "touchStart" : fingers.length < before ? "touchEnd" : "touchMove";
      await client.send("Input.dispatchTouchEvent", { type, touchPoints: fingers.map(([x, y], id) => ({ x, y, id })) });
      before = fingers.length;
    }
    await client.detach();
  }
  const sight = ({ page }: Sheet) =>
    page.evaluate(() => {
      const { view } = (globalThis as never as Handle).overtileViewer.app;
      return { ...view.sight.value!, scale: view.scale.value };
    });

  test("one finger draws, two zoom and pan, and what the first had begun is taken back", () =>
    withSheet(
      stand,
      async (sheet) => {
        await sheet.openSample();
        await sheet.page.locator("[data-tool=brush]").click();
        const at = await sheet.at(256, 256);
        const line = Array.from({ length: 6 }, (_, i): Finger => [at.x + i * 8, at.y]);
        await touch(
          sheet,
          line.map((finger) => [finger]),
        );
        const drawn = await sheet.areas();
        expect(Object.keys(drawn)).toEqual(["1"]);

        const before = await sight(sheet);
        // A stroke begins away from the object; the second finger comes, and they part.
        const spread = Array.from({ length: 8 }, (_, i): readonly Finger[] => [
          [at.x - 40 - i * 6, at.y + 90],
          [at.x + 40 + i * 6, at.y + 90],
        ]);
        await touch(sheet, [[[at.x - 30, at.y + 90]], [[at.x - 40, at.y + 90]], ...spread]);
        await expect.poll(async () => (await sight(sheet)).scale / before.scale).toBeGreaterThan(1.3);
        expect(await sheet.areas()).toEqual(drawn);
        const zoomed = await sight(sheet);

        const drift = Array.from({ length: 8 }, (_, i): readonly Finger[] => [
          [at.x - 40 + i * 8, at.y - 60 + i * 5],
          [at.x + 40 + i * 8, at.y - 60 + i * 5],
        ]);
        await touch(sheet, [[drift[0]![0]!], ...drift]);
        await expect.poll(async () => (await sight(sheet)).x0).toBeLessThan(zoomed.x0 - 10);
        const panned = await sight(sheet);
        expect(panned.y0).toBeLessThan(zoomed.y0);
        // The fingers' moves arrive one after the other, so the last one may leave a step of zoom.
        expect(Math.abs(panned.scale / zoomed.scale - 1)).toBeLessThan(0.15);
        expect(await sheet.areas()).toEqual(drawn);
        expect(await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.history.undoTitle.value)).toBe(
          "brush stroke",
        );
      },
      { width: 390, height: 844, touch: true },
    ));
});
