// The story of a slide, first half: what does not fit in memory goes block by block from the source to a store of classes (and
// probabilities, where they are wanted). A block that is in the store is done: a run that was killed goes on from there, and
// several machines share a slide by taking every n-th block. slide-objects.ts is the second half. segment.ts is the same story for images that fit.

import { mapBack } from "../array/map-back.ts";
import type { Box } from "../array/raster.ts";
import type { Network } from "../engine/network.ts";
import type { GridReader } from "../image/read-grid.ts";
import { createClock, type Job } from "../job.ts";
import { leastLead } from "../label/probability-bytes.ts";
import { createSearch, decide, writeClasses, writeProbabilities, writeTwoClasses } from "../segment.ts";
import { averageOverSymmetries, type Symmetry } from "../symmetry.ts";
import type { Tile } from "../tile/plan.ts";
import { runTiles } from "../tile/run.ts";
import type { Block, SlidePlan } from "../tile/slide-plan.ts";
import type { UNetSpec } from "../unet/spec.ts";

/** What is known of a block's pixels, [height, width] and [height, width, classes] of its box. */
export interface BlockResult {
  readonly classes: Uint8Array;
  /** Of two classes the probability of the second (probability-bytes.ts). */
  readonly bytes?: Uint8Array | undefined;
  /** Softmax; only where it is kept. */
  readonly probabilities?: Float32Array | undefined;
}

export interface BlockSink {
  has(block: Block): Promise<boolean>;
  /** Keeps a block, whole or not at all. */
  write(block: Block, result: BlockResult): Promise<void>;
}

