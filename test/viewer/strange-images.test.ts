// Images that mean more than their numbers, dropped onto the viewer: what it says of them, and what it asks before a model meets one.

import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeZip } from "../../core/source/zip.ts";
import { joinPng, makeChunk, makeHeader } from "../core/source/png-bytes.ts";
import { greyFields, makePages, makeTiff, textField } from "../core/source/tiff-bytes.ts";
import { createStand, type Handle, hasChromium, type Sheet, type Stand, statusOf } from "./open-viewer.ts";

const [width, height] = [64, 48];
const grey = (shift = 0): Uint8Array => Uint8Array.from({ length: width * height }, (_, i) => ((i % width) * 3 + shift) % 256);

/** An RGB picture of these colours, turned as EXIF says. */
function picture(colour: (i: number) => readonly number[], orientation = 1): Uint8Array {
  const rows = Array.from({ length: height }, (_, y) => [0, ...Array.from({ length: width }, (_, x) => colour(y * width + x)).flat()]);
  return joinPng(
    makeHeader(width, height, 8, 2),
    makeChunk("eXIf", makeTiff([{ tag: 274, type: 3, values: [orientation] }]).bytes),
    makeChunk("IDAT", deflateSync(Uint8Array.from(rows.flat()))),
  );
}

/** A Zarr array of 64 x 64 in chunks of 32 x 32, each of one value, in a zip. */
function zarr(chunks: Readonly<Record<string, number>>): Uint8Array {
  const array = {
    zarr_format: 2,
    shape: [64, 64],
    chunks: [32, 32],
    dtype: "|u1",
    compressor: null,
    fill_value: 0,
    order: "C",
    filters: null,
  };
  return writeZip([
    { name: ".zarray", data: new TextEncoder().encode(JSON.stringify(array)) },
    ...Object.entries(chunks).map(([name, value]) => ({ name, data: new Uint8Array(1024).fill(value) })),
  ]);
}

const stack = makePages([
  {
    fields: greyFields(width, height, [textField(270, "ImageJ=1.53t\nimages=3\nslices=3\nunit=furlong\n")]),
    data: Buffer.concat([grey(), grey(40), grey(80)]),
  },
]);
const table = makePages([
  {
    fields: greyFields(width, height, [
      { tag: 262, type: 3, values: [3] },
      { tag: 320, type: 3, values: Array.from({ length: 768 }, (_, i) => (i >= 256 && i < 512 ? (i - 256) * 257 : 0)) },
      textField(270, "ImageJ=1.53t\n"),
    ]),
    data: grey(),
  },
]);

describe.skipIf(!hasChromium)("strange images", () => {
  let stand: Stand;
  let sheet: Sheet;
  beforeAll(async () => {
    stand = await createStand();
    sheet = await stand.open();
  });
  afterAll(() => stand.dispose());

  const status = (): Promise<string | undefined> => statusOf(sheet);
  const drop = async (bytes: Uint8Array, name: string): Promise<void> => {
    await sheet.drop(bytes, name);
    const title = (): Promise<string | undefined> =>
      sheet.page.evaluate(() => (globalThis as never as Handle).overtileViewer.app.workspace.current.value?.title.value);
    await expect.poll(title, { timeout: 10_000 }).toBe(name);
  };
  const sourceOf = (): Promise<{ width: number; height: number; channels: number; sizeZ: number }> =>
    sheet.page.evaluate(() => {
      const { source } = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
      return { width: source.width, height: source.height, channels: source.channels.length, sizeZ: source.sizeZ };
    });

  test("are read as their files mean them, and what is special is said", async () => {
    await drop(table, "green.tif");
    await expect.poll(status).toMatch(/green\.tif: its colours are a look-up table of one channel/);
    expect(await sourceOf()).toEqual({ width, height, channels: 1, sizeZ: 1 });
    await drop(
      picture((i) => [i % 200, 255 - (i % 256), 90], 6),
      "turned.png",
    );
    await expect.poll(status).toMatch(/turned\.png: it is turned by 90 degrees to the right/);
    expect(await sourceOf()).toEqual({ width: height, height: width, channels: 3, sizeZ: 1 });
    await drop(zarr({ "0.0": 7, "0.1": 9, "1.0": 50 }), "sparse.zarr.zip");
    await expect.poll(status).toMatch(/^1 chunk of sparse\.zarr\.zip is absent, which stands for the fill value/);
    await drop(zarr({ "0/0": 7, "0/1": 9, "1/0": 50, "1/1": 90 }), "nested.zarr.zip");
    await expect.poll(status).toMatch(/nested\.zarr\.zip all chunks that were read are absent; they lie under the other separator/);
    await drop(stack, "stack.tif");
    expect(await sourceOf()).toEqual({ width, height, channels: 1, sizeZ: 3 });
    expect(sheet.faults).toEqual([]);
  });

  test("are asked about before a model of one channel meets a coloured one: once in a session, and a no ends it", async () => {
    const { page } = sheet;
    await page.evaluate(async () => {
      const { app } = (globalThis as never as Handle).overtileViewer;
      await app.host.run("fake-plugin.train", { steps: 1, delay: 0, dataset: "none" }).catch(() => {});
      await app.training.refreshModels();
      app.training.model.value = "my cells";
    });
    const dialog = page.locator("dialog");
    const segment = page.locator('[data-action="segment"]');
    const labels = (): Promise<number> =>
      page.evaluate(
        () =>
          (globalThis as never as Handle).overtileViewer.app.workspace.current.value!.layers.value.filter(({ kind }) => kind === "labels")
            .length,
      );
    await drop(
      picture((i) => [i % 200, 255 - (i % 256), 90]),
      "stained.png",
    );
    await segment.click();
    await expect
      .poll(() => dialog.textContent())
      .toMatch(/stained\.png has 3 channels, the model reads 1, the first \(red\) is taken\. It may know no such image/);
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect.poll(() => dialog.count()).toBe(0);
    expect(await labels()).toBe(0);
    await segment.click();
    await dialog.getByRole("button", { name: "Segment anyway" }).click();
    await expect.poll(labels).toBe(1);
    await drop(
      picture((i) => [i % 180, 255 - (i % 256), 70]),
      "second.png",
    );
    await segment.click();
    await expect.poll(labels).toBe(1);
    expect(await dialog.count()).toBe(0);
    expect(sheet.faults).toEqual([]);
  });
});
