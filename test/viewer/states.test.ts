// What the page shows and says is what is there, by clicks and keys alone: undo by image, results that hold nothing, corrections
// that are learnt, notices that cover nothing, questions before a macro is replaced.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import {
  boxMiddle,
  createStand,
  drawFour,
  type Handle,
  hasChromium,
  reload,
  type Sheet,
  type Stand,
  statusOf,
  withSheet,
} from "./open-viewer.ts";

type App = Handle["overtileViewer"]["app"];

interface LearntSample {
  readonly labels: { readonly data: Uint32Array };
  readonly ignore?: { readonly data: Uint8Array };
  readonly regions?: unknown;
}

describe.skipIf(!hasChromium)("what the page says", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  const look = <T>({ page }: Sheet, read: (app: App) => T): Promise<T> =>
    page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;
  const layers = (sheet: Sheet) =>
    look(sheet, ({ workspace }) => workspace.current.value!.layers.value.map(({ name, visible }) => [name.value, visible.value]));
  /** Pixels of each id of the annotations. */
  const drawn = (sheet: Sheet): Promise<number[]> =>
    sheet.page.evaluate(() => {
      const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
      const layer = entry.layers.value.find(({ kind }) => kind === "annotation")!;
      const counts: number[] = [];
      for (const tile of layer.raster.tiles.values()) for (const id of tile) if (id) counts[id - 1] = (counts[id - 1] ?? 0) + 1;
      return counts;
    });
  const segment = async (sheet: Sheet, wanted: RegExp): Promise<void> => {
    await sheet.page.getByRole("button", { name: "Segment image" }).click();
    await sheet.page.locator("[aria-label=Segment] .hint").filter({ hasText: wanted }).waitFor();
    await expect.poll(() => look(sheet, ({ training }) => training.segmenting.value)).toBe(false);
  };
  const train = async ({ page }: Sheet, version: number): Promise<LearntSample[]> => {
    await page.click("[data-action=train]");
    await page.getByText(`Trained my cells@${version} in`).waitFor();
    return page.evaluate(() => (globalThis as never as { lastSamples: LearntSample[] }).lastSamples);
  };

  test("corrections are learnt: Draw means annotations, a changed object is copied, nothing drawn is dropped; nothing found is said", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      const counts = page.locator("[data-counts]");
      expect(await page.locator("[aria-label=Annotate] .teach").textContent()).toBe(
        "Draw 3 to 5 cells, wherever you like. What you leave undrawn is not taken for background.",
      );
      expect(await counts.textContent()).toMatch(/^Only what is drawn counts: each object with 3 px of background around it/);
      await boxMiddle(sheet);
      await expect.poll(() => counts.textContent()).toContain("What you leave undrawn in the box is learnt as background.");
      await drawFour(sheet);
      await page.getByText("4 objects in 1 image.").waitFor();
      await sheet.setValues("fake-plugin.train", { steps: 3, delay: 0 });
      expect((await train(sheet, 1))[0]!.regions).toBeDefined();
      await segment(sheet, /objects in "Prediction"/);
      expect(await look(sheet, ({ workspace }) => workspace.activeLayer.value!.kind)).toBe("labels");

      // Draw goes to the annotations, whatever is chosen; what lies outside of the box counts with its rim.
      await page.getByRole("button", { name: "Draw", exact: true }).click();
      expect(await look(sheet, ({ workspace }) => workspace.activeLayer.value!.kind)).toBe("annotation");
      await sheet.drag([
        [60, 60],
        [80, 66],
      ]);
      await page.getByText("1 object lies outside the box.").waitFor();
      expect(await drawn(sheet)).toHaveLength(5);
      await page.getByText("5 objects in 1 image.").waitFor();
      const [sample] = await train(sheet, 2);
      const { labels, ignore } = await page.evaluate(() => {
        const [one] = (globalThis as never as { lastSamples: LearntSample[] }).lastSamples;
        const at = (data: ArrayLike<number>, x: number, y: number): number => data[y * 512 + x]!;
        const places = [
          [70, 63],
          [70, 50],
          [20, 20],
          [200, 200],
        ] as const;
        return {
          labels: new Set(one!.labels.data).size - 1,
          ignore: places.map(([x, y]) => at(one!.ignore!.data, x, y)),
        };
      });
      // The object, somewhere else outside, inside of the box.
      expect([labels, ignore[0], ignore[2], ignore[3], sample!.regions]).toEqual([5, 0, 1, 0, undefined]);

      // A stroke on the prediction is copied, and taken back with it.
      await page.locator("[data-layer] .row-name").filter({ hasText: "Prediction" }).click();
      expect(await page.locator("[aria-label=Segment]").textContent()).toContain('it goes into "Annotations", and the next training');
      await page.click("[data-tool=brush]");
      const before = await drawn(sheet);
      const spot = await page.evaluate(() => {
        const [prediction, annotations] = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.layers.value;
        // An object on which nothing was drawn.
        const tile = prediction!.raster.tiles.get(3)!;
        const other = annotations!.raster.tiles.get(3);
        const taken = new Set(tile.filter((_, i) => (other?.[i] ?? 0) !== 0));
        const at = tile.findIndex((id, i) => id > 0 && !taken.has(id) && (i & 255) > 8 && (i & 255) < 240 && i >> 8 > 8);
        return [256 + (at & 255), 256 + (at >> 8)] as const;
      });
      await sheet.drag([spot, [spot[0] + 3, spot[1] + 2]]);
      await expect.poll(async () => (await drawn(sheet)).length).toBe(6);
      await page.keyboard.press("Control+z");
      expect(await drawn(sheet)).toEqual(before);
      await page.keyboard.press("Control+y");
      expect(await drawn(sheet)).toHaveLength(6);
      await page.getByRole("button", { name: /Accept (all|selected)/ }).waitFor();
      await page.keyboard.press("m");
      await page.getByRole("button", { name: "Accept all" }).click();
      const accepted = (await drawn(sheet)).length;
      expect(accepted).toBeGreaterThan(6);
      expect((await drawn(sheet)).slice(0, 5)).toEqual(before);
      await page.keyboard.press("Control+z");
      expect(await drawn(sheet)).toHaveLength(6);

      // By a click an object is accepted, by one with Alt rejected: its place is background then.
      const free = await page.evaluate(() => {
        const [prediction, annotations] = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.layers.value;
        const spots = new Map<number, readonly [x: number, y: number]>();
        const taken = new Set<number>();
        for (const [key, tile] of prediction!.raster.tiles) {
          const other = annotations!.raster.tiles.get(key);
          const [left, top] = [(key % 2) << 8, (key >> 1) << 8];
          tile.forEach((id, i) => {
            if ((other?.[i] ?? 0) !== 0) taken.add(id);
            if (id > 0 && tile[i + 2] === id && tile[i + 512] === id) spots.set(id, [left + (i & 255) + 1, top + (i >> 8) + 1]);
          });
        }
        // Below the notice, above the tools.
        return [...spots].flatMap(([id, spot]) => (taken.has(id) || spot[1] < 120 || spot[1] > 400 ? [] : [spot]));
      });
      await page.click("[data-tool=review]");
      await sheet.drag([free[0]!, free[0]!]);
      await expect.poll(() => drawn(sheet)).toHaveLength(7);
      expect(await page.locator(".notice").textContent()).toContain('1 object is accepted into "Annotations".');
      const marked = (): Promise<readonly number[]> =>
        look(sheet, ({ workspace }) => workspace.current.value!.layers.value.map(({ raster: { tiles } }) => [...tiles.values()].reduce((sum, tile) => sum + tile.filter((id) => id === 0xffff_fffe).length, 0))); // biome-ignore format: one line
      expect(await marked()).toEqual([0, 0]);
      const others = Object.keys(await sheet.areas()).length;
      await page.keyboard.down("Alt");
      await sheet.drag([free[1]!, free[1]!]);
      await page.keyboard.up("Alt");
      await expect.poll(async () => Object.keys(await sheet.areas()).length).toBe(others - 1);
      expect((await marked())[1]).toBeGreaterThan(4);
      expect(await page.locator(".notice").textContent()).toContain("1 object is rejected.");
      await page.keyboard.press("Control+z");
      expect([await marked(), Object.keys(await sheet.areas()).length]).toEqual([[0, 0], others]);
      await page.keyboard.press("Control+z");
      await expect.poll(() => drawn(sheet)).toHaveLength(6);
      await page.click("[data-tool=select]");

      // Nothing found: said, in the notice and the panel; the prediction before does not stand in, and undo brings it back.
      const found = await look(sheet, ({ workspace }) => workspace.activeLayer.value!.raster.tiles.size);
      await sheet.setValues("fake-plugin.segment", { threshold: 255 });
      await segment(sheet, /Nothing was found above 255\. Lower the threshold\./);
      expect(await page.locator(".notice").textContent()).toContain("Nothing was found above 255");
      expect(await sheet.areas()).toEqual({});
      expect(await layers(sheet)).toEqual([
        ["Prediction", true],
        ["Annotations", true],
      ]);
      await page.keyboard.press("Control+z");
      expect(await look(sheet, ({ workspace }) => workspace.activeLayer.value!.raster.tiles.size)).toBe(found);
      await sheet.setValues("fake-plugin.segment", {});
      await segment(sheet, /objects in "Prediction"/);
      expect(await page.locator(".notice").count()).toBe(0);
      expect((await layers(sheet)).length).toBe(2);
      // The result before is a key away, and so is the last one.
      await page.evaluate(() => document.querySelector<HTMLElement>("#map")!.focus());
      await page.keyboard.press("w");
      expect(await look(sheet, ({ workspace }) => workspace.showsBefore.value)).toBe(true);
      expect(await page.locator(".notice").textContent()).toContain("This is the result before the last one.");
      await page.keyboard.press("w");
      // A macro hears of it, too.
      await page.getByRole("tab", { name: "Macro" }).click();
      await page.locator("textarea").fill('run("Fake Segment", "threshold=255");');
      const name = await look(sheet, ({ library }) => library.commandFor("segment")!.name);
      await page.locator("textarea").fill(`run("${name}", "threshold=255");`);
      await page.getByRole("button", { name: "Run", exact: true }).click();
      await page.locator(".output").filter({ hasText: "Nothing was found above 255" }).waitFor();
    }));

  test("undo is of the image in sight; a dropped text does not replace a macro unasked; names are there to be typed over", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      const first = await sheet.areas();
      const png = await writePng({ width: 200, height: 160, channels: 1, data: new Uint8Array(32_000).map((_, i) => i % 251) });
      await sheet.drop(png, "other.png");
      await page.getByText("other.png").first().waitFor();
      await sheet.rest();
      await page.focus("#map");
      await page.keyboard.press("Control+z");
      expect(await page.getByRole("button", { name: "Undo" }).isDisabled()).toBe(true);
      await page.locator(".row-name").filter({ hasText: "cells.tif" }).first().click();
      expect(await sheet.areas()).toEqual(first);
      await page.focus("#map");
      await page.keyboard.press("Control+z");
      expect(Object.keys(await sheet.areas())).toHaveLength(3);

      // All images: one prediction each, and again the same.
      await sheet.setValues("fake-plugin.train", { steps: 3, delay: 0 });
      await train(sheet, 1);
      for (let i = 0; i < 2; i++) {
        await page.getByRole("button", { name: "All", exact: true }).click();
        await expect.poll(() => look(sheet, ({ host }) => host.images.length)).toBe(2 + 2 * (i + 1));
        await expect.poll(() => look(sheet, ({ training }) => training.segmenting.value)).toBe(false);
      }
      expect(
        await look(sheet, ({ workspace }) => workspace.images.value.map((one) => one.layers.value.map(({ name }) => name.value))),
      ).toEqual([
        ["Prediction", "Annotations"],
        ["Prediction", "Annotations"],
      ]);

      const text = (line: string): Uint8Array => new TextEncoder().encode(line);
      const source = (): Promise<string> => page.locator("textarea").inputValue();
      await sheet.drop(text('print("first");'), "notes.txt");
      await expect.poll(source).toBe('print("first");');
      await sheet.drop(text('print("second");'), "other.txt");
      await page.getByText("The macro in the editor is replaced.").waitFor();
      await page.getByRole("button", { name: "Cancel" }).click();
      expect(await source()).toBe('print("first");');
      await sheet.drop(text('print("second");'), "other.ijm");
      await page.getByRole("button", { name: "Replace the macro" }).click();
      await expect.poll(source).toBe('print("second");');

      // Typed over at once.
      await page.locator("[data-layer] .row-name").filter({ hasText: "Annotations" }).dblclick();
      await page.locator("dialog input").waitFor();
      await page.keyboard.type("nuclei");
      await page.keyboard.press("Enter");
      await page
        .locator("[data-layer] .row-name")
        .filter({ hasText: /^nuclei/ })
        .waitFor();
    }));

  test("notices cover no control at any width, can be closed, and go by themselves where they may", async () => {
    for (const [width, height] of [
      [1440, 900],
      [1024, 768],
      [390, 844],
    ] as const)
      await withSheet(
        stand,
        async (sheet) => {
          const { page } = sheet;
          await sheet.openSample();
          // Several planes and something out of sight: the sliders and the overview are there.
          await page.evaluate(() => {
            const data = new Uint8Array(3 * 300 * 200).map((_, i) => i % 199);
            (globalThis as never as Handle).overtileViewer.app.host.addImage({
              title: "stack",
              image: { data, shape: [3, 200, 300], axes: "zyx" },
            });
          });
          await page.locator(".planes").waitFor();
          for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300);
          await page.mouse.move(width / 2 - 20, height / 2 - 60);
          for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -300);
          await page.locator(".overview").waitFor();
          const tell = (kind: "info" | "error", text: string): Promise<void> =>
            page.evaluate(
              ([one, words]) => {
                const { status } = (globalThis as never as Handle).overtileViewer.app.workspace;
                status.value = { kind: one as "info" | "error", text: words! };
              },
              [kind, text],
            );
          const covered = (): Promise<string[]> =>
            page.evaluate(() => {
              const box = (one: Element) => one.getBoundingClientRect();
              const notice = box(document.querySelector(".notice")!);
              const others = document.querySelectorAll(
                ".planes, .overview, .tool-strip, .side, .bar, .status, .sheet-buttons button, .scale-bar, .strip-place button",
              );
              const meets = (a: DOMRect, b: DOMRect): boolean =>
                a.width > 0 && b.width > 0 && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
              return [...others].filter((one) => meets(box(one), notice)).map(({ className }) => className);
            });
          const long = "A sentence that says what was expected, what came and what to do about it. ".repeat(6);
          for (const text of ["Imported.", long]) {
            await tell("error", text);
            await page.locator(".notice").waitFor();
            expect([width, text.length, await covered()]).toEqual([width, text.length, []]);
            if (process.env["OVERTILE_PICTURES"])
              await page.screenshot({ path: `${process.env["OVERTILE_PICTURES"]}/notice-${width}-${text.length}.png` });
          }
          if (width === 390) {
            await page.getByRole("button", { name: "Train", exact: true }).first().click();
            expect(await covered()).toEqual([]);
            if (process.env["OVERTILE_PICTURES"]) await page.screenshot({ path: `${process.env["OVERTILE_PICTURES"]}/notice-sheet.png` });
          }
          await page.getByRole("button", { name: "Close message" }).click();
          expect(await page.locator(".notice").count()).toBe(0);
          if (width !== 1024) return;
          await page.clock.install();
          await tell("info", "Imported.");
          await page.clock.runFor(20_000);
          expect(await page.locator(".notice").count()).toBe(0);
          await tell("error", "It failed.");
          await page.clock.runFor(60_000);
          expect(await page.locator(".notice").count()).toBe(1);
        },
        { width, height },
      );
  });

  test("a training that ended is not called interrupted, and models that load are not called missing", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await sheet.setValues("fake-plugin.train", { steps: 200, delay: 10 });
      await page.click("[data-action=train]");
      await page.getByText(/step \d+ of 200/).waitFor();
      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
      // It ends, and the page is left before that is stored.
      await page.evaluate(() => {
        const { training, autosave } = (globalThis as never as Handle).overtileViewer.app;
        (autosave as { save: unknown }).save = async () => {};
        training.cancel();
      });
      await page.getByText("Cancelled. Your annotations are as they were.").waitFor();
      page.once("dialog", (dialog) => void dialog.accept());
      const noted = await sheet.note("[aria-label=Segment]");
      await noted();
      await reload(sheet);
      await page.getByText("4 objects in 1 image.").waitFor();
      expect(await page.getByText("A model was learning when this page was left").count()).toBe(0);

      // While the plugin's models are being listed.
      await page.evaluate(() => {
        const { library } = (globalThis as never as Handle).overtileViewer.app;
        const before = library.plugins.value;
        library.plugins.value = before.map((one) => ({ ...one, state: "loading" as const }));
        Object.assign(globalThis, { before });
      });
      await page.getByText("Looking for models…").first().waitFor();
      expect(await page.getByText("Train a model first").count()).toBe(0);
      await page.evaluate(() => {
        (globalThis as never as Handle).overtileViewer.app.library.plugins.value = (globalThis as never as { before: never }).before;
      });
      await page.getByText("Train a model first, or import one.").waitFor();
      expect(await statusOf(sheet)).toBeUndefined();
    }));
});
