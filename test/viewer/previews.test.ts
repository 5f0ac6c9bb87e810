// What is computed is shown where it is computed: the prediction of a model that learns over the part that one looks at, and the
// tiles of a segmentation as they finish. Both go away when the result is there.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boxMiddle, createStand, drawFour, type Handle, hasChromium, type Sheet, type Stand, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("previews", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  // The test reads the canvas more often than a page would.
  const ownReading = /willReadFrequently/;

  interface Note {
    readonly extent: { y0: number; x0: number; y1: number; x1: number };
    readonly plane: number;
    readonly painted: number;
    readonly pixels: number;
  }
  /** Notes every change of the preview, in the page: a state may be over before one asks for it. */
  const notePreviews = ({ page }: Sheet): Promise<void> =>
    page.evaluate(() => {
      const notes: (Note | "gone")[] = [];
      Object.assign(globalThis, { previews: notes });
      let stop: (() => void) | undefined;
      (globalThis as never as Handle).overtileViewer.app.workspace.preview.subscribe((shown) => {
        stop?.();
        stop = undefined;
        if (!shown) {
          notes.push("gone");
          return;
        }
        const { canvas, extent, plane } = shown;
        stop = shown.version.subscribe(() => {
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          let painted = 0;
          for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) painted++;
          notes.push({ extent, plane, painted, pixels: canvas.width * canvas.height });
        });
      });
      notes.length = 0;
    });
  const previews = ({ page }: Sheet): Promise<(Note | "gone")[]> =>
    page.evaluate(() => (globalThis as never as { previews: (Note | "gone")[] }).previews);
  const shownOnes = async (sheet: Sheet): Promise<Note[]> => (await previews(sheet)).filter((note) => note !== "gone");

  test("while a model learns, its prediction lies over what one looks at, and follows when one moves on", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await sheet.openSample();
        await drawFour(sheet);
        await sheet.setValues("fake-plugin.train", { steps: 1_000_000, delay: 20 });
        await notePreviews(sheet);
        await page.click("[data-action=train]");
        await page.getByText("Prediction now").waitFor();
        const [first] = await shownOnes(sheet);
        expect(first!.extent).toEqual({ y0: 0, x0: 0, y1: 512, x1: 512 });
        expect([first!.plane, first!.painted > 0, first!.painted < first!.pixels]).toEqual([0, true, true]);
        await page.evaluate(() => {
          const { view } = (globalThis as never as Handle).overtileViewer.app;
          view.zoomTo(4);
          view.centreOn({ x: 100, y: 400 });
        });
        const movedOn = async (): Promise<Note | undefined> => (await shownOnes(sheet)).find(({ extent }) => extent.y0 > 250);
        await expect.poll(movedOn, { timeout: 30_000 }).toBeDefined();
        const { extent } = (await movedOn())!;
        expect([extent.x0, extent.y1 > 450 && extent.y1 <= 512, extent.x1 > 150 && extent.x1 < 300]).toEqual([0, true, true]);
        await page.getByRole("button", { name: "Stop and keep" }).click();
        await page.getByText(/Trained my cells@1/).waitFor();
        expect((await previews(sheet)).at(-1)).toBe("gone");
      },
      {},
      ownReading,
    ));

  test("a training and a segmentation that a macro has started show curve, progress and previews, too, and stop by the panel", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await sheet.openSample();
        await drawFour(sheet);
        await notePreviews(sheet);
        await page.click("#tab-macro");
        const source = 'run("Fake Train", "steps=1000000 delay=20");\nrun("Fake Segment", "delay=5");\nprint("all done");';
        await page.fill("textarea[aria-label=Macro]", source);
        await page.getByRole("button", { name: "Run", exact: true }).click();
        await page.click("#tab-train");
        await page.getByText("Prediction now").waitFor();
        await page.locator(".curves canvas").waitFor();
        await page.getByText(/step \d+ of 1000000/).waitFor();
        expect((await shownOnes(sheet))[0]!.extent).toEqual({ y0: 0, x0: 0, y1: 512, x1: 512 });
        const learnt = (await previews(sheet)).length;
        await page.getByRole("button", { name: "Stop and keep" }).click();
        await page.getByText(/Trained my cells@1/).waitFor();
        await page.click("#tab-macro");
        await page.getByText("all done", { exact: true }).waitFor();
        const after = (await previews(sheet)).slice(learnt);
        expect(after.filter((note) => note !== "gone").length).toBeGreaterThanOrEqual(4);
        expect(after.at(-1)).toBe("gone");
      },
      {},
      ownReading,
    ));

  test("while an image is segmented, its tiles fill in; a part's tiles lie at its place", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await sheet.openSample();
        await page.evaluate(async () => {
          const { training, library } = (globalThis as never as Handle).overtileViewer.app;
          await library.models()!.import(new Blob(["x"]), "my cells");
          await training.refreshModels();
        });
        await notePreviews(sheet);
        await page.click("[data-action=segment]");
        await page.getByText(/objects in "Prediction"/).waitFor();
        const whole = await previews(sheet);
        expect(whole.at(-1)).toBe("gone");
        const tiles = await shownOnes(sheet);
        expect(tiles.map(({ extent }) => extent)).toEqual(Array(4).fill({ y0: 0, x0: 0, y1: 512, x1: 512 }));
        for (const [i, { painted }] of tiles.entries()) expect(painted).toBeGreaterThan(tiles[i - 1]?.painted ?? 0);

        await boxMiddle(sheet);
        await page.getByRole("button", { name: "Box", exact: true }).click();
        await page.waitForFunction((before) => {
          const { previews } = globalThis as never as { previews: unknown[] };
          return previews.length > before && previews.at(-1) === "gone";
        }, whole.length);
        const part = (await previews(sheet)).slice(whole.length);
        expect(part.at(-1)).toBe("gone");
        const partTiles = part.filter((note) => note !== "gone");
        expect(partTiles.map(({ extent }) => extent)).toEqual(Array(4).fill({ y0: 192, x0: 192, y1: 320, x1: 320 }));
        expect(partTiles.at(-1)!.painted).toBeGreaterThan(100);
      },
      {},
      ownReading,
    ));
});
