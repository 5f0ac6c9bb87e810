// The ways in: a file from the dialog, an address, and drops as the browser makes them, of files, folders and addresses. JPEG
// stands for all formats here: what the viewer reads is what Pillow reads (core/source/golden).

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startServer } from "../core/source/flaky-server.ts";
import { crcOf } from "../core/source/zip-bytes.ts";
import { createStand, type Handle, hasChromium, type Sheet, type Stand, statusOf, withSheet } from "./open-viewer.ts";
import { zarrFiles } from "./zarr-files.ts";

const jpeg = resolve("test/core/source/golden/images/jpeg-420.jpg");

describe.skipIf(!hasChromium)("opening", () => {
  let stand: Stand;
  let folder: string;
  let expected: number;
  beforeAll(async () => {
    stand = await createStand();
    folder = await mkdtemp(join(tmpdir(), "overtile-opening-"));
    expected = JSON.parse(await readFile("test/core/source/golden/jpegs.json", "utf8"))["jpeg-420.jpg"].crc;
  }, 120_000);
  afterAll(async () => {
    await stand.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const whenOpen = ({ page }: Sheet, count: number): Promise<unknown> =>
    page.waitForFunction((wanted) => {
      const { workspace } = (globalThis as never as Handle).overtileViewer.app;
      return workspace.images.value.length === wanted && (workspace.current.value?.channels.value.length ?? 0) > 0;
    }, count);
  /** The current image: its title, size and the checksum of its pixels. */
  const facts = async ({ page }: Sheet): Promise<{ title: string; shape: number[]; crc: number; isFile: boolean }> => {
    const { data, ...told } = await page.evaluate(async () => {
      const { source, title, image } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
      const { width, height, channels } = source;
      const { data } = await source.read({ y0: 0, x0: 0, y1: height, x1: width });
      const isFile = image instanceof Blob || image instanceof URL;
      return { title: title.value, shape: [height, width, channels.length], data: [...data], isFile };
    });
    return { ...told, crc: crcOf(Uint8Array.from(data)) };
  };

  test("a JPEG by the file dialog, by its address and by a drop: each time Pillow's pixels, and the plugin gets the file itself", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      const told = { title: "jpeg-420.jpg", shape: [61, 83, 3], crc: expected, isFile: true };
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Open an image" }).click();
      await (await chooser).setFiles(jpeg);
      await whenOpen(sheet, 1);
      expect(await facts(sheet)).toEqual(told);

      await page.click("[data-menu=File]");
      await page.getByRole("menuitem", { name: /^Open address/ }).click();
      await page.getByLabel(/URL of an image/).fill(`${stand.url}images/jpeg-420.jpg`);
      await page.keyboard.press("Enter");
      await whenOpen(sheet, 2);
      expect(await facts(sheet)).toMatchObject({ shape: told.shape, crc: expected, isFile: true });

      await sheet.dropPath(jpeg);
      await whenOpen(sheet, 3);
      expect(await facts(sheet)).toMatchObject({ shape: told.shape, crc: expected, isFile: true });
      expect(await page.locator("#app").getAttribute("data-drop")).toBeNull();
    }));

  test("an image that its server sends whole tells how much has come, and can be cancelled", async () => {
    const bytes = await readFile(jpeg);
    const half = bytes.length >> 1;
    let goOn = (): void => {};
    const server = await startServer(() => undefined);
    server.setMood((_, response) => {
      response.writeHead(200, { "access-control-allow-origin": "*", "content-length": bytes.length });
      response.write(bytes.subarray(0, half));
      // One byte at a time until the test has seen what it waits for.
      let sent = half;
      const timer = setInterval(() => response.write(bytes.subarray(sent, ++sent)), 50);
      response.on("close", () => clearInterval(timer));
      goOn = () => {
        clearInterval(timer);
        response.end(bytes.subarray(sent));
      };
      return true;
    });
    const sheet = await stand.open();
    try {
      const { page } = sheet;
      const open = (): Promise<void> =>
        page.evaluate((url) => void (globalThis as never as Handle).overtileViewer.actions.openUrl(url), `${server.url}slow.jpg`);
      const notice = page.getByText(/Opening slow\.jpg: 0\.0 MB of 0\.0 MB, .* left\. Its server sends it whole\./);
      await open();
      await notice.waitFor();
      await page.getByRole("button", { name: "Cancel", exact: true }).click();
      await notice.waitFor({ state: "detached" });
      await expect.poll(() => server.givenUp()).toBe(1);
      await open();
      await notice.waitFor();
      goOn();
      await whenOpen(sheet, 1);
      await notice.waitFor({ state: "detached" });
      expect(await facts(sheet)).toMatchObject({ crc: expected });
      expect(sheet.faults).toEqual([]);
    } finally {
      await sheet.close();
      await server.close();
    }
  });

  test("a JPEG that is cut is told in a sentence", () =>
    withSheet(stand, async (sheet) => {
      await sheet.drop((await readFile(jpeg)).subarray(0, 900), "cut.jpg");
      await expect.poll(() => statusOf(sheet)).toMatch(/^Expected a whole JPEG image; cut\.jpg cannot be read: its JPEG data are damaged/);
      // A name that would be shown as "cut-exe.jpg" turned around, on two lines.
      await sheet.drop((await readFile(jpeg)).subarray(0, 900), "cut-\u202egpj.\nexe");
      await expect.poll(() => statusOf(sheet)).toMatch(/; cut-gpj\._exe cannot be read/);
      await sheet.drop(await readFile(jpeg), "fine\u202e.jpg");
      await whenOpen(sheet, 3);
      expect((await facts(sheet)).title).toBe("fine.jpg");
    }));

  test("an OME-Zarr folder, dropped as a file manager drops it, opens with its pyramid; a folder of something else is told", () =>
    withSheet(stand, async (sheet) => {
      const path = join(folder, "cells.zarr");
      for (const [name, content] of Object.entries(zarrFiles())) {
        await mkdir(dirname(join(path, name)), { recursive: true });
        await writeFile(join(path, name), typeof content === "string" ? content : Uint8Array.from(content));
      }
      await mkdir(join(folder, "letters"));
      await writeFile(join(folder, "letters", "a.txt"), "hello");
      await sheet.dropPath(path);
      await whenOpen(sheet, 1);
      expect(
        await sheet.page.evaluate(() => {
          const { source, title, origin } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
          return [title.value, origin.kind, source.levels.map(({ width }) => width)];
        }),
      ).toEqual(["cells.zarr", "folder", [600, 300]]);
      await sheet.dropPath(join(folder, "letters"));
      await expect.poll(() => statusOf(sheet)).toMatch(/letters is a folder without a Zarr image/);
    }));
});
