// Sample data of our own: microscope-like images of touching cells with their true outlines, made from a seed. Cells are
// wobbly ellipses that grow in clumps and press against each other; they differ in brightness, texture, rim and focus; light
// is uneven, and the camera adds noise. Made so that a threshold finds the cells but cannot part those that touch.

import { createRandom, type Random } from "../array/random.ts";
import type { LabelImage, Raster } from "../array/raster.ts";
import { removeSmallObjects } from "../label/clean.ts";
import { labelComponents } from "../label/components.ts";

const crumbPx = 20;

export interface SyntheticOptions {
  readonly height: number;
  readonly width: number;
  readonly seed: number;
  /** Cells to place; fewer where there is no room. Default: one for each 1100 pixels. */
  readonly cells?: number;
  /** Mean radius in pixels. */
  readonly radiusPx?: number;
  /** Share of the cells that grow at another one, 0 to 1. */
  readonly clumping?: number;
}

/** The image (one channel) and its instances, numbered in reading order. The same options give the same bytes. */
export function generateCells(options: SyntheticOptions): { readonly image: Raster<Uint8Array>; readonly labels: LabelImage } {
  const { height, width, seed } = options;
  const cells = placeCells(createRandom(seed, 1), options);
  const ids = new Uint32Array(height * width);
  const canvas: Canvas = { height, width, ids, depth: new Float32Array(height * width), next: new Float32Array(height * width) };
  assignPixels(cells, canvas);
  const light = paintCells(cells, canvas, createRandom(seed, 2));
  const image = expose(light, { height, width }, createRandom(seed, 3));
  // A cell squeezed between others may fall apart: each part is an object, and crumbs are none.
  const { data } = removeSmallObjects(labelComponents({ height, width, data: ids }), crumbPx);
  return { image: { height, width, channels: 1, data: image }, labels: { height, width, data } };
}

interface Cell {
  readonly y: number;
  readonly x: number;
  /** Half axes in pixels, and the direction of the first. */
  readonly a: number;
  readonly b: number;
  readonly angle: number;
  /** Amplitudes and phases of the outline's waves: 2, 3, 4, 5 a turn. */
  readonly waves: readonly { readonly n: number; readonly amplitude: number; readonly phase: number }[];
  readonly brightness: number;
  /** Brightness of the rim relative to the inside: above 0 bright, below dark. */
  readonly rim: number;
  /** Pixels over which the outline is blurred: large = out of focus. */
  readonly blurPx: number;
}

function placeCells(
  random: Random,
  { height, width, cells = Math.round((height * width) / 1100), radiusPx = 12, clumping = 0.75 }: SyntheticOptions,
): Cell[] {
  const placed: Cell[] = [];
  for (let tries = 0; placed.length < cells && tries < 30 * cells; tries++) {
    const a = radiusPx * Math.exp(0.22 * random.normal());
    const b = a * random.uniform(0.68, 1);
    const mother = placed.length > 0 && random.uniform() < clumping ? placed[random.integer(placed.length)] : undefined;
    const direction = random.uniform(0, 2 * Math.PI);
    const reach = mother === undefined ? 0 : ((mother.a + mother.b) / 2 + (a + b) / 2) * random.uniform(0.82, 1);
    const y = mother === undefined ? random.uniform(0, height) : mother.y + reach * Math.sin(direction);
    const x = mother === undefined ? random.uniform(0, width) : mother.x + reach * Math.cos(direction);
    if (y < 0 || x < 0 || y >= height || x >= width) continue;
    if (placed.some((other) => Math.hypot(other.y - y, other.x - x) < 0.8 * ((other.a + other.b) / 2 + (a + b) / 2))) continue;
    placed.push({
      y,
      x,
      a,
      b,
      angle: random.uniform(0, Math.PI),
      waves: [2, 3, 4, 5].map((n) => ({ n, amplitude: (0.12 / n) * random.normal(), phase: random.uniform(0, 2 * Math.PI) })),
      brightness: random.uniform(0.55, 1),
      rim: random.uniform() < 0.5 ? random.uniform(0.05, 0.35) : -random.uniform(0.05, 0.3),
      blurPx: random.uniform() < 0.15 ? random.uniform(2, 3.5) : random.uniform(0.6, 1.2),
    });
  }
  return placed;
}

interface Canvas {
  readonly height: number;
  readonly width: number;
  /** Index of the cell of each pixel + 1; 0 = background. */
  readonly ids: Uint32Array;
  /** How deep each pixel lies in its cell: 0 at the outline, 1 at the centre. */
  readonly depth: Float32Array;
  /** How deep it would lie in the cell that came second. */
  readonly next: Float32Array;
}

/** Each pixel goes to the cell in which it lies deepest: so touching cells press a common border. */
function assignPixels(cells: readonly Cell[], canvas: Canvas): void {
  const { ids, depth, next } = canvas;
  cells.forEach((cell, i) => {
    forEachPixelNear(cell, 1.35 * cell.a, canvas, (at, y, x) => {
      const here = depthIn(cell, y, x);
      if (here > depth[at]!) {
        next[at] = depth[at]!;
        depth[at] = here;
        ids[at] = i + 1;
      } else if (here > next[at]!) next[at] = here;
    });
  });
}

