// A GPU that is lost in the middle of a job, on purpose: the process that drives it is crashed, and the job ends all the same.
// In software this takes a minute, so it belongs to the long run.

import { expect, test } from "vitest";
import type * as entry from "../../plugin/entry/entry.ts";
import { createStand, makeCells, tiny } from "./support/stand.ts";

type Entry = typeof entry;
declare const loadModule: (url: string) => Promise<unknown>;

const isLong = process.env["OVERTILE_LONG"] === "1";
if (!isLong) console.warn("A GPU lost in the middle of a job (in software) is only tested with OVERTILE_LONG=1");

test.skipIf(!isLong)(
  "a lost WebGL context: the segmentation goes on and gives the same labels",
  async () => {
    const stand = await createStand({ isOwn: true });
    try {
      const { url } = await stand.serve();
      const { page } = await stand.open(`${url}blank.html`);
      const crash = await stand.browser.newBrowserCDPSession();
      let isCrashed = false;
      await page.exposeFunction("crashGpu", async () => {
        if (isCrashed) return;
        isCrashed = true;
        await crash.send("Browser.crashGpuProcess").catch(() => {});
      });
      const found = await page.evaluate(
        async ({ address, tiny, cells: { side, image, labels } }) => {
          const { activate } = (await loadModule(address)) as Entry;
          const { crashGpu } = globalThis as unknown as { crashGpu(): Promise<void> };
          const overtile = activate();
          const pixels = { data: Uint8Array.from(image), shape: [side, side] };
          const sample = { image: pixels, labels: { data: Uint16Array.from(labels), shape: [side, side] } };
          await overtile.train([sample], { ...tiny, name: "tiny" });
          const expected = await overtile.segment(pixels, { model: "tiny", tile: 44 });
          const onProgress = ({ kind, done }: { kind: string; done: number }): void => {
            if (kind === "tile" && done === 2) void crashGpu();
          };
          const result = await overtile.segment(pixels, { model: "tiny", tile: 44, backend: "webgl" }, { onProgress });
          let different = 0;
          for (const [i, label] of result.labels!.data.entries()) if ((label === 0) !== (expected.labels!.data[i] === 0)) different++;
          return { different, pixels: side * side, backend: result.backend };
        },
        { address: `${url}overtile.mjs`, tiny, cells: makeCells(160) },
      );
      expect(isCrashed).toBe(true);
      expect(found.backend, "it was asked for by name, so nothing else may compute").toContain("webgl");
      expect(found.different / found.pixels).toBeLessThan(1e-3);
    } finally {
      await stand.dispose();
    }
  },
  240_000,
);
