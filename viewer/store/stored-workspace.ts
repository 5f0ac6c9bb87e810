// What of the viewer is kept over a reload, as plain data. Pixels and label tiles lie beside it, a file each.

import type { Box } from "../../core/array/raster.ts";
import type { ChannelDisplay } from "../map/channel-display.ts";
import type { ImageEntry, Origin } from "../model/image-entry.ts";
import { type LabelKind, type LabelLayer, wholeRegion } from "../model/label-layer.ts";
import type { MacroState } from "../model/macro-state.ts";
import type { Plane } from "../model/plane.ts";
import type { ClassInfo, Preferences, Workspace } from "../model/workspace.ts";
import type { Library } from "../plugin/library.ts";
import type { BegunTraining, Training } from "../plugin/training.ts";

export interface StoredLayer {
  readonly id: string;
  readonly name: string;
  readonly kind: LabelKind;
  readonly visible: boolean;
  readonly opacity: number;
  readonly outlinesOnly: boolean;
  readonly classOf: readonly (readonly [number, number])[];
  readonly regions: readonly Box[];
  /** True since only what is drawn counts where there is no box; in what earlier versions stored, the whole image did. */
  readonly countsDrawn?: boolean;
  readonly madeBy?: string | undefined;
}

export interface StoredImage {
  readonly id: string;
  readonly title: string;
  readonly width: number;
  readonly height: number;
  readonly origin: { readonly kind: Origin["kind"]; readonly url?: string };
  readonly plane: Plane;
  readonly channels: readonly ChannelDisplay[];
  readonly layers: readonly StoredLayer[];
  readonly active?: string | undefined;
}

export interface StoredWorkspace {
  readonly version: 1;
  readonly images: readonly StoredImage[];
  readonly current?: string | undefined;
  readonly classes: readonly ClassInfo[];
  readonly preferences: Preferences;
  readonly values: Training["values"]["value"];
  readonly model?: string | undefined;
  /** The training that was under way. */
  readonly begun?: BegunTraining | undefined;
  /** Addresses of the plugins that were installed by hand. */
  readonly plugins?: readonly string[];
  readonly macro?: { readonly source: string; readonly recorded: string };
}

/** The parts of the viewer that are kept. */
export interface Kept {
  readonly workspace: Workspace;
  readonly training: Training;
  readonly library: Library;
  readonly macro: MacroState;
}

/** Reads every signal that is stored, so that an effect around it follows them all. `missing`: images that wait to be opened again. */
export function describeWorkspace({ workspace, training, library, macro }: Kept, missing: readonly StoredImage[]): StoredWorkspace {
  return {
    version: 1,
    images: [...workspace.images.value.map(describeImage), ...missing],
    current: workspace.current.value?.id,
    classes: workspace.classes.value,
    preferences: workspace.preferences.value,
    values: training.values.value,
    model: training.model.value,
    begun: training.begun.value ?? training.interrupted.value,
    plugins: library.plugins.value.filter(({ byHand }) => byHand).map(({ url }) => url),
    macro: { source: macro.source.value, recorded: macro.recorded.value },
  };
}

function describeImage(entry: ImageEntry): StoredImage {
  const { origin, source } = entry;
  return {
    id: entry.id,
    title: entry.title.value,
    width: source.width,
    height: source.height,
    origin: { kind: origin.kind, ...(origin.kind === "url" && { url: origin.url }) },
    plane: entry.plane.value,
    channels: entry.channels.value,
    layers: entry.layers.value.map(describeLayer),
    active: entry.activeLayer.value?.id,
  };
}

function describeLayer(layer: LabelLayer): StoredLayer {
  layer.version.value;
  return {
    id: layer.id,
    name: layer.name.value,
    kind: layer.kind,
    visible: layer.visible.value,
    opacity: layer.opacity.value,
    outlinesOnly: layer.outlinesOnly.value,
    classOf: [...layer.classOf.value],
    regions: layer.regions.value,
    countsDrawn: true,
    madeBy: layer.madeBy.value,
  };
}

/** The boxes of a stored layer. Without one, the whole image once counted: that is a box over the whole image now. */
export function regionsOf({ kind, regions, countsDrawn }: StoredLayer, layer: LabelLayer): readonly Box[] {
  const hadWhole = kind === "annotation" && countsDrawn !== true && regions.length === 0;
  return hadWhole ? [wholeRegion(layer)] : regions;
}
