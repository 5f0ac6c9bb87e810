import fc from "fast-check";
import { expect, it } from "vitest";
import { mapClassesBack } from "../../../core/array/map-back.ts";

it("parts of a grid, put together, cover the image once, each pixel with the class of the nearest pixel of the grid", () => {
  const side = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(side, side, side, side, fc.integer({ min: 1, max: 12 }), (height, width, gridHeight, gridWidth, step) => {
      const grid = { height: gridHeight, width: gridWidth };
      const seen = new Int32Array(height * width).fill(-1);
      for (let y0 = 0; y0 < gridHeight; y0 += step) {
        for (let x0 = 0; x0 < gridWidth; x0 += step) {
          const part = { y0, x0, y1: Math.min(gridHeight, y0 + step), x1: Math.min(gridWidth, x0 + step) };
          const columns = part.x1 - x0;
          const classes = Uint8Array.from({ length: (part.y1 - y0) * columns }, (_, i) => {
            return (7 * (y0 + Math.floor(i / columns)) + 3 * (x0 + (i % columns))) % 251;
          });
          const { box, classes: own } = mapClassesBack(part, classes, { height, width }, grid);
          for (let y = box.y0, at = 0; y < box.y1; y++) {
            for (let x = box.x0; x < box.x1; x++, at++) {
              expect(seen[y * width + x]).toBe(-1);
              seen[y * width + x] = own[at]!;
            }
          }
        }
      }
      expect(seen.includes(-1)).toBe(false);
      if (step >= Math.max(gridHeight, gridWidth)) {
        seen.forEach((value, i) => {
          const [y, x] = [
            Math.floor(((Math.floor(i / width) + 0.5) * gridHeight) / height),
            Math.floor((((i % width) + 0.5) * gridWidth) / width),
          ];
          expect(value).toBe((7 * y + 3 * x) % 251);
        });
      }
    }),
  );
});