export interface SlideRequest {
  readonly plan: SlidePlan;
  readonly grid: GridReader;
  readonly spec: UNetSpec;
  /** Hold the same weights and share the tiles. */
  readonly networks: readonly Network[];
  readonly sink: BlockSink;
  readonly keepProbabilities: boolean;
  /** Two classes: a pixel is an object where its probability is above this; default 0.5. */
  readonly threshold?: number | undefined;
  /** Over which views of a tile probabilities are averaged; default none. */
  readonly symmetry?: Symmetry | undefined;
  /** True for a block that is known to be background: it is written as such, unseen. */
  readonly isEmpty?: ((block: Block) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface SlideRun {
  /** Blocks that were in the store already. */
  readonly found: number;
  readonly skipped: number;
  readonly predicted: number;
  /** Where every pixel that was predicted is background: the largest probability that one had of being an object. */
  readonly nearest?: number;
}

// Blocks that are packed and written while the next are predicted.
const writtenAtOnce = 4;

/** Predicts the blocks that the sink has not yet, and hands each over when it is complete. Throws AbortError and what source or sink throw. */
export async function* segmentSlide({
  plan,
  grid,
  spec,
  networks,
  sink,
  keepProbabilities,
  threshold = 0.5,
  symmetry = "none",
  isEmpty,
  signal,
}: SlideRequest): Job<SlideRun> {
  yield { kind: "phase", name: "looking for what is done", done: 0 };
  const undone: Block[] = [];
  let written: Box[] = [];
  let skipped = 0;
  const writes = createWriteQueue(writtenAtOnce);
  try {
    for (const block of plan.blocks) {
      signal?.throwIfAborted();
      if (await sink.has(block)) written.push(block.box);
      else if (isEmpty?.(block)) {
        await writes.add(() => sink.write(block, emptyResult(block, spec, keepProbabilities)));
        skipped++;
      } else undone.push(block);
    }
  } finally {
    await writes.settle();
  }
  writes.check();
  const found = plan.blocks.length - undone.length - skipped;

  const tiles = undone.sort(byStrips).flatMap((block) => block.tiles.map((tile) => ({ block, tile })));
  const walk = { ...plan, height: plan.gridHeight, width: plan.gridWidth, tiles: tiles.map(({ tile }, index) => ({ ...tile, index })) };
  const options = { plan: walk, channels: spec.channels, classes: spec.classes, read: grid.read, signal };
  const predictors = networks.map((network) => averageOverSymmetries(network.predict, symmetry, spec.classes));
  const open = new Map<Block, OpenBlock>();
  const total = tiles.length;
  const pixels = tiles.reduce((sum, { tile }) => sum + countPixels(tile.core), 0);
  const secondsLeft = createClock(pixels);
  let done = 0;
  let pixelsDone = 0;
  const search = createSearch(spec.classes, spec.classes === 2 ? leastLead(threshold) : 0);
  const takeWritten = (): { readonly written?: readonly Box[] } => {
    const boxes = written;
    written = [];
    return boxes.length > 0 ? { written: boxes } : {};
  };
  yield { kind: "tile", done, total, ...takeWritten() };
  try {
    for await (const { tile, logits } of runTiles({ ...options, predictors })) {
      const { block } = tiles[tile.index]!;
      search.add(logits);
      const assembled = open.get(block) ?? openBlock(block, plan, { spec, keepProbabilities, threshold });
      open.set(block, assembled);
      if (assembled.add(tile, logits)) {
        open.delete(block);
        const { finish } = assembled;
        await writes.add(async () => {
          await sink.write(block, finish());
          written.push(block.box);
        });
      }
      done = Math.min(total, done + 1);
      pixelsDone += countPixels(tile.core);
      yield { kind: "tile", done, total, secondsLeft: secondsLeft(pixelsDone)!, ...takeWritten() };
    }
  } finally {
    await writes.settle(); // what was predicted is kept, whatever happened
  }
  writes.check();
  yield { kind: "tile", done: total, total, ...takeWritten() };
  const nearest = search.nearest();
  return { found, skipped, predicted: undone.length, ...(nearest !== undefined && { nearest }) };
}

// Blocks side by side in a strip: with their margins they meet ten columns of the source's chunks, of which three rows are in use.
const stripBlocks = 8;

/** Strip by strip, each from top to bottom: what tiles share of the source is still kept when the next row comes, however wide the slide. */
function byStrips(a: Block, b: Block): number {
  const stripOf = ({ column }: Block): number => Math.floor(column / stripBlocks);
  return stripOf(a) - stripOf(b) || a.index - b.index;
}

function countPixels({ y0, x0, y1, x1 }: Box): number {
  return (y1 - y0) * (x1 - x0);
}

function emptyResult({ box }: Block, { classes }: UNetSpec, keepProbabilities: boolean): BlockResult {
  const pixels = countPixels(box);
  const empty = { classes: new Uint8Array(pixels), ...(classes === 2 && { bytes: new Uint8Array(pixels) }) };
  if (!keepProbabilities) return empty;
  return {
    ...empty,
    probabilities: Float32Array.from({ length: pixels * classes }, (_, i) => (i % classes === 0 ? 1 : 0)),
  };
}

interface OpenBlock {
  /** True when the block is complete. */
  add(tile: Tile, logits: Float32Array): boolean;
  finish(): BlockResult;
}

/** A block in the making: classes at once where the grids agree, since rounded probabilities may be equal; else from probabilities. */
function openBlock(
  block: Block,
  plan: SlidePlan,
  { spec, keepProbabilities, threshold }: { readonly spec: UNetSpec; readonly keepProbabilities: boolean; readonly threshold: number },
): OpenBlock {
  const { y0, x0, y1, x1 } = block.source;
  let missing = countPixels(block.source);
  const isSame = plan.gridHeight === plan.height && plan.gridWidth === plan.width;
  const needsProbabilities = keepProbabilities || !isSame;
  const size = { height: y1 - y0, width: x1 - x0 };
  const isTwo = spec.classes === 2;
  const classes = { ...size, channels: 1, data: new Uint8Array(isSame ? missing : 0) };
  const bytes = { ...size, channels: 1, data: new Uint8Array(isSame && isTwo ? missing : 0) };
  const probabilities = { ...size, channels: spec.classes, data: new Float32Array(needsProbabilities ? missing * spec.classes : 0) };
  return {
    add({ core }, logits) {
      const local = { y0: core.y0 - y0, x0: core.x0 - x0, y1: core.y1 - y0, x1: core.x1 - x0 };
      if (needsProbabilities) writeProbabilities(logits, local, probabilities);
      if (isSame && isTwo) writeTwoClasses(logits, local, threshold, { bytes, classes });
      else if (isSame) writeClasses(logits, local, classes);
      missing -= countPixels(core);
      return missing === 0;
    },
    finish() {
      if (isSame) {
        const kept = keepProbabilities && { probabilities: probabilities.data };
        return { classes: classes.data, ...(isTwo && { bytes: bytes.data }), ...kept };
      }
      const own = mapBack({ ...probabilities, y0, x0 }, block.box, plan, { height: plan.gridHeight, width: plan.gridWidth });
      const kept = keepProbabilities && { probabilities: own.data };
      return { ...decide(own, threshold), ...kept };
    },
  };
}

interface WriteQueue {
  /** Waits for a place. Throws what an earlier one threw. */
  add(work: () => Promise<void>): Promise<void>;
  /** Waits for all; never throws. */
  settle(): Promise<void>;
  /** Throws what any of them threw. */
  check(): void;
}

/** Runs some writes at once. */
function createWriteQueue(atOnce: number): WriteQueue {
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const check = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    check,
    async add(work) {
      while (running.size >= atOnce) await Promise.race(running);
      check();
      const one: Promise<void> = work()
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .finally(() => void running.delete(one));
      running.add(one);
    },
    async settle() {
      await Promise.all(running);
    },
  };
}
