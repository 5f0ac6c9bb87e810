// Pictures that few training images show and every slide has: tissue beside glass, and eosin, which stains all but nuclei pink. Made
// from annotated images: light is measured as optical density (Ruifrok, Johnston 2001, doi 10.1097/00129039), eosin is added where no
// nucleus is, as fields and fibres of random strength, and a part of the canvas is stroma or glass without any nucleus.

import { smoothPixelsInPlace } from "../core/array/gaussian.ts";
import { createRandom, type Random } from "../core/array/random.ts";
import type { Raster } from "../core/array/raster.ts";

export interface Stained {
  readonly image: Raster<Uint8Array>;
  /** Instances, 0 = background. */
  readonly labels: Raster<Uint16Array>;
}

// Densities of red, green and blue that a unit of the stain adds.
const eosin = [0.12, 0.95, 0.28] as const;
const haematoxylin = [0.65, 0.7, 0.29] as const;

/** A canvas of twice the sides: the image with eosin, mirrored once more with other eosin, then stroma and glass. A pure function of the seed. */
export function createVariant({ image, labels }: Stained, seed: number): Stained {
  const { height, width } = image;
  const random = createRandom(seed, 0x57a1);
  const canvas = { height: 2 * height, width: 2 * width };
  const pixels = new Uint8Array(canvas.height * canvas.width * 3);
  const ids = new Uint16Array(canvas.height * canvas.width);
  const most = labels.data.reduce((top, id) => Math.max(top, id), 0);
  const parts = [0, 1, 2, 3].map((part) => ({ part, rank: random.uniform() })).toSorted((a, b) => a.rank - b.rank);
  for (const [place, { part }] of parts.entries()) {
    const density = part < 2 ? addEosin(image, labels, random) : part === 2 ? createStroma(image, random) : createGlass(image, random);
    const [y0, x0] = [(place >> 1) * height, (place & 1) * width];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = y * width + (part === 1 ? width - 1 - x : x);
        const to = (y0 + y) * canvas.width + x0 + x;
        for (let c = 0; c < 3; c++) pixels[3 * to + c] = toByte(density[3 * from + c]!);
        if (part < 2 && labels.data[from] !== 0) ids[to] = labels.data[from]! + part * most;
      }
    }
  }
  return { image: { ...canvas, channels: 3, data: pixels }, labels: { ...canvas, channels: 1, data: ids } };
}

const toDensity = (value: number): number => -Math.log10((value + 1) / 256);
const toByte = (density: number): number => Math.max(0, Math.min(255, Math.round(256 * 10 ** -density - 1)));

/** Densities of the image with eosin wherever no nucleus is; a little of it lies over nuclei, too. */
function addEosin({ height, width, data }: Raster<Uint8Array>, labels: Raster<Uint16Array>, random: Random): Float32Array {
  const outside = Float32Array.from(labels.data, (id) => (id === 0 ? 1 : 0.15));
  smoothPixelsInPlace(outside, { height, width, channels: 1 }, 1);
  const amount = random.uniform(0, 0.35);
  const stain = random.uniform(0.7, 1.2);
  const field = createField(height, width, random);
  return Float32Array.from(data, (value, i) => {
    const at = Math.floor(i / 3);
    return stain * toDensity(value) + amount * outside[at]! * field[at]! * eosin[i % 3]!;
  });
}

/** Stroma: eosin in fields and fibres, with a breath of haematoxylin. */
function createStroma({ height, width }: Raster, random: Random): Float32Array {
  const field = createField(height, width, random);
  const blue = createField(height, width, random);
  const [base, pink, violet] = [random.uniform(0.02, 0.08), random.uniform(0.1, 0.35), random.uniform(0.02, 0.14)];
  const density = new Float32Array(3 * height * width);
  for (let i = 0; i < density.length; i++) {
    const at = Math.floor(i / 3);
    density[i] = base + pink * field[at]! * eosin[i % 3]! + violet * blue[at]! * haematoxylin[i % 3]! + 0.012 * random.normal();
  }
  return density;
}

/** Glass: nearly white, with the noise of a camera; pieces of tissue without nuclei; and strands of horn, thin and violet. */
function createGlass(image: Raster, random: Random): Float32Array {
  const { height, width } = image;
  const tissue = createStroma(image, random);
  const edge = createField(height, width, random);
  const limit = random.uniform(1.1, 2.2);
  const white = random.uniform(0.015, 0.05);
  const strands = new Float32Array(height * width);
  addNoise(strands, { height, width, sigmaPx: random.uniform(8, 30), strength: 1 }, random);
  const [wide, pink, violet] = [random.uniform(0, 0.12), random.uniform(0, 0.3), random.uniform(0.1, 0.8)];
  return tissue.map((value, i) => {
    const at = Math.floor(i / 3);
    if (edge[at]! > limit) return value;
    const strand = Math.max(0, 1 - Math.abs(strands[at]!) / wide) * edge[at]!;
    return white + strand * (pink * eosin[i % 3]! + violet * haematoxylin[i % 3]!) + 0.006 * random.normal();
  });
}

/** Random strength from 0 to about 2, mean about 1: clouds of several sizes, and fibres along one direction. */
function createField(height: number, width: number, random: Random): Float32Array {
  const field = new Float32Array(height * width).fill(1);
  for (const sigmaPx of [2, 6, 20]) addNoise(field, { height, width, sigmaPx, strength: random.uniform(0.1, 0.4) }, random);
  const [angle, wave, bend] = [random.uniform(0, Math.PI), random.uniform(8, 26), random.uniform(0.5, 2)];
  const strength = random.uniform(0, 0.3);
  const warp = new Float32Array(height * width);
  addNoise(warp, { height, width, sigmaPx: 14, strength: bend }, random);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const across = (x * Math.cos(angle) + y * Math.sin(angle)) / wave + warp[i]!;
      field[i] = Math.max(0, field[i]! + strength * Math.sin(2 * Math.PI * across));
    }
  }
  return field;
}

interface Noise {
  readonly height: number;
  readonly width: number;
  readonly sigmaPx: number;
  readonly strength: number;
}

/** Adds normal noise that is smoothed and has this standard deviation afterwards. */
function addNoise(field: Float32Array, { height, width, sigmaPx, strength }: Noise, random: Random): void {
  const noise = Float32Array.from({ length: height * width }, () => random.normal());
  smoothPixelsInPlace(noise, { height, width, channels: 1 }, sigmaPx);
  const deviation = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
  for (let i = 0; i < field.length; i++) field[i]! += (strength * noise[i]!) / deviation;
}
