// How hard the numbers of a slide are packed. Measured on chunks of 512 x 512 of generated cells, for a megapixel of each; the
// usual packing takes 60 ms and gives 39 kB of classes, 65 kB of labels.

import { type Packing, usualPacking } from "../source/platform-zlib.ts";

/** Class numbers: runs of equal bytes are nearly all that there is to find. 6 ms, 40 kB. */
export const classPacking: Packing = { level: 1, runsOnly: true };

/** Labels: 13 ms, 94 kB. */
const labelPacking: Packing = { level: 2 };

/** Packing of files that live for the time of a run. */
export const briefPacking: Packing = { level: 1 };

export const packings = { labels: labelPacking, classes: classPacking, probabilities: usualPacking } as const;
