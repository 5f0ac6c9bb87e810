// Touching objects are cut apart before anything else: the network must see background between them to learn it.

import type { LabelImage } from "../array/raster.ts";

/**
 * The labels with a background line between touching instances: in raster order, a pixel whose left, upper-left, upper or
 * upper-right neighbour, as already cut, belongs to another instance becomes background. With `classes`, only instances of
 * the same class are cut apart (a nucleus stays in touch with its cell).
 */
export function separate({ height, width, data }: LabelImage, classes?: Uint8Array): LabelImage {
  const out = data.slice();
  const isOther = (id: number, i: number, neighbour: number) =>
    out[neighbour] !== 0 && out[neighbour] !== id && (classes === undefined || classes[neighbour] === classes[i]);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const id = data[i]!;
      if (id === 0) continue;
      const cut =
        (x > 0 && isOther(id, i, i - 1)) ||
        (y > 0 && x > 0 && isOther(id, i, i - width - 1)) ||
        (y > 0 && isOther(id, i, i - width)) ||
        (y > 0 && x + 1 < width && isOther(id, i, i - width + 1));
      if (cut) out[i] = 0;
    }
  }
  return { height, width, data: out };
}
