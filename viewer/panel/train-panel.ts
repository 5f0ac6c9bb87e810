// The panel of three steps: annotate, train, segment. The one button in the accent colour is the next step.

import { agreementIn, describeAgreement } from "../../core/label/agreement.ts";
import { showText } from "../../core/source/plain-text.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { Parameters } from "../../plugin/contract.ts";
import type { App } from "../app.ts";
import type { Actions } from "../command/actions.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import { icon } from "../dom/icon.ts";
import { toolInHand } from "../file/drawing-layer.ts";
import { annotatedBoxes } from "../model/annotations.ts";
import { boxTarget } from "../model/edit-step.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import { coversWhole } from "../model/label-layer.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { backgroundClass, classColors, ignoreClass, prefer } from "../model/workspace.ts";
import { hasParameter } from "../plugin/bound-command.ts";
import { firstSteps, firstValues, forecastSeconds, withLength } from "../plugin/training-length.ts";
import type { TrainingRun } from "../plugin/training-run.ts";
import { type Curves, nameScore } from "./curves.ts";
import { describeStarter } from "./describe-starter.ts";
import { formatTime, progressBar } from "./jobs-panel.ts";
import { describeCorrecting, describeCounts, describeDrawing, describeUndrawn, type Trainable } from "./learning-words.ts";

type Step = "open" | "annotate" | "train" | "segment";

/** The panel; `objectCount` counts the active layer's objects, `trainable` those that a model would learn from. */
export function trainPanel(
  app: App,
  actions: Actions,
  curves: Curves,
  { objectCount, trainable }: { objectCount: number; trainable: Trainable },
): Part {
  const count = trainable.inside + trainable.outside;
  const next = nextStep(app, count);
  return html`${stepAnnotate(app, actions, next, trainable)}${stepTrain(app, actions, curves, next, count)}${stepSegment(app, actions, next, objectCount)}${pluginNotice(app, actions)}`;
}

/** What the next step follows from. */
export interface StepFacts {
  readonly workspace: { readonly current: { readonly value: unknown } };
  readonly training: {
    readonly models: { readonly value: readonly { readonly starter?: boolean }[] };
    readonly run: { readonly value: { readonly state: string } | undefined };
  };
}

/** The step whose button stands out. */
export function nextStep({ workspace, training }: StepFacts, trainable: number): Step {
  if (!workspace.current.value) return "open";
  if (hasOwnModel(training) && training.run.value?.state !== "running") return "segment";
  if (trainable > 0) return "train";
  return training.models.value.length > 0 ? "segment" : "annotate";
}

/** True once a model was trained or imported: those that come with the plugin are there from the beginning. */
function hasOwnModel({ models }: StepFacts["training"]): boolean {
  return models.value.some(({ starter }) => starter !== true);
}

function stepHead(number: number, title: string, done: boolean, settings?: () => unknown): Part {
  return html`<header class="step-head"><span class="step-number" data-done=${done}>${done ? icon("check") : number}</span><h2>${title}</h2>${settings ? html`<button class="icon-button small" aria-label=${`Settings: ${title}`} title="Settings" @click=${settings}>${icon("settings")}</button>` : nothing}</header>`;
}

