// What is done with plugins: training, segmenting, their settings, models.

import type { Box } from "../../core/array/raster.ts";
import { Problem } from "../../core/problem.ts";
import type { App } from "../app.ts";
import { askParameters } from "../dialog/parameter-form.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import { chooseSlide } from "../plugin/slide-runs.ts";
import { firstValues } from "../plugin/training.ts";
import { type Attempt, pickFiles } from "./attempt.ts";
import { checkPlainName } from "./names.ts";

/** Training, segmenting, the settings of both, any command of a plugin, and models. */
export function createLearningActions(
  { workspace, host, dialogs, training, library, slides }: App,
  attempt: Attempt,
  viewBox: () => Box | undefined,
) {
  async function importArchive(file: Blob): Promise<void> {
    const models = library.models();
    if (!models)
      throw new Problem("InvalidData", "A plugin must be installed before a model is imported; there is none.", { reason: "no plugin" });
    const info = await models.import(file);
    await training.refreshModels();
    training.model.value = info.name;
    workspace.status.value = { kind: "info", text: `Imported the model ${info.name}.` };
  }

  return {
    importArchive,
    train: () => attempt(() => training.train()),
    resumeTraining: () => attempt(() => training.resume()),
    trainOnDataset: () =>
      attempt(async () => {
        const [file] = await pickFiles(".zip", false);
        if (file) await training.train(file);
      }),
    segment: (where: "image" | "view" | "box" | "all") =>
      attempt(async () => {
        const box =
          where === "view" ? viewBox() : where === "box" ? workspace.current.value?.trainingLayer.value?.regions.value[0] : undefined;
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
        const { id } = entry.command;
        const values = await askParameters(
          dialogs,
          entry,
          role === "train" ? firstValues(entry, training.values.value[id]) : (training.values.value[id] ?? {}),
          // What the panel itself asks for.
          { yes: "Save", hidden: role === "train" ? ["dataset", "from"] : ["model"] },
        );
        if (values) training.values.value = { ...training.values.value, [id]: values };
      }),
    /** Runs a plugin's command with a dialog made from its schema. */
    runCommand: (id: string) =>
      attempt(async () => {
        const entry = host.commands.find(id);
        const values = await askParameters(dialogs, entry, training.values.value[id] ?? {}, {
          yes: "Run",
          hidden: entry.command.role === "train" ? ["dataset"] : [],
        });
        if (!values) return;
        training.values.value = { ...training.values.value, [id]: values };
        if (entry.command.role === "train") await training.train();
        else if (entry.command.role === "segment") await training.segment("image");
        else {
          const result = await host.run(id, values);
          await training.refreshModels();
          if (result !== undefined && result !== null)
            await dialogs.tell(entry.command.title, typeof result === "string" ? result : JSON.stringify(result, undefined, 2));
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
        await library.models()?.rename(name, wanted.trim());
        if (training.model.value === name) training.model.value = wanted.trim();
        await training.refreshModels();
      }),
    deleteModel: (name: string) =>
      attempt(async () => {
        if (
          !(await dialogs.confirm(`Delete the model ${name}?`, "All its versions are deleted. Export it first to keep it.", "Delete model"))
        )
          return;
        await library.models()?.remove(name);
        await training.refreshModels();
      }),
  };
}
