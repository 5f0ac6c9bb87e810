import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { type Prepared, prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import { countMultiplyAdds } from "../../../core/unet/cost.ts";
import { createSpec } from "../../../core/unet/spec.ts";
import type { Parameters } from "../../../plugin/contract.ts";
import { resolveParameters } from "../../../plugin/parameter/parameters.ts";
import { chooseLevels, chooseTrainingTile } from "../../../plugin/train/plan-network.ts";
import { planSchedule, planSpec } from "../../../plugin/train/train-plan.ts";

/** An image of boxes of these sides (height 3), one below the other. */
function draw(...sides: readonly number[]): { readonly labels: LabelImage } {
  const width = Math.max(1, ...sides);
  const data = new Uint32Array(4 * Math.max(1, sides.length) * width);
  for (const [i, side] of sides.entries()) for (let y = 0; y < 3; y++) data.fill(i + 1, (4 * i + y) * width, (4 * i + y) * width + side);
  return { labels: { height: data.length / width, width, data } };
}

describe("the levels of a network", () => {
  // A field of view of 89 px: 2 (2 (2 (2 * 2 + 4) + 4) + 4) + 1.
  it("are 3 where objects fill two thirds of its field of view at most, else 4", () => {
    expect(chooseLevels([draw(10, 20, 30)])).toBe(3);
    expect(chooseLevels([draw(59)])).toBe(3);
    expect(chooseLevels([draw(60)])).toBe(4);
    expect(chooseLevels([draw(900)])).toBe(4);
  });

  it("do not follow the largest tenth of the objects, wherever they are, and are 3 where nothing is drawn", () => {
    const small = Array.from({ length: 19 }, () => 12);
    expect(chooseLevels([draw(...small, 300)])).toBe(3);
    expect(chooseLevels([draw(...small), draw(300, 300, 300)])).toBe(4);
    expect(chooseLevels([draw()])).toBe(3);
    expect(chooseLevels([])).toBe(3);
  });

  it("are chosen for `quick`; given ones and those of the papers stand", () => {
    const levelsOf = (given: Parameters) =>
      planSpec(resolveParameters("train", given), { channels: 1, classes: 2, images: [draw(10)] }).levels;
    expect([{}, { levels: "auto" }, { levels: 2 }, { levels: "5" }].map(levelsOf)).toEqual([3, 3, 2, 5]);
    expect([{ preset: "ronneberger2015" }, { preset: "falk2019" }].map(levelsOf)).toEqual([4, 4]);
  });
});

describe("the tile of a training", () => {
  const spec = createSpec({ levels: 3, features: 4 });
  const blank = (side: number): Prepared => {
    const image = { height: side, width: side, channels: 1, data: new Float32Array(side ** 2) };
    return prepareImage(
      { image, labels: { height: side, width: side, data: new Uint32Array(side ** 2) } },
      { weights: ronneberger2015Weights },
    );
  };

  /** By hand: what an output of a random place inside of the images holds on average, for each multiply-add. */
  const learntPerWork = (tile: number, sides: readonly number[]): number => {
    const pixels = sides.map((side) => side ** 2);
    const all = pixels.reduce((sum, count) => sum + count, 0);
    const learnt = sides.reduce((sum, side, i) => sum + (pixels[i]! / all) * Math.min(side, tile - 88) ** 2, 0);
    return learnt / countMultiplyAdds(spec, tile);
  };

  it.each([[[100]], [[256, 256]], [[120, 256, 300]], [[900]]])("learns from the most pixels for its work: images of %j px", (sides) => {
    const legal = Array.from({ length: 39 }, (_, i) => 108 + 8 * i).filter((tile) => tile >= 108 && tile <= 412);
    const best = legal.reduce((one, other) => (learntPerWork(other, sides) > learntPerWork(one, sides) ? other : one));
    expect(chooseTrainingTile(412, spec, sides.map(blank))).toBe(best);
  });

  it("is the largest one allowed for large images, and little larger than small images need", () => {
    expect(chooseTrainingTile(412, spec, [blank(900)])).toBe(412);
    expect(chooseTrainingTile(412, spec, [blank(100)])).toBe(188);
  });

  it("of the papers' presets is theirs where an image is as large as its output", () => {
    const tileOf = (given: Parameters, images: readonly Prepared[]) =>
      planSchedule(resolveParameters("train", given), createSpec({ levels: 4, features: 4 }), { given, images }).tile;
    const images = [blank(100), blank(400)];
    expect(tileOf({ preset: "ronneberger2015" }, images)).toBe(572);
    expect(tileOf({ preset: "falk2019" }, images)).toBe(540);
  });
});