function stepAnnotate(app: App, actions: Actions, next: Step, { inside, outside, outsideHere, rim, undrawn }: Trainable): Part {
  const { workspace } = app;
  const entry = workspace.current.value;
  const annotatedPlanes = app.training.annotatedPlanes.value;
  const images = new Set(annotatedPlanes.map(({ entry }) => entry)).size;
  const boxes = entry ? annotatedBoxes(entry).length : 0;
  const boxed = boxTarget(workspace)?.layer;
  const isWhole = boxed !== undefined && coversWhole(boxed);
  const trainable = inside + outside;
  return html`<section class="section step" aria-label="Annotate">
    ${stepHead(1, "Annotate", trainable > 0)}
    ${
      trainable === 0
        ? html`<p class="teach">${entry ? describeDrawing(entry) : "Draw 3 to 5 cells, wherever you like. What you leave undrawn is not taken for background."}</p>`
        : html`<p class="hint">${trainable} ${trainable === 1 ? "object" : "objects"} in ${images} ${images === 1 ? "image" : "images"}.</p>`
    }
    ${entry ? html`<p class="hint" data-counts>${describeCounts(entry, rim)}</p>` : nothing}
    ${outsideHere > 0 ? html`<p class="hint">${outsideHere} ${outsideHere === 1 ? "object lies" : "objects lie"} outside the ${boxes === 1 ? "box" : "boxes"}. <button class="quiet inline" title="All that is not drawn in the larger box counts as background" @click=${() => actions.growBox()}>Grow the box</button></p>` : nothing}
    ${undrawn.length > 0 ? html`<p class="hint" role="status" data-undrawn>${describeUndrawn(undrawn.length)} <button class="quiet inline" title="Selects them: accept those that are right (Y)" @click=${() => actions.showUndrawn(undrawn)}>Show</button></p>` : nothing}
    ${
      entry
        ? html`<div class="button-row">
          <button class=${next === "annotate" && toolInHand(workspace) === "select" ? "primary" : ""} title="Takes the brush; what you draw goes into the annotations" @click=${() => actions.startDrawing()}>${icon("brush")}Draw</button>
          <button title="Everything in a box is drawn: what you leave undrawn there is learnt as background" @click=${() => actions.placeBox()}>${icon("box")}${boxes === 0 ? "Place a box" : "Add a box"}</button>
          <button class="quiet" aria-pressed=${isWhole} title="Every cell of the image is drawn: what is undrawn is learnt as background" @click=${() => actions.markWhole()}>All drawn</button>
        </div>
        ${classList(app, actions)}
        <label class="check"><input type="checkbox" .checked=${workspace.preferences.value.preserveLabels} @change=${() => prefer(workspace, { preserveLabels: !workspace.preferences.value.preserveLabels })} />Do not paint over labels</label>`
        : nothing
    }
  </section>`;
}

function classList({ workspace }: App, actions: Actions): Part {
  const current = workspace.currentClass.value;
  const classes = workspace.classes.value;
  const row = (number: number, name: string, color: string): Part => html`<li class=${number === current ? "row active" : "row"}>
    ${number <= 0 ? html`<span class=${number === ignoreClass ? "swatch hatched" : "swatch hatched background"}></span>` : html`<input class="swatch-input" type="color" aria-label=${`Colour of ${name}`} .value=${color} @input=${(event: Event) => actions.recolorClass(number, (event.target as HTMLInputElement).value)} />`}
    <button class="row-name" aria-pressed=${number === current} title=${markTitles.get(number) ?? name} @click=${() => {
      workspace.currentClass.value = number;
    }} @dblclick=${() => number > 0 && actions.renameClass(number)}><span class="clip">${name}</span></button>
    ${number > 0 ? html`<button class="icon-button small hover-only" title="Rename class" aria-label=${`Rename ${name}`} @click=${() => actions.renameClass(number)}>${icon("pencil")}</button>` : nothing}
    ${number > 1 && number === classes.length ? html`<button class="icon-button small hover-only" title="Delete class" aria-label=${`Delete ${name}`} @click=${() => actions.deleteClass()}>${icon("trash")}</button>` : nothing}
    <kbd>${number === ignoreClass ? "I" : number === backgroundClass ? "G" : number}</kbd>
  </li>`;
  return html`<div class="control-head"><span>Class to draw</span>${classes.length < classColors.length ? html`<button class="quiet" @click=${() => actions.addClass()}>Add class</button>` : nothing}</div>
    <ul class="rows" aria-label="Classes">${classes.map(({ name, color }, i) => row(i + 1, name, color))}${row(backgroundClass, "Background", "")}${row(ignoreClass, "Ignore", "")}</ul>`;
}

const markTitles = new Map([
  [backgroundClass, "What you paint with it is learnt as background"],
  [ignoreClass, "What you paint with it counts for nothing"],
]);

