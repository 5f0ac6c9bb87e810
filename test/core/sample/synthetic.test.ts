import { describe, expect, it } from "vitest";
import { labelComponents } from "../../../core/label/components.ts";
import { f1Of, matchByIou } from "../../../core/label/match.ts";
import { listObjects } from "../../../core/label/objects.ts";
import { countOverlaps } from "../../../core/label/overlap.ts";
import { separate } from "../../../core/sample/separate.ts";
import { generateCells } from "../../../core/sample/synthetic.ts";

const size = { height: 160, width: 200 };

/** Otsu's threshold: that of the greatest variance between the classes. */
function otsu(data: Uint8Array): number {
  let best = 0;
  let threshold = 0;
  for (let t = 1; t < 256; t++) {
    const low = data.filter((value) => value < t);
    const high = data.filter((value) => value >= t);
    if (low.length === 0 || high.length === 0) continue;
    const mean = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const between = low.length * high.length * (mean(low) - mean(high)) ** 2;
    if (between > best) [best, threshold] = [between, t];
  }
  return threshold;
}

describe("generated cells", () => {
  it("are the same bytes for the same seed, and others for another", () => {
    const [a, b, c] = [1, 1, 2].map((seed) => generateCells({ ...size, seed }));
    expect(a).toEqual(b);
    expect(a!.labels.data).not.toEqual(c!.labels.data);
  });

  it("are 4-connected objects numbered in reading order, many of which touch", () => {
    const { labels } = generateCells({ ...size, seed: 3 });
    expect(labelComponents(labels).data).toEqual(labels.data);
    const objects = listObjects(labels);
    expect(objects.length).toBeGreaterThan(15);
    const cut = listObjects(separate(labels)).filter(({ id, areaPx }) => areaPx < objects[id - 1]!.areaPx).length;
    expect(cut / objects.length).toBeGreaterThan(0.3);
  });

  it("are found by a threshold, but not parted by it", () => {
    for (const seed of [4, 5]) {
      const { image, labels } = generateCells({ ...size, seed });
      const t = otsu(image.data);
      const mask = image.data.map((value) => (value >= t ? 1 : 0));
      const right = mask.filter((value, i) => (value !== 0) === (labels.data[i] !== 0)).length / mask.length;
      expect(right).toBeGreaterThan(0.88);
      const f1 = f1Of(matchByIou(countOverlaps(labels, labelComponents({ ...size, data: mask })), 0.5));
      expect(f1).toBeLessThan(0.6);
    }
  });
});
