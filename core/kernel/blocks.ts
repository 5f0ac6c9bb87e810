// How each kernel cuts its work into blocks, as pure integer arithmetic on shapes: the runners walk these plans, and plan.ts
// counts their bytes. Block sizes are chosen for an L2 of 1 MB. Rows and steps are padded to an odd number of cache
// lines: the 36 streams of a Winograd transform would otherwise meet in the same few cache sets.

import { toLines } from "./heap.ts";

/** A 3x3 or 1x1 convolution, stride 1. `padding`: zeros at each side of the input. */
export interface ConvolutionShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly padding: number;
}

/** A 2x2 up-convolution, stride 2, of an input of `height` x `width`. */
export interface UpConvolutionShape {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** Bytes of transformed maps and products of a block: with the image's rows they share an L2 cache of 1 MB (256 KiB to 1 MiB tried). */
const cacheBytes = 384 << 10;
/** A filter transformed piece by piece takes this much at a time. */
const filterPieceBytes = 16 << 20;
/** Transformed maps may take this much when all tiles are held at once, to go over a large filter only once. */
const heldMapsBytes = 64 << 20;
/** Narrow maps: more tiles in a block would not pay. */
const mostTiles = 240;
/** From this many input channels on, Winograd is used; below, nine taps are one product. */
const winogradInputs = 4;

export const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

/** Bytes of a row of `floats`, in whole cache lines, never a multiple of 1 KiB. */
function paddedRow(floats: number): number {
  const bytes = toLines(4 * floats);
  return bytes % 1024 === 0 ? bytes + 64 : bytes;
}

/** `bytes` in an odd number of cache lines. */
export function oddLines(bytes: number): number {
  return toLines(bytes) | 64;
}

export const outputHeight = ({ height, padding }: ConvolutionShape): number => height + 2 * padding - 2;
export const countOutputs = (shape: ConvolutionShape): number => shape.batch * outputHeight(shape) * outputWidth(shape);
export const outputWidth = ({ width, padding }: ConvolutionShape): number => width + 2 * padding - 2;

/** True when the forward convolution goes by Winograd; false: one product of nine taps. */
export function usesWinograd({ inputs }: Pick<ConvolutionShape, "inputs">): boolean {
  return inputs >= winogradInputs;
}

/** How a Winograd convolution runs. Bytes are of scratch. */
export interface WinogradPlan {
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly tiles: number;
  /** Tiles of a block. */
  readonly block: number;
  /** Output channels that are transformed and multiplied at a time: all of them, or a multiple of 8. */
  readonly piece: number;
  readonly vRow: number;
  readonly vStep: number;
  readonly mRow: number;
  readonly mStep: number;
  readonly uStep: number;
  readonly vBytes: number;
  readonly mBytes: number;
  /** Of the transformed filter, all of it or a piece. */
  readonly uBytes: number;
  readonly tmpBytes: number;
}

/** The plan of a 3x3 convolution; `keptFilter`: the filter is transformed as a whole, since it will be kept. */
export function planWinograd(shape: ConvolutionShape, keptFilter: boolean): WinogradPlan {
  const { batch, inputs, outputs } = shape;
  const tileRows = Math.ceil(outputHeight(shape) / 4);
  const tileColumns = Math.ceil(outputWidth(shape) / 4);
  const tiles = batch * tileRows * tileColumns;
  const columns = roundUp(outputs, 8);
  const vRow = paddedRow(inputs);
  const wholeFilter = 36 * oddLines(4 * inputs * columns);
  const inPieces = !keptFilter && wholeFilter > filterPieceBytes && 36 * tiles * vRow <= heldMapsBytes;
  const piece = inPieces ? Math.max(8, Math.floor(filterPieceBytes / (36 * 4 * inputs * 8)) * 8) : columns;
  const mRow = paddedRow(piece);
  const block = inPieces ? tiles : chooseBlock(tiles, 36 * (vRow + mRow), wholeFilter);
  const uStep = oddLines(4 * inputs * piece);
  const vStep = oddLines(block * vRow);
  const mStep = oddLines(block * mRow);
  return {
    tileRows,
    tileColumns,
    tiles,
    block,
    piece,
    vRow,
    vStep,
    mRow,
    mStep,
    uStep,
    vBytes: 36 * vStep,
    mBytes: 36 * mStep,
    uBytes: 36 * uStep,
    tmpBytes: 2048 + 36 * 4 * roundUp(Math.max(inputs, outputs), 4) + 4 * columns,
  };
}

// As many tiles as the L2 holds, but enough to use what is loaded of a filter beyond it often, in multiples of the product's 6 rows.
function chooseBlock(tiles: number, tileBytes: number, filterBytes: number): number {
  const fitting = Math.floor(cacheBytes / tileBytes);
  const least = filterBytes > 16 << 20 ? 192 : filterBytes > cacheBytes ? 48 : 24;
  return Math.min(tiles, Math.max(least, roundUp(Math.min(mostTiles, fitting), 6)));
}

/** How the gradient to a 3x3 filter runs. */
export interface WinogradGradientPlan {
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly tiles: number;
  readonly block: number;
  /** Input channels that are summed at a time. */
  readonly piece: number;
  readonly vRow: number;
  readonly vStep: number;
  readonly dRow: number;
  readonly dStep: number;
  readonly uRow: number;
  readonly uStep: number;
  readonly vBytes: number;
  readonly dBytes: number;
  readonly uBytes: number;
  readonly tmpBytes: number;
}

export function planWinogradGradient(shape: ConvolutionShape): WinogradGradientPlan {
  const { batch, inputs, outputs } = shape;
  const tileRows = Math.ceil(outputHeight(shape) / 4);
  const tileColumns = Math.ceil(outputWidth(shape) / 4);
  const tiles = batch * tileRows * tileColumns;
  const columns = roundUp(outputs, 8);
  const vRow = paddedRow(inputs);
  const dRow = paddedRow(columns);
  const uRow = 4 * columns;
  const inPieces = 36 * inputs * uRow > filterPieceBytes && 36 * tiles * (vRow + dRow) <= heldMapsBytes;
  const piece = inPieces ? Math.min(inputs, Math.max(6, Math.floor(filterPieceBytes / (36 * uRow * 6)) * 6)) : inputs;
  const block = inPieces ? tiles : chooseBlock(tiles, 36 * (vRow + dRow), 36 * inputs * uRow);
  const vStep = oddLines(block * vRow);
  const dStep = oddLines(block * dRow);
  const uStep = oddLines(piece * uRow);
  return {
    tileRows,
    tileColumns,
    tiles,
    block,
    piece,
    vRow,
    vStep,
    dRow,
    dStep,
    uRow,
    uStep,
    vBytes: 36 * vStep,
    dBytes: 36 * dStep,
    uBytes: 36 * uStep,
    tmpBytes: 2048 + 36 * 4 * roundUp(Math.max(inputs, outputs), 4),
  };
}

/** How a plain product over pixels runs: `block` rows at a time, rows of A and C in bytes. */
export interface ProductPlan {
  readonly rows: number;
  readonly block: number;
  readonly aRow: number;
  readonly cRow: number;
  readonly bBytes: number;
}

/** Rows of `depth` floats times a matrix of `columns`. */
export function planProduct(rows: number, depth: number, columns: number): ProductPlan {
  const aRow = paddedRow(depth);
  const cRow = paddedRow(roundUp(columns, 8));
  const fitting = Math.floor(cacheBytes / (aRow + cRow));
  const block = Math.min(rows, Math.max(48, Math.min(960, fitting - (fitting % 6))));
  return { rows, block, aRow, cRow, bBytes: 4 * depth * roundUp(columns, 8) };
}

/** The convolution that carries dy of `shape` back to x: over the padded dy, with the turned filter. */
export function inputGradientShape(shape: ConvolutionShape): ConvolutionShape {
  return {
    batch: shape.batch,
    height: outputHeight(shape),
    width: outputWidth(shape),
    inputs: shape.outputs,
    outputs: shape.inputs,
    padding: 2 - shape.padding,
  };
}

/** Scratch of the gradients of a per-pixel product x [rows][inputs] -> [rows][columns]. */
export interface PixelGradientPlan {
  readonly rows: number;
  readonly block: number;
  readonly gRow: number;
  readonly xRow: number;
  readonly dxRow: number;
  readonly uRow: number;
  readonly sizes: readonly [gradients: number, x: number, dx: number, filter: number, sums: number, packed: number];
}

export function planPixelGradient(rows: number, inputs: number, columns: number, sumColumns: number): PixelGradientPlan {
  const gRow = paddedRow(roundUp(columns, 8));
  const xRow = paddedRow(roundUp(inputs, 8));
  const dxRow = xRow;
  const uRow = 4 * roundUp(Math.max(columns, inputs), 8);
  const fitting = Math.floor((2 * cacheBytes) / (gRow + 2 * xRow));
  const block = Math.min(rows, Math.max(96, Math.min(480, fitting - (fitting % 6))));
  const filterBytes = 4 * roundUp(columns, 8) * roundUp(inputs, 8);
  return {
    rows,
    block,
    gRow,
    xRow,
    dxRow,
    uRow,
    sizes: [block * gRow, block * xRow, block * dxRow, filterBytes, 4 * roundUp(sumColumns, 8), filterBytes],
  };
}

/** How the gradient to a 3x3 filter of few input channels runs: over the patches of `block` pixels at a time. */
export interface DirectGradientPlan {
  readonly block: number;
  readonly gRow: number;
  readonly sizes: readonly [patches: number, gradients: number, filter: number, sums: number];
}

export function planDirectGradient(shape: ConvolutionShape): DirectGradientPlan {
  const depth = 9 * shape.inputs;
  const columns = roundUp(shape.outputs, 8);
  const gRow = paddedRow(columns);
  const fitting = Math.floor(cacheBytes / (gRow + 4 * depth));
  const block = Math.min(countOutputs(shape), Math.max(96, Math.min(960, fitting)));
  return { block, gRow, sizes: [block * 4 * depth, block * gRow, 4 * depth * columns, 4 * columns] };
}
