// How the viewer uses its plugin: whose values win, what the address asks for, what comes back, versions of models, datasets.

import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeZip } from "../../core/source/zip.ts";
import { boxMiddle, createStand, drawFour, type Handle, hasChromium, type Sheet, type Stand, statusOf, withSheet } from "./open-viewer.ts";

describe.skipIf(!hasChromium)("the plugin in use", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  const look = <T>({ page }: Sheet, read: (app: Handle["overtileViewer"]["app"]) => T): Promise<T> =>
    page.evaluate(`(${read})(globalThis.overtileViewer.app)`) as Promise<T>;
  const train = (sheet: Sheet, times: number): Promise<void> =>
    sheet.page.evaluate(async (count) => {
      const { training } = (globalThis as never as Handle).overtileViewer.app;
      training.values.value = { "fake-plugin.train": { steps: 2, delay: 0 } };
      for (let i = 0; i < count; i++) await training.train();
    }, times);

  test("what a command's dialog says goes before what the panel says, once", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await train(sheet, 1);
      const given = (): Promise<unknown> =>
        page.evaluate(() => (globalThis as never as { lastParameters?: { model?: string } }).lastParameters?.model);
      await page.keyboard.press("Control+Shift+S");
      const field = page.locator("dialog [data-parameter=model] input");
      expect(await field.inputValue()).toBe("my cells");
      await field.fill("other.zip");
      await page.locator("dialog .primary").click();
      await expect.poll(given).toBe("other.zip");
      await page.locator("[data-action=segment]:not(:disabled)").click();
      await expect.poll(given).toBe("my cells");
    }));

  test("a model that the address asks for is imported once the plugin is there, however late", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        await page.getByRole("button", { name: "Do it" }).click();
        expect(await look(sheet, (app) => app.library.plugins.value[0]?.state)).toBe("loading");
        await expect.poll(() => look(sheet, (app) => app.training.models.value.map(({ name }) => name))).toEqual(["imported"]);
        expect(await statusOf(sheet)).toBe("Imported the model imported.");
      },
      {
        query: "?model=../images/grey8.png",
        before: () => {
          const { fetch } = globalThis;
          globalThis.fetch = async (...given) => {
            if (String(given[0]).includes("manifest.json")) await new Promise((resolve) => setTimeout(resolve, 1500));
            return fetch(...given);
          };
        },
      },
    ));

  test("a plugin that the address asks for is shown, and installed only after a click", () =>
    withSheet(
      stand,
      async (sheet) => {
        const { page } = sheet;
        const states = (): Promise<string[]> =>
          look(sheet, (app) => app.library.plugins.value.map(({ url, state }) => `${url.split("/").at(-1)} ${state}`));
        await page.getByText("../fake-plugin/throws.json").waitFor();
        await expect.poll(states).toEqual(["manifest.json ready"]);
        await page.getByRole("button", { name: "Do it" }).click();
        await expect.poll(states).toEqual(["manifest.json ready", "throws.json failed"]);
      },
      { query: "?plugin=../fake-plugin/throws.json" },
      /throws/,
    ));

  test("a file that a command returns is a download", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await page.click("[data-menu=Plugins]");
      await page.click('[data-command="fake-plugin.models_export"]');
      await page.locator("dialog [data-parameter=model] input").fill("my cells");
      const download = page.waitForEvent("download");
      await page.locator("dialog .primary").click();
      const file = await download;
      expect([file.suggestedFilename(), (await readFile(await file.path())).toString()]).toEqual(["my_cells.zip", "model"]);
    }));

  test("what a command without an image tells is said, from the menu and by a macro", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await page.click("[data-menu=Plugins]");
      await page.click('[data-command="fake-plugin.evaluate"]');
      await page.locator("dialog [data-parameter=predicted] input").fill("mask");
      await page.locator("dialog .primary").click();
      await page.getByText('"f1": 1').waitFor();
      await page.locator("dialog .primary").click();
      await page.locator(".notice").getByText("mask holds 0 and 255 only.").waitFor();
      await page.evaluate(() =>
        (globalThis as never as Handle).overtileViewer.app.host.runMacro('run("Fake Evaluate", "predicted=other");'),
      );
      await page.locator(".notice").getByText("other holds 0 and 255 only.").waitFor();
    }));

  test("a model is one row with its newest version; it is renamed and deleted with all its versions", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await train(sheet, 3);
      const rows = (): Promise<string[]> =>
        look(sheet, (app) => app.training.models.value.map(({ name, version }) => `${name} v${version}`));
      const kept = (): Promise<string[]> =>
        page.evaluate(async () => {
          const models = await (globalThis as never as Handle).overtileViewer.app.library.models()!.list();
          return models.map(({ name, version }) => `${name} v${version}`).sort();
        });
      expect(await rows()).toEqual(["my cells v3"]);
      const row = page.locator("[aria-label=Models] .row");
      await row.hover();
      await row.getByRole("button", { name: "Rename my cells" }).click();
      await page.locator("dialog input").fill("nuclei");
      await page.keyboard.press("Enter");
      await expect.poll(kept).toEqual(["nuclei v1", "nuclei v2", "nuclei v3"]);
      await expect.poll(rows).toEqual(["nuclei v3"]);
      await row.hover();
      await row.getByRole("button", { name: "Delete nuclei" }).click();
      await page.getByText("All 3 versions are deleted.").waitFor();
      await page.locator("dialog .primary").click();
      await expect.poll(kept).toEqual([]);
      await expect.poll(rows).toEqual([]);
    }));

  describe("a dataset's folder", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "overtile-dataset-"));
      for (const name of ["images", "labels", "notes"]) {
        await mkdir(join(folder, "set", name), { recursive: true });
        await cp("test/core/source/golden/images/grey8.png", join(folder, "set", name, "a.png"));
      }
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const namesLearntFrom = ({ page }: Sheet): Promise<string[]> =>
      page.evaluate(async () => {
        const given = (globalThis as never as { lastSamples?: unknown }).lastSamples;
        if (!(given instanceof Blob)) return [];
        const text = await given.text();
        return [...new Set(text.match(/(images|labels|notes)\/a\.png/g))].sort();
      });
    const begin = async (sheet: Sheet): Promise<void> => {
      await sheet.setValues("fake-plugin.train", { steps: 2, delay: 0 });
      await sheet.page.getByRole("button", { name: "From dataset…" }).click();
    };

    test("is learnt from as its zip is, in a browser that hands folders over", () =>
      withSheet(stand, async (sheet) => {
        await sheet.page.evaluate(async () => {
          const top = await (await navigator.storage.getDirectory()).getDirectoryHandle("set", { create: true });
          for (const name of ["images", "labels", "notes"]) {
            const file = await (await top.getDirectoryHandle(name, { create: true })).getFileHandle("a.png", { create: true });
            const stream = await file.createWritable();
            await stream.write("bytes");
            await stream.close();
          }
          Object.assign(globalThis, { showDirectoryPicker: async () => top });
        });
        await begin(sheet);
        await sheet.page.click("[data-dataset=folder]");
        await expect.poll(() => namesLearntFrom(sheet)).toEqual(["images/a.png", "labels/a.png"]);
      }));

    test("is offered for training where its zip or its folder is dropped, also in a folder of its own", () =>
      withSheet(stand, async (sheet) => {
        const { page } = sheet;
        const picture = await readFile("test/core/source/golden/images/grey8.png");
        const zip = writeZip(
          ["set/images/a.png", "set/labels/a.png", "__MACOSX/set/images/._a.png"].map((name) => ({ name, data: picture })),
        );
        await sheet.setValues("fake-plugin.train", { steps: 2, delay: 0 });
        await sheet.drop(zip, "cells\u202e.zip");
        await expect
          .poll(() => page.locator("dialog").textContent())
          .toMatch(/Train on this dataset\?.*cells\\u202e\.zip holds images with drawings/);
        await page.getByRole("button", { name: "Cancel" }).click();
        expect(await namesLearntFrom(sheet)).toEqual([]);
        await sheet.drop(zip, "cells.zip");
        await page.locator("dialog").getByRole("button", { name: "Train" }).click();
        await expect.poll(() => namesLearntFrom(sheet)).toEqual(["images/a.png", "labels/a.png"]);
        await page.evaluate(() => Reflect.deleteProperty(globalThis, "lastSamples"));
        await sheet.dropPath(join(folder, "set"));
        await page.locator("dialog").getByRole("button", { name: "Train" }).click();
        await expect.poll(() => namesLearntFrom(sheet)).toEqual(["images/a.png", "labels/a.png"]);
      }));

    test("is learnt from as its zip is, in one that does not", () =>
      withSheet(
        stand,
        async (sheet) => {
          await begin(sheet);
          const chooser = sheet.page.waitForEvent("filechooser");
          await sheet.page.click("[data-dataset=folder]");
          await (await chooser).setFiles(join(folder, "set"));
          await expect.poll(() => namesLearntFrom(sheet)).toEqual(["images/a.png", "labels/a.png"]);
        },
        { before: () => Reflect.deleteProperty(globalThis, "showDirectoryPicker") },
      ));
  });

  test("a box is drawn and resized with its tool; ignored pixels reach the plugin", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await boxMiddle(sheet);
      await drawFour(sheet);
      const boxes = (): Promise<number[][]> =>
        look(sheet, (app) => app.workspace.activeLayer.value!.regions.value.map(({ x0, y0, x1, y1 }) => [x0, y0, x1, y1].map(Math.round)));
      const count = (await boxes()).length;
      await page.keyboard.press("a");
      await sheet.drag([
        [20, 30],
        [60, 70],
        [120, 110],
      ]);
      expect((await boxes()).slice(count)).toEqual([[20, 30, 120, 110]]);
      await sheet.drag([
        [120, 70],
        [130, 70],
        [140, 70],
      ]);
      expect((await boxes()).slice(count)).toEqual([[20, 30, 140, 110]]);
      await page.keyboard.press("Control+z");
      expect((await boxes()).slice(count)).toEqual([[20, 30, 120, 110]]);

      await page.keyboard.press("i");
      await page.keyboard.press("r");
      await sheet.drag([
        [40, 40],
        [50, 48],
        [60, 50],
      ]);
      await train(sheet, 1);
      const ignored = await page.evaluate(() => {
        const [sample] = (globalThis as never as { lastSamples: { ignore?: { data: Uint8Array; shape: number[] } }[] }).lastSamples;
        const { data, shape } = sample!.ignore!;
        const at = (x: number, y: number): number => data[y * shape[1]! + x]!;
        return { pixels: data.reduce((sum, value) => sum + value, 0), inside: at(50, 45), outside: at(70, 45) };
      });
      expect(ignored).toEqual({ pixels: 200, inside: 1, outside: 0 });
    }));
});
