// The menu File: opening, saving, exporting, closing.

import type { App } from "../app.ts";
import { layerExports } from "../file/export.ts";
import { slideExports } from "../file/export-slide.ts";
import type { SlideLayer } from "../model/slide-layer.ts";
import type { Actions } from "./actions.ts";
import type { ViewerCommand } from "./command.ts";

/** The commands of files. */
export function fileCommands({ workspace, autosave, training }: App, actions: Actions): ViewerCommand[] {
  const open = (): boolean => workspace.current.value !== undefined;
  const drawn = (): boolean => (workspace.current.value?.layers.value.length ?? 0) > 0;
  const slide = (): SlideLayer | undefined => workspace.current.value?.activeSlide.value;
  return [
    { id: "open", title: "Open…", menu: "File", group: "open", keys: ["Ctrl+O"], run: () => actions.openFiles() },
    { id: "open-folder", title: "Open folder (OME-Zarr)…", menu: "File", group: "open", run: () => actions.pickFolder() },
    { id: "open-url", title: "Open address…", menu: "File", group: "open", run: () => actions.openAddress() },
    { id: "open-sample", title: "Try the sample", menu: "File", group: "open", run: () => actions.openSample() },
    { id: "import-model", title: "Import model…", menu: "File", group: "open", run: () => actions.importModel() },
    { id: "save", title: "Save now", menu: "File", group: "save", keys: ["Ctrl+S"], enabled: open, run: () => autosave.save() },
    ...layerExports.map(({ kind, title }) => ({
      id: `export-${kind}`,
      title,
      menu: "File > Export",
      group: "export",
      listed: () => slide() === undefined,
      enabled: drawn,
      run: () => actions.exportTo(kind),
    })),
    ...slideExports.map(({ id, title }) => ({
      id: `export-${id}`,
      title,
      menu: "File > Export",
      group: "export",
      listed: () => slide() !== undefined,
      enabled: () => slide()?.state.value === "done",
      run: () => actions.exportTo(id),
    })),
    {
      id: "export-picture",
      title: "Picture as shown, PNG",
      menu: "File > Export",
      group: "export",
      enabled: open,
      run: () => actions.exportTo("picture"),
    },
    {
      id: "export-dataset",
      title: "Dataset, zip",
      menu: "File > Export",
      group: "export",
      enabled: () => training.annotatedPlanes.value.length > 0,
      run: () => actions.exportTo("dataset"),
    },
    {
      id: "export-model",
      title: "Model, bioimage.io archive",
      menu: "File > Export",
      group: "export",
      enabled: () => training.models.value.length > 0,
      run: () => actions.exportTo("model"),
    },
    {
      id: "close",
      title: "Close image",
      menu: "File",
      group: "close",
      enabled: open,
      run: () => actions.closeImage(workspace.current.value),
    },
  ];
}
