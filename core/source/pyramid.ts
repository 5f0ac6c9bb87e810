// When an image may be a level of another's pyramid, and where its pixels then lie.

import type { Level, LevelStep } from "./source.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** True when both sides shrink alike. A side may be off by two pixels (rounded at each halving) or by `tolerance` of itself. */
export function isSmallerCopy(level: Size, full: Size, tolerance: number): boolean {
  if (!(level.width >= 1 && level.height >= 1 && level.width <= full.width && level.height <= full.height)) return false;
  if (level.width === full.width && level.height === full.height) return false;
  const scale = Math.max(full.width / level.width, full.height / level.height);
  const off = (side: number, whole: number): number => Math.abs(side - whole / scale);
  const allowed = (side: number): number => Math.max(2, side * tolerance);
  return off(level.width, full.width) <= allowed(level.width) && off(level.height, full.height) <= allowed(level.height);
}

/** The level with its step as the file has it, where that can be true and is not what its sides tell. */
export function withStep(full: Size, level: Size, step: LevelStep | undefined): Level {
  if (step === undefined) return level;
  const [told, best] = [findStep(full, level), findStep(full, { ...level, step })];
  return isAbout(best.y, told.y) && isAbout(best.x, told.x) ? level : { ...level, step: best };
}

function isAbout(a: number, b: number): boolean {
  return Math.abs(a / b - 1) < 1e-9;
}

/**
 * Pixels of the full size, a side, for one of the level's. Sides are rounded to whole pixels at each level, so the quotient of two
 * sides would shift what lies far from the corner: it is what the file says where that can be true, else the whole number that
 * gives these sides.
 */
export function findStep(full: Size, level: Level): LevelStep {
  const { step } = level;
  if (step && isNear(full.height, step.y, level.height) && isNear(full.width, step.x, level.width)) return step;
  const exact = { y: full.height / level.height, x: full.width / level.width };
  const mean = Math.sqrt(exact.y * exact.x);
  const fits = (factor: number): boolean => isRounded(full.height / factor, level.height) && isRounded(full.width / factor, level.width);
  const whole = [2 ** Math.round(Math.log2(mean)), Math.round(mean), Math.floor(mean), Math.ceil(mean)].find(fits);
  return whole === undefined ? exact : { y: whole, x: whole };
}

function isNear(full: number, step: number, side: number): boolean {
  return Math.abs(full / step - side) < 1;
}

function isRounded(exact: number, side: number): boolean {
  return Math.floor(exact) === side || Math.ceil(exact) === side;
}
