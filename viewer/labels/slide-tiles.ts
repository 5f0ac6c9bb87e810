// The labels of a slide: too many to be held, so tiles of the level that is looked at are read when they come into sight, and
// the ones not seen for longest are forgotten. While a slide is being segmented its classes are shown, which come block by block.
// Tiles are 256 x 256 of a level's pixels, as those of label-raster.ts: what draws these draws those.

import { type Signal, signal } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { ImageSource } from "../../core/source/source.ts";
import { readEvery } from "../read/read-every.ts";
import { applyTiles, createLabelRaster, type LabelRaster, labelAt, type TileKey, tilePosition, tileSide } from "./label-raster.ts";
import type { Point } from "./paint.ts";

/** One level: a raster of which some tiles are known. */
export interface SlideLevel {
  /** Pixels of the image, a side, for one of its pixels. */
  readonly factor: number;
  readonly raster: LabelRaster;
  isKnown(key: TileKey): boolean;
}

export interface SlideTiles {
  /** Finest first. */
  readonly levels: readonly SlideLevel[];
  /** Counts what came in. */
  readonly version: Signal<number>;
  /** What is in sight now, the nearest to its centre first; what was wanted before and has not come is not wanted any more. */
  want(level: number, keys: readonly TileKey[]): void;
  /** The number at a point of the image, 0 for none. */
  idAt(point: Point): Promise<number>;
  dispose(): void;
}

export interface GrowingTiles extends SlideTiles {
  /** These boxes, whole blocks, can be read from now on. */
  addWritten(boxes: readonly Box[]): void;
  /** Blocks that were written so far. */
  readonly writtenCount: number;
}

/** The tiles of a pyramid of ids. */
export function createLabelTiles(source: ImageSource): SlideTiles {
  const levels = source.levels.map(({ width, height }) => ({
    factor: 2 ** Math.round(Math.log2(source.width / width)),
    raster: createLabelRaster(width, height),
  }));
  return createTiles({
    levels,
    read: async (level, box) => (await source.read({ level, ...box })).data,
    dispose: () => source.dispose?.(),
  });
}

/** Side of the blocks of a slide (plugin/contract.ts, SlideContext); tiles of factors up to 4 lie in one. */
export const blockPx = 1024;
const lazyFactors = [1, 2, 4];
// The level that is always complete, from which a slide is looked at from afar, has no side longer than this.
const largestOverviewPx = 4096;

/** The tiles of classes that are still being made. `open` is called once something is there. */
export function createGrowingTiles({ width, height }: { width: number; height: number }, open: () => Promise<ImageSource>): GrowingTiles {
  const blockColumns = Math.ceil(width / blockPx);
  const written = new Set<number>();
  let opened: Promise<ImageSource> | undefined;
  let isDisposed = false;
  let overviewFactor = 8;
  while (Math.max(width, height) / overviewFactor > largestOverviewPx) overviewFactor *= 2;
  const at = (factor: number) => ({ factor, raster: createLabelRaster(Math.ceil(width / factor), Math.ceil(height / factor)) });
  const overview = at(overviewFactor);
  const waiting: Box[] = [];
  let isPainting = false;

  const read = async (factor: number, box: Box): Promise<ArrayLike<number>> => {
    opened ??= open();
    return (await readEvery(await opened, { ...box, channels: [0] }, factor)).data;
  };
  const tiles = createTiles({
    levels: lazyFactors.map(at),
    complete: overview,
    canRead(factor, { row, column }) {
      const side = tileSide * factor;
      return written.has(Math.floor((row * side) / blockPx) * blockColumns + Math.floor((column * side) / blockPx));
    },
    read: (level, { y0, x0, y1, x1 }) => {
      const factor = lazyFactors[level]!;
      return read(factor, { y0: y0 * factor, x0: x0 * factor, y1: Math.min(height, y1 * factor), x1: Math.min(width, x1 * factor) });
    },
    dispose() {
      isDisposed = true;
      void opened?.then((source) => source.dispose?.()).catch(() => {});
    },
  });

  // One block after the other, so that what is in sight is read first.
  async function paintOverview(): Promise<void> {
    isPainting = true;
    for (let box = waiting.shift(); box !== undefined && !isDisposed; box = waiting.shift()) {
      try {
        pasteIds(overview, box, await read(overviewFactor, box));
        tiles.version.value++;
      } catch {
        // It is looked at from afar only; reading it from near tells what is wrong.
      }
    }
    isPainting = false;
  }

  return {
    ...tiles,
    get writtenCount() {
      return written.size;
    },
    addWritten(boxes) {
      for (const box of boxes) {
        const number = Math.floor(box.y0 / blockPx) * blockColumns + Math.floor(box.x0 / blockPx);
        if (!written.has(number)) waiting.push(box);
        written.add(number);
      }
      tiles.version.value++;
      if (!isPainting) void paintOverview();
    },
  };
}