/** 1 at the centre, 0 at the outline, negative outside. */
function depthIn({ y: cy, x: cx, a, b, angle, waves }: Cell, y: number, x: number): number {
  const u = (x - cx) * Math.cos(angle) + (y - cy) * Math.sin(angle);
  const v = (y - cy) * Math.cos(angle) - (x - cx) * Math.sin(angle);
  const theta = Math.atan2(v / b, u / a);
  const radius = waves.reduce((sum, { n, amplitude, phase }) => sum + amplitude * Math.sin(n * theta + phase), 1);
  return 1 - Math.hypot(u / a, v / b) / Math.max(0.5, radius);
}

/** Light that comes from the cells, before the microscope: soft outlines, rims, texture, faint lines where cells touch. */
function paintCells(cells: readonly Cell[], canvas: Canvas, random: Random): Float32Array {
  const { height, width, ids, depth, next } = canvas;
  const light = new Float32Array(height * width);
  const texture = createNoise(random, height, width, 5);
  const grain = createNoise(random, height, width, 2.2);
  cells.forEach((cell, i) => {
    forEachPixelNear(cell, 1.35 * cell.a + 3 * cell.blurPx, canvas, (at, y, x) => {
      const owned = ids[at] === i + 1;
      if (ids[at] !== 0 && !owned) return;
      const depthPx = depthIn(cell, y, x) * cell.b;
      const cover = 1 / (1 + Math.exp(-depthPx / (0.6 * cell.blurPx)));
      const rim = cell.rim * Math.exp(-(((depthPx - 1.6) / 1.4) ** 2));
      const seamPx = owned && next[at]! > 0 ? 0.5 * (depth[at]! - next[at]!) * cell.b : Number.POSITIVE_INFINITY;
      const seam = (-0.3 / cell.blurPx) * Math.exp(-((seamPx / 1.3) ** 2));
      const value = cell.brightness * cover * (1 + rim + seam + 0.18 * texture[at]! + 0.1 * grain[at]!);
      if (value > light[at]!) light[at] = value;
    });
  });
  return light;
}

/** Turns light into a camera's picture: haze, uneven illumination, shot and read noise, 8 bits. */
function expose(light: Float32Array, { height, width }: { height: number; width: number }, random: Random): Uint8Array {
  const haze = createNoise(random, height, width, Math.max(height, width) / 4);
  const tilt = { y: random.uniform(-0.25, 0.25), x: random.uniform(-0.25, 0.25), bow: random.uniform(0.1, 0.35) };
  const out = new Uint8Array(height * width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const v = (2 * y) / height - 1;
      const u = (2 * x) / width - 1;
      const illumination = 1 + tilt.y * v + tilt.x * u - tilt.bow * (u * u + v * v) * 0.5;
      const photons = 150 * illumination * (0.14 + 0.05 * haze[i]! + 0.8 * light[i]!);
      out[i] = Math.min(
        255,
        Math.max(0, Math.round(photons + Math.sqrt(Math.max(0, photons) * 0.6) * random.normal() + 3 * random.normal() + 6)),
      );
    }
  }
  return out;
}

/** Smooth noise of about unit variance: random values on a grid of `sizePx`, joined by smooth steps (value noise). */
function createNoise(random: Random, height: number, width: number, sizePx: number): Float32Array {
  const rows = Math.ceil(height / sizePx) + 2;
  const columns = Math.ceil(width / sizePx) + 2;
  const grid = Float32Array.from({ length: rows * columns }, () => 1.6 * random.normal());
  const out = new Float32Array(height * width);
  const smooth = (t: number) => t * t * (3 - 2 * t);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(y / sizePx);
    const fy = smooth(y / sizePx - row);
    for (let x = 0; x < width; x++, i++) {
      const column = Math.floor(x / sizePx);
      const fx = smooth(x / sizePx - column);
      const at = row * columns + column;
      const top = grid[at]! * (1 - fx) + grid[at + 1]! * fx;
      const bottom = grid[at + columns]! * (1 - fx) + grid[at + columns + 1]! * fx;
      out[i] = top * (1 - fy) + bottom * fy;
    }
  }
  return out;
}

function forEachPixelNear(
  { y: cy, x: cx }: Cell,
  reachPx: number,
  { height, width }: { height: number; width: number },
  visit: (at: number, y: number, x: number) => void,
): void {
  const y1 = Math.min(height - 1, Math.ceil(cy + reachPx));
  const x1 = Math.min(width - 1, Math.ceil(cx + reachPx));
  for (let y = Math.max(0, Math.floor(cy - reachPx)); y <= y1; y++) {
    for (let x = Math.max(0, Math.floor(cx - reachPx)); x <= x1; x++) visit(y * width + x, y, x);
  }
}
