// What reading will take, known before the first chunk is asked for, and the one rule by which it is told or refused. A chunk (a strip,
// a tile) costs its time however small it is, and is unpacked whole however little of it is wanted. Both are set against the pixels:
// a slide takes long because it is large, and that is no reason to refuse it.

import { Problem } from "../problem.ts";

/** Cost of one read, or of the same read of several planes. */
export interface ReadPlan {
  /** How the format calls its pieces. */
  readonly pieces: "chunks" | "strips" | "tiles";
  /** Pieces that are fetched and unpacked. */
  readonly count: number;
  /** Bytes that they unpack to. */
  readonly bytes: number;
  /** Rows and columns of a piece, as far as they lie in the image. */
  readonly side: { readonly y: number; readonly x: number };
  /** Planes that come out of the same pieces while these are kept. */
  readonly sharedPlanes: number;
  /** True: each piece is a request of its own to a server. */
  readonly isRequested: boolean;
  /** Pixels that are wanted, of all planes, and the bytes that they have. */
  readonly pixels: number;
  readonly pixelBytes: number;
}

/** A piece from a disk takes so long beside its unpacking: 0.07 to 0.09 ms, measured, whatever its size. */
const msPerPiece = 0.08;
/** A request counts as so many pieces: 1.3 ms with several on the way at once, which only a near server does. */
const piecesPerRequest = 16;
/** Pieces with fewer pixels take longer to find than to use. Of servers: so many times more. */
const smallPx = 1024;
/** More small pieces are told: 2.6 s. */
const manyPieces = 2 ** 15;
/** More are refused, where they have up to `tinyPx` pixels: 84 s. Larger ones may be as many times more. */
const mostPieces = 2 ** 20;
const tinyPx = 64;
/** Unpacked bytes beyond these, and beyond so many times the pixels' own, are told and refused. */
const many = { bytes: 2 ** 30, times: 16 };
const most = { bytes: 2 ** 33, times: 64 };
/** Pieces of a single read. */
const mostListed = 2 ** 22;
/** Pixels of a work: half a million a side. */
const mostPixels = 2 ** 38;

/** The plan of `count` planes of which one has this plan. */
export function planPlanes(plan: ReadPlan, count: number): ReadPlan {
  const reads = Math.ceil(count / plan.sharedPlanes);
  return {
    ...plan,
    ...{ count: reads * plan.count, bytes: reads * plan.bytes },
    ...{ sharedPlanes: Math.min(plan.sharedPlanes, count), pixels: count * plan.pixels, pixelBytes: count * plan.pixelBytes },
  };
}

/** How long the pieces take to be found and fetched, at least, in seconds. */
function estimateSeconds(plan: ReadPlan): number {
  return (weigh(plan) * msPerPiece) / 1000;
}

/** Why the plan is refused; undefined where it is not. */
function findRefusal(plan: ReadPlan): string | undefined {
  const { count, bytes, pixels, pixelBytes, pieces } = plan;
  const usedPx = countUsed(plan);
  if (pixels > mostPixels) return `${format(pixels)} pixels would be read, at most ${format(mostPixels)} are`;
  const mostHere = Math.floor((mostPieces * Math.max(1, usedPx / tinyPx)) / (plan.isRequested ? piecesPerRequest : 1));
  if (usedPx < smallPx && count > mostHere)
    return `it is in ${describePieces(plan)}, at most ${format(mostHere)} of that size are read; they would take ${describeSeconds(plan)}`;
  if (bytes > most.bytes && bytes > most.times * pixelBytes)
    return `${toMegabytes(pixelBytes)} MB of pixels are in ${pieces} that unpack to ${toMegabytes(bytes)} MB`;
  return undefined;
}

/** The sentence for what takes long for no good reason; undefined for the rest. */
export function describeSlowness(name: string, plan: ReadPlan): string | undefined {
  const { bytes, pixelBytes, pieces, isRequested } = plan;
  const isMany = weigh(plan) > manyPieces && countUsed(plan) < smallPx * (isRequested ? piecesPerRequest : 1);
  if (isMany) {
    const how = isRequested ? "each is a request to the server" : "each is read by itself";
    return `${name} is in ${describePieces(plan)}: ${how}, which takes ${describeSeconds(plan)}. ${advise(plan)}, and it is read fast.`;
  }
  if (bytes <= many.bytes || bytes <= many.times * pixelBytes) return undefined;
  return `${name}: ${toMegabytes(pixelBytes)} MB of pixels are in ${pieces} that unpack to ${toMegabytes(bytes)} MB, so reading takes long. ${advise(plan)}, and it is read fast.`;
}

/** Throws Problem UnsupportedImage for a plan that is refused. */
export function assertReadable(name: string, plan: ReadPlan): void {
  const reason = findRefusal(plan);
  if (reason !== undefined) throw refuse(name, plan, reason);
}

/** The same for a single read, whose pieces are listed. */
export function assertOneRead(name: string, plan: ReadPlan): void {
  const isLong = plan.count > mostListed;
  const reason =
    findRefusal(plan) ?? (isLong ? `${describePieces(plan)} would be read at once, at most ${format(mostListed)} are` : undefined);
  if (reason !== undefined) throw refuse(name, plan, reason);
}

function refuse(name: string, plan: ReadPlan, reason: string): Problem {
  const isHuge = plan.pixels > mostPixels;
  const advice = isHuge ? 'Write it with coarser levels (a pyramid), and read a part of it, by "region"' : advise(plan);
  return new Problem("UnsupportedImage", `${name} cannot be read in reasonable time: ${reason}. ${advice}.`, { path: name, reason });
}

function advise({ pieces }: ReadPlan): string {
  const how =
    pieces === "chunks" ? 'in Python by zarr.save("new.zarr", zarr.open("old.zarr")[...])' : "by tiffcp -t -w 256 -l 256 old.tif new.tif";
  return `Write it again in ${pieces === "chunks" ? "chunks" : "tiles"} of 256 x 256 pixels of one plane, ${how}`;
}

/** Pixels of a piece that serve. */
function countUsed({ side, sharedPlanes }: ReadPlan): number {
  return side.y * side.x * sharedPlanes;
}

function weigh({ count, isRequested }: ReadPlan): number {
  return count * (isRequested ? piecesPerRequest : 1);
}

function describePieces({ count, pieces, side }: ReadPlan): string {
  return `${format(count)} ${pieces} of ${side.y} x ${side.x} pixels`;
}

function describeSeconds(plan: ReadPlan): string {
  const seconds = estimateSeconds(plan);
  const [count, unit] = seconds < 90 ? [seconds, "s"] : seconds < 5400 ? [seconds / 60, "minutes"] : [seconds / 3600, "hours"];
  return `${plan.isRequested ? "at least" : "about"} ${format(Math.ceil(count))} ${unit}`;
}

const format = (count: number): string => count.toLocaleString("en");
const toMegabytes = (bytes: number): string => format(Math.ceil(bytes / 1e6));
