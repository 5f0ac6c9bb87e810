// What lies outside an image: its mirror image, without repeating the edge pixel (reflect-101: d c b | a b c d | c b a).

/**
 * The pixel from 0 to `n - 1` that stands at `i`, any whole number. Folds again and again where `i` is further out than the
 * image is long; an image of one pixel repeats it.
 */
export function mirrorIndex(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const folded = Math.abs(i) % period;
  return folded < n ? folded : period - folded;
}
