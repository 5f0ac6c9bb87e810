// Bad input: what is wrong is told in a sentence, the page is never frozen, and nothing is ever read as markup.

import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSource } from "../../core/source/open.ts";
import { writePng } from "../../core/source/write-png.ts";
import { writeTiff } from "../../core/source/write-tiff.ts";
import { writeZip } from "../../core/source/zip.ts";
import { watchTasks } from "../support/watch-tasks.ts";
import {
  createStand,
  drawFour,
  type Handle,
  hasChromium,
  longestTaskMs,
  type OpenOptions,
  type Sheet,
  type Stand,
  statusOf,
  withSheet,
} from "./open-viewer.ts";

describe.skipIf(!hasChromium)("bad input", () => {
  let stand: Stand;
  let folder: string;
  beforeAll(async () => {
    stand = await createStand();
    folder = await mkdtemp(join(tmpdir(), "overtile-bad-input-"));
  }, 120_000);
  afterAll(async () => {
    await stand.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const onSheet = (work: (sheet: Sheet) => Promise<void>, ...rest: [options?: OpenOptions, allowed?: RegExp]): Promise<void> =>
    withSheet(stand, work, ...rest);

  /** A file on the disk that begins with these bytes and is `size` bytes long: a hole, which takes no room. */
  const makeFile = async (name: string, head: Uint8Array, size = head.length): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, head);
    await truncate(path, size);
    return path;
  };

  test("a file of 3 GB of nothing is refused, and the page stays free", () =>
    onSheet(async (sheet) => {
      const endTasks = await watchTasks(stand, sheet);
      await sheet.dropPath(await makeFile("huge.bin", new TextEncoder().encode("nothing that is known"), 3e9));
      await expect.poll(() => statusOf(sheet), { timeout: 10_000 }).toMatch(/huge\.bin is of an unknown format/);
      // A PNG's beginning, and 3 GB after it: its chunks do not follow.
      const png = await writePng({ width: 40, height: 40, channels: 1, data: new Uint8Array(1600) });
      await sheet.dropPath(await makeFile("huge.png", png.subarray(0, 60), 3e9));
      await expect.poll(() => statusOf(sheet), { timeout: 20_000 }).toMatch(/huge\.png/);
      const longest = await endTasks();
      console.log("longest main-thread task with 3 GB that are no image:", longest);
      expect(longest.cpuMs).toBeLessThan(longestTaskMs);
    }));

  test("an image of 60,000 x 50,000 in a TIFF of 3 GB is shown, read in parts, and said not to be kept", { timeout: 120_000 }, () =>
    onSheet(async (sheet) => {
      const endTasks = await watchTasks(stand, sheet);
      const head = plainHead(60_000, 50_000);
      await sheet.dropPath(await makeFile("slide.tif", head, head.length + 3e9));
      await sheet.page.waitForFunction(
        () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
        undefined,
        { timeout: 60_000 },
      );
      expect(await statusOf(sheet)).toMatch(/slide\.tif \(3\.0 GB\) is not copied into this browser's storage/);
      await drawAt(sheet, 30_000, 25_000);
      expect(Object.keys(await sheet.areas())).toEqual(["1"]);
      const longest = await endTasks();
      console.log("longest main-thread task with an image of 3 GB:", longest);
      expect(longest.cpuMs).toBeLessThan(longestTaskMs);
    }),
  );

  // Every tile is unpacked to find its grey values: 900 million pixels in the long run.
  const sidePx = process.env["OVERTILE_LONG"] ? 30_000 : 8000;
  test(`an image of ${sidePx} x ${sidePx}, packed, is shown and drawn on while it is still being read`, { timeout: 120_000 }, () =>
    onSheet(async (sheet) => {
      const endTasks = await watchTasks(stand, sheet);
      await sheet.dropPath(await makeFile("large.tif", writePackedTiff(sidePx)));
      await sheet.page.waitForFunction(
        () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value === "large.tif",
      );
      await drawAt(sheet, sidePx / 2, sidePx / 2);
      expect(Object.keys(await sheet.areas())).toEqual(["1"]);
      await sheet.page.waitForFunction(
        () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
        undefined,
        { timeout: 90_000 },
      );
      const longest = await endTasks();
      console.log(`longest main-thread task with an image of ${sidePx} x ${sidePx}:`, longest);
      expect(longest.cpuMs).toBeLessThan(longestTaskMs);
    }),
  );

  test("an image closed while a model learns from it: the training ends well, the preview goes, nothing is left behind", () =>
    onSheet(async (sheet) => {
      const { page } = sheet;
      await sheet.openSample();
      await drawFour(sheet);
      await sheet.setValues("fake-plugin.train", { steps: 1_000_000, delay: 20 });
      await page.click("[data-action=train]");
      await page.getByText("Prediction now").waitFor();
      await page.click("[data-menu=File]");
      await page.click("[data-command=close]");
      await page.getByText("It goes on with a copy of this image").waitFor();
      await page.getByRole("button", { name: "Close image" }).click();
      await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 0);
      const steps = (): Promise<number> =>
        page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.training.run.value!.losses.length);
      const before = await steps();
      await expect.poll(steps, { timeout: 30_000 }).toBeGreaterThan(before + 10);
      await page.getByRole("button", { name: "Stop and keep" }).click();
      await page.getByText(/Trained my cells@1/).waitFor();
      await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 0);
      const state = await page.evaluate(() => {
        const { workspace, training } = (globalThis as never as Handle).overtileViewer.app;
        return [workspace.images.value.length, workspace.preview.value, training.run.value?.state, training.models.value.length];
      });
      expect(state).toEqual([0, undefined, "done", 1]);
    }));

  test("arrays without channels, without pixels or of the wrong length are told", () =>
    onSheet(async (sheet) => {
      for (const [shape, length] of [
        [[20, 30, 0], 0],
        [[0, 30], 0],
        [[20, 30], 599],
      ] as const) {
        await sheet.page.evaluate(
          ([wanted, count]) => {
            const { host, workspace } = (globalThis as never as Handle).overtileViewer.app;
            workspace.status.value = undefined;
            host.addImage({ title: "odd", image: { data: new Uint8Array(count), shape: [...wanted] } });
          },
          [shape, length] as const,
        );
        await expect.poll(() => statusOf(sheet)).toMatch(/^Expected .*odd/);
      }
      expect(await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length)).toBe(0);
    }));

  test("annotations that cross themselves or lie far outside the image mark what is inside, and nothing breaks", () =>
    onSheet(async (sheet) => {
      await sheet.openSample();
      await sheet.page.evaluate(() => {
        const { workspace, view } = (globalThis as never as Handle).overtileViewer.app;
        workspace.tool.value = "polygon";
        const tool = view.tools.polygon;
        const input = { scale: 1, shift: false, alt: false };
        // A bow tie that reaches beyond all four sides.
        for (const [x, y] of [
          [-4000, -4000],
          [4500, 4500],
          [4500, -4000],
          [-4000, 4500],
        ] as const) {
          tool.down({ x, y }, input);
          tool.up({ x, y }, input);
        }
      });
      await sheet.page.focus("#map");
      await sheet.page.keyboard.press("Enter");
      const areas = await sheet.areas();
      expect(Object.keys(areas)).toEqual(["1"]);
      expect(areas["1"]).toBeGreaterThan(512 * 200);
      expect(areas["1"]).toBeLessThan(512 * 312);
    }));

  test("plugins that throw or never answer, and manifests that are none, are told and leave the viewer usable", () =>
    onSheet(
      async ({ page, openSample }) => {
        for (const [address, pattern] of [
          ["fake-plugin/throws.json", /no <i>licence<\/i> was found/],
          ["viewer/index.html", /got a page \(HTML\)/],
          ["nowhere.json", /status 404/],
          ["fake-plugin/hangs.json", /did not answer within 10 s/],
        ] as const) {
          const state = await page.evaluate(
            async (url) => (globalThis as never as Handle).overtileViewer.app.library.install(`../${url}`),
            address,
          );
          expect([address, state.state, pattern.test(state.reason ?? "")]).toEqual([address, "failed", true]);
        }
        await openSample();
        expect(await page.locator("i, b").count()).toBe(0);
        expect(await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.library.commandFor("train")?.plugin)).toBe(
          "fake-plugin",
        );
        await page.click("[data-menu=Plugins]");
        await page.click("[data-command=plugins]");
        await page.getByText("Fake <b>plugin</b>").first().waitFor();
      },
      {
        // The ten seconds that a plugin has pass in one.
        before: () => {
          const original = globalThis.setTimeout;
          globalThis.setTimeout = ((work: () => void, ms?: number) => original(work, ms === 10_000 ? 1000 : ms)) as never;
        },
      },
      /404/,
    ));

  test("HTML in names of files, classes, layers and models is never markup", () =>
    onSheet(async (sheet) => {
      const evil = "<img src=x onerror=alert(1)>.png";
      await sheet.drop(await writePng({ width: 20, height: 20, channels: 1, data: new Uint8Array(400) }), evil);
      await sheet.page.getByRole("button", { name: evil }).first().waitFor();
      await sheet.page.evaluate(async (name) => {
        const { app } = (globalThis as never as Handle).overtileViewer;
        app.workspace.classes.value = [
          { name, color: "#ffffff" },
          { name: `${name}2`, color: "#000000" },
        ];
        app.workspace.activeLayer.value!.name.value = name;
        await app.library.models()!.import(new Blob(["x"]), name);
        await app.training.refreshModels();
        app.workspace.status.value = { kind: "error", text: name };
      }, evil);
      await sheet.page.click("#tab-objects");
      await sheet.page.click("#tab-train");
      expect(await sheet.page.locator("img").count()).toBe(0);
      expect(await sheet.page.getByText(evil).count()).toBeGreaterThan(4);
    }));

  test("bad drops are told in a sentence: text, an empty file, a cut PNG, a wrong TIFF", () =>
    onSheet(async (sheet) => {
      const png = await writePng({ width: 50, height: 50, channels: 1, data: new Uint8Array(2500).map((_, i) => (i * 7919) % 256) });
      const cases: [Uint8Array, string, RegExp][] = [
        [new TextEncoder().encode("hello"), "a.txt.png", /unknown format/],
        [new Uint8Array(0), "empty.tif", /empty/],
        [Uint8Array.from([0x49, 0x49, 42, 0, 8, 0, 0, 0, 0, 0]), "wrong.tif", /wrong\.tif/],
        [png.subarray(0, 40), "cut.png", /cut\.png/],
        // An image in a zip says itself what is wrong; it is not called a broken model.
        [writeZip([{ name: ".zattrs", data: png }]), "cells.zarr.zip", /OME-Zarr image; .* is damaged: \.zattrs is no JSON/],
        [new TextEncoder().encode('{"type":"FeatureCollection"}'), "cells.geojson", /cells\.geojson is a JSON text/],
      ];
      for (const [bytes, name, pattern] of cases) {
        await sheet.page.evaluate(() => {
          (globalThis as never as Handle).overtileViewer.app.workspace.status.value = undefined;
        });
        await sheet.drop(bytes, name);
        await expect.poll(() => statusOf(sheet), { timeout: 5000 }).toMatch(pattern);
      }
      expect(await sheet.page.locator(".notice").getAttribute("role")).toBe("alert");
    }));

  test("images of 1x1, of 5 dimensions and very wide ones open", () =>
    onSheet(async (sheet) => {
      await sheet.drop(await writePng({ width: 1, height: 1, channels: 1, data: Uint8Array.of(7) }), "one.png");
      await sheet.page.waitForFunction(
        () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length === 1,
      );
      await sheet.drop(writeTiff({ width: 30_000, height: 3, pages: [new Uint8Array(90_000).map((_, i) => i % 256)] }), "wide.tif");
      await sheet.page.waitForFunction(
        () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value === "wide.tif",
      );
      await sheet.page.evaluate(async () => {
        const { host } = (globalThis as never as Handle).overtileViewer.app;
        const data = Float32Array.from({ length: 2 * 3 * 2 * 20 * 30 }, (_, i) => Math.sin(i));
        host.addImage({ title: "five", image: { data, shape: [2, 3, 2, 20, 30], axes: "tzcyx" } });
      });
      await sheet.page.waitForFunction(
        () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value === "five",
      );
      await sheet.page.getByLabel("Depth").fill("2");
      await sheet.page.getByLabel("Time").fill("1");
      expect(
        await sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.planeIndex.value),
      ).toBe(5);
    }));

  test("storage that is full is told, and the page goes on", () =>
    onSheet(
      async (sheet) => {
        await sheet.openSample();
        await sheet.page.keyboard.press("Control+s");
        await expect.poll(() => statusOf(sheet)).toMatch(/could not be stored in this browser: .*full.*What was stored before is kept/s);
      },
      {
        before: () => {
          FileSystemFileHandle.prototype.createWritable = () => Promise.reject(new DOMException("The disk is full.", "QuotaExceededError"));
        },
      },
    ));

  test("without WebGL the image is drawn on a plain canvas, and the status bar says so", () =>
    onSheet(
      async (sheet) => {
        await sheet.openSample();
        await sheet.page.getByText(/No WebGL here/).waitFor();
        await sheet.rest();
        const png = await sheet.page.locator("#map").screenshot();
        const source = await openSource(new Uint8Array(png));
        const { data, channels } = await source.read({ x0: 0, y0: 0, x1: source.width, y1: source.height });
        let bright = 0;
        for (let i = 0; i < data.length; i += channels) if (data[i]! > 120) bright++;
        expect(bright).toBeGreaterThan(20_000);
      },
      {
        pixelRatio: 1,
        before: () => {
          const original = HTMLCanvasElement.prototype.getContext;
          HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
            return kind.startsWith("webgl") ? null : original.call(this, kind as never, ...(rest as []));
          } as typeof original;
        },
      },
    ));
});

