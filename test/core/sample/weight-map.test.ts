import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { separate } from "../../../core/sample/separate.ts";
import { type FalkWeights, falk2019Weights, type PaperWeights, weightMap } from "../../../core/sample/weight-map.ts";
import { fixturePath, sharedPath } from "../../support/data.ts";
import { anyLabels, anyPair, bytes, labels, noisyLabels, toText } from "../label/text.ts";

const paper: PaperWeights = { form: "ronneberger2015", w0: 10, sigmaPx: 5, balance: true };

/** Distances of pixel i to each instance, nearest first. */
function distances({ width, data }: LabelImage, i: number): number[] {
  const nearest = new Map<number, number>();
  data.forEach((id, j) => {
    if (id === 0) return;
    const d = Math.hypot(Math.floor(i / width) - Math.floor(j / width), (i % width) - (j % width));
    nearest.set(id, Math.min(nearest.get(id) ?? Number.POSITIVE_INFINITY, d));
  });
  return [...nearest.values()].sort((a, b) => a - b);
}

function ridge(image: LabelImage, i: number, w0: number, sigma: number): number {
  const [d1, d2] = distances(image, i);
  return d2 === undefined ? 0 : w0 * Math.exp(-((d1! + d2) ** 2) / (2 * sigma ** 2));
}

function expectNear(found: Float32Array, wanted: ArrayLike<number>, tolerance: number): void {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => {
    if (!(Math.abs(value - wanted[i]!) <= tolerance)) expect.fail(`weight ${i} is ${value}, not ${wanted[i]}`);
  });
}

describe.each([
  ["our fixtures", fixturePath("reference/weight-maps.json")],
  ["the shared goldens", sharedPath("reference/golden/weight-maps.json")],
])("SciPy's numbers, %s", (_, path) => {
  it.skipIf(path === undefined)("cuts exactly, weights within 1e-6 of the largest", () => {
    for (const golden of JSON.parse(readFileSync(path!, "utf8"))) {
      const [height, width] = golden.labels.shape;
      const image = { height, width, data: Uint32Array.from(golden.labels.data) };
      const cut = separate(image);
      expect(toText(cut)).toBe(toText({ height, width, data: golden.separated.data }));
      expectNear(weightMap({ labels: image }, paper), golden.weights.data, 1e-6 * Math.max(...golden.weights.data));
      expectNear(weightMap({ labels: cut }, paper), golden.weightsOfSeparated.data, 1e-6 * Math.max(...golden.weightsOfSeparated.data));
    }
  });
});

describe("separate", () => {
  it.each([
    ["side by side: the right one gives way", "1122", "11.2"],
    ["one above the other: the lower gives way", "11/22", "11/.."],
    ["at a corner", "1../.2.", "1../..."],
    ["as already cut: a pixel that is gone cuts no more", "123/...", "1.3/..."],
    ["one object stays whole", "11./.11", "11./.11"],
  ])("%s", (_, before, after) => {
    expect(toText(separate(labels(before)))).toBe(after);
  });

  it("leaves no two instances in touch, and changes nothing but cut pixels", () => {
    fc.assert(
      fc.property(fc.oneof(anyLabels(), noisyLabels()), (image) => {
        const { height, width, data } = separate(image);
        data.forEach((id, i) => {
          expect([0, image.data[i]]).toContain(id);
          if (id === 0) return;
          for (const [dy, dx] of [
            [0, 1],
            [1, -1],
            [1, 0],
            [1, 1],
          ] as const) {
            const [y, x] = [Math.floor(i / width) + dy, (i % width) + dx];
            if (y < height && x >= 0 && x < width) expect([0, id]).toContain(data[y * width + x]);
          }
        });
      }),
      { seed: 1 },
    );
  });

  it("with classes, objects of different classes stay in touch", () => {
    expect(toText(separate(labels("1122"), bytes("1122")))).toBe("1122");
    expect(toText(separate(labels("112233"), bytes("112222")))).toBe("1122.3");
  });
});

