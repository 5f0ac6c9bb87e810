// Small label images as text: rows parted by "/", "." = 0, digits and letters = 1 to 35.

import fc from "fast-check";
import type { LabelImage } from "../../../core/array/raster.ts";

/** The label image that the text shows. */
export function labels(text: string): LabelImage {
  const rows = text.split("/");
  const data = Uint32Array.from(rows.flatMap((row) => Array.from(row, (letter) => (letter === "." ? 0 : Number.parseInt(letter, 36)))));
  return { height: rows.length, width: rows[0]!.length, data };
}

/** The text that shows a label image. */
export function toText({ height, width, data }: { height: number; width: number; data: ArrayLike<number> }): string {
  const row = (y: number) => Array.from({ length: width }, (_, x) => (data[y * width + x] === 0 ? "." : data[y * width + x]!.toString(36)));
  return Array.from({ length: height }, (_, y) => row(y).join("")).join("/");
}

/** One byte a pixel, for masks and class maps: any non-zero digit as it is. */
export function bytes(text: string): Uint8Array {
  return Uint8Array.from(labels(text).data);
}

/** Random label images: overlapping boxes and discs with repeated ids, so that objects touch, nest and fall apart. */
export function anyLabels(maxSide = 24, maxObjects = 6): fc.Arbitrary<LabelImage> {
  return fc
    .record({
      height: fc.integer({ min: 1, max: maxSide }),
      width: fc.integer({ min: 1, max: maxSide }),
      shapes: fc.array(
        fc.record({
          id: fc.integer({ min: 1, max: maxObjects }),
          y: fc.integer({ min: 0, max: maxSide }),
          x: fc.integer({ min: 0, max: maxSide }),
          r: fc.integer({ min: 0, max: Math.ceil(maxSide / 3) }),
          round: fc.boolean(),
        }),
        { maxLength: maxObjects + 2 },
      ),
    })
    .map(({ height, width, shapes }) => {
      const data = new Uint32Array(height * width);
      for (const { id, y, x, r, round } of shapes) {
        for (let i = 0; i < data.length; i++) {
          const dy = Math.abs(Math.floor(i / width) - y);
          const dx = Math.abs((i % width) - x);
          if (round ? dy * dy + dx * dx <= r * r : Math.max(dy, dx) <= r) data[i] = id;
        }
      }
      return { height, width, data };
    });
}

/** Label images of pure noise with ids 0 to `maxId`. */
export function noisyLabels(maxSide = 12, maxId = 3): fc.Arbitrary<LabelImage> {
  return fc
    .tuple(fc.integer({ min: 1, max: maxSide }), fc.integer({ min: 1, max: maxSide }))
    .chain(([height, width]) =>
      fc
        .array(fc.integer({ min: 0, max: maxId }), { minLength: height * width, maxLength: height * width })
        .map((data) => ({ height, width, data: Uint32Array.from(data) })),
    );
}

/** Two label images of one size, and a mask to ignore. */
export function anyPair(maxSide = 16): fc.Arbitrary<{ truth: LabelImage; predicted: LabelImage; ignore: Uint8Array; noise: Uint32Array }> {
  return fc
    .tuple(
      anyLabels(maxSide),
      anyLabels(maxSide),
      anyLabels(maxSide, 2),
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 40 }),
    )
    .map(([truth, other, mask, noise]) => {
      const cropOf = (image: LabelImage) =>
        Uint32Array.from(truth.data, (_, i) => {
          const y = Math.floor(i / truth.width);
          const x = i % truth.width;
          return y < image.height && x < image.width ? image.data[y * image.width + x]! : 0;
        });
      return {
        truth,
        predicted: { ...truth, data: cropOf(other) },
        ignore: Uint8Array.from(cropOf(mask), (id) => (id === 0 ? 0 : 255)),
        noise: Uint32Array.from(truth.data, (_, i) => noise[i % noise.length]!),
      };
    });
}

/** The pixels of each id, as "x,y". */
export function pixelsById({ width, data }: LabelImage): Map<number, Set<string>> {
  const found = new Map<number, Set<string>>();
  for (const [i, id] of data.entries()) {
    if (id !== 0) found.set(id, (found.get(id) ?? new Set()).add(`${i % width},${Math.floor(i / width)}`));
  }
  return found;
}
