// Class maps compared pixel by pixel. The table of counts is what images are pooled by: add the tables, then measure.

/** `counts[truth * classes + predicted]` pixels. */
export interface Confusion {
  readonly classes: number;
  readonly counts: Float64Array;
}

/** Counts the pixels of each pair of classes; those under `ignore` (non-zero) count for nothing. */
export function countConfusion(truth: Uint8Array, predicted: Uint8Array, classes: number, ignore?: Uint8Array): Confusion {
  const counts = new Float64Array(classes * classes);
  for (let i = 0; i < truth.length; i++) if (!ignore?.[i]) counts[truth[i]! * classes + predicted[i]!]!++;
  return { classes, counts };
}

/** The counts of several images together. */
export function addConfusions(confusions: readonly Confusion[]): Confusion {
  const classes = Math.max(0, ...confusions.map((confusion) => confusion.classes));
  const counts = new Float64Array(classes * classes);
  for (const confusion of confusions) {
    confusion.counts.forEach((count, i) => {
      counts[Math.floor(i / confusion.classes) * classes + (i % confusion.classes)]! += count;
    });
  }
  return { classes, counts };
}

/** Intersection over union of each class, background (0) included; undefined for a class that is in neither map. */
export function iouPerClass({ classes, counts }: Confusion): readonly (number | undefined)[] {
  return Array.from({ length: classes }, (_, c) => {
    let union = 0;
    for (let k = 0; k < classes; k++) union += counts[c * classes + k]! + (k === c ? 0 : counts[k * classes + c]!);
    return union === 0 ? undefined : counts[c * classes + c]! / union;
  });
}

/** The share of pixels with the wrong class, 0 to 1; 0 where no pixel counts. */
export function pixelError({ classes, counts }: Confusion): number {
  let total = 0;
  let right = 0;
  counts.forEach((count, i) => {
    total += count;
    if (Math.floor(i / classes) === i % classes) right += count;
  });
  return total === 0 ? 0 : (total - right) / total;
}
