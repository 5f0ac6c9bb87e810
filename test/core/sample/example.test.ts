import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mirrorIndex } from "../../../core/array/mirror.ts";
import { createRandom } from "../../../core/array/random.ts";
import type { LabelImage } from "../../../core/array/raster.ts";
import { isProblem } from "../../../core/problem.ts";
import {
  type AugmentationOptions,
  defaultAugmentation,
  drawAugmentation,
  identityDraw,
  noAugmentation,
} from "../../../core/sample/draw.ts";
import { drawDisplacements, splineWeights } from "../../../core/sample/elastic.ts";
import { createExample, makeExample } from "../../../core/sample/example.ts";
import { changeIntensityInPlace, drawImaging, drawIntensity } from "../../../core/sample/intensity.ts";
import { type Prepared, prepareImage } from "../../../core/sample/prepare.ts";
import { ronneberger2015Weights } from "../../../core/sample/weight-map.ts";
import { anyPair, bytes, labels, toText } from "../label/text.ts";

const tile = { tileHeight: 28, tileWidth: 20, levels: 1 };
const margin = 8;
const output = { height: 12, width: 4 };

/** A prepared image whose pixels are all different. */
function prepare(image: LabelImage, { ignore, channels = 1 }: { ignore?: Uint8Array; channels?: number } = {}): Prepared {
  const { height, width } = image;
  const data = Float32Array.from({ length: height * width * channels }, (_, i) => ((i * 7919) % 1009) / 1009);
  return prepareImage(
    { image: { height, width, channels, data }, labels: image, ignore: ignore && { height, width, data: ignore } },
    { weights: ronneberger2015Weights },
  );
}

const twoCells = () => {
  const data = new Uint32Array(40 * 30);
  for (let y = 10; y < 20; y++) for (let x = 4; x < 22; x++) data[y * 30 + x] = x < 13 ? 1 : 2;
  return prepare({ height: 40, width: 30, data }, { channels: 2 });
};

