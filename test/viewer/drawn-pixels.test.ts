// What is on the screen is what is in the file: screenshots are compared with the file's pixels, drawn by WebGL and without it, at
// two zooms; of a stack, plane by plane.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openSource } from "../../core/source/open.ts";
import { writeZip } from "../../core/source/zip.ts";
import { createStand, type Handle, hasChromium, readData, type Sheet, type Stand, withSheet } from "./open-viewer.ts";
import { type Color, channelPicture, colourPictures, greyPictures, noise, type Picture, stackPicture } from "./pictures.ts";

const withoutWebGL = (): void => {
  const original = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...rest: unknown[]) {
    return kind.startsWith("webgl") ? null : original.call(this, kind as never, ...(rest as []));
  } as typeof original;
};

const ways = [
  { way: "by WebGL", before: undefined },
  { way: "without WebGL", before: withoutWebGL },
];

let stand: Stand;
beforeAll(async () => {
  if (hasChromium) stand = await createStand();
}, 120_000);
afterAll(() => stand?.dispose());

/** Without WebGL, colours are looked at always, the rest in the long run. */
describe.skipIf(!hasChromium).each(ways)("drawn $way", ({ before }) => {
  const mayBeLong = before ? test.runIf(process.env["OVERTILE_LONG"]) : test;
  const onSheet = (work: (sheet: Sheet) => Promise<void>): Promise<void> =>
    withSheet(stand, work, { pixelRatio: 1, ...(before && { before }) });

  test("RGB, RGBA, palette, 16-bit and JPEG pictures have their own colours", () =>
    onSheet(async (sheet) => {
      for (const picture of [...(await colourPictures()), ...(await storedPictures()), await zarrPicture()]) {
        await open(sheet, picture);
        await expectDrawn(sheet, picture, 2);
        await expectDrawn(sheet, picture, picture.width > 512 ? 0.5 : 1);
      }
    }));

  mayBeLong("grey, 16-bit and float images lie between their automatic limits, channels are added up", () =>
    onSheet(async (sheet) => {
      for (const picture of [...(await greyPictures()), channelPicture()]) {
        await open(sheet, picture);
        await expectDrawn(sheet, picture, 2);
        await expectDrawn(sheet, picture, 0.5);
      }
    }),
  );

  mayBeLong("of a stack the plane in sight is drawn, to and fro, with what was drawn on it", () =>
    onSheet(async (sheet) => {
      const { page } = sheet;
      const stack = stackPicture();
      await open(sheet, stack);
      const [depth, time] = [page.getByLabel("Depth"), page.getByLabel("Time")];
      const shown = page.locator(".planes output");
      await expectDrawn(sheet, stack.plane(1, 0), 1);
      expect(await shown.allTextContents()).toEqual(["2 / 3", "1 / 2"]);
      await depth.press("ArrowRight");
      await expectDrawn(sheet, stack.plane(2, 0), 1);
      expect(await shown.allTextContents()).toEqual(["3 / 3", "1 / 2"]);
      expect(await depth.getAttribute("aria-valuetext")).toBe("3 of 3");
      await depth.press("Home");
      await expectDrawn(sheet, stack.plane(0, 0), 2);
      await time.press("End");
      await expectDrawn(sheet, stack.plane(0, 1), 2);
      expect(await shown.allTextContents()).toEqual(["1 / 3", "2 / 2"]);
      // Faster than planes are read.
      for (const key of ["End", "Home", "End", "ArrowLeft"]) await depth.press(key);
      await time.press("Home");
      await expectDrawn(sheet, stack.plane(1, 0), 1);

      // A rectangle on this plane is seen on it alone.
      await page.focus("#map");
      await page.keyboard.press("r");
      await sheet.drag([
        [20, 20],
        [90, 70],
      ]);
      await page.keyboard.press("v");
      const inRectangle = async (): Promise<Color> => (await shoot(sheet, 1))(50, 40);
      const own = stack.plane(1, 0).color(50, 40);
      const covered = await inRectangle();
      expect(Math.abs(covered[0] - covered[1]) + Math.abs(covered[1] - covered[2])).toBeGreaterThan(20);
      await depth.press("End");
      await expectDrawn(sheet, stack.plane(2, 0), 1);
      await page.click("#tab-objects");
      await page.getByText('No objects in "Annotations" on this plane.').waitFor();
      await depth.press("ArrowLeft");
      await page.getByText("1 object", { exact: true }).waitFor();
      expect(await inRectangle()).toEqual(covered);
      expect(covered).not.toEqual(own);

      // Another contrast, on another plane and back.
      await page.evaluate(() => {
        const entry = (globalThis as never as Handle).overtileViewer.app.workspace.current.value!;
        entry.layers.value[0]!.visible.value = false;
        entry.channels.value = entry.channels.value.map((channel) => ({ ...channel, low: 0, high: 255, colorMap: "inverted" }));
      });
      const inverted = ({ color, ...plane }: Picture): Picture => ({
        ...plane,
        color: (x, y) => {
          const value = 255 - Math.floor(noise(x, y, plane.name === "plane 1, 0" ? 1 : 2) * 256);
          return [value, value, value];
        },
      });
      // Without WebGL the tiles are made anew, a moment after the last change.
      await expect.poll(async () => (await shoot(sheet, 1))(0, 0)).toEqual(inverted(stack.plane(1, 0)).color(0, 0));
      await expectDrawn(sheet, inverted(stack.plane(1, 0)), 1);
      await depth.press("ArrowRight");
      await expectDrawn(sheet, inverted(stack.plane(2, 0)), 1);
      await depth.press("ArrowLeft");
      await expectDrawn(sheet, inverted(stack.plane(1, 0)), 1);
    }),
  );
});

