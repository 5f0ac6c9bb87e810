// Training, segmenting and models in the menus: the same that the panel "Train & segment" does with buttons, whichever plugin
// stands behind it.

import type { App } from "../app.ts";
import { annotatedBoxes } from "../model/annotations.ts";
import { hasParameter } from "../plugin/bound-command.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";

/** The commands of learning. */
export function learningCommands({ workspace, library, training }: App, actions: Actions): ViewerCommand[] {
  const commandFor = (role: "segment" | "train") => {
    library.plugins.value;
    return library.commandFor(role);
  };
  const model = (): string | undefined => training.model.value ?? training.models.value[0]?.name;
  const hasModel = (): boolean => model() !== undefined;
  const runs = (): boolean => training.run.value?.state === "running";
  const canSegment = (): boolean => {
    const command = commandFor("segment");
    const free = workspace.current.value !== undefined && !training.segmenting.value;
    return command !== undefined && free && (hasModel() || !hasParameter(command, "model"));
  };
  const box = (): unknown => workspace.current.value && annotatedBoxes(workspace.current.value)[0];
  const of = (menu: string, commands: readonly Omit<ViewerCommand, "menu" | "group">[]): ViewerCommand[] =>
    commands.map((command) => ({ ...command, menu, group: menu }));
  const segment = (
    where: "image" | "view" | "box" | "all",
    title: string,
    enabled: () => boolean = () => true,
  ): Omit<ViewerCommand, "menu" | "group"> => ({
    id: `segment-${where}`,
    title,
    enabled: () => canSegment() && enabled(),
    run: () => actions.segment(where),
  });
  return [
    ...of("Plugins > Train & segment", [
      {
        id: "train",
        title: "Train",
        enabled: () => commandFor("train") !== undefined && !runs() && training.annotatedPlanes.value.length > 0,
        run: () => actions.train(),
      },
      {
        id: "train-dataset",
        title: "Train from a dataset…",
        enabled: () => {
          const command = commandFor("train");
          return command !== undefined && hasParameter(command, "dataset") && !runs();
        },
        run: () => actions.trainOnDataset(),
      },
      { id: "train-stop", title: "Stop and keep", enabled: runs, run: () => training.stopAndKeep() },
      {
        id: "train-settings",
        title: "Settings of training…",
        enabled: () => commandFor("train") !== undefined,
        run: () => actions.settings("train"),
      },
      segment("image", "Segment image"),
      segment("view", "Segment view"),
      segment("box", "Segment box", () => box() !== undefined),
      segment("all", "Segment all open images", () => workspace.images.value.length > 1),
      {
        id: "segment-settings",
        title: "Settings of segmenting…",
        enabled: () => commandFor("segment") !== undefined,
        run: () => actions.settings("segment"),
      },
    ]),
    ...of("Plugins > Model", [
      { id: "model-rename", title: "Rename model…", enabled: hasModel, run: () => actions.renameModel(model()!) },
      { id: "model-delete", title: "Delete model…", enabled: hasModel, run: () => actions.deleteModel(model()!) },
    ]),
  ];
}
