// What is done with plugins: training, segmenting, their settings, models.

import type { Box } from "../../core/array/raster.ts";
import { Problem } from "../../core/problem.ts";
import { describeBytes, download, largestArchiveBytes } from "../../core/source/download.ts";
import { showText } from "../../core/source/plain-text.ts";
import type { Parameters } from "../../plugin/contract.ts";
import type { App } from "../app.ts";
import { askDataset } from "../dialog/dataset-dialog.ts";
import { askParameters } from "../dialog/parameter-form.ts";
import { download as saveFile } from "../file/export.ts";
import { annotatedBoxes } from "../model/annotations.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { chooseSlide } from "../plugin/slide-runs.ts";
import { settleLength } from "../plugin/training-length.ts";
import { type Attempt, pickFiles } from "./attempt.ts";
import { checkPlainName } from "./names.ts";
import { plainTitle } from "./plain-title.ts";

/** Training, segmenting, the settings of both, any command of a plugin, and models. */
export function createLearningActions(
  { workspace, host, dialogs, training, library, slides }: App,
  attempt: Attempt,
  viewBox: () => Box | undefined,
) {
  async function importArchive(file: Blob | URL): Promise<void> {
    await library.settled();
    const models = library.models();
    if (!models)
      throw new Problem("InvalidData", "A plugin must be installed before a model is imported; there is none.", { reason: "no plugin" });
    const info = await models.import(file instanceof URL ? await fetchArchive(file) : file);
    await training.refreshModels();
    training.model.value = info.name;
    workspace.status.value = { kind: "info", text: `Imported the model ${info.name}.` };
  }

  /** The archive at an address: a job, with its progress and a way to cancel it. */
  async function fetchArchive(address: URL): Promise<Blob> {
    const { promise } = host.jobs.add({
      title: `Downloading ${address.pathname.split("/").at(-1) || address.host}`,
      run: ({ signal, job, onProgress }) =>
        download(address, {
          ...{ what: "a model", most: largestArchiveBytes, signal },
          onBytes: (done, total) => onProgress({ kind: "phase", name: describeBytes(done, total), done, ...(total && { total }), job }),
        }),
    });
    return new Blob([(await promise) as Uint8Array<ArrayBuffer>]);
  }

  function keep(id: string, values: Parameters): void {
    training.values.value = { ...training.values.value, [id]: values };
  }

  /** References to all versions of a model, the oldest first. */
  async function versionsOf(name: string): Promise<string[]> {
    const models = (await library.models()?.list()) ?? [];
    const versions = models.filter((model) => model.name === name).map(({ version }) => version);
    return versions.sort((a, b) => a - b).map((version) => `${name}@${version}`);
  }

  /** Trains on a dataset that was opened, where that is wanted. */
  async function offerDataset(dataset: Blob, name: string): Promise<void> {
    const text = `${showText(name)} holds images with drawings. A model can be trained on them.`;
    if (await dialogs.confirm("Train on this dataset?", text, "Train")) await training.train(dataset);
  }

  return {
    importArchive,
    offerDataset,
    train: () => attempt(() => training.train()),
    resumeTraining: () => attempt(() => training.resume()),
    trainOnDataset: () =>
      attempt(async () => {
        const dataset = await askDataset(dialogs);
        if (dataset) await training.train(dataset);
      }),
    segment: (where: "image" | "view" | "box" | "all") =>
      attempt(async () => {
        const entry = workspace.current.value;
        const box = where === "view" ? viewBox() : where === "box" && entry ? annotatedBoxes(entry)[0] : undefined;
        if ((where === "view" || where === "box") && !box) return;
        await training.segment(box ?? (where === "all" ? "all" : "image"));
      }),
    resumeSlide: (entry: ImageEntry, slide: SlideLayer) =>
      attempt(async () => {
        chooseSlide(entry, slide);
        await slides.resume(entry, slide);
      }),
    deleteSlide: (entry: ImageEntry, slide: SlideLayer) =>
      attempt(async () => {
        const text = "It is removed from this browser's storage. Export it first to keep it.";
        if (await dialogs.confirm(`Delete ${slide.facts.name}?`, text, "Delete result")) await slides.remove(entry, slide);
      }),
    settings: (role: "segment" | "train") =>
      attempt(async () => {
        const entry = library.commandFor(role);
        if (!entry) return;
        const before = ownValues(role, training.propose(entry));
        const values = await askParameters(dialogs, entry, before, { yes: "Save", hidden: askedByPanel[role] });
        if (values) keep(entry.command.id, settleLength(before, values));
      }),
    /** Runs a plugin's command with a dialog made from its schema. What the dialog says goes before what the panel says. */
    runCommand: (id: string) =>
      attempt(async () => {
        const entry = host.commands.find(id);
        const { role } = entry.command;
        const last = role ? training.propose(entry) : (training.values.value[id] ?? {});
        const given = await askParameters(dialogs, entry, last, { yes: "Run", hidden: role === "train" ? ["dataset"] : [] });
        if (!given) return;
        const values = role === "train" ? settleLength(last, given) : given;
        keep(id, role ? ownValues(role, values) : values);
        if (role === "train") await training.train(undefined, values);
        else if (role === "segment") await training.segment("image", values);
        else {
          const result = await host.run(id, values);
          await training.refreshModels();
          if (result instanceof Blob) saveFile(result, fileNameOf(values, result));
          else if (result !== undefined && result !== null)
            await dialogs.tell(
              plainTitle(entry.command),
              typeof result === "string" ? result : showText(JSON.stringify(result, undefined, 2), "\n"),
            );
        }
      }),
    importModel: () =>
      attempt(async () => {
        const [file] = await pickFiles(".zip", false);
        if (file) await importArchive(file);
      }),
    renameModel: (name: string) =>
      attempt(async () => {
        const wanted = await dialogs.prompt("Rename model", "Name", name, (value) => checkPlainName(value));
        if (wanted === undefined || wanted === name) return;
        for (const version of await versionsOf(name)) await library.models()?.rename(version, wanted.trim());
        if (training.model.value === name) training.model.value = wanted.trim();
        await training.refreshModels();
      }),
    deleteModel: (name: string) =>
      attempt(async () => {
        const versions = await versionsOf(name);
        const what = versions.length > 1 ? `All ${versions.length} versions are deleted.` : "It is deleted from this browser.";
        if (!(await dialogs.confirm(`Delete the model ${name}?`, `${what} Export it first to keep it.`, "Delete model"))) return;
        for (const version of versions) await library.models()?.remove(version);
        await training.refreshModels();
      }),
  };
}

// What the panel itself asks for: never kept among a command's values.
const askedByPanel = { train: ["dataset", "from"], segment: ["model"] } as const satisfies Record<string, readonly string[]>;

function ownValues(role: keyof typeof askedByPanel, values: Parameters): Parameters {
  const asked: readonly string[] = askedByPanel[role];
  return Object.fromEntries(Object.entries(values).filter(([name]) => !asked.includes(name)));
}

/** The name for a file that a command made: of the model where it is one. */
function fileNameOf({ model }: Parameters, { type }: Blob): string {
  const name = typeof model === "string" && model !== "" ? model.replaceAll(" ", "_") : "result";
  return type === "application/zip" ? `${name}.zip` : name;
}