function stepTrain(app: App, actions: Actions, curves: Curves, next: Step, trainable: number): Part {
  const { training, library } = app;
  library.plugins.value;
  const command = library.commandFor("train");
  const run = training.run.value;
  if (run) curves.update(run);
  return html`<section class="section step" aria-label="Train">
    ${stepHead(2, "Train", hasOwnModel(training), command && (() => actions.settings("train")))}
    ${run ? runView(app, run, curves) : nothing}
    ${run?.state !== "running" && command ? html`${interruptedTraining(app, actions, command)}${trainChoices(app, command)}` : nothing}
    ${
      run?.state === "running"
        ? nothing
        : html`<div class="button-row"><button class=${next === "train" ? "primary" : ""} data-action="train" ?disabled=${!command || trainable === 0} @click=${() => actions.train()}>Train</button>${command && hasParameter(command, "dataset") ? html`<button class="quiet" @click=${() => actions.trainOnDataset()}>From dataset…</button>` : nothing}</div>
          ${trainable === 0 && !run ? html`<p class="hint">Needs at least one annotated object.</p>` : nothing}`
    }
  </section>`;
}

// The page was closed or reloaded while a model was learning.
function interruptedTraining({ training }: App, actions: Actions, command: RegisteredCommand): Part {
  const before = training.interrupted.value;
  if (!before) return nothing;
  const how = hasParameter(command, "resume") ? "What it had learnt is stored: it can go on" : "It can begin again";
  return html`<p class="hint" role="status">A model was learning when this page was left. ${how}, with the same annotations.</p>
    <div class="button-row"><button data-action="resume" @click=${() => actions.resumeTraining()}>Go on with it</button><button class="quiet" @click=${() => {
      training.interrupted.value = undefined;
    }}>Forget it</button></div>`;
}

// What is asked most often stands in the panel; the rest is in the settings.
function trainChoices({ training }: App, command: RegisteredCommand): Part {
  const { id } = command.command;
  const values = training.values.value[id] ?? {};
  const set = (length: Parameters): void => {
    training.values.value = { ...training.values.value, [id]: length };
  };
  const chosen = training.models.value.find(({ name }) => name === training.model.value) ?? training.models.value[0];
  const name = chosen?.starter === true ? undefined : chosen?.name;
  return html`${hasParameter(command, "minutes") ? trainLength(firstValues(command, values), training.run.value, set) : nothing}${
    name !== undefined && hasParameter(command, "from")
      ? html`<label class="check"><input type="checkbox" .checked=${training.goOn.value} @change=${() => {
          training.goOn.value = !training.goOn.value;
        }} />Go on from ${name}</label>`
      : nothing
  }`;
}

/** Steps or minutes, and about how long steps take. */
function trainLength(values: Parameters, run: TrainingRun | undefined, set: (values: Parameters) => void): Part {
  const minutes = Number(values["minutes"] ?? 0);
  const steps = values["steps"] ?? "auto";
  const isBySteps = minutes === 0;
  const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].filter((one) => one > 0).sort((a, b) => a - b);
  const change = (event: Event): void => {
    const [kind, text] = (event.target as HTMLSelectElement).value.split(" ");
    const number = text === "auto" ? "auto" : Number(text);
    set(withLength(values, kind === "minutes" ? { minutes: Number(text) } : { steps: number }));
  };
  const seconds = isBySteps ? forecastSeconds(run, steps) : undefined;
  return html`<label class="slider wide"><span>Length</span><select aria-label="Length of the training" title="Steps take longer on a busy machine, and teach as much" @change=${change}>
      ${sorted([firstSteps, 300, 1000, isBySteps ? Number(steps) : 0]).map((one) => html`<option value=${`steps ${one}`} ?selected=${isBySteps && one === steps}>${one} steps</option>`)}
      <option value="steps auto" ?selected=${isBySteps && steps === "auto"}>As many steps as the preset has</option>
      ${sorted([0.5, 1, 3, 10, 30, minutes]).map((one) => html`<option value=${`minutes ${one}`} ?selected=${one === minutes}>${one < 1 ? `${one * 60} seconds` : `${one} ${one === 1 ? "minute" : "minutes"}`}</option>`)}
    </select></label>
    ${seconds === undefined ? nothing : html`<p class="hint" data-forecast>About ${formatTime(seconds)}, as fast as the last training.</p>`}`;
}

