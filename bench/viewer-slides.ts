// The viewer with slides, measured in the system's Chromium: how long from handing a file over to its first pixels, and how long
// a frame takes while one pans over a hundred thousand objects. `npm run bench:viewer`; without a GPU all is drawn in software.

import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";
import type { DType, TypedArray } from "../core/array/raster.ts";
import { type GrowingFile, openOmeTiff } from "../core/sink/ome-tiff.ts";
import { createPyramidWriter, pyramidSizes } from "../core/sink/pyramid.ts";

/** The page's, as far as this looks at it. */
declare const document: { querySelector(selector: string): OffscreenCanvas | null };

const side = 8192;
const pitch = 25; // 327 x 327 discs: 106,929 objects
const across = Math.floor(side / pitch);
const tilePx = 512;

const root = await mkdtemp(join(tmpdir(), "overtile-bench-"));
for (const name of await readdir("dist")) if (name !== "viewer") await symlink(resolve("dist", name), join(root, name));
const { buildViewer } = (await import(resolve("tools/build-viewer.mjs"))) as {
  buildViewer(options: { out: string }): Promise<void>;
};
const { serve } = (await import(resolve("tools/serve.mjs"))) as {
  serve(options: { root: string }): Promise<{ server: { close(): void; closeAllConnections(): void }; url: string }>;
};
await buildViewer({ out: join(root, "viewer") });
await mkdir(join(root, "files"));
await writePyramid("image.tif", "uint8", "mean", (x, y) => (idAt(x, y) > 0 ? 120 + ((x * 7 + y * 13) % 90) : 20 + ((x + y) % 9)));
await writePyramid("labels.ome.tif", "uint32", "first", idAt);
await writeFile(join(root, "files/table.csv"), describeObjects());
const { server, url } = await serve({ root });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader"],
});
try {
  for (const path of ["image.tif"]) await measureFirstPixels(path);
  await measurePanning();
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true, force: true });
}

/** The disc at a point; 0 between them. */
function idAt(x: number, y: number): number {
  const [column, row] = [Math.floor(x / pitch), Math.floor(y / pitch)];
  if (column >= across || row >= across) return 0;
  const [dx, dy] = [x - column * pitch - 12, y - row * pitch - 12];
  return dx * dx + dy * dy <= 100 ? row * across + column + 1 : 0;
}

function describeObjects(): string {
  const lines = ["id,class,x0,y0,x1,y1,at_border,area_px,centroid_x_px,centroid_y_px"];
  for (let id = 1; id <= across * across; id++) {
    const [x, y] = [((id - 1) % across) * pitch, Math.floor((id - 1) / across) * pitch];
    lines.push(`${id},cell,${x + 2},${y + 2},${x + 23},${y + 23},0,317,${x + 12.5},${y + 12.5}`);
  }
  return `${lines.join("\n")}\n`;
}

async function writePyramid(
  name: string,
  dtype: DType,
  reduce: "first" | "mean",
  valueAt: (x: number, y: number) => number,
): Promise<void> {
  const sizes = pyramidSizes(side, side, tilePx);
  const parts: Uint8Array[] = [];
  const file = createPartsFile(parts);
  const tiff = await openOmeTiff(file, { name, sizes, tilePx, dtype, channels: ["0"], pixelSizeUm: 0.5 });
  const writer = createPyramidWriter({
    sizes,
    chunkPx: tilePx,
    dtype,
    reduce,
    write: (chunk) => tiff.write({ channel: 0, ...chunk }),
  });
  for (let y = 0; y < side; y++) {
    const data = Array.from({ length: side }, (_, x) => valueAt(x, y));
    const row: TypedArray = dtype === "uint8" ? Uint8Array.from(data) : Uint32Array.from(data);
    await writer.add({ y0: y, height: 1, width: side, data: row });
  }
  await writer.end();
  await tiff.end();
  await writeFile(join(root, "files", name), Buffer.concat(parts));
}

function createPartsFile(parts: Uint8Array[]): GrowingFile {
  let length = 0;
  return {
    async append(bytes) {
      const offset = length;
      length += bytes.length;
      parts.push(bytes.slice());
      return offset;
    },
    async patch(offset, bytes) {
      let at = 0;
      for (const part of parts) {
        for (const [i, value] of bytes.entries()) if (offset + i >= at && offset + i < at + part.length) part[offset + i - at] = value;
        at += part.length;
      }
    },
    finish: async () => {},
    abandon: async () => {},
  };
}

async function openViewer(): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.on("pageerror", (error) => console.error(error.message));
  await page.goto(`${url}viewer/`);
  await page.waitForFunction(() => "overtileViewer" in globalThis);
  return page;
}