/** Opens a picture as a drop or a host does, without the first box, which lies over the image. */
async function open(sheet: Sheet, { name, content }: Picture): Promise<void> {
  const { page } = sheet;
  if (content instanceof Uint8Array) await sheet.drop(content, name);
  else {
    const { data, shape, axes } = content;
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
    await page.evaluate(
      ([title, text, kind, sides, letters]) => {
        const { buffer } = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
        const make = { Uint8Array, Uint16Array, Float32Array }[kind as "Uint8Array"];
        const image = { data: new make(buffer), shape: sides, axes: letters };
        (globalThis as never as Handle).overtileViewer.app.host.addImage({ title, image });
      },
      [name, bytes, data.constructor.name, shape, axes] as const,
    );
  }
  await page.waitForFunction((title) => {
    const { current } = (globalThis as never as Handle).overtileViewer.app.workspace;
    return current.value?.title.value === title && current.value.channels.value.length > 0;
  }, name);
}

// Where the image's corner is put in the map, and how much of the screen is looked at: no tool lies there.
const corner = { x: 40, y: 100 };
const looked = { width: 240, height: 160 };

/** The screen's pixels from the image's corner on, at a zoom. */
async function shoot(sheet: Sheet, zoom: number): Promise<(x: number, y: number) => Color> {
  const { page } = sheet;
  const map = await page.evaluate(
    ([scale, x, y]) => {
      const { view } = (globalThis as never as Handle).overtileViewer.app;
      const { left, top, width, height } = document.querySelector("#map")!.getBoundingClientRect();
      view.zoomTo(scale);
      view.centreOn({ x: (width / 2 - x) / scale, y: (height / 2 - y) / scale });
      return { left, top };
    },
    [zoom, corner.x, corner.y] as const,
  );
  await sheet.rest();
  const clip = { x: map.left + corner.x, y: map.top + corner.y, ...looked };
  const source = await openSource(new Uint8Array(await page.screenshot({ clip })));
  const { data, channels } = await source.read({ y0: 0, x0: 0, y1: looked.height, x1: looked.width });
  return (x, y) => [0, 1, 2].map((c) => data[(y * looked.width + x) * channels + c]!) as unknown as Color;
}