function runView(app: App, run: TrainingRun, curves: Curves): Part {
  const { progress } = run;
  const preview = app.workspace.preview.value;
  const part = progress?.total ? progress.done / progress.total : undefined;
  const left = progress && "secondsLeft" in progress ? progress.secondsLeft : undefined;
  const score = nameScore(run);
  const best = run.validations.findLast((validation) => validation.best)?.scores[score ?? ""];
  const what =
    progress?.kind === "step"
      ? `step ${progress.done} of ${progress.total}`
      : progress?.kind === "phase"
        ? progress.name
        : progress?.kind === "validation"
          ? "validating"
          : "";
  return html`
    ${run.state === "running" ? html`<div class="job-line numbers"><span>${what || "starting"}</span><span class="grow"></span><span class="muted">${left === undefined ? "" : `${formatTime(left)} left`}</span></div>${progressBar(part, "Training")}<div class="button-row"><button @click=${() => app.training.stopAndKeep()} title="Ends the training and keeps the best model so far">Stop and keep</button><button @click=${() => app.training.cancel()}>Cancel</button></div>` : nothing}
    ${run.losses.length > 1 ? curves.element : nothing}
    ${run.state === "running" && preview ? html`<figure class="preview"><figcaption class="muted small-text">Prediction now, as on the image</figcaption>${preview.canvas}</figure>` : nothing}
    ${run.notice && run.state !== "done" ? html`<p class="hint">${showText(run.notice, "\n")}</p>` : nothing}
    ${run.state === "done" && run.result ? html`<p class="hint">Trained ${run.result.model} in ${formatTime(run.secondsRun)}${best === undefined ? "" : `, best ${score?.toUpperCase()} ${best.toFixed(2)}`}.</p>${agreementOf(run)}` : nothing}
    ${run.state === "cancelled" ? html`<p class="hint">Cancelled. Your annotations are as they were.</p>` : nothing}
    ${run.state === "failed" ? html`<p class="fault" role="alert">${showText(run.reason ?? "", "\n")}</p>` : nothing}`;
}

/** How the objects that were kept aside agree with what is found, where some were. */
function agreementOf({ result }: TrainingRun): Part {
  const counts = agreementIn(result?.scores ?? {});
  if (counts === undefined) return nothing;
  const title =
    "Missed: drawn, not found. Extra: found, not drawn. Merged: one found for several drawn. Split: several found for one drawn.";
  return html`<p class="hint" data-agreement title=${title}>Of the objects kept aside: ${describeAgreement(counts)}.</p>`;
}

function stepSegment(app: App, actions: Actions, next: Step, objectCount: number): Part {
  const { training, library, workspace } = app;
  library.plugins.value;
  const command = library.commandFor("segment");
  const entry = workspace.current.value;
  const busy = training.segmenting.value;
  const models = training.models.value;
  const chosen = models.find(({ name }) => name === training.model.value) ?? models[0];
  const ready = command !== undefined && entry !== undefined && !busy && (models.length > 0 || !hasParameter(command, "model"));
  const layer = entry?.activeLayer.value;
  const slide = entry?.activeSlide.value;
  const isResult = entry !== undefined && layer !== undefined && layer.kind !== "annotation";
  return html`<section class="section step" aria-label="Segment">
    ${stepHead(3, "Segment", slide?.state.value === "done" || (isResult && objectCount > 0), command && (() => actions.settings("segment")))}
    ${
      models.length > 0
        ? html`<label class="slider wide"><span>Model</span><select aria-label="Model" @change=${(event: Event) => {
            training.model.value = (event.target as HTMLSelectElement).value;
          }}>${models.map(({ name, version }) => html`<option value=${name} ?selected=${name === training.model.value}>${name} v${version}</option>`)}</select></label>${
            chosen?.starter === true ? html`<p class="hint" data-starter>${describeStarter(chosen)}</p>` : nothing
          }`
        : nothing
    }
    <div class="button-row">
      <button class=${next === "segment" ? "primary" : ""} data-action="segment" ?disabled=${!ready} @click=${() => actions.segment("image")}>Segment image</button>
      <button class="quiet" ?disabled=${!ready} @click=${() => actions.segment("view")} title="Only what is in sight">View</button>
      <button class="quiet" ?disabled=${!ready || !entry || annotatedBoxes(entry).length === 0} @click=${() => actions.segment("box")} title="Only the annotated box">Box</button>
      <button class="quiet" ?disabled=${!ready || workspace.images.value.length < 2} @click=${() => actions.segment("all")} title="All open images">All</button>
    </div>
    ${models.length === 0 ? html`<p class="hint">${training.modelsKnown.value ? "Train a model first, or import one." : "Looking for models…"}</p>` : nothing}
    ${entry ? slideResults(app, actions, entry) : nothing}
    ${isResult && objectCount === 0 && !busy ? html`<p class="hint" data-nothing>${layer.nothing.value.get(entry.planeIndex.value) ?? `No objects in "${layer.name.value}" here.`}</p>` : nothing}
    ${
      isResult && objectCount > 0
        ? html`<p class="hint">${objectCount} ${objectCount === 1 ? "object" : "objects"} in "${layer.name.value}". ${layer.kind === "labels" ? describeCorrecting(entry) : nothing}</p>
          <div class="button-row"><button @click=${() => actions.showObjects()}>${icon("table")}Objects</button><button @click=${() => actions.exportDialog()}>${icon("download")}Export…</button>${
            layer.kind === "labels"
              ? html`<button title=${`Copies ${layer.selected.value.length > 0 ? "the selected objects" : "all objects"} into the annotations; what was drawn there stays`} @click=${() => actions.acceptObjects()}>${layer.selected.value.length > 0 ? "Accept selected" : "Accept all"}</button><button ?disabled=${layer.selected.value.length === 0} title="Removes the selected objects; where nothing is drawn their place is learnt as background (N)" @click=${() => actions.rejectObjects()}>Reject selected</button>`
              : nothing
          }</div>`
        : nothing
    }
  </section>`;
}