/** From handing the file over to the first frame that shows something of it. */
async function measureFirstPixels(name: string): Promise<void> {
  const times: number[] = [];
  for (let run = 0; run < 5; run++) {
    const page = await openViewer();
    times.push(
      await page.evaluate(async (address) => {
        const blob = await (await fetch(address)).blob();
        const file = new File([blob], "slide.tif");
        const probe = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true })!;
        const isShown = (): boolean => {
          const canvas = document.querySelector("#map canvas");
          if (!canvas || canvas.width === 0) return false;
          probe.clearRect(0, 0, 32, 32);
          probe.drawImage(canvas, 0, 0, 32, 32);
          return probe.getImageData(0, 0, 32, 32).data.some((value, i) => i % 4 < 3 && value > 40);
        };
        const start = performance.now();
        void (globalThis as never as Viewer).overtileViewer.actions.openBlobs([file]);
        return new Promise<number>((done) => {
          const look = (): void => {
            if (isShown()) done(performance.now() - start);
            else requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        });
      }, `${url}files/${name}`),
    );
    await page.context().close();
  }
  times.sort((a, b) => a - b);
  console.log(
    `first pixels of ${name}, ${side} x ${side}: median ${times[2]!.toFixed(0)} ms (${times.map((time) => time.toFixed(0)).join(", ")})`,
  );
}

/** Frame intervals while panning over all objects, at three zooms; the slide's result is put where the viewer finds it. */
async function measurePanning(): Promise<void> {
  const page = await openViewer();
  await page.evaluate(
    async ({ address, side }) => {
      const home = await navigator.storage.getDirectory();
      const folder = await (await home.getDirectoryHandle("overtile-slides", { create: true })).getDirectoryHandle("bench", {
        create: true,
      });
      const put = async (into: FileSystemDirectoryHandle, name: string, content: Blob | string): Promise<void> => {
        const writable = await (await into.getFileHandle(name, { create: true })).createWritable();
        await writable.write(content);
        await writable.close();
      };
      for (const name of ["labels.ome.tif", "table.csv"]) await put(folder, name, await (await fetch(address + name)).blob());
      await put(folder, "result.json", "{}");
      const facts = { id: "bench", name: "Slide", title: "slide.tif", width: side, height: side, plane: 0, command: "", parameters: {} };
      await put(await home.getDirectoryHandle("overtile-viewer", { create: true }), "slide-bench", JSON.stringify(facts));
      const file = new File([await (await fetch(`${address}image.tif`)).blob()], "slide.tif");
      await (globalThis as never as Viewer).overtileViewer.actions.openBlobs([file]);
    },
    { address: `${url}files/`, side },
  );
  await page.waitForFunction(
    () => (globalThis as never as Viewer).overtileViewer.app.workspace.current.value?.slides.value[0]?.table.value !== undefined,
    undefined,
    { timeout: 120_000 },
  );
  await page.waitForTimeout(3000);
  for (const [zoom, labels] of [
    ["fit", true],
    ["fit", false],
    [0.25, true],
    [0.25, false],
    [1, true],
    [1, false],
  ] as const) {
    const frames = await page.evaluate(
      async ({ zoom, labels, side }) => {
        const { view, workspace } = (globalThis as never as Viewer).overtileViewer.app;
        workspace.current.value!.slides.value[0]!.visible.value = labels;
        if (zoom === "fit") view.fit();
        else view.zoomTo(zoom);
        const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done));
        view.centreOn({ x: side / 2, y: side / 2 });
        for (const end = performance.now() + 2500; performance.now() < end; ) await frame();
        const step = 8 / view.scale.value;
        const intervals: number[] = [];
        let last = await frame();
        for (let i = 0; i < 120; i++) {
          view.centreOn({ x: side / 2 + i * step, y: side / 2 + i * step * 0.4 });
          const now = await frame();
          intervals.push(now - last);
          last = now;
        }
        return intervals.sort((a, b) => a - b);
      },
      { zoom, labels, side },
    );
    const at = (share: number): string => frames[Math.min(frames.length - 1, Math.floor(frames.length * share))]!.toFixed(1);
    const what = labels ? `${(across * across).toLocaleString("en")} objects` : "the image alone";
    console.log(
      `panning at ${zoom === "fit" ? zoom : `${zoom * 100} %`}, ${what}: median ${at(0.5)} ms a frame, 95 % under ${at(0.95)}, longest ${at(1)}`,
    );
  }
}

/** What the viewer leaves on the page, as far as this looks at it. */
interface Viewer {
  readonly overtileViewer: {
    readonly actions: { openBlobs(files: readonly File[]): Promise<void> };
    readonly app: {
      readonly view: {
        fit(): void;
        zoomTo(scale: number): void;
        centreOn(point: { x: number; y: number }): void;
        scale: { value: number };
      };
      readonly workspace: {
        readonly current: { value?: { readonly slides: { value: readonly { visible: { value: boolean }; table: { value: unknown } }[] } } };
      };
    };
  };
}
