// Slides in the built viewer with the built plugin: segmented block by block into the private files, shown, killed and gone on
// with, listed, exported. A tiny real network; the rule's limit is lowered, so that a slide of some blocks is one.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSource } from "../../core/source/open.ts";
import { writePng } from "../../core/source/write-png.ts";
import { writeTiff } from "../../core/source/write-tiff.ts";
import { readZip } from "../../core/source/zip.ts";
import { serveBytes, startServer } from "../core/source/flaky-server.ts";
import { createFolder, overtile } from "../host/terminal/run-overtile.ts";
import { makeSlide } from "./make-slide.ts";
import { createStand, type Handle, hasChromium, reload, type Sheet, type Stand, statusOf } from "./open-viewer.ts";

const bundle = process.env["OVERTILE_BUNDLE"] ?? "dist";
const isBuilt = existsSync(`${bundle}/manifest.json`) && existsSync(`${bundle}/overtile.mjs`);
if (!isBuilt) console.warn(`Slides in the viewer are only tested with ${bundle}/, from npm run build`);

const [height, width, blocks] = [1280, 2304, 6];
/** Where storage or server fail: always in test/host/terminal/full-disk and test/core/source/http, in the viewer in the long run. */
const longTest = test.runIf(process.env["OVERTILE_LONG"]);
const patience = 240_000; // a busy machine
const { path: folder, remove } = createFolder();

