// The curves of a training run: loss as a smoothed line over faint raw points, the validation's F1 and loss, the best model
// marked. Hovering reads the values. Drawn by uPlot, which leaks unless destroyed.

import uPlot from "uplot";
import type { TrainingRun } from "../plugin/training-run.ts";

export interface Curves {
  readonly element: HTMLElement;
  update(run: TrainingRun): void;
  dispose(): void;
}

/** Okabe and Ito's blue, orange and green: told apart by the colour-blind, on dark and on light. */
const colors = { loss: "#3b8fc4", score: "#d98a00", validationLoss: "#00936b" };

/** An empty chart. */
export function createCurves(): Curves {
  const element = document.createElement("div");
  element.className = "curves";
  let plot: uPlot | undefined;
  let best: number | undefined;
  let shownScore: string | undefined;
  const style = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim() || "#888";
  const create = (scoreName: string | undefined): uPlot => {
    const axis = {
      stroke: () => style("--muted"),
      font: "11px system-ui",
      ticks: { show: false },
      grid: { stroke: () => style("--line"), width: 1 },
    };
    return new uPlot(
      {
        width: element.clientWidth || 270,
        height: 150,
        cursor: { y: false, points: { size: 5 } },
        legend: { live: true },
        scales: { x: { time: false }, score: { range: [0, 1] } },
        axes: [
          { ...axis, size: 24 },
          { ...axis, size: 40 },
          { ...axis, side: 1, scale: "score", size: 30, grid: { show: false }, show: scoreName !== undefined },
        ],
        series: [
          { label: "step" },
          {
            label: "loss, raw",
            stroke: `${colors.loss}50`,
            paths: () => null,
            points: { show: true, size: 3, width: 0, fill: `${colors.loss}60` },
            value: formatLoss,
          },
          { label: "loss", stroke: colors.loss, width: 2, points: { show: false }, value: formatLoss },
          {
            label: "validation loss",
            stroke: colors.validationLoss,
            width: 1.5,
            dash: [4, 3],
            spanGaps: true,
            points: { show: true, size: 4 },
            value: formatLoss,
          },
          {
            label: scoreName ?? "score",
            scale: "score",
            stroke: colors.score,
            width: 2,
            spanGaps: true,
            points: { show: true, size: 5, fill: colors.score },
            value: formatLoss,
          },
        ],
        hooks: { draw: [(chart) => markBest(chart, best, style("--text"))] },
      },
      [[0], [null], [null], [null], [null]],
      element,
    );
  };
  const observer = new ResizeObserver(() => {
    if (plot && element.clientWidth > 0 && Math.abs(plot.width - element.clientWidth) > 1)
      plot.setSize({ width: element.clientWidth, height: 150 });
  });
  observer.observe(element);
  return {
    element,
    update(run) {
      const score = nameScore(run);
      if (!plot || score !== shownScore) {
        plot?.destroy();
        plot = create(score && score.toUpperCase() === "F1" ? "F1" : score);
        shownScore = score;
        // A training without images to validate on has one curve.
        element.dataset["validated"] = String(score !== undefined);
      }
      best = run.validations.findLast((validation) => validation.best)?.step;
      plot.setData(layData(run, score));
    },
    dispose() {
      observer.disconnect();
      plot?.destroy();
      plot = undefined;
    },
  };
}

/** The score that tells best models: F1 where there is one. */
export function nameScore({ validations }: TrainingRun): string | undefined {
  const names = Object.keys(validations.at(-1)?.scores ?? {});
  return (
    names.find((name) => name.toLowerCase() === "f1") ??
    names.find((name) => /f1/i.test(name)) ??
    names.find((name) => /iou|dice|ap/i.test(name))
  );
}

function layData(run: TrainingRun, score: string | undefined): uPlot.AlignedData {
  const steps = [...new Set([...run.losses.map(({ step }) => step), ...run.validations.map(({ step }) => step)])].sort((a, b) => a - b);
  const at = new Map(steps.map((step, i) => [step, i]));
  const empty = (): (number | null)[] => new Array<number | null>(steps.length).fill(null);
  const [raw, smooth, validationLoss, scores] = [empty(), empty(), empty(), empty()];
  const means = smoothValues(run.losses.map(({ loss }) => loss));
  for (const [i, { step, loss }] of run.losses.entries()) {
    raw[at.get(step)!] = loss;
    smooth[at.get(step)!] = means[i]!;
  }
  for (const { step, scores: values } of run.validations) {
    if (values["loss"] !== undefined) validationLoss[at.get(step)!] = values["loss"];
    if (score !== undefined) scores[at.get(step)!] = values[score] ?? null;
  }
  return [steps, raw, smooth, validationLoss, scores];
}

// The mean over a window around each point, narrower towards both ends, so that the line does not lag behind.
function smoothValues(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1)! + value);
  const reach = Math.max(1, Math.round(values.length / 30));
  return values.map((_, i) => {
    const half = Math.min(reach, i, values.length - 1 - i);
    return (sums[i + half + 1]! - sums[i - half]!) / (2 * half + 1);
  });
}

function markBest(chart: uPlot, step: number | undefined, color: string): void {
  if (step === undefined) return;
  const x = Math.round(chart.valToPos(step, "x", true));
  const { top, height } = chart.bbox;
  const { ctx } = chart;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, top + height);
  ctx.stroke();
  ctx.font = `${10 * devicePixelRatio}px system-ui`;
  ctx.textAlign = x > top + chart.bbox.left + chart.bbox.width / 2 ? "right" : "left";
  ctx.fillText(" best ", x, top + 9 * devicePixelRatio);
  ctx.restore();
}

function formatLoss(_: uPlot, value: number | null): string {
  return value === null || value === undefined ? "–" : value.toPrecision(3);
}
