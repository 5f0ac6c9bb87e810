// Pictures that are stored lying or mirrored and say so: the orientation of EXIF (JPEG, PNG) and the tag of the same number in TIFF.
// Every reader turns them as browsers and viewers show them, images and drawings alike, so that what was drawn on the picture as
// it was seen lies where it was drawn.

import { createTypedArray, type DType, type Raster } from "../array/raster.ts";
import type { BadChunk, Gaps } from "./gaps.ts";
import { assertRequest } from "./raster-source.ts";
import type { ImageSource, ReadRequest } from "./source.ts";

/** How what is seen comes from what is stored: sides change places first, then rows, then columns run backwards. */
interface Turn {
  readonly swaps: boolean;
  readonly flipsY: boolean;
  readonly flipsX: boolean;
  readonly words: string;
}

/** By the number that EXIF and TIFF have for it (TIFF 6.0, "Orientation"). */
const turns: ReadonlyMap<number, Turn> = new Map(
  (
    [
      [2, false, false, true, "mirrored"],
      [3, false, true, true, "turned by 180 degrees"],
      [4, false, true, false, "mirrored upside down"],
      [5, true, false, false, "mirrored along its diagonal"],
      [6, true, false, true, "turned by 90 degrees to the right"],
      [7, true, true, true, "mirrored along its other diagonal"],
      [8, true, true, false, "turned by 90 degrees to the left"],
    ] as const
  ).map(([number, swaps, flipsY, flipsX, words]) => [number, { swaps, flipsY, flipsX, words }]),
);

type Box = Pick<ReadRequest, "y0" | "x0" | "y1" | "x1">;
interface Size {
  readonly height: number;
  readonly width: number;
}

/** The source as it is to be seen; the same one where it is stored so. Numbers that mean nothing are taken for 1. */
export function turnSource(stored: ImageSource, orientation: number): ImageSource {
  const turn = turns.get(orientation);
  if (!turn) return stored;
  const size = turnSize(stored, turn);
  const notice = `${stored.name}: it is ${turn.words}, as it says it is to be seen. What is drawn on it must be, too.`;
  const turned: ImageSource = {
    ...stored,
    ...size,
    levels: stored.levels.map((level) => ({
      ...turnSize(level, turn),
      ...(level.step && { step: turn.swaps ? { y: level.step.x, x: level.step.y } : level.step }),
    })),
    notices: [...(stored.notices ?? []), notice],
    ...(stored.gaps && { gaps: turnGaps(stored.gaps, stored, turn) }),
    ...(stored.plan && { plan: (request: ReadRequest) => stored.plan!(toStored(request)) }),
    async read(request) {
      assertRequest(turned, request);
      return turnRaster(await stored.read(toStored(request)), stored.dtype, turn);
    },
  };
  const toStored = (request: ReadRequest): ReadRequest => ({ ...request, ...turnBox(request, turned.levels[request.level ?? 0]!, turn) });
  return turned;
}

function turnSize({ height, width }: Size, { swaps }: Turn): Size {
  return swaps ? { height: width, width: height } : { height, width };
}

/** Turns a box of the seen image (`seen`: its size) into a box of the stored one. */
function turnBox({ y0, x0, y1, x1 }: Box, seen: Size, { swaps, flipsY, flipsX }: Turn): Box {
  const [top, bottom] = flipsY ? [seen.height - y1, seen.height - y0] : [y0, y1];
  const [left, right] = flipsX ? [seen.width - x1, seen.width - x0] : [x0, x1];
  return swaps ? { y0: left, x0: top, y1: right, x1: bottom } : { y0: top, x0: left, y1: bottom, x1: right };
}

function turnRaster({ height, width, channels, data }: Raster, dtype: DType, { swaps, flipsY, flipsX }: Turn): Raster {
  const seen = swaps ? { height: width, width: height } : { height, width };
  const out = createTypedArray(dtype, data.length);
  const [down, right] = swaps ? [channels, width * channels] : [width * channels, channels];
  for (let y = 0, to = 0; y < seen.height; y++) {
    const row = (flipsY ? seen.height - 1 - y : y) * down;
    for (let x = 0; x < seen.width; x++) {
      const from = row + (flipsX ? seen.width - 1 - x : x) * right;
      for (let c = 0; c < channels; c++) out[to++] = data[from + c]!;
    }
  }
  return { ...seen, channels, data: out };
}

/** Gaps as they are now, their places in what is seen. */
function turnGaps(gaps: Gaps, { levels }: ImageSource, turn: Turn): Gaps {
  const place = (chunk: BadChunk): BadChunk => {
    const { height, width } = levels[chunk.level]!;
    const [rows, columns] = turn.swaps ? [[chunk.x0, chunk.x1], [chunk.y0, chunk.y1]] : [[chunk.y0, chunk.y1], [chunk.x0, chunk.x1]]; // biome-ignore format: one thought
    const seen = turnSize({ height, width }, turn);
    const [y0, y1] = turn.flipsY ? [seen.height - rows![1]!, seen.height - rows![0]!] : rows!;
    const [x0, x1] = turn.flipsX ? [seen.width - columns![1]!, seen.width - columns![0]!] : columns!;
    return { ...chunk, y0: y0!, x0: x0!, y1: y1!, x1: x1! };
  };
  return {
    get missingChunks() {
      return gaps.missingChunks;
    },
    get foundAny() {
      return gaps.foundAny;
    },
    get badChunks() {
      return gaps.badChunks.map(place);
    },
  };
}