describe.skipIf(!hasChromium || !isBuilt)("a slide", () => {
  let stand: Stand;
  let slide: Uint8Array<ArrayBuffer>;
  let model: Uint8Array;
  let sheet: Sheet;
  /** What a run that nobody disturbed leaves. */
  let whole: Left;

  beforeAll(async () => {
    slide = await makeSlide(height, width, (row, column) => (row + column) % 2 === 0);
    await writeFile(join(folder, "slide.tif"), slide);
    await overtile(["new", "tiny.zip", "--levels", "1", "--features", "2", "--seed", "3"], { cwd: folder });
    model = await readFile(join(folder, "tiny.zip"));
    stand = await createStand({ plugin: bundle });
    sheet = await openReady();
    await drop(sheet);
    await segmentAll(sheet.page);
    whole = await readLeft(sheet.page);
  }, patience);
  afterAll(async () => {
    await sheet?.close();
    await stand?.dispose();
    remove();
  });

  /** A viewer with a low limit and the model. `before`: run in its page first. */
  async function openReady(before = (): void => {}): Promise<Sheet> {
    const opened = await stand.open({ before });
    await opened.page.evaluate(() => {
      delete (globalThis as { showSaveFilePicker?: unknown }).showSaveFilePicker;
    });
    opened.page.setDefaultTimeout(patience);
    await lowerLimit(opened.page);
    await opened.page.evaluate(async (text) => {
      const { app, actions } = (globalThis as never as Handle).overtileViewer;
      while (!app.library.models()) await new Promise((done) => setTimeout(done, 20));
      await actions.importArchive(new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))]));
      const { id } = app.library.commandFor("segment")!.command;
      app.training.values.value = { [id]: { backend: "wasm", min_size: 9 } };
    }, Buffer.from(model).toString("base64"));
    return opened;
  }

  async function drop({ page, drop: dropBytes }: Sheet): Promise<void> {
    await dropBytes(slide, "slide.tif");
    await untilOpen(page);
  }

  /** A plugin's results at its end, with hashes of its files. */
  interface Left {
    readonly objects: number;
    readonly files: Readonly<Record<string, string>>;
  }

  const readLeft = (page: Page): Promise<Left> =>
    page.evaluate(async () => {
      const { workspace } = (globalThis as never as Handle).overtileViewer.app;
      const { folder, table } = workspace.current.value!.activeSlide.value!;
      const files: Record<string, string> = {};
      for (const name of ["labels.ome.tif", "table.csv"]) {
        const bytes = await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer();
        files[name] = [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join();
      }
      return { objects: table.value!.count, files };
    });

  test(
    "its result is what the terminal makes of it, and no array of the page holds it",
    async () => {
      await overtile(
        [
          "segment",
          "slide.tif",
          "--model",
          "tiny.zip",
          "-o",
          "out",
          "--output",
          "labels,table",
          "--min-size",
          "9",
          "--format",
          "ome-tiff",
          "--backend",
          "wasm",
        ],
        { cwd: folder },
      );
      const there = await openSource(join(folder, "out/slide.labels.ome.tif"));
      const here = await openSource(await fileOf(sheet.page, "labels.ome.tif"));
      expect(here.levels).toEqual(there.levels);
      const all = { y0: 0, x0: 0, y1: height, x1: width };
      const [ours, theirs] = [(await here.read(all)).data, (await there.read(all)).data];
      expect(ours.findIndex((id, i) => id !== theirs[i])).toBe(-1);
      const lines = (await readFile(join(folder, "out/slide.table.csv"), "utf8")).trim().split("\n");
      expect(whole.objects).toBe(lines.length - 1);
      expect(whole.objects).toBeGreaterThan(10);
      expect(await sheet.areas()).toEqual({});
      expect(sheet.faults).toEqual([]);
    },
    patience,
  );

  test(
    "rows and objects are linked, ordered, and filtered by the histogram",
    async () => {
      const { page } = sheet;
      await page.getByRole("tab", { name: "Objects" }).click();
      await page.getByText(`${whole.objects} objects`).waitFor();
      expect(await page.locator(".slide-table table").getAttribute("aria-rowcount")).toBe(String(whole.objects + 1));
      await page.getByLabel("Measurement").selectOption("area_px");
      await page.getByRole("button", { name: /^Area px/ }).click();
      await page.getByRole("button", { name: /^Area px/ }).click();
      const areas = await page.locator(".slide-table tbody tr:not([aria-hidden]) td:nth-child(2)").allTextContents();
      expect(areas.map(Number)).toEqual(areas.map(Number).sort((a, b) => b - a));

      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.view.zoomTo(1));
      await page.locator(".slide-table tbody tr:not([aria-hidden])").nth(3).click();
      await page.waitForFunction(() => {
        const { workspace } = (globalThis as never as Handle).overtileViewer.app;
        const { selected, table } = workspace.current.value!.activeSlide.value!;
        const { y0, x0, y1, x1 } = table.value!.boxOf(table.value!.rowOf(selected.value[0]!)!);
        const [y, x, sight] = [(y0 + y1) / 2, (x0 + x1) / 2, workspace.sight.value!];
        return x > sight.x0 && x < sight.x1 && y > sight.y0 && y < sight.y1;
      });

      // A click on an object, found in the labels themselves, chooses its row.
      const target = await page.evaluate(async () => {
        const { workspace, view } = (globalThis as never as Handle).overtileViewer.app;
        const { tiles, table } = workspace.current.value!.activeSlide.value!;
        // A narrow one: every pixel that is looked at is read.
        const { boxOf, ids } = table.value!;
        const widthOf = (one: number): number => boxOf(one).x1 - boxOf(one).x0;
        const others = [...ids.keys()].filter((one) => !workspace.current.value!.activeSlide.value!.selected.value.includes(ids[one]!));
        const row = others.reduce((least, one) => (widthOf(one) < widthOf(least) ? one : least));
        const { y0, x0, y1, x1 } = table.value!.boxOf(row);
        for (let y = y0; y < y1; y++)
          for (let x = x0; x < x1; x++)
            if ((await tiles.value!.idAt({ y, x })) === table.value!.ids[row]) {
              view.centreOn({ x: x + 0.5, y: y + 0.5 });
              return { id: table.value!.ids[row]!, x: x + 0.5, y: y + 0.5 };
            }
        return undefined;
      });
      await page.waitForFunction(({ x, y }) => {
        const { x0, y0, x1, y1 } = (globalThis as never as Handle).overtileViewer.app.workspace.sight.value!;
        return Math.abs((x0 + x1) / 2 - x) < 1 && Math.abs((y0 + y1) / 2 - y) < 1;
      }, target!);
      const place = await sheet.at(target!.x, target!.y);
      await page.mouse.click(place.x, place.y);
      await page.locator(`.slide-table tr.selected`, { hasText: String(target!.id) }).waitFor();

      await page.getByLabel("From Area px").fill("40");
      await page.getByLabel("From Area px").press("Enter");
      const large = await page.evaluate(() => {
        const { table } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.activeSlide.value!;
        return table.value!.measurements.get("area_px")!.filter((area) => area >= 40).length;
      });
      await page.getByText(`${large} of ${whole.objects} objects`).waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      const chart = (await page.locator(".histogram .u-over").boundingBox())!;
      await page.mouse.move(chart.x + 1, chart.y + 20);
      await page.mouse.down();
      await page.mouse.move(chart.x + chart.width / 4, chart.y + 20, { steps: 3 });
      await page.mouse.up();
      await page.getByText(new RegExp(`^\\d+ of ${whole.objects} objects`)).waitFor();
      await page.getByRole("button", { name: "Show all" }).click();
      expect(sheet.faults).toEqual([]);
    },
    patience,
  );

  test(
    "every format is written as it grows, and opens again",
    async () => {
      const { page } = sheet;
      const save = async (id: string): Promise<Uint8Array<ArrayBuffer>> => {
        const download = page.waitForEvent("download");
        await page.evaluate(() => void (globalThis as never as Handle).overtileViewer.actions.exportDialog());
        await page.click(`[data-export=${id}]`);
        return new Uint8Array(await readFile(await (await download).path()));
      };
      const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
      expect(JSON.parse(text(await save("slide-geojson"))).features).toHaveLength(whole.objects);
      expect(JSON.parse(text(await save("slide-coco"))).annotations).toHaveLength(whole.objects);
      expect(readZip(await save("slide-rois"), { kind: "InvalidData", path: "rois" }).names).toHaveLength(whole.objects);
      expect(
        text(await save("slide-table"))
          .trim()
          .split("\n"),
      ).toHaveLength(whole.objects + 1);
      const labels = await openSource(new Blob([await save("slide-tiff")]));
      const zarr = await openSource(new Blob([await save("slide-zarr")]));
      const box = { y0: 500, x0: 500, y1: 1100, x1: 1200 };
      expect(zarr.levels).toEqual(labels.levels);
      expect(
        Buffer.from(Uint32Array.from((await zarr.read(box)).data).buffer).equals(
          Buffer.from(Uint32Array.from((await labels.read(box)).data).buffer),
        ),
      ).toBe(true);
      const classes = await openSource(new Blob([await save("slide-classes")]));
      expect([classes.width, classes.height]).toEqual([width, height]);
      expect(sheet.faults).toEqual([]);
    },
    patience,
  );

  test(
    "a stack in memory says which plane was read, and evaluate what is wrong with a mask, in the words of the plugin itself",
    async () => {
      const { page } = sheet;
      const cells = new Uint8Array(64 * 64).map((_, i) => ((i >> 2) % 5 === 0 ? 200 : 20));
      const tiff = writeTiff({ height: 64, width: 64, pages: [cells, cells, cells] });
      const text = Buffer.from(tiff).toString("latin1").replace("channels=3", "slices=3  ");
      await page.evaluate(() => {
        const { status } = (globalThis as never as Handle).overtileViewer.app.workspace;
        const said: string[] = [];
        Object.assign(globalThis, { said, endListening: status.subscribe((notice) => void (notice && said.push(notice.text))) });
      });
      const said = (): Promise<string> => page.evaluate(() => (globalThis as never as { said: string[] }).said.join("\n"));
      await sheet.drop(Buffer.from(text, "latin1"), "stack.tif");
      await sheet.drop(
        await writePng({ height: 64, width: 64, channels: 1, data: cells.map((value) => (value > 100 ? 255 : 0)) }),
        "mask.png",
      );
      await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 3);
      await page.evaluate(async () => {
        const { app } = (globalThis as never as Handle).overtileViewer;
        app.host.selectImage("stack.tif");
        await app.training.segment("image");
        await app.host.run("Overtile Evaluate", { predicted: "mask.png", truth: "mask.png" });
      });
      expect(await said()).toMatch(/stack\.tif has 3 planes along z; only z=1 was read\. Planes count from 0; plane=all reads all/);
      expect(await said()).toMatch(/mask\.png.*, prediction: The labels hold 0 and 255 only/);
      // As it was before, for the tests that follow.
      await page.evaluate(async () => {
        const { app } = (globalThis as never as Handle).overtileViewer;
        (globalThis as never as { endListening(): void }).endListening();
        app.workspace.status.value = undefined;
        for (const title of app.host.images.map((image) => image.title)) if (title !== "slide.tif") app.host.close(title);
      });
      expect(sheet.faults).toEqual([]);
    },
    patience,
  );

  test(
    "after a reload its result is there again, until it is deleted with all that it took",
    async () => {
      const { page } = sheet;
      // Segmented again, it is replaced once the new one is whole.
      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.segment("image"));
      await untilDone(page);
      expect(await page.locator("[data-slide]").count()).toBe(1);
      expect(await readLeft(page)).toEqual(whole);
      await page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
      await reload(sheet);
      await untilOpen(page);
      await page.waitForFunction(
        (count) =>
          (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.slides.value[0]?.table.value?.count === count,
        whole.objects,
      );
      // Another image of its name and size has no part in it.
      const twin = new Uint8Array(slide.length + 1);
      twin.set(slide);
      await sheet.drop(twin, "slide.tif");
      await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer.app.workspace.images.value.length === 2);
      await untilOpen(page);
      const counts = await page.evaluate(() => {
        const { images, current } = (globalThis as never as Handle).overtileViewer.app.workspace;
        const found = images.value.map(({ slides }) => slides.value.length);
        current.value = images.value[found.indexOf(1)];
        return found.sort();
      });
      expect(counts).toEqual([0, 1]);
      await page.locator("[data-slide]").hover();
      await page.getByRole("button", { name: "Delete Slide" }).click();
      await page.getByRole("button", { name: "Delete result" }).click();
      await page.locator("[data-slide]").waitFor({ state: "detached" });
      await expect.poll(() => listFolders(page), { timeout: 20_000 }).toEqual([]);
    },
    patience,
  );

  test(
    "a tab that is killed in the middle goes on when the image is opened again, to the same bytes",
    async () => {
      const other = await openReady(holdBlocks);
      try {
        await drop(other);
        await other.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.autosave.save());
        await untilHeld(other.page);
        await other.page.close({ runBeforeUnload: false });
        const page = await other.context.newPage();
        page.setDefaultTimeout(patience);
        await page.goto(`${stand.url}viewer/`);
        await page.waitForFunction(() => (globalThis as never as Handle).overtileViewer !== undefined);
        await untilOpen(page);
        await page.getByText(/"Slide" is segmented in part: \d+ of 6 blocks/).waitFor();
        const { done } = await blocksOf(page);
        expect(done).toBe(heldAfter);
        await page.waitForFunction(() => document.querySelector("[data-action=go-on]:not([disabled])"));
        await page.click("[data-action=go-on]");
        await untilDone(page);
        expect(await readLeft(page)).toEqual(whole);
      } finally {
        await other.close();
      }
    },
    patience,
  );

  longTest(
    "a storage that is full in the middle is told, keeps what is done, and goes on once there is room",
    async () => {
      const other = await openReady(holdBlocks);
      try {
        await drop(other);
        const { page } = other;
        const devtools = await other.context.newCDPSession(page);
        const origin = new URL(stand.url).origin;
        // Full once some blocks are there, whatever the page keeps meanwhile; the others wait until it is.
        await untilHeld(page);
        const { usage } = await page.evaluate(() => navigator.storage.estimate());
        await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage! });
        await page.evaluate((name) => new BroadcastChannel(name).postMessage("go on"), gate);
        // The notice says it, and the job that failed.
        await page
          .getByText(/storage is full .* What was done before is kept/)
          .first()
          .waitFor();
        const { done } = await blocksOf(page);
        expect(done).toBeGreaterThan(0);
        expect(done).toBeLessThan(blocks);
        await devtools.send("Storage.overrideQuotaForOrigin", { origin });
        await page.click("[data-action=go-on]");
        await untilDone(page);
        expect(await readLeft(page)).toEqual(whole);
      } finally {
        await other.close();
      }
    },
    patience,
  );

  test(
    "an image that is closed while it is segmented ends that, and leaves nothing",
    async () => {
      const other = await openReady(holdBlocks);
      try {
        await drop(other);
        const { page } = other;
        // Within the page, as soon as a block is there. The others are held until it is closed, else the run may have come to its end.
        const asked = await page.evaluate(
          (name) =>
            new Promise<string>((resolve) => {
              const { actions, app } = (globalThis as never as Handle).overtileViewer;
              void actions.segment("image");
              const stop = app.host.on("jobs", () => {
                const entry = app.workspace.current.value;
                if ((entry?.activeSlide.value?.blocks.value.done ?? 0) < 1) return;
                stop();
                void actions.closeImage(entry).then(() => new BroadcastChannel(name).postMessage("go on"));
                const answer = (): void => {
                  const dialog = document.querySelector("dialog");
                  if (!dialog) return void setTimeout(answer, 1);
                  resolve(dialog.textContent);
                  dialog.querySelector<HTMLElement>(".primary")!.click();
                };
                answer();
              });
            }),
          gate,
        );
        expect(asked).toContain("It is being segmented. That ends");
        expect(asked).toContain("Close image");
        const ended = await page.waitForFunction(() => {
          const { workspace, host } = (globalThis as never as Handle).overtileViewer.app;
          const state = host.jobs.list.at(-1)?.state;
          return workspace.images.value.length === 0 && state !== "running" && state;
        });
        expect(await ended.jsonValue()).toBe("cancelled");
        await expect.poll(() => listFolders(page), { timeout: 20_000 }).toEqual([]);
        expect(other.faults).toEqual([]);
      } finally {
        await other.close();
      }
    },
    patience,
  );

  longTest(
    "a server that fails now and then changes no byte; one that is gone is named, and what is done is kept",
    async () => {
      const server = await startServer((path) => (path === "/slide.tif" ? serveBytes(slide) : undefined));
      const other = await openReady();
      try {
        const { page } = other;
        let asked = 0;
        let isGone = false;
        server.setMood((_, response) => {
          response.setHeader("access-control-allow-origin", "*");
          response.setHeader("access-control-expose-headers", "content-range, content-length");
          if (!isGone && ++asked % 5 !== 0) return false;
          response.writeHead(503).end();
          return true;
        });
        await page.evaluate((url) => (globalThis as never as Handle).overtileViewer.actions.openUrl(url), `${server.url}slide.tif`);
        await untilOpen(page);
        await segmentAll(page);
        expect(await readLeft(page)).toEqual(whole);
        isGone = true;
        await page.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.segment("image"));
        expect(await statusOf(other)).toMatch(/slide\.tif.*503/);
      } finally {
        await other.close();
        await server.close();
      }
    },
    patience,
  );
});