describe("an example", () => {
  it("without augmentation is the mirrored crop of image, target and weights", () => {
    fc.assert(
      fc.property(
        anyPair(14),
        fc.integer({ min: -9, max: 14 }),
        fc.integer({ min: -9, max: 14 }),
        fc.integer({ min: 1, max: 3 }),
        ({ truth, ignore }, y0, x0, channels) => {
          const prepared = prepare(truth, { ignore, channels });
          const { height, width } = truth;
          const found = makeExample(identityDraw(0, channels, { y0, x0, ...output }), prepared, tile);
          for (let i = 0; i < 28; i++) {
            for (let j = 0; j < 20 * channels; j++) {
              const from =
                (mirrorIndex(y0 - margin + i, height) * width + mirrorIndex(x0 - margin + Math.floor(j / channels), width)) * channels +
                (j % channels);
              expect(found.input[i * 20 * channels + j]).toBe(prepared.image.data[from]);
            }
          }
          let valid = 0;
          for (let i = 0; i < 12 * 4; i++) {
            const [y, x] = [y0 + Math.floor(i / 4), x0 + (i % 4)];
            const inside = y >= 0 && x >= 0 && y < height && x < width;
            expect(found.weight[i]).toBe(inside ? prepared.weight[y * width + x] : 0);
            expect(found.target[i]).toBe(inside ? prepared.target[y * width + x] : 0);
            if (found.weight[i]! > 0) valid++;
          }
          expect(found.validPixels).toBe(valid);
        },
      ),
      { seed: 1, numRuns: 60 },
    );
  });

  it("drawn with no augmentation is a crop, too: pixels are moved, never mixed", () => {
    const prepared = twoCells();
    const pixels = new Set(prepared.image.data);
    for (let k = 0; k < 10; k++) {
      const example = createExample(3, k, [prepared], { ...tile, augmentation: noAugmentation });
      expect(example.input.every((value) => pixels.has(value))).toBe(true);
      expect(example.validPixels).toBe(48);
    }
  });

  it("turned in full is the same; flipped, its columns are mirrored; a quarter turn moves pixels onto pixels", () => {
    const prepared = twoCells();
    const square = { tileHeight: 28, tileWidth: 28, levels: 1 };
    const draw = identityDraw(0, 2, { y0: 9, x0: 7, height: 12, width: 12 });
    const straight = makeExample(draw, prepared, square);
    expect(makeExample({ ...draw, angleDegrees: 360 }, prepared, square)).toEqual(straight);
    const turned = makeExample({ ...draw, angleDegrees: 90 }, prepared, square);
    const flipped = makeExample({ ...draw, flip: true }, prepared, square);
    for (let i = 0; i < 12; i++) {
      for (let j = 0; j < 12; j++) {
        expect(flipped.target[i * 12 + j]).toBe(straight.target[i * 12 + 11 - j]);
        expect(turned.weight[i * 12 + j]).toBe(straight.weight[j * 12 + 11 - i]);
      }
    }
    expect([...turned.weight].sort()).toEqual([...straight.weight].sort());
  });

  it("follows the displacement: all control points moved by whole pixels move the crop", () => {
    const prepared = twoCells();
    const draw = identityDraw(0, 2, { y0: 5, x0: 6, ...output });
    const moved = makeExample({ ...draw, displacements: { dy: new Array(9).fill(3), dx: new Array(9).fill(-2) } }, prepared, tile);
    const wanted = makeExample(identityDraw(0, 2, { y0: 8, x0: 4, ...output }), prepared, tile);
    expect(moved.target).toEqual(wanted.target);
    expect(moved.weight).toEqual(wanted.weight);
    moved.input.forEach((value, i) => {
      expect(Math.abs(value - wanted.input[i]!)).toBeLessThan(1e-5);
    });
  });

  it("keeps image and target together under every augmentation", () => {
    // The image shows the target itself, far from its edges; where bilinear gives 0 or 1, nearest must agree.
    const data = new Uint32Array(90 * 90);
    for (let y = 0; y < 90; y++) for (let x = 0; x < 90; x++) if ((Math.floor(y / 9) + Math.floor(x / 9)) % 2) data[y * 90 + x] = 1;
    const prepared = prepareImage(
      { image: { height: 90, width: 90, channels: 1, data: Float32Array.from(data) }, labels: { height: 90, width: 90, data } },
      { weights: ronneberger2015Weights },
    );
    const augmentation: AugmentationOptions = {
      ...defaultAugmentation,
      scale: 0.2,
      elasticSigmaPx: 3,
      intensity: noAugmentation.intensity,
    };
    let both = 0;
    for (let k = 0; k < 40; k++) {
      const { input, target, weight } = createExample(5, k, [prepared], { ...tile, augmentation });
      for (let i = 0; i < 48; i++) {
        const value = input[(Math.floor(i / 4) + margin) * 20 + (i % 4) + margin]!;
        if (weight[i] === 0 || (value !== 0 && value !== 1)) continue;
        expect(target[i]).toBe(value);
        both |= 1 << value;
      }
    }
    expect(both).toBe(3);
  });

  it("is a pure function of (seed, k), and its inputs stay as they were", () => {
    const prepared = twoCells();
    const before = [prepared.image.data.slice(), prepared.target.slice(), prepared.weight.slice()];
    const make = (seed: number, k: number) => createExample(seed, k, [prepared, prepared], { ...tile, augmentation: defaultAugmentation });
    expect(make(1, 5)).toEqual(make(1, 5));
    expect(make(1, 6).input).not.toEqual(make(1, 5).input);
    expect(make(2, 5).input).not.toEqual(make(1, 5).input);
    expect([prepared.image.data, prepared.target, prepared.weight]).toEqual(before);
  });

  it("always has a valid pixel; where all are ignored, a Problem says so", () => {
    const one = new Uint8Array(30 * 30).fill(1);
    one[0] = 0;
    const nearlyAll = prepare({ height: 30, width: 30, data: new Uint32Array(900) }, { ignore: one });
    for (let k = 0; k < 30; k++) {
      expect(
        createExample(1, k, [nearlyAll], { ...tile, augmentation: { ...defaultAugmentation, elasticSigmaPx: 1 } }).validPixels,
      ).toBeGreaterThan(0);
    }
    const all = prepare({ height: 3, width: 3, data: new Uint32Array(9) }, { ignore: new Uint8Array(9).fill(1) });
    expect(createExample(1, 0, [all, nearlyAll], { ...tile, augmentation: noAugmentation }).validPixels).toBe(1);
    try {
      createExample(1, 0, [all], { ...tile, augmentation: noAugmentation });
      expect.unreachable();
    } catch (error) {
      expect(isProblem(error, "InvalidData") && error.message).toMatch(/not ignored; all are/);
    }
  });

  it("refuses a tile that is not legal", () => {
    expect(() => createExample(1, 0, [twoCells()], { tileHeight: 29, tileWidth: 20, levels: 1, augmentation: noAugmentation })).toThrow(
      /29/,
    );
  });
});

