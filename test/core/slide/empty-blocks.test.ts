import { describe, expect, it } from "vitest";
import { findEmptyBlocks } from "../../../core/slide/empty-blocks.ts";
import { openPixels } from "../../../core/source/pixels.ts";
import type { ImageSource } from "../../../core/source/source.ts";
import { planSlide } from "../../../core/tile/slide-plan.ts";

const [height, width] = [64, 256];
const plan = planSlide({ height, width, gridHeight: height, gridWidth: width, levels: 1, tile: 44, blockPx: 64 });

/** `ground` everywhere, and `tissue` in the last of four blocks, each a colour. */
function paint(ground: readonly number[], tissue: readonly number[]): ImageSource {
  const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    return (x >= 216 && x < 240 ? tissue : ground)[i % 3]! + (x % 3);
  });
  return openPixels({ data, shape: [height, width, 3] });
}

async function listEmpty(source: ImageSource, channels: readonly number[]): Promise<readonly boolean[] | undefined> {
  const found = await findEmptyBlocks(source, { z: 0, t: 0, channels }, plan);
  return found && plan.blocks.map(found.isEmpty);
}

describe("empty blocks", () => {
  const onlyLast = [true, true, true, false];

  it("of a slide in colours are the bright ones, however many of the channels are read", async () => {
    const slide = paint([240, 240, 240], [230, 90, 120]);
    for (const channels of [[0, 1, 2], [0], [2, 1]]) expect(await listEmpty(slide, channels)).toEqual(onlyLast);
  });

  it("of stains that glow are the dark ones, three of them included", async () => {
    const stains = { ...paint([5, 5, 5], [90, 120, 200]), channels: ["DAPI", "FITC", "Cy5"].map((name) => ({ name })) };
    for (const channels of [[0, 1, 2], [1]]) expect(await listEmpty(stains, channels)).toEqual(onlyLast);
  });

  it("are not guessed where the image has one level that is too large to be looked at", async () => {
    const large = { ...paint([240, 240, 240], [90, 90, 90]), levels: [{ height: 2 ** 13, width: 2 ** 12 }] };
    expect(await listEmpty(large, [0])).toBeUndefined();
  });
});