/** Starts the viewer anew, with another limit of what is segmented in memory. */
async function lowerLimit(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const old = (globalThis as never as Handle).overtileViewer as Handle["overtileViewer"] &
      Pick<typeof import("../../viewer/main.ts"), "startViewer">;
    old.dispose();
    const viewer = await old.startViewer(document.querySelector<HTMLElement>("#app")!, { largestInMemoryPx: 2 ** 20 });
    Object.assign(globalThis, { overtileViewer: { ...viewer, startViewer: old.startViewer } });
  });
}

async function untilOpen(page: Page): Promise<void> {
  await page.waitForFunction(
    () => ((globalThis as never as Handle).overtileViewer.app.workspace.current.value?.channels.value.length ?? 0) > 0,
  );
}

async function segmentAll(page: Page): Promise<void> {
  await page.evaluate(() => (globalThis as never as Handle).overtileViewer.actions.segment("image"));
  await untilDone(page);
}

async function untilDone(page: Page): Promise<void> {
  await page.waitForFunction(
    () => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.activeSlide.value?.table.value !== undefined,
  );
}

/** Segments until so many blocks are done; it goes on. */
const gate = "blocks of the slide";
const heldAfter = 2;

/** Makes the job worker hold every block after the first two, until it is told to go on. Runs in the page, before the viewer. */
function holdBlocks(): void {
  const hold = `
    const channel = new BroadcastChannel("blocks of the slide");
    const open = new Promise((resolve) => (channel.onmessage = resolve));
    const create = FileSystemFileHandle.prototype.createWritable;
    // A block is there once its classes are, which come after its probabilities.
    const ofProbability = new WeakSet();
    for (const method of ["getDirectoryHandle", "getFileHandle"]) {
      const get = FileSystemDirectoryHandle.prototype[method];
      FileSystemDirectoryHandle.prototype[method] = async function (name, ...options) {
        const handle = await get.call(this, name, ...options);
        if (name === "probability" || ofProbability.has(this)) ofProbability.add(handle);
        return handle;
      };
    }
    let left = 2;
    FileSystemFileHandle.prototype.createWritable = async function (...options) {
      if (!ofProbability.has(this) && /^\\d+(\\.\\d+)*$/.test(this.name) && left-- <= 0) await open;
      return create.apply(this, options);
    };`;
  const toScript = (code: string): string => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const Real = globalThis.Worker;
  globalThis.Worker = class extends Real {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(toScript(`import "${toScript(hold)}"; import "${new URL(url, location.href).href}";`), options);
    }
  };
}

