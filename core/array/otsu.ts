// The threshold that parts grey values into two classes of greatest variance between them. Otsu, IEEE Trans. SMC 9 (1979).

/** The last bin of the lower class: bins after it are the upper one. The first such bin where several are as good. */
export function otsuBin(counts: Float64Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const sum = counts.reduce((all, count, bin) => all + count * bin, 0);
  let below = 0;
  let sumBelow = 0;
  let best = { bin: 0, variance: -1 };
  for (let bin = 0; bin < counts.length - 1; bin++) {
    below += counts[bin]!;
    sumBelow += counts[bin]! * bin;
    const above = total - below;
    if (below === 0 || above === 0) continue;
    const variance = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (variance > best.variance) best = { bin, variance };
  }
  return best.bin;
}