describe("the weight map of 2015", () => {
  it("is that of brute force, touching, nested and single objects included", () => {
    fc.assert(
      fc.property(
        fc.oneof(anyLabels(26, 5), noisyLabels(12, 4)),
        fc.double({ min: 0.4, max: 5, noNaN: true }),
        fc.boolean(),
        (image, sigmaPx, balance) => {
          const objects = image.data.filter((id) => id !== 0).length;
          const total = image.data.length;
          const wanted = Float64Array.from(image.data, (id, i) => {
            const wc = balance ? total / (2 * Math.max(1, id === 0 ? total - objects : objects)) : 1;
            return wc + (id === 0 ? ridge(image, i, 10, sigmaPx) : 0);
          });
          expectNear(
            weightMap({ labels: image }, { form: "ronneberger2015", w0: 10, sigmaPx, balance }),
            wanted,
            2e-6 * Math.max(10, ...wanted),
          );
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  it("finds the two nearest of objects far apart, up to 6 sigma", () => {
    const width = 90;
    const image = {
      height: 1,
      width,
      data: Uint32Array.from({ length: width }, (_, x) => (x < 5 ? 1 : x >= 30 && x < 32 ? 2 : x > 55 ? 3 : 0)),
    };
    const wanted = Float64Array.from(image.data, (id, i) => 1 + (id === 0 ? ridge(image, i, 10, 5) : 0));
    expectNear(weightMap({ labels: image }, { ...paper, balance: false }), wanted, 2e-6);
  });

  it("balances K classes over the pixels that are not ignored", () => {
    const image = labels("1.2./....");
    const found = weightMap({ labels: image, classes: bytes("1.2./...."), classCount: 3, ignore: bytes("...1/...1") }, { ...paper, w0: 0 });
    const [b, one, two] = [6 / (3 * 4), 6 / (3 * 1), 6 / (3 * 1)];
    expectNear(found, [one, b, two, 0, b, b, b, 0], 1e-6);
  });

  it("of a single object, or of none, has no ridge", () => {
    expect([...weightMap({ labels: labels("..11..") }, { ...paper, balance: false })]).toEqual([1, 1, 1, 1, 1, 1]);
    expect([...weightMap({ labels: labels("..") }, paper)]).toEqual([0.5, 0.5]);
  });
});

describe("the weight map of Falk 2019", () => {
  it("is that of brute force, class by class", () => {
    const options: FalkWeights = { ...falk2019Weights, sigmaPx: 3, smoothnessSigmaPx: 4 };
    const { w0, sigmaPx, backgroundWeight: v, smoothnessSigmaPx } = options;
    fc.assert(
      fc.property(anyLabels(22, 5), (image) => {
        const classes = Uint8Array.from(image.data, (id) => (id === 0 ? 0 : 1 + (id % 2)));
        const wanted = Float64Array.from(image.data, (id, i) => {
          if (id !== 0) return 1;
          return [1, 2].reduce((sum, c) => {
            const own = { ...image, data: image.data.map((other, j) => (classes[j] === c ? other : 0)) };
            const [d1] = distances(own, i);
            if (d1 === undefined) return sum;
            return sum + ridge(own, i, w0, sigmaPx) + (1 - v) * Math.exp(-(d1 ** 2) / (2 * smoothnessSigmaPx ** 2));
          }, v);
        });
        expectNear(weightMap({ labels: image, classes, classCount: 3 }, options), wanted, 1e-5);
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});

describe("ignored pixels", () => {
  it("have weight 0, and what is written under them changes no weight", () => {
    fc.assert(
      fc.property(anyPair(20), fc.constantFrom(paper, falk2019Weights), ({ truth, ignore, noise }, options) => {
        const found = weightMap({ labels: truth, ignore }, options);
        const scribbled = { ...truth, data: truth.data.map((id, i) => (ignore[i] ? noise[i]! : id)) };
        expect([...weightMap({ labels: scribbled, ignore }, options)]).toEqual([...found]);
        found.forEach((weight, i) => {
          if (ignore[i]) expect(weight).toBe(0);
        });
      }),
      { seed: 4 },
    );
  });
});
