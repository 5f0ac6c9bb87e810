// OME-Zarr in the viewer: folders and zips, their pyramids used as such, segmented and learnt from; addresses of other origins.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeZip } from "../../core/source/zip.ts";
import {
  createStand,
  drawFour,
  type Handle,
  hasChromium,
  readData,
  reload,
  type Sheet,
  type Stand,
  statusOf,
  withSheet,
} from "./open-viewer.ts";
import { zarrFiles } from "./zarr-files.ts";

describe.skipIf(!hasChromium)("OME-Zarr", () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand();
  }, 120_000);
  afterAll(() => stand.dispose());

  /** Writes the folder into the browser's private files, and opens it by its handle, as a drop does. */
  const openFolder = async ({ page }: Sheet): Promise<void> => {
    await openFiles(page, "cells.zarr", zarrFiles());
    await page.waitForFunction(
      () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
    );
  };
  const openFiles = async (page: Sheet["page"], title: string, content: ReturnType<typeof zarrFiles>): Promise<void> => {
    const packed = Object.fromEntries(Object.entries(content).map(([path, content]) => [path, Buffer.from(content).toString("base64")]));
    await page.evaluate(
      async ([title, files]) => {
        const root = await (await navigator.storage.getDirectory()).getDirectoryHandle(title, { create: true });
        for (const [path, content] of Object.entries(files)) {
          const [name, ...folders] = path.split("/").reverse();
          let folder = root;
          for (const part of folders.reverse()) folder = await folder.getDirectoryHandle(part, { create: true });
          const writable = await (await folder.getFileHandle(name!, { create: true })).createWritable();
          await writable.write(Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0)));
          await writable.close();
        }
        await (globalThis as never as Handle).overtileViewer.actions.openFolder(Promise.resolve(root));
      },
      [title, packed] as const,
    );
  };

  test("millions of tiny chunks are refused as it is opened, many are told, and of a pyramid the full size that nobody sees at once", () =>
    withSheet(stand, async (sheet) => {
      const metadata = (shape: readonly number[]): string =>
        JSON.stringify({ ...{ zarr_format: 2, shape, chunks: [1, 1], dtype: "|u1" }, fill_value: 0, order: "C", filters: null, compressor: null }); // biome-ignore format: one thought
      await openFiles(sheet.page, "dust.zarr", { ".zarray": metadata([9000, 9000]) });
      await expect
        .poll(() => statusOf(sheet))
        .toMatch(
          /dust\.zarr cannot be read in reasonable time: it is in 81,000,000 chunks of 1 x 1 pixels.*Write it again in chunks of 256 x 256/,
        );
      const coarse = Object.fromEntries(Object.entries(zarrFiles()).filter(([path]) => !path.startsWith("0/")));
      await openFiles(sheet.page, "grain.zarr", { ...coarse, "0/.zarray": metadata([500, 600]) });
      await expect.poll(() => statusOf(sheet)).toMatch(/grain\.zarr is in 300,000 chunks of 1 x 1 pixels: .* which takes about 24 s/);
    }));

  test("a folder opens with its pyramid, is segmented and learnt from; after a reload it is asked for, and its labels are kept", () =>
    withSheet(stand, async (sheet) => {
      const { page } = sheet;
      await openFolder(sheet);
      const facts = await page.evaluate(async () => {
        const { title, source } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
        const { data } = await source.read({ y0: 10, x0: 20, y1: 11, x1: 23, level: 1 });
        return { title: title.value, levels: source.levels, um: source.pixelSizeUm, data: [...data] };
      });
      const levels = [
        { width: 600, height: 500 },
        { width: 300, height: 250 },
      ];
      expect(facts).toEqual({ title: "cells.zarr", levels, um: 0.5, data: [60, 62, 64] });

      await page.focus("#map");
      await drawFour(sheet);
      const drawn = await sheet.areas();
      await page.click("[data-action=train]");
      await page.getByText(/Trained my cells@1/).waitFor();
      const [shape] = await page.evaluate(() =>
        (globalThis as never as { lastSamples: { image: { shape: number[] } }[] }).lastSamples.map(({ image }) => image.shape),
      );
      expect(shape).toEqual([500, 600]);
      await page.click("[data-action=segment]");
      await page.getByText(/objects in "Prediction"/).waitFor();

      await page.evaluate(async () => {
        const { workspace, autosave } = (globalThis as never as Handle).overtileViewer.app;
        const entry = workspace.current.value!;
        entry.activeLayer.value = entry.layers.value.find(({ kind }) => kind === "annotation");
        await autosave.save();
      });
      await reload(sheet);
      expect(await statusOf(sheet)).toMatch(/Not opened again: cells\.zarr.*its labels are kept/);
      await openFolder(sheet);
      await expect.poll(() => sheet.areas()).toEqual(drawn);
    }));

  test("a zip opens as an image when it is one, else as a model", () =>
    withSheet(stand, async (sheet) => {
      await sheet.drop(await readData("test/core/source/golden/zarr/v2-gzip.zip"), "small.zarr.zip");
      await sheet.page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 1);
      // The fake plugin takes anything.
      await sheet.drop(writeZip([{ name: "rdf.yaml", data: new Uint8Array(9) }]), "model.zip");
      await expect.poll(() => statusOf(sheet)).toBe("Imported the model imported.");
    }));

  /** Serves these files to `allowed` pages; answers every path with 404 else. */
  async function serveFiles(files: Record<string, string | number[]>, isAllowed: boolean) {
    const asked: string[] = [];
    const server = createServer(({ method, url }, response) => {
      const path = url!.replace("/cells.zarr/", "");
      if (isAllowed) response.setHeader("Access-Control-Allow-Origin", "*").setHeader("Access-Control-Allow-Headers", "*");
      if (method === "OPTIONS") return void response.end();
      asked.push(path);
      const content = files[path];
      response.statusCode = content === undefined ? 404 : 200;
      response.end(typeof content === "string" ? content : Uint8Array.from(content ?? []));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/cells.zarr`;
    return { address, asked, close: () => server.close() };
  }

  test("an address opens with its pyramid, whose small level is what a far view reads; chunks that are absent are counted", async () => {
    const { "0/1.2": _, ...files } = zarrFiles();
    const { address, asked, close } = await serveFiles(files, true);
    const sheet = await stand.open({ width: 700, height: 420 });
    try {
      await sheet.page.evaluate((url) => (globalThis as never as Handle).overtileViewer.actions.openUrl(url), address);
      await sheet.page.waitForFunction(
        () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
      );
      await expect.poll(() => asked.some((path) => path.startsWith("1/0."))).toBe(true);
      expect(
        await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.source.levels.length),
      ).toBe(2);
      const gaps = await sheet.page.evaluate(async () => {
        const { source } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
        for (const x0 of [550, 560]) await source.read({ y0: 300, x0, y1: 301, x1: x0 + 5 });
        return source.gaps?.missingChunks;
      });
      expect(gaps).toBe(1);
    } finally {
      await sheet.close();
      close();
    }
  });

  test("an address that this page may not read is told with what to do", async () => {
    const { address, close } = await serveFiles({}, false);
    const sheet = await stand.open();
    try {
      await sheet.page.evaluate((url) => (globalThis as never as Handle).overtileViewer.actions.openUrl(url), address);
      await expect
        .poll(() => statusOf(sheet), { timeout: 20_000 })
        .toMatch(/it does not let pages read it: it must send "Access-Control-Allow-Origin"/);
      expect(new Set(sheet.foreign.map((url) => new URL(url).origin))).toEqual(new Set([new URL(address).origin]));
    } finally {
      await sheet.close();
      close();
    }
  });
});
