// Layers, classes and annotated boxes in the menus: what panels do with buttons, for those who look there or have no mouse.

import type { App } from "../app.ts";
import { boxTarget } from "../model/edit-step.ts";
import { coversWhole } from "../model/label-layer.ts";
import { classColors } from "../model/workspace.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";

/** The commands of the layer, class and box that are chosen. */
export function layerCommands({ workspace }: App, actions: Actions): ViewerCommand[] {
  const { classes, currentClass } = workspace;
  const entry = () => workspace.current.value;
  const layer = () => workspace.activeLayer.value;
  const boxes = () => boxTarget(workspace)?.layer;
  const regions = () => boxes()?.regions.value ?? [];
  const withLayer = (act: (one: NonNullable<ReturnType<typeof layer>>) => unknown) => () => {
    const one = layer();
    if (one) act(one);
  };
  const hasLayer = (): boolean => layer() !== undefined;
  const places = (): readonly unknown[] => entry()?.layers.value ?? [];
  const of = (menu: string, commands: readonly Omit<ViewerCommand, "menu" | "group">[]): ViewerCommand[] =>
    commands.map((command) => ({ ...command, menu, group: menu }));
  return [
    ...of("Edit > Class", [
      { id: "class-add", title: "Add class…", enabled: () => classes.value.length < classColors.length, run: () => actions.addClass() },
      {
        id: "class-rename",
        title: "Rename class…",
        enabled: () => currentClass.value > 0,
        run: () => actions.renameClass(currentClass.value),
      },
      { id: "class-delete", title: "Delete last class", enabled: () => classes.value.length > 1, run: () => actions.deleteClass() },
    ]),
    ...of("Edit > Annotated box", [
      { id: "box-place", title: "Place a box", enabled: () => entry() !== undefined, run: () => actions.placeBox() },
      {
        id: "box-whole",
        title: "The whole image is drawn",
        enabled: () => entry() !== undefined,
        checked: () => {
          const one = boxes();
          return one !== undefined && coversWhole(one);
        },
        run: () => actions.markWhole(),
      },
      { id: "box-grow", title: "Grow the box over all objects", enabled: () => regions().length > 0, run: () => actions.growBox() },
      {
        id: "box-remove",
        title: "Remove last box",
        enabled: () => regions().length > 0,
        run: () => {
          const one = boxes();
          if (one) actions.removeRegion(one, regions().length - 1);
        },
      },
    ]),
    ...of("View > Layer", [
      {
        id: "layer-add",
        title: "New label layer",
        enabled: () => entry() !== undefined,
        run: () => {
          const image = entry();
          if (image) actions.addLayer(image);
        },
      },
      { id: "layer-rename", title: "Rename layer…", enabled: hasLayer, run: withLayer((one) => actions.renameLayer(one)) },
      {
        id: "layer-up",
        title: "Move layer up",
        enabled: () => hasLayer() && places()[0] !== layer(),
        run: withLayer((one) => actions.moveLayer(entry()!, one, -1)),
      },
      {
        id: "layer-down",
        title: "Move layer down",
        enabled: () => hasLayer() && places().at(-1) !== layer(),
        run: withLayer((one) => actions.moveLayer(entry()!, one, 1)),
      },
      {
        id: "layer-keep",
        title: "Keep this result",
        enabled: () => layer()?.madeBy.value !== undefined,
        run: withLayer((one) => actions.keepResult(one)),
      },
      { id: "layer-delete", title: "Delete layer", enabled: hasLayer, run: withLayer((one) => actions.deleteLayer(entry()!, one)) },
    ]),
  ];
}
