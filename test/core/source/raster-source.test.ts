import { expect, test } from "vitest";
import { createGaps } from "../../../core/source/gaps.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import { deferSource } from "../../../core/source/raster-source.ts";
import type { ImageSource } from "../../../core/source/source.ts";

test("a source that is opened when it is read tells what it did not have, as it grows", async () => {
  const open = (): ImageSource => {
    const gaps = createGaps();
    const pixels = openPixels({ data: new Uint8Array(16), shape: [4, 4] });
    const read: ImageSource["read"] = (request) => {
      gaps.addMissing(`${request.y0}`);
      return pixels.read(request);
    };
    return { ...pixels, gaps, read };
  };
  const late = deferSource(open(), async () => open());
  expect(late.gaps?.missingChunks).toBe(0);
  for (const y0 of [0, 1, 1]) await late.read({ y0, x0: 0, y1: y0 + 1, x1: 4 });
  expect(late.gaps?.missingChunks).toBe(2);
  expect(deferSource(openPixels({ data: new Uint8Array(16), shape: [4, 4] }), async () => open()).gaps).toBeUndefined();
});