/** Begins to segment, and waits until the blocks are there that are not held. */
async function untilHeld(page: Page): Promise<void> {
  await page.evaluate(() => void (globalThis as never as Handle).overtileViewer.actions.segment("image"));
  await expect.poll(() => countChunks(page), { timeout: patience }).toBe(heldAfter);
}

/** Blocks whose classes are in the private files. */
const countChunks = (page: Page): Promise<number> =>
  page.evaluate(async () => {
    let count = 0;
    const look = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "directory") await (name === "probability" || look(handle as FileSystemDirectoryHandle));
        else if (/^\d+(\.\d+)*$/.test(name) && (await (handle as FileSystemFileHandle).getFile()).size > 0) count++;
      }
    };
    await look(await navigator.storage.getDirectory());
    return count;
  });

const blocksOf = (page: Page): Promise<{ done: number; total: number }> =>
  page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.slides.value[0]!.blocks.value);

const listFolders = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle("overtile-slides");
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    return names;
  });

/** A file of the chosen slide. */
async function fileOf(page: Page, name: string): Promise<Blob> {
  const text = await page.evaluate(async (wanted) => {
    const { folder } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.activeSlide.value!;
    const bytes = new Uint8Array(await (await (await folder.getFileHandle(wanted)).getFile()).arrayBuffer());
    let letters = "";
    for (let at = 0; at < bytes.length; at += 32_768) letters += String.fromCharCode(...bytes.subarray(at, at + 32_768));
    return btoa(letters);
  }, name);
  return new Blob([Buffer.from(text, "base64")]);
}
