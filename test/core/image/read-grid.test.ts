import { describe, expect, it } from "vitest";
import { openGrid } from "../../../core/image/read-grid.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import type { ImageSource } from "../../../core/source/source.ts";

const plane = { z: 0, t: 0, channels: [0] };

describe("an image on the grid of a network", () => {
  it("is read from a coarser level without a shift, though the level's sides are rounded, up or down", async () => {
    const [height, width] = [403, 403]; // 100.75 pixels of four: the grid has 101, a level may have 100
    const centre = { y: 365.25, x: 362.5 }; // far from the corner, where a wrong scale shows
    const pixel = (y: number, x: number): number => Math.max(0, Math.min(200, 100 + 8 * (14 - Math.hypot(y - centre.y, x - centre.x))));
    for (const [round, step] of [
      [Math.ceil, 4],
      [Math.floor, 4],
      [Math.ceil, 3],
    ] as const) {
      // biome-ignore format: a row a case
      const levels = [1, step].map((f) => ({ height: round(height / f), width: round(width / f) }));
      const rasters = levels.map((level, i) => drawMeans(level, [1, step][i]!, pixel));
      let used = 0;
      const source: ImageSource = {
        ...openPixels({ data: rasters[0]!, shape: [height, width] }),
        levels,
        read: async ({ level = 0, ...box }) => {
          used = level;
          return openPixels({ data: rasters[level]!, shape: [levels[level]!.height, levels[level]!.width] }).read(box);
        },
      };
      for (const pixelsPerStep of [step, 4.6]) {
        const grid = await openGrid(source, { plane, channels: 1, pixelsPerStep });
        const data = await grid.read({ y0: 0, x0: 0, y1: grid.height, x1: grid.width });
        expect(used, `${round.name} ${step}, ${pixelsPerStep}`).toBe(1);
        const least = Math.min(...data);
        let [sum, ys, xs] = [0, 0, 0];
        data.forEach((value, i) => {
          sum += value - least;
          ys += (value - least) * (Math.floor(i / grid.width) + 0.5) * (height / grid.height);
          xs += (value - least) * ((i % grid.width) + 0.5) * (width / grid.width);
        });
        expect(Math.abs(ys / sum - 0.5 - centre.y), `y, ${round.name} ${step}, ${pixelsPerStep}`).toBeLessThan(0.05);
        expect(Math.abs(xs / sum - 0.5 - centre.x), `x, ${round.name} ${step}, ${pixelsPerStep}`).toBeLessThan(0.05);
      }
    }
  });
});

/** Each pixel the mean of `step` x `step` of the full size. */
function drawMeans(
  { height, width }: { height: number; width: number },
  step: number,
  pixel: (y: number, x: number) => number,
): Float32Array {
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [y0, x0] = [Math.floor(i / width) * step, (i % width) * step];
    let sum = 0;
    for (let y = y0; y < y0 + step; y++) for (let x = x0; x < x0 + step; x++) sum += pixel(y, x);
    return sum / step ** 2;
  });
}
