// Tile size `auto`: the legal size that computes least over the whole image (margins and the waste at the right and bottom
// edge included) among those whose predicted memory fits the budget. Square, so that one number says it all.

import { Problem } from "../problem.ts";
import { alignmentPx, smallestInput, smallestUsableInput } from "../unet/shape.ts";
import { countCores } from "./plan.ts";

export interface ChooseTileOptions {
  readonly height: number;
  readonly width: number;
  readonly levels: number;
  readonly budgetBytes: number;
  /** Predicted peak memory of one worker for a tile of this side. */
  readonly bytesOf: (tile: number) => number;
  /** No tile is larger, whatever the memory: larger ones gain little and answer late. */
  readonly largest?: number;
}

/** The tile for an image. Throws Problem OutOfMemory when even the smallest usable tile is over the budget. */
export function chooseTile({ height, width, levels, budgetBytes, bytesOf, largest = 1500 }: ChooseTileOptions): number {
  const candidates = listCandidates(Math.max(height, width), levels, largest);
  let best: { tile: number; area: number } | undefined;
  for (const tile of candidates) {
    const area = countCores(height, levels, tile) * countCores(width, levels, tile) * tile * tile;
    if ((best === undefined || area < best.area) && bytesOf(tile) <= budgetBytes) best = { tile, area };
  }
  if (best !== undefined) return best.tile;
  const neededBytes = bytesOf(candidates[0]!);
  throw new Problem(
    "OutOfMemory",
    `The smallest tile of this network needs ${megabytes(neededBytes)} MB; the budget is ${megabytes(budgetBytes)} MB. Raise "memory" to ${megabytes(neededBytes)} or use a network with fewer features.`,
    { neededBytes, budgetBytes },
  );
}

/** Legal tiles that can cover `side`, smallest first, up to the first that covers it with a single core. */
function listCandidates(side: number, levels: number, largest: number): readonly number[] {
  const tiles: number[] = [];
  for (let tile = smallestInput(levels); tile <= Math.max(largest, smallestUsableInput(levels)); tile += alignmentPx(levels)) {
    const isSingle = countCores(side, levels, tile) === 1;
    if (isSingle || tile >= smallestUsableInput(levels)) tiles.push(tile);
    if (isSingle) break;
  }
  return tiles;
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