describe("a draw", () => {
  const request = { seed: 4, augmentation: defaultAugmentation, output };

  it("is plain data: what JSON gives back makes the same example", () => {
    const prepared = twoCells();
    const draw = drawAugmentation({ ...request, k: 9, images: [prepared] });
    expect(JSON.parse(JSON.stringify(draw))).toEqual(draw);
  });

  it("takes images in proportion to their pixels that are not ignored", () => {
    const small = prepare(labels("1.2./1..2"), { ignore: bytes("..../....") });
    const large = prepare(labels("1.2.1.2./1..2..../1.2.1.2."), { ignore: bytes("......../......../........") });
    const ignored = prepare(labels("1.2./1..2"), { ignore: bytes("1111/1111") });
    const counts = [0, 0, 0];
    for (let k = 0; k < 3000; k++) counts[drawAugmentation({ ...request, k, images: [small, ignored, large] }).image]!++;
    expect(counts[1]).toBe(0);
    expect(counts[0]! / 3000).toBeCloseTo(8 / 32, 1);
  });

  it("takes every one of equal images once before any comes again", () => {
    const images = Array.from({ length: 5 }, twoCells);
    const order = Array.from({ length: 20 }, (_, k) => drawAugmentation({ ...request, k, images }).image);
    for (let round = 0; round < 4; round++) expect(order.slice(5 * round, 5 * round + 5).sort()).toEqual([0, 1, 2, 3, 4]);
    expect(new Set([0, 1, 2, 3].map((round) => order.slice(5 * round, 5 * round + 5).join())).size).toBeGreaterThan(1);
  });

  it("picks every pixel that is not ignored, or every such object pixel, equally often", () => {
    const prepared = prepare(labels("11.2/1..2"), { ignore: bytes("1..1/....") });
    const count = (foreground: number) => {
      const counts = new Array(8).fill(0);
      for (let k = 0; k < 3000; k++) {
        // A second try puts the pixel itself at the centre: half a pixel up and left of it, the output being even.
        const { centre } = drawAugmentation({
          ...request,
          k,
          attempt: 1,
          images: [prepared],
          augmentation: { ...noAugmentation, foreground },
        });
        counts[(centre.y + 0.5) * 4 + centre.x + 0.5]++;
      }
      return counts.map((n) => Math.round((10 * n) / 3000));
    };
    expect(count(1)).toEqual([0, 3, 0, 0, 3, 0, 0, 3]);
    expect(count(0)).toEqual([0, 2, 2, 0, 2, 2, 2, 2]);
  });

  it("falls on objects as often as asked for", () => {
    // One object pixel in 2500; its output holds it.
    const data = new Uint32Array(2500);
    data[1275] = 1;
    const prepared = prepare({ height: 50, width: 50, data });
    const hits = (foreground: number) =>
      Array.from({ length: 400 }, (_, k) =>
        createExample(1, k, [prepared], { ...tile, augmentation: { ...noAugmentation, foreground } }),
      ).filter(({ target }) => target.includes(1)).length / 400;
    expect(hits(1)).toBe(1);
    expect(Math.abs(hits(0.5) - 0.5)).toBeLessThan(0.1);
    expect(hits(0)).toBeLessThan(0.06);
  });
});

