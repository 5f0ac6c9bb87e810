// How often which value occurs; dragging across it chooses a range. Drawn by uPlot, which leaks unless destroyed.

import uPlot from "uplot";
import { countBins } from "../labels/object-table.ts";

export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface Histogram {
  readonly element: HTMLElement;
  show(values: Float64Array, label: string): void;
  /** Chooses all. */
  clear(): void;
  dispose(): void;
}

const bins = 48;
const heightPx = 84;

/** An empty histogram; `onRange` hears of what is chosen, undefined for all. */
export function createHistogram(onRange: (range: Range | undefined) => void): Histogram {
  const element = document.createElement("div");
  element.className = "curves histogram";
  element.setAttribute("role", "img");
  let plot: uPlot | undefined;
  let shown: Float64Array | undefined;
  const style = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim() || "#888";
  const axis = { stroke: () => style("--muted"), font: "11px system-ui", ticks: { show: false }, grid: { show: false } };
  const choose = (chart: uPlot): void => {
    const { left, width } = chart.select;
    onRange(width < 2 ? undefined : { from: chart.posToVal(left, "x"), to: chart.posToVal(left + width, "x") });
  };
  const create = (data: uPlot.AlignedData): uPlot =>
    new uPlot(
      {
        width: element.clientWidth || 270,
        height: heightPx,
        cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
        legend: { show: false },
        scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(1, most)] } },
        axes: [
          { ...axis, size: 22 },
          { ...axis, size: 0, show: false },
        ],
        series: [
          {},
          { stroke: () => style("--muted"), fill: () => style("--muted"), width: 0, paths: uPlot.paths.bars!({ size: [1], gap: 1 }) },
        ],
        hooks: { setSelect: [choose] },
      },
      data,
      element,
    );
  const clear = (): void => plot?.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  const observer = new ResizeObserver(() => {
    if (plot && element.clientWidth > 0 && Math.abs(plot.width - element.clientWidth) > 1)
      plot.setSize({ width: element.clientWidth, height: heightPx });
  });
  observer.observe(element);
  return {
    element,
    show(values, label) {
      if (values === shown) return;
      shown = values;
      const { from, to, counts } = countBins(values, bins);
      element.setAttribute("aria-label", `Histogram of ${label}, ${Number(from.toPrecision(4))} to ${Number(to.toPrecision(4))}`);
      const centres = counts.map((_, i) => from + ((i + 0.5) * (to - from)) / bins);
      const isDrawable = to > from;
      const data: uPlot.AlignedData = isDrawable ? [centres, counts] : [[from], [values.length]];
      if (!plot) plot = create(data);
      else plot.setData(data);
      clear();
    },
    clear,
    dispose() {
      observer.disconnect();
      plot?.destroy();
    },
  };
}
