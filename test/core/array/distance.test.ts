import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { squaredDistances } from "../../../core/array/distance.ts";
import { fixturePath } from "../../support/data.ts";
import { noisyLabels } from "../label/text.ts";

describe("the distance transform", () => {
  it("is SciPy's", () => {
    const { distances } = JSON.parse(readFileSync(fixturePath("reference/grids.json"), "utf8"));
    for (const { mask, squared } of distances) {
      const [height, width] = mask.shape;
      expect([...squaredDistances(Uint8Array.from(mask.data), height, width)]).toEqual(squared.data);
    }
  });

  it("is the distance to the nearest set pixel, by brute force", () => {
    fc.assert(
      fc.property(noisyLabels(14, 8), ({ height, width, data }) => {
        const mask = Uint8Array.from(data, (id) => (id === 8 ? 1 : 0));
        const set = [...mask.keys()].filter((i) => mask[i]);
        const wanted = Array.from(mask, (_, i) =>
          Math.min(...set.map((j) => (Math.floor(i / width) - Math.floor(j / width)) ** 2 + ((i % width) - (j % width)) ** 2)),
        );
        expect([...squaredDistances(mask, height, width)]).toEqual(wanted);
      }),
      { seed: 3 },
    );
  });

  it("is infinite where nothing is set", () => {
    expect([...squaredDistances(new Uint8Array(4), 2, 2)]).toEqual(new Array(4).fill(Number.POSITIVE_INFINITY));
  });
});