function pasteIds({ factor, raster }: Pick<SlideLevel, "factor" | "raster">, box: Box, ids: ArrayLike<number>): void {
  const [y0, x0] = [box.y0 / factor, box.x0 / factor];
  const width = Math.ceil((box.x1 - box.x0) / factor);
  const changed = new Map<TileKey, Uint32Array>();
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] === 0) continue;
    const [y, x] = [y0 + Math.floor(i / width), x0 + (i % width)];
    const key = (y >> 8) * raster.columns + (x >> 8);
    const tile = changed.get(key) ?? raster.tiles.get(key)?.slice() ?? new Uint32Array(tileSide * tileSide);
    changed.set(key, tile);
    tile[((y & 255) << 8) | (x & 255)] = ids[i]!;
  }
  applyTiles(raster, changed);
}

interface TilesOptions {
  readonly levels: readonly Pick<SlideLevel, "factor" | "raster">[];
  /** A last level whose tiles are all known. */
  readonly complete?: Pick<SlideLevel, "factor" | "raster">;
  readonly canRead?: (factor: number, at: { row: number; column: number }) => boolean;
  readonly read: (level: number, box: Box) => Promise<ArrayLike<number>>;
  readonly dispose: () => void;
}

// 96 tiles fill a large screen; so many are kept that panning back and forth reads nothing.
const mostKept = 384;
const readAtOnce = 6;

function createTiles({ levels, complete, canRead = () => true, read, dispose }: TilesOptions): SlideTiles {
  const version = signal(0);
  // Known tiles, the one seen longest ago first.
  const known = new Map<string, { readonly level: number; readonly key: TileKey }>();
  const loading = new Set<string>();
  const failed = new Set<string>();
  let wanted: readonly { readonly level: number; readonly key: TileKey }[] = [];
  let isDisposed = false;

  const nameOf = (level: number, key: TileKey): string => `${level}/${key}`;
  const boxOf = ({ raster }: Pick<SlideLevel, "raster">, key: TileKey): Box => {
    const { row, column } = tilePosition(raster, key);
    const [y0, x0] = [row * tileSide, column * tileSide];
    return { y0, x0, y1: Math.min(raster.height, y0 + tileSide), x1: Math.min(raster.width, x0 + tileSide) };
  };

  async function load(level: number, key: TileKey): Promise<void> {
    const name = nameOf(level, key);
    loading.add(name);
    try {
      const at = levels[level]!;
      const box = boxOf(at, key);
      put(level, key, box, await read(level, box));
    } catch {
      failed.add(name); // not asked for again and again
    } finally {
      loading.delete(name);
      fill();
    }
  }

  function put(level: number, key: TileKey, { x0, x1 }: Box, ids: ArrayLike<number>): void {
    if (isDisposed) return;
    const { raster } = levels[level]!;
    const width = x1 - x0;
    let tile: Uint32Array | undefined;
    for (let i = 0; i < ids.length; i++) {
      if (ids[i] === 0) continue;
      tile ??= new Uint32Array(tileSide * tileSide);
      tile[(Math.floor(i / width) << 8) | (i % width)] = ids[i]!;
    }
    known.set(nameOf(level, key), { level, key });
    applyTiles(raster, new Map([[key, tile]]));
    for (const [oldest, { level: from, key: old }] of known) {
      if (known.size <= mostKept) break;
      known.delete(oldest);
      applyTiles(levels[from]!.raster, new Map([[old, undefined]]));
    }
    version.value++;
  }

  function fill(): void {
    for (const { level, key } of wanted) {
      if (loading.size >= readAtOnce || isDisposed) return;
      const name = nameOf(level, key);
      if (known.has(name) || loading.has(name) || failed.has(name)) continue;
      if (canRead(levels[level]!.factor, tilePosition(levels[level]!.raster, key))) void load(level, key);
    }
  }

  return {
    version,
    levels: [
      ...levels.map((one, level) => ({ ...one, isKnown: (key: TileKey) => known.has(nameOf(level, key)) })),
      ...(complete ? [{ ...complete, isKnown: () => true }] : []),
    ],
    want(level, keys) {
      wanted = level < levels.length ? keys.map((key) => ({ level, key })) : [];
      for (const key of keys) {
        const name = nameOf(level, key);
        const seen = known.get(name);
        if (!seen) continue;
        known.delete(name);
        known.set(name, seen);
      }
      fill();
    },
    async idAt(point) {
      const { raster } = levels[0]!;
      const [y, x] = [Math.floor(point.y), Math.floor(point.x)];
      if (y < 0 || x < 0 || y >= raster.height || x >= raster.width) return 0;
      const key = (y >> 8) * raster.columns + (x >> 8);
      if (known.has(nameOf(0, key))) return labelAt(raster, 0, y, x);
      if (!canRead(1, tilePosition(raster, key))) return 0;
      return (await read(0, { y0: y, x0: x, y1: y + 1, x1: x + 1 }))[0] ?? 0;
    },
    dispose() {
      isDisposed = true;
      wanted = [];
      dispose();
    },
  };
}