/** Draws a stroke around an image point. */
async function drawAt(sheet: Sheet, x: number, y: number): Promise<void> {
  await sheet.page.evaluate(
    ([px, py]) => {
      const { view } = (globalThis as never as Handle).overtileViewer.app;
      view.zoomTo(1);
      view.centreOn({ x: px, y: py });
    },
    [x, y] as const,
  );
  await sheet.page.waitForFunction(
    ([px, py]) => {
      const sight = (globalThis as never as Handle).overtileViewer.app.view.sight.value!;
      return Math.abs(sight.x0 + sight.x1 - 2 * px) < 4 && Math.abs(sight.y0 + sight.y1 - 2 * py) < 4;
    },
    [x, y] as const,
  );
  await sheet.page.focus("#map");
  await sheet.page.keyboard.press("b");
  await sheet.drag([
    [x, y],
    [x + 40, y + 10],
  ]);
}

type Field = readonly [tag: number, type: 3 | 4, values: readonly number[]];

/** The beginning of a little-endian TIFF with these fields; arrays follow the directory. `at` gives where the pixels begin. */
function tiffHead(fields: (at: number) => readonly Field[]): Uint8Array {
  const count = fields(0).length;
  const tables = 8 + 2 + count * 12 + 4;
  const size = tables + fields(0).reduce((sum, [, , values]) => sum + (values.length > 1 ? values.length * 4 : 0), 0);
  const head = new Uint8Array(size);
  const view = new DataView(head.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 8, true);
  view.setUint16(8, count, true);
  let table = tables;
  for (const [i, [tag, type, values]] of fields(size).entries()) {
    const place = 10 + i * 12;
    view.setUint16(place, tag, true);
    view.setUint16(place + 2, type, true);
    view.setUint32(place + 4, values.length, true);
    view.setUint32(place + 8, values.length > 1 ? table : values[0]!, true);
    if (values.length > 1)
      for (const value of values) {
        view.setUint32(table, value, true);
        table += 4;
      }
  }
  return head;
}

/** The head of a TIFF of bytes, one strip a row, whose pixels follow it. */
const plainHead = (width: number, height: number): Uint8Array =>
  tiffHead((at) => [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, [8]],
    [259, 3, [1]],
    [262, 3, [1]],
    [273, 4, Array.from({ length: height }, (_, y) => at + y * width)],
    [278, 4, [1]],
    [279, 4, new Array<number>(height).fill(width)],
  ]);

/** A square TIFF of bytes in tiles of 512, Deflate: every tile is the same one, so the file is small. */
function writePackedTiff(side: number): Uint8Array {
  const tile = deflateSync(Uint8Array.from({ length: 512 * 512 }, (_, i) => (i * 31) % 200));
  const count = Math.ceil(side / 512) ** 2;
  const head = tiffHead((at) => [
    [256, 4, [side]],
    [257, 4, [side]],
    [258, 3, [8]],
    [259, 3, [8]],
    [262, 3, [1]],
    [322, 3, [512]],
    [323, 3, [512]],
    [324, 4, new Array<number>(count).fill(at)],
    [325, 4, new Array<number>(count).fill(tile.length)],
  ]);
  return new Uint8Array(Buffer.concat([head, tile]));
}
