import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LabelImage } from "../../../core/array/raster.ts";
import { labelComponents } from "../../../core/label/components.ts";
import { findObjects } from "../../../core/label/find-objects.ts";
import { findRuns } from "../../../core/label/run-band.ts";
import { createMeasurer, type Measurement, type MeasureOptions } from "../../../core/label/shape/measure.ts";
import { fixturePath } from "../../support/data.ts";
import { anyBandHeights, bandsOf, planBands } from "./bands.ts";
import { anyLabels, labels, noisyLabels } from "./text.ts";

interface Scene {
  readonly image: LabelImage;
  readonly pixels?: Uint16Array;
  readonly probabilities?: Uint8Array;
}

/** Measurements by id from 1 on; the ids of the image must be those of its components. */
async function measure(
  { image, pixels, probabilities }: Scene,
  options: MeasureOptions,
  heights: readonly number[] = [4],
): Promise<Measurement[]> {
  const { height, width, data } = image;
  const classes = { ...image, data: data.map((id) => (id % 200) + (id === 0 ? 0 : 1)) };
  const table = await findObjects(bandsOf(classes, [height]), { height, width });
  const measurer = createMeasurer(table, options);
  for (const { y0, y1 } of planBands(height, heights)) {
    const bandOf = <T extends Uint8Array | Uint16Array | Uint32Array>(all: T, channels = 1) => ({
      y0,
      height: y1 - y0,
      width,
      data: all.subarray(y0 * width * channels, y1 * width * channels) as T,
    });
    measurer.add(
      findRuns(bandOf(data)),
      pixels === undefined ? undefined : bandOf(pixels, options.channels),
      probabilities === undefined ? undefined : bandOf(probabilities),
    );
  }
  return Array.from({ length: table.count }, (_, i) => measurer.of(i + 1));
}

describe("measurements", () => {
  it("are scikit-image's and NumPy's", async () => {
    for (const { height, width, labels: ids, grey, objects } of JSON.parse(readFileSync(fixturePath("reference/shapes.json"), "utf8"))) {
      const image = { height, width, data: Uint32Array.from(ids) };
      const found = await measure({ image, pixels: Uint16Array.from(grey) }, { channels: 2 });
      expect(found.length).toBe(objects.length);
      for (const { id, area, perimeter, centroid, eccentricity, channels } of objects) {
        const own = found[id - 1]!;
        expect(own.areaPx).toBe(area);
        expect(own.perimeterPx).toBeCloseTo(perimeter, 9);
        expect(own.centroid.y).toBeCloseTo(centroid[0] + 0.5, 9);
        expect(own.centroid.x).toBeCloseTo(centroid[1] + 0.5, 9);
        expect(own.eccentricity).toBeCloseTo(eccentricity, 6);
        expect(own.circularity).toBeCloseTo(Math.min(1, (4 * Math.PI * area) / perimeter ** 2), 9);
        for (const [c, { mean, min, max, sd }] of channels.entries()) {
          expect(own.channels[c]!.mean).toBeCloseTo(mean, 6);
          expect([own.channels[c]!.min, own.channels[c]!.max]).toEqual([min, max]);
          expect(own.channels[c]!.sd).toBeCloseTo(sd, 6);
        }
      }
    }
  });

  it("a large disc has the perimeter, circularity and eccentricity of a disc", async () => {
    const side = 201;
    const image = { height: side, width: side, data: new Uint32Array(side * side) };
    for (let i = 0; i < image.data.length; i++) image.data[i] = Math.hypot((i % side) - 100, Math.floor(i / side) - 100) <= 80 ? 1 : 0;
    const [disc] = await measure({ image }, {});
    expect(disc!.perimeterPx / (2 * Math.PI * 80)).toBeCloseTo(1, 1.5);
    expect(disc!.circularity).toBeGreaterThan(0.97);
    expect(disc!.eccentricity).toBeLessThan(0.01);
    expect(disc!.centroid).toEqual({ y: 100.5, x: 100.5 });
  });

  it("do not depend on the bands, digit for digit", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(anyLabels(), noisyLabels(16, 1)), anyBandHeights, async (any, heights) => {
        const image = labelComponents(any);
        const pixels = Uint16Array.from(image.data, (id, i) => (id * 7919 + i * 104_729) % 65_536);
        const probabilities = Uint8Array.from(pixels);
        const options = { channels: 1, probabilityScale: 255 };
        const whole = await measure({ image, pixels, probabilities }, options, [image.height]);
        expect(await measure({ image, pixels, probabilities }, options, heights)).toEqual(whole);
      }),
      { seed: 31 },
    );
  });

  it("grey values far from zero keep their digits, and a probability is a share", async () => {
    const image = labels("11");
    const pixels = Uint16Array.of(65_534, 65_535);
    const [both] = await measure({ image, pixels, probabilities: Uint8Array.of(255, 0) }, { channels: 1, probabilityScale: 255 });
    expect(both!.channels).toEqual([{ mean: 65_534.5, min: 65_534, max: 65_535, sd: Math.SQRT1_2 }]);
    expect(both!.probability).toBe(0.5);
    const [one] = await measure({ image: labels("1"), pixels: Uint16Array.of(9) }, { channels: 1 });
    expect(one).toMatchObject({ eccentricity: 0, circularity: 1, channels: [{ mean: 9, min: 9, max: 9, sd: 0 }] });
    expect(one).not.toHaveProperty("probability");
  });
});
