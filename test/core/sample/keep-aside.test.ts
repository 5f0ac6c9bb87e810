import { expect, it } from "vitest";
import { keepAside } from "../../../core/sample/keep-aside.ts";
import { prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import { labels } from "../label/text.ts";

/** An image with these objects. */
function draw(text: string) {
  const drawn = labels(text);
  const image = { height: drawn.height, width: drawn.width, channels: 1, data: new Float32Array(drawn.data.length) };
  return prepareImage({ image, labels: drawn }, { weights: ronneberger2015Weights });
}

it("every fourth image with objects, one at least, and the rest is learnt from", () => {
  const images = Array.from({ length: 9 }, () => draw("1.2"));
  const empty = draw("...");
  expect(keepAside([images[0]!, empty, images[1]!])).toEqual({ learnt: [images[0], empty], kept: [images[1]] });
  const { learnt, kept } = keepAside(images)!;
  expect([learnt.length, kept.length]).toEqual([7, 2]);
  expect(kept.some((image) => learnt.includes(image))).toBe(false);
});

it("of a single image what lies right of a column, where about a quarter of the objects is; no pixel is in both", () => {
  const image = draw("11.22.33.44/11.22.33.44");
  const { learnt, kept } = keepAside([image])!;
  const seen = [learnt[0]!, kept[0]!].map(({ weight }) => [...weight.subarray(0, 11)].map((value) => (value > 0 ? "x" : ".")).join(""));
  expect(seen).toEqual(["xxxxxxxxx..", ".........xx"]);
  expect(kept[0]!.places.foreground.at(-1)).toBe(4);
  expect(learnt[0]!.places.foreground.at(-1)).toBe(12);
});

it("nothing where one part would have no object", () => {
  expect(keepAside([draw("...")])).toBeUndefined();
  expect(keepAside([draw("..1..")])).toBeUndefined();
});