describe("changes of imaging and scale", () => {
  const request = { seed: 4, k: 9, output };
  const imaging = { noise: 0.02, gain: 0.5, gamma: 0.5, blurPx: 2 };
  const withChanges = (scale: number, changes: object): AugmentationOptions => ({
    ...defaultAugmentation,
    scale,
    intensity: { ...defaultAugmentation.intensity, ...changes },
  });

  // Printed by the build of 2026-11-30, before these changes could be drawn: old checkpoints go on with the same examples.
  it("that are off leave every number of a draw and an example as it was", () => {
    const draw = drawAugmentation({ ...request, images: [twoCells()], augmentation: defaultAugmentation });
    expect(draw).toEqual({
      image: 0,
      centre: { y: 16.5, x: 6.5 },
      angleDegrees: -2.412869053583279,
      flip: false,
      scale: 1,
      displacements: {
        // biome-ignore format: as they were printed
        dy: [-7.18081840158229, 6.599165264334629, 1.306755890757508, 1.5928438801666365, 13.349530705195205, -0.73581594651403, 1.1873692839883156, 11.13797152313428, 10.525788951266616],
        // biome-ignore format: as they were printed
        dx: [-0.7846507537051428, -7.273961108189113, 1.5389887478156594, 0.031711365689574125, -10.159544941101968, 21.766391262106296, -10.444003422665652, 0.3959423869003018, -12.388437501561494],
      },
      intensity: {
        black: [-0.03536061772267575, -0.041308802609231046],
        white: [0.9580911788588391, 1.0135282757845305],
        slope: [1.097770908999123, 0.899131533976001],
        noise: 0,
        noiseSeed: 3410267900,
      },
    });
    const { input } = createExample(4, 9, [twoCells()], { ...tile, augmentation: withChanges(0, { noise: 0.02 }) });
    // biome-ignore format: as they were printed
    expect([...input.subarray(500, 508)]).toEqual([0.5610487461090088, 0.37152764201164246, 0.2829210162162781, 0.8617507815361023, 0.7345837950706482, 0.6942424774169922, 0.6026650667190552, 0.45196837186813354]);
  });

  it("change nothing else of a draw, are pure functions of (seed, k), and stay within what was allowed", () => {
    const images = [twoCells()];
    fc.assert(
      fc.property(fc.nat(), fc.nat(9999), (seed, k) => {
        const draw = (augmentation: AugmentationOptions) => drawAugmentation({ seed, k, images, output, augmentation });
        const [plain, all] = [draw(withChanges(0, {})), draw(withChanges(0.5, imaging))];
        const { gain, gamma, blurPx, ...others } = all.intensity;
        expect({ ...all, scale: 1, intensity: { ...others, noise: 0 } }).toEqual(plain);
        expect(draw(withChanges(0.5, imaging))).toEqual(all);
        for (const factor of [all.scale, ...gain!, ...gamma!]) expect(Math.abs(Math.log(factor))).toBeLessThanOrEqual(Math.log(1.5));
        expect(gain).toHaveLength(2);
        expect(blurPx! >= 0 && blurPx! <= 2).toBe(true);
        expect(JSON.parse(JSON.stringify(all))).toEqual(all);
      }),
      { numRuns: 50, seed: 1 },
    );
    const blurs = Array.from({ length: 200 }, (_, k) => drawImaging(createRandom(1, k), 1, withChanges(0, imaging).intensity).blurPx!);
    expect(Math.abs(blurs.filter((blur) => blur > 0).length / 200 - 0.5)).toBeLessThan(0.1);
  });

  it("magnify what lies around the centre, blur without moving, gain and raise to gamma what is above 0", () => {
    const prepared = twoCells();
    const pixel = identityDraw(0, 2, { y0: 8, x0: 8, ...output });
    const none = { black: [0, 0], white: [1, 1], slope: [1, 1], noise: 0, noiseSeed: 0 };
    const twice = makeExample({ ...pixel, scale: 2 }, prepared, tile);
    const once = makeExample(pixel, prepared, tile);
    expect(twice.target.reduce((sum, one) => sum + one, 0)).toBe(once.target.length);
    const values = Float32Array.of(-0.5, 1, 0, 1, 0.25, 1, 4, 1);
    changeIntensityInPlace(values, 2, 4, { ...none, gain: [2, 1], gamma: [0.5, 1] });
    expect([...values]).toEqual([-1, 1, 0, 1, 1, 1, 4, 1]);
    const point = new Float32Array(21 * 21);
    point[10 * 21 + 10] = 1;
    changeIntensityInPlace(point, 1, 21, { ...none, black: [0], white: [1], slope: [1], blurPx: 1.5 });
    expect(point.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
    expect(point[10 * 21 + 12]).toBeCloseTo(point[8 * 21 + 10]!, 7);
    expect(point[10 * 21 + 10]).toBeGreaterThan(point[10 * 21 + 11]!);
  });
});

describe("elastic deformation", () => {
  it("goes through its control points, and weights sum to 1", () => {
    for (const length of [1, 2, 3, 20, 21]) {
      const weights = splineWeights(length);
      for (let i = 0; i < length; i++) expect(weights[3 * i]! + weights[3 * i + 1]! + weights[3 * i + 2]!).toBeCloseTo(1, 12);
    }
    const weights = splineWeights(21);
    expect([...weights.subarray(0, 3)]).toEqual([1, 0, 0]);
    expect([...weights.subarray(30, 33)]).toEqual([0, 1, 0]);
    expect([...weights.subarray(60, 63)]).toEqual([0, 0, 1]);
    // Half way between the first two, with the first repeated: (-1 + 9, 9, -1) / 16.
    expect([...weights.subarray(15, 18)]).toEqual([8 / 16, 9 / 16, -1 / 16]);
  });

  it("is normal with the given deviation, and exactly 0 for 0", () => {
    const random = createRandom(1);
    const all = Array.from({ length: 500 }, () => drawDisplacements(random, 10)).flatMap(({ dy, dx }) => [...dy, ...dx]);
    const deviation = Math.sqrt(all.reduce((sum, value) => sum + value * value, 0) / all.length);
    expect(Math.abs(deviation - 10)).toBeLessThan(0.4);
    expect(drawDisplacements(random, 0)).toEqual({ dy: new Array(9).fill(0), dx: new Array(9).fill(0) });
  });
});

describe("grey-value changes", () => {
  it("move black and white, keep the order of values, and leave other channels alone", () => {
    const values = Float32Array.of(0, 7, 0.25, 7, 1, 7, 1.5, 7, -0.5, 7);
    changeIntensityInPlace(values, 2, 5, { black: [0.1, 0], white: [0.9, 1], slope: [2, 1], noise: 0, noiseSeed: 0 });
    [0.1, 7, 0.1 + 0.8 * 0.4, 7, 0.9, 7, 1.3, 7, -0.3, 7].forEach((wanted, i) => {
      expect(values[i]).toBeCloseTo(wanted, 6);
    });
  });

  it("of size 0 change nothing, and drawn ones stay within what was allowed", () => {
    const random = createRandom(3);
    const values = Float32Array.from({ length: 60 }, () => random.normal());
    const same = values.slice();
    changeIntensityInPlace(same, 3, 20, drawIntensity(random, 3, noAugmentation.intensity));
    expect(same).toEqual(values);
    for (let k = 0; k < 100; k++) {
      const draw = drawIntensity(random, 1, { black: 0.05, white: 0.1, slope: 0.25, noise: 0.02 });
      expect(Math.abs(draw.black[0]!)).toBeLessThanOrEqual(0.05);
      expect(Math.abs(draw.white[0]! - 1)).toBeLessThanOrEqual(0.1);
      expect(draw.slope[0]).toBeGreaterThanOrEqual(1 / 1.25);
      expect(draw.slope[0]).toBeLessThanOrEqual(1.25);
      expect(draw.noise).toBeLessThanOrEqual(0.02);
    }
  });

  it("add noise of the given deviation, the same for the same seed", () => {
    const noisy = (noiseSeed: number) => {
      const values = new Float32Array(4000);
      changeIntensityInPlace(values, 1, 4000, { black: [0], white: [1], slope: [1], noise: 0.1, noiseSeed });
      return values;
    };
    expect(noisy(5)).toEqual(noisy(5));
    expect(noisy(5)).not.toEqual(noisy(6));
    expect(Math.sqrt(noisy(5).reduce((sum, value) => sum + value * value, 0) / 4000)).toBeCloseTo(0.1, 2);
  });
});

describe("a prepared image", () => {
  const image = (text: string) => {
    const { height, width, data } = labels(text);
    return { height, width, channels: 1, data: Float32Array.from(data) };
  };

  it("has touching objects cut apart, and their classes as target", () => {
    const text = "1122./1122./.....";
    const instances = prepareImage({ image: image(text), labels: labels(text) }, { weights: ronneberger2015Weights });
    expect(toText({ height: 3, width: 5, data: instances.target })).toBe("11.1./11.1./.....");
    const classes = prepareImage(
      { image: image(text), classes: { height: 3, width: 5, data: bytes(text) } },
      { weights: ronneberger2015Weights, classCount: 3 },
    );
    expect(toText({ height: 3, width: 5, data: classes.target })).toBe(text);
  });

  it("of a class map takes its components for instances: the gap between two gets the ridge", () => {
    const text = "11.11";
    const { weight } = prepareImage(
      { image: image(text), classes: { height: 1, width: 5, data: bytes(text) } },
      { weights: { ...ronneberger2015Weights, balance: false } },
    );
    expect(weight[2]).toBeCloseTo(1 + 10 * Math.exp(-4 / 50), 5);
    expect(weight[0]).toBe(1);
  });

  it("does not see what is written under its ignore mask", () => {
    fc.assert(
      fc.property(anyPair(16), fc.boolean(), ({ truth, ignore, noise }, asClasses) => {
        const { height, width } = truth;
        const scribbled = truth.data.map((id, i) => (ignore[i] ? noise[i]! : id));
        const make = (data: Uint32Array) =>
          prepareImage(
            {
              image: { height, width, channels: 1, data: new Float32Array(height * width) },
              ignore: { height, width, data: ignore },
              ...(asClasses ? { classes: { height, width, data: Uint8Array.from(data) } } : { labels: { height, width, data } }),
            },
            { weights: ronneberger2015Weights, classCount: 10 },
          );
        expect(make(scribbled)).toEqual(make(truth.data));
      }),
      { seed: 5 },
    );
  });

  it("of another size than its labels is a Problem that names the file", () => {
    expect(() => prepareImage({ image: image("..."), labels: labels("..") }, { weights: ronneberger2015Weights, path: "a.png" })).toThrow(
      /same size; got image has 3 x 1 pixels, labels 2 x 1 in "a.png"/,
    );
  });
});
