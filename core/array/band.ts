// Images too large for memory, as bands: some whole rows at a time, from top to bottom.

import { Problem } from "../problem.ts";

/** Rows `y0` to `y0 + height` of an image, full width. */
export interface Band<T = Uint8Array> {
  readonly y0: number;
  readonly height: number;
  readonly width: number;
  /** `data[(y - y0) * width + x]`, times the channels where there are several. */
  readonly data: T;
  /** True: `data` is known to be zeros. */
  readonly isZero?: boolean;
}

/** Opens an image from its top: each call begins anew, and the bands cover its rows in order without gaps. */
export type ReadBands<T = Uint8Array> = () => AsyncIterable<Band<T>>;

/** The bands as they come, each checked against the image's size. Throws Problem InvalidData, and what `signal` was aborted with. */
export async function* walkBands<T>(
  bands: AsyncIterable<Band<T>>,
  { height, width, signal }: { height: number; width: number; signal?: AbortSignal | undefined },
): AsyncGenerator<Band<T>> {
  let next = 0;
  for await (const band of bands) {
    signal?.throwIfAborted();
    if (band.y0 !== next || band.width !== width || band.y0 + band.height > height) {
      throw bandProblem(`rows ${next} to ${height} of ${width} pixels`, `rows ${band.y0} to ${band.y0 + band.height} of ${band.width}`);
    }
    next += band.height;
    yield band;
  }
  if (next !== height) throw bandProblem(`${height} rows`, `${next}`);
}

function bandProblem(expected: string, got: string): Problem {
  const reason = "bands are missing or out of order";
  return new Problem("InvalidData", `Bands of an image must come from top to bottom: expected ${expected}; got ${got}. Read it again.`, {
    reason,
  });
}
