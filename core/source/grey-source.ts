// Drawings that were saved as colours with three equal channels: the numbers are there, three times.

import { createTypedArray } from "../array/raster.ts";
import { Problem } from "../problem.ts";
import { assertRequest } from "./raster-source.ts";
import type { ImageSource, ReadRequest } from "./source.ts";

/**
 * The source with one channel where it has three; any other as it came. Reading it throws Problem InvalidData where the three differ:
 * colours are no numbers.
 */
export function readAsGrey(source: ImageSource): ImageSource {
  const { channels, dtype, name } = source;
  if (channels.length !== 3) return source;
  const withAll = (request: ReadRequest): ReadRequest => ({ ...request, channels: [0, 1, 2] });
  const grey: ImageSource = {
    ...source,
    channels: [{ name: "gray" }],
    ...(source.plan && { plan: (request: ReadRequest) => source.plan!(withAll(request)) }),
    async read(request) {
      assertRequest(grey, request);
      const { height, width, data } = await source.read(withAll(request));
      const out = createTypedArray(dtype, height * width);
      for (let i = 0, at = 0; i < out.length; i++, at += 3) {
        const value = data[at]!;
        if (data[at + 1] !== value || data[at + 2] !== value) throw createColours(name);
        out[i] = value;
      }
      return { height, width, channels: 1, data: out };
    },
  };
  return grey;
}

function createColours(name: string): Problem {
  const reason = "one number a pixel; its 3 channels differ";
  const advice = "Save the numbers themselves as a grey or palette image; colours made grey are no numbers of objects.";
  return new Problem("InvalidData", `Expected one number a pixel in ${name}; its 3 channels differ. ${advice}`, { path: name, reason });
}
