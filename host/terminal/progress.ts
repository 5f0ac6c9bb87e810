// Progress of a job on stderr: one bar with time left on a terminal, a line now and then elsewhere. Results go to stdout, so
// nothing here does.

import { SingleBar } from "cli-progress";
import type { Progress } from "../../core/job.ts";
import { describeBytes } from "../../core/source/download.ts";
import { showText } from "../../core/source/plain-text.ts";
import { ownProcess, type TextStream } from "./process.ts";

export interface ProgressView {
  show(progress: Progress): void;
  line(text: string): void;
  end(): void;
}

// Without a terminal, at most one line in so many milliseconds.
const quietMs = 10_000;
// On a terminal a line is written over so often.
const overwriteMs = 200;

/** A view of the jobs that follow one another. */
export function createProgressView(stream: TextStream): ProgressView {
  let bar: SingleBar | undefined;
  let lastLine = 0;
  const end = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const line = (text: string): void => {
    end();
    stream.write(`${showText(text)}\n`);
  };
  const showBar = (progress: Progress & { total: number }): void => {
    bar ??= new SingleBar({ format: "{bar} {value}/{total} {text}", stream, hideCursor: true, barsize: 24, clearOnComplete: true });
    if (!bar.isActive) bar.start(progress.total, progress.done, { text: "" });
    bar.setTotal(progress.total);
    bar.update(progress.done, { text: describe(progress) });
  };
  return {
    line,
    end,
    show(progress) {
      if (progress.kind === "notice") return line(progress.message);
      if (progress.kind === "preview") return;
      if (progress.kind === "validation")
        return line(`step ${progress.done}: ${describeScores(progress.scores)}${progress.best ? ", the best so far" : ""}`);
      if (progress.kind === "phase" && progress.total === undefined) {
        if (stream.isTTY) bar?.update({ text: showText(progress.name) });
        return;
      }
      const { done, total } = progress;
      if (total === undefined) return;
      if (stream.isTTY) return showBar({ ...progress, total });
      if (performance.now() - lastLine < quietMs && done < total) return;
      lastLine = performance.now();
      stream.write(`${done}/${total} ${describe(progress)}\n`);
    },
  };
}

/** One line about a download: on a terminal written over, elsewhere now and then. */
export function createDownloadLine(address: string, stream: TextStream = ownProcess().stderr): DownloadLine {
  let lastMs = performance.now();
  let isShown = false;
  return {
    show(bytes, total) {
      const now = performance.now();
      if (now - lastMs < (stream.isTTY ? overwriteMs : quietMs)) return;
      lastMs = now;
      isShown = true;
      const text = `${showText(address)}: ${describeBytes(bytes, total)}`;
      stream.write(stream.isTTY ? `\r${text}\u001b[K` : `${text}\n`);
    },
    end() {
      if (isShown && stream.isTTY) stream.write("\r\u001b[K");
    },
  };
}

export interface DownloadLine {
  readonly show: (bytes: number, total: number | undefined) => void;
  readonly end: () => void;
}

function describe(progress: Progress): string {
  const left = "secondsLeft" in progress && progress.secondsLeft !== undefined ? formatSeconds(progress.secondsLeft) : undefined;
  const parts = [
    progress.kind === "phase" ? showText(progress.name) : undefined,
    progress.kind === "step" ? `loss ${progress.loss.toFixed(4)}` : undefined,
    left === undefined ? undefined : `${left} left`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

/** The scores that matter, in one line. */
export function describeScores(scores: Readonly<Record<string, number>>): string {
  const shown = { f1: "F1", ap50: "AP50", apMean: "AP", iou1: "IoU", loss: "loss" };
  const parts = Object.entries(shown).flatMap(([key, title]) => (scores[key] === undefined ? [] : [`${title} ${scores[key].toFixed(3)}`]));
  return parts.join(", ");
}

/** "2:05" */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  return minutes >= 60 ? `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, "0");
}