// Runs that can be gone on with are offered whatever is chosen; else what is said is of the slide that is.
function slideResults({ training }: App, actions: Actions, entry: ImageEntry): Part {
  const chosen = entry.activeSlide.value;
  const left = entry.slides.value.filter(({ state }) => state.value === "unfinished");
  const parts = (slide: SlideLayer): string => `${slide.blocks.value.done} of ${slide.blocks.value.total} blocks`;
  const objects = chosen?.table.value;
  return html`
    ${left.map(
      (slide) => html`<p class="hint" role="status">"${slide.facts.name}" is segmented in part: ${parts(slide)}. What is done is kept.</p>
      <div class="button-row"><button data-action="go-on" ?disabled=${training.segmenting.value} @click=${() => actions.resumeSlide(entry, slide)}>Go on with it</button><button class="quiet" @click=${() => actions.deleteSlide(entry, slide)}>Delete it</button></div>`,
    )}
    ${
      chosen?.state.value === "running"
        ? html`<p class="hint">Too large for the memory: "${chosen.facts.name}" is made block by block in this browser's storage, ${parts(chosen)}. It goes on after a reload.</p>`
        : nothing
    }
    ${
      objects
        ? html`<p class="hint">${objects.count.toLocaleString("en")} ${objects.count === 1 ? "object" : "objects"} in "${chosen.facts.name}".</p>
          <div class="button-row"><button @click=${() => actions.showObjects()}>${icon("table")}Objects</button><button @click=${() => actions.exportDialog()}>${icon("download")}Export…</button></div>`
        : nothing
    }`;
}

function pluginNotice({ library }: App, actions: Actions): Part {
  const plugins = library.plugins.value;
  const failed = plugins.filter(({ state }) => state === "failed");
  if (plugins.some(({ state }) => state === "loading"))
    return html`<section class="section"><p class="hint" role="status">Starting ${plugins.find(({ state }) => state === "loading")?.manifest?.display_name ?? "the plugin"}…</p></section>`;
  if (failed.length === 0 && plugins.length > 0) return nothing;
  return html`<section class="section">
    ${failed.map(({ manifest, reason }) => html`<p class="fault" role="alert">${manifest ? `${manifest.display_name}: ` : ""}${showText(reason ?? "", "\n")}</p>`)}
    ${plugins.length === 0 ? html`<p class="hint">No plugin is installed: drawing and viewing work, training and segmenting do not.</p>` : nothing}
    <div class="button-row"><button @click=${() => actions.managePlugins()}>${icon("puzzle")}Manage plugins…</button></div>
  </section>`;
}
