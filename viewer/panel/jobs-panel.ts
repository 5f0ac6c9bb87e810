// What is running and waiting, each with its progress and its own way to end it. Progress is a polite live region.

import { describeError } from "../../core/problem.ts";
import { showText } from "../../core/source/plain-text.ts";
import type { JobInfo } from "../../host/jobs.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";

/** The jobs: all that run or wait, and failures of this session. */
export function jobsPanel(jobs: readonly JobInfo[], cancel: (id: string) => void): Part {
  const shown = jobs
    .filter(({ state }) => state === "running" || state === "queued")
    .concat(jobs.filter(({ state }) => state === "failed").slice(-1));
  if (shown.length === 0) return nothing;
  return html`<section class="section jobs" aria-label="Jobs">
    <header class="section-head"><h2>Jobs</h2></header>
    <ul class="rows">${shown.map((job) => jobRow(job, cancel))}</ul>
  </section>`;
}

/** The running job in one sentence, for those who listen. */
export function announceJobs(jobs: readonly JobInfo[]): string {
  const running = jobs.find(({ state }) => state === "running");
  if (running) return `${running.title} ${percentText(running)}`;
  const last = jobs.at(-1);
  return last && last.state !== "queued" ? `${last.title}: ${last.state}` : "";
}

function jobRow(job: JobInfo, cancel: (id: string) => void): Part {
  const { id, title, state, progress, error } = job;
  const part = progress?.total ? Math.min(1, progress.done / progress.total) : undefined;
  return html`<li class="job" data-state=${state}>
    <div class="job-line"><span class="clip">${title}</span><span class="grow"></span><span class="muted numbers">${state === "queued" ? "waits" : state === "failed" ? "failed" : describeProgress(job)}</span>
      ${state === "failed" ? nothing : html`<button class="icon-button small" title="Cancel" aria-label=${`Cancel ${title}`} @click=${() => cancel(id)}>${icon("close")}</button>`}</div>
    ${state === "running" ? progressBar(part, title) : nothing}
    ${state === "failed" ? html`<p class="fault">${showText(describeError(error), "\n")}</p>` : nothing}
  </li>`;
}

/** A bar; without a known part, one that only says that work goes on. */
export function progressBar(part: number | undefined, label: string): Part {
  const percent = part === undefined ? undefined : Math.round(part * 100);
  return html`<div class="progress" role="progressbar" aria-label=${label} aria-valuemin="0" aria-valuemax="100" aria-valuenow=${percent ?? nothing}><div class=${part === undefined ? "progress-unknown" : "progress-done"} style=${part === undefined ? "" : `width:${percent}%`}></div></div>`;
}

function describeProgress({ progress }: JobInfo): string {
  if (!progress) return "starting";
  const seconds = "secondsLeft" in progress ? progress.secondsLeft : undefined;
  const time = seconds === undefined ? "" : `  ${formatTime(seconds)} left`;
  if (progress.kind === "phase" && !progress.total) return progress.name;
  return `${progress.total ? `${Math.floor((100 * progress.done) / progress.total)} %` : ""}${time}`;
}

function percentText({ progress }: JobInfo): string {
  // In tens, so that a screen reader is not kept talking.
  return progress?.total ? `${Math.floor((10 * progress.done) / progress.total) * 10} %` : "";
}

/** Seconds as "2:10". */
export function formatTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