/** Compares every pixel of the screen with the picture's; from afar every other pixel of a row and column is shown. */
async function expectDrawn(sheet: Sheet, picture: Picture, zoom: number): Promise<void> {
  const drawn = await shoot(sheet, zoom);
  const wrong: string[] = [];
  for (let y = 0; y < Math.min(looked.height, Math.floor(picture.height * zoom)); y++)
    for (let x = 0; x < Math.min(looked.width, Math.floor(picture.width * zoom)); x++) {
      const wanted = picture.color(Math.floor(x / zoom), Math.floor(y / zoom));
      const found = drawn(x, y);
      if (found.some((value, i) => Math.abs(value - wanted[i]!) > picture.tolerance + 0.501))
        wrong.push(`${x}, ${y}: wanted ${wanted.map(Math.round)}, drawn ${found}`);
    }
  expect([picture.name, zoom, wrong.length, wrong.slice(0, 3)]).toEqual([picture.name, zoom, 0, []]);
}

/** Files of other writers: palettes, alpha in TIFF, JPEG in a slide's tiles and its coarser level. */
async function storedPictures(): Promise<Picture[]> {
  const golden = ["images/palette.png", "images/palette.tif", "images/alpha.tif", "slides/aperio.svs"];
  return Promise.all(
    golden.map(async (path) => {
      const content = await readData(`test/core/source/golden/${path}`);
      const source = await openSource(content);
      const { width, height } = source;
      const { data, channels } = await source.read({ y0: 0, x0: 0, y1: height, x1: width });
      const at = (x: number, y: number, c: number): number => data[(y * width + x) * channels + c]!;
      const color = (x: number, y: number): Color => [at(x, y, 0), at(x, y, 1), at(x, y, 2)];
      return { name: path.split("/")[1]!, width, height, content, color, tolerance: 0 };
    }),
  );
}

/** A stained slide as OME-Zarr: three channels without names, two levels. */
async function zarrPicture(): Promise<Picture> {
  const [width, height, chunk] = [600, 320, 256];
  const value = (x: number, y: number, c: number): number => 120 + Math.floor(noise(x, y, c) * 136);
  const json = (content: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(content));
  const axes = ["c", "y", "x"].map((name) => ({ name, type: name === "c" ? "channel" : "space" }));
  const datasets = [1, 2].map((step, i) => ({
    path: String(i),
    coordinateTransformations: [{ type: "scale", scale: [1, step, step] }],
  }));
  const files = [
    { name: ".zgroup", data: json({ zarr_format: 2 }) },
    { name: ".zattrs", data: json({ multiscales: [{ version: "0.4", axes, datasets }] }) },
  ];
  for (const [level, step] of [1, 2].entries()) {
    const [rows, columns] = [height / step, width / step];
    const layout = { shape: [3, rows, columns], chunks: [3, chunk, chunk], dtype: "|u1", fill_value: 0, order: "C" };
    files.push({ name: `${level}/.zarray`, data: json({ zarr_format: 2, filters: null, compressor: null, ...layout }) });
    for (let row = 0; row * chunk < rows; row++)
      for (let column = 0; column * chunk < columns; column++) {
        const data = new Uint8Array(3 * chunk * chunk).map((_, i) => {
          const [c, y, x] = [Math.floor(i / chunk ** 2), row * chunk + (Math.floor(i / chunk) % chunk), column * chunk + (i % chunk)];
          return value(x * step, y * step, c);
        });
        files.push({ name: `${level}/0.${row}.${column}`, data });
      }
  }
  const content = writeZip(files.map((file) => ({ ...file, compress: false })));
  const color = (x: number, y: number): Color => [value(x, y, 0), value(x, y, 1), value(x, y, 2)];
  return { name: "stained.ome.zarr.zip", width, height, content, color, tolerance: 0 };
}
