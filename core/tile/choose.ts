// Tile size `auto`: the legal size that computes least over the whole image (margins and the waste at the right and bottom
// edge included) among those whose predicted memory fits the budget. Square, so that one number says it all. Where memory is
// short the filters that are kept prepared from tile to tile are what goes first.

import { Problem } from "../problem.ts";
import { alignmentPx, smallestInput, smallestUsableInput } from "../unet/shape.ts";
import { countCores } from "./plan.ts";

/** Memory for predictions. */
export interface Budget {
  /** For all workers together, as the user gave it. */
  readonly memoryBytes: number;
  /** Among how many workers it is divided. Where not even the smallest tile fits the first number's part, the next one is tried. */
  readonly shares: readonly number[];
  /** What each worker has taken anyway, for instance to train with. */
  readonly takenBytes?: number;
}

export interface ChooseTileOptions {
  readonly height: number;
  readonly width: number;
  readonly levels: number;
  readonly budget: Budget;
  /** Predicted peak memory of one worker for a tile of this side, with and without filters that are kept prepared. */
  readonly bytesOf: (tile: number, keepFilters: boolean) => number;
  /** This tile and no other, whatever the memory. */
  readonly tile?: number | undefined;
  /** No tile is larger, whatever the memory: larger ones gain little and answer late. */
  readonly largest?: number;
}

export interface ChosenTile {
  readonly tile: number;
  /** False: filters are prepared anew for every tile. */
  readonly keepFilters: boolean;
}

/** The tile for an image. Throws Problem OutOfMemory when even the smallest usable tile is over the budget. */
export function chooseTile({ height, width, levels, budget, bytesOf, tile: only, largest = 1500 }: ChooseTileOptions): ChosenTile {
  const { memoryBytes, shares, takenBytes = 0 } = budget;
  const tiles = only === undefined ? listCandidates(Math.max(height, width), levels, largest) : [only];
  // To prepare all filters takes about as long as to compute the smallest usable tile (measured: features 16 to 64).
  const preparing = smallestUsableInput(levels) ** 2;
  const ways = tiles.flatMap((tile) => [true, false].map((keepFilters) => ({ tile, keepFilters })));
  for (const share of shares) {
    const budgetBytes = Math.max(memoryBytes / share, takenBytes);
    let best: { readonly way: ChosenTile; readonly work: number } | undefined;
    for (const way of ways) {
      const { tile, keepFilters } = way;
      const cores = countCores(height, levels, tile) * countCores(width, levels, tile);
      const work = cores * (tile ** 2 + (keepFilters ? 0 : preparing));
      if ((best === undefined || work < best.work) && bytesOf(tile, keepFilters) <= budgetBytes) best = { way, work };
    }
    if (best !== undefined) return best.way;
  }
  if (only !== undefined) return { tile: only, keepFilters: false };
  throw tooSmall(bytesOf(tiles[0]!, false), memoryBytes, shares.at(-1)!);
}

function tooSmall(bytesEach: number, budgetBytes: number, workers: number): Problem<"OutOfMemory"> {
  const neededBytes = workers * bytesEach;
  const each = workers === 1 ? "" : ` for each of ${workers} workers`;
  const fewer = workers === 1 ? "" : ', ask for fewer "workers"';
  return new Problem(
    "OutOfMemory",
    `The smallest tile of this network needs ${megabytes(bytesEach)} MB${each}; "memory" is ${megabytes(budgetBytes)} MB. Raise it to ${megabytes(neededBytes)}${fewer}, or use a network with fewer features.`,
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
