// How good a newcomer's result is, by code that shares nothing with the program's own scores.

/** Returns F1 of the objects, matched where the intersection is at least half of the union. Those in `drawn` count on neither side. */
export function scoreF1(truth: ArrayLike<number>, predicted: ArrayLike<number>, drawn: ReadonlySet<number> = new Set()): number {
  const areas = [new Map<number, number>(), new Map<number, number>()] as const;
  const both = new Map<string, number>();
  const add = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = 0; i < truth.length; i++) {
    if (truth[i]) add(areas[0], truth[i]!);
    if (predicted[i]) add(areas[1], predicted[i]!);
    if (truth[i] && predicted[i]) add(both, `${truth[i]} ${predicted[i]}`);
  }
  let matched = 0;
  let known = 0;
  for (const [pair, count] of both) {
    const [a, b] = pair.split(" ").map(Number) as [number, number];
    if (count / (areas[0].get(a)! + areas[1].get(b)! - count) >= 0.5) matched += drawn.has(a) ? 0 : 1;
    if (drawn.has(a) && count > areas[1].get(b)! / 2) known++;
  }
  return (2 * matched) / (areas[0].size - drawn.size + Math.max(0, areas[1].size - known));
}
