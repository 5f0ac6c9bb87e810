// When an image may be a level of another's pyramid.

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
