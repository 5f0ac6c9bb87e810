// Laws of objects that are held out: no field of view is shared, every object is learnt or held out, a quarter at most.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DrawnImage, holdOut } from "../../../core/sample/hold-out.ts";
import { prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import { marginPx } from "../../../core/unet/shape.ts";

type Corner = readonly [y: number, x: number];

/** An image with squares of 4 px, in which everything beyond `ringPx` around them is ignored. */
function drawn(height: number, width: number, corners: readonly Corner[], { sample = 0, ringPx = 1000 } = {}): DrawnImage {
  const labels = { height, width, data: new Uint32Array(height * width) };
  const ignore = { height, width, data: new Uint8Array(height * width).fill(1) };
  corners.forEach(([y, x], k) => {
    for (let i = Math.max(0, y - ringPx); i < Math.min(height, y + 4 + ringPx); i++)
      ignore.data.fill(0, i * width + Math.max(0, x - ringPx), i * width + Math.min(width, x + 4 + ringPx));
    for (let i = y; i < y + 4; i++) labels.data.fill(k + 1, i * width + x, i * width + x + 4);
  });
  const image = { height, width, channels: 1, data: new Float32Array(height * width) };
  return { sample, prepared: prepareImage({ image, labels, ignore }, { weights: ronneberger2015Weights }), labels, ignore: ignore.data };
}

const row = (xs: readonly number[], y = 2): readonly Corner[] => xs.map((x) => [y, x]);
const idsOf = ({ labels }: DrawnImage) => [...new Set(labels.data)].filter((id) => id !== 0);
const levels = 1;
const gapPx = 2 * marginPx(levels); // 16

describe("drawn objects held out", () => {
  it("are the group at one side, where a gap of two margins parts it from the others", () => {
    const image = drawn(8, 120, row([0, 6, 40, 46, 52, 58, 64, 70]));
    const found = holdOut([image], { levels });
    expect(found).toMatchObject({ by: "place", objects: 2, of: 8 });
    if ("reason" in found) return;
    expect([idsOf(found.held[0]!), idsOf(found.learnt[0]!)]).toEqual([[1, 2], [3, 4, 5, 6, 7, 8]]); // biome-ignore format: pairs
    // Up and down, left and right alike.
    const mirrored = holdOut(
      [
        drawn(
          120,
          8,
          row([0, 6, 40, 46, 52, 58, 64, 70]).map(([y, x]) => [112 - x, y]),
        ),
      ],
      { levels },
    );
    expect(mirrored).toMatchObject({ by: "place", objects: 2, of: 8 });
  });

  it("are none where there are too few, or they lie too close, and it is said", () => {
    const seven = row([0, 6, 40, 46, 52, 58, 64]);
    expect(holdOut([drawn(8, 120, seven)], { levels })).toEqual({
      reason: "7 objects are drawn, too few to say how good the model is (8 suffice)",
    });
    const close = drawn(8, 60, row([0, 6, 12, 18, 24, 30, 36, 42]));
    expect(holdOut([close], { levels })).toEqual({
      reason: "8 objects are drawn, but no 2 to 2 of them lie at one side of an image, 16 px from the others, and no image holds so few",
    });
    expect(holdOut([], { levels })).toMatchObject({ reason: expect.stringContaining("0 objects are drawn") });
  });

  it("are those of one image where no place parts them; planes of a stack stay together", () => {
    const six = drawn(8, 60, row([0, 6, 12, 18, 24, 30]), { sample: 0 });
    const two = drawn(8, 60, row([0, 6]), { sample: 1 });
    expect(holdOut([six, two], { levels })).toMatchObject({ by: "image", objects: 2, of: 8, held: [two], learnt: [six] });
    const stack = [drawn(8, 60, row([0, 6]), { sample: 1 }), drawn(8, 60, row([0, 6]), { sample: 1 })];
    expect(holdOut([six, ...stack], { levels })).toMatchObject({ reason: expect.stringContaining("10 objects") });
  });

  it("laws: what is held out shares no field of view with what is learnt; every object is one of both", () => {
    let parted = 0;
    const corner = fc.tuple(
      fc.integer({ min: 0, max: 56 }),
      fc.integer({ min: 0, max: 16 }).map((x) => 5 * x + (x > 6 ? 30 : 0)),
    );
    fc.assert(
      fc.property(
        fc.uniqueArray(corner, { minLength: 8, maxLength: 14, selector: String }),
        fc.constantFrom(2, 1000),
        (corners, ringPx) => {
          const image = drawn(60, 116, corners, { ringPx });
          const found = holdOut([image], { levels });
          if ("reason" in found) return;
          parted++;
          const [held, learnt] = [found.held[0]!, found.learnt[0]!];
          expect([...idsOf(held), ...idsOf(learnt)].sort()).toEqual(idsOf(image).sort());
          expect(found.objects).toBe(idsOf(held).length);
          expect(found.objects).toBeLessThanOrEqual(found.of / 4);
          const pixelsOf = ({ prepared: { weight } }: DrawnImage) =>
            [...weight.keys()].filter((i) => weight[i]! > 0).map((i) => [Math.floor(i / 116), i % 116] as const);
          const [a, b] = [pixelsOf(held), pixelsOf(learnt)];
          expect(Math.min(a.length, b.length)).toBeGreaterThan(0);
          const span = (pixels: readonly Corner[], axis: 0 | 1) =>
            [Math.min(...pixels.map((p) => p[axis])), Math.max(...pixels.map((p) => p[axis]))] as const;
          const apart = ([0, 1] as const).map((axis) => Math.max(span(b, axis)[0] - span(a, axis)[1], span(a, axis)[0] - span(b, axis)[1]));
          expect(Math.max(...apart)).toBeGreaterThan(gapPx);
        },
      ),
      { seed: 8, numRuns: 60 },
    );
    expect(parted).toBeGreaterThan(5);
  });
});
