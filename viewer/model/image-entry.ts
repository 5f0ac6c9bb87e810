// An open image with everything that is shown and drawn on it. Values that the screen follows are signals.

import { computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals-core";
import type { ImageSource } from "../../core/source/source.ts";
import type { Image } from "../../plugin/contract.ts";
import type { ChannelDisplay } from "../map/channel-display.ts";
import { createId } from "./id.ts";
import type { LabelLayer } from "./label-layer.ts";
import type { Plane } from "./plane.ts";
import type { SlideLayer } from "./slide-layer.ts";

/** Where an image came from: what is needed to find it again after a reload. */
export type Origin =
  | { readonly kind: "bytes"; readonly blob: Blob }
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "large"; readonly bytes: number }
  | { readonly kind: "folder" };

export interface ImageEntry {
  readonly id: string;
  readonly title: Signal<string>;
  readonly source: ImageSource;
  /** What a plugin gets: the file, the address or the pixels. */
  readonly image: Image;
  readonly origin: Origin;
  readonly visible: Signal<boolean>;
  readonly opacity: Signal<number>;
  readonly channels: Signal<readonly ChannelDisplay[]>;
  readonly plane: Signal<Plane>;
  /** Label layers, the topmost first. */
  readonly layers: Signal<readonly LabelLayer[]>;
  /** What the tools and the object table work on: a label layer, or undefined for the image itself. */
  readonly activeLayer: Signal<LabelLayer | undefined>;
  /** Results of slides, the topmost first; above all label layers. */
  readonly slides: Signal<readonly SlideLayer[]>;
  /** The slide's result that panels and clicks are about. Choosing a label layer leaves it. */
  readonly activeSlide: Signal<SlideLayer | undefined>;
  /** Index of the shown plane among all planes of the labels. */
  readonly planeIndex: ReadonlySignal<number>;
}

/** An image just opened, without layers. */
export function createImageEntry(
  { source, image }: { source: ImageSource; image: Image },
  title: string,
  origin: Origin,
  id: string = createId(),
): ImageEntry {
  const activeLayer = signal<LabelLayer | undefined>(undefined);
  const activeSlide = signal<SlideLayer | undefined>(undefined);
  effect(() => {
    if (activeLayer.value) activeSlide.value = undefined;
  });
  const plane = signal<Plane>({ z: source.sizeZ > 1 ? Math.floor(source.sizeZ / 2) : 0, t: 0 });
  return {
    id,
    title: signal(title),
    source,
    image,
    origin,
    visible: signal(true),
    opacity: signal(1),
    channels: signal([]),
    plane,
    layers: signal([]),
    activeLayer,
    slides: signal([]),
    activeSlide,
    planeIndex: computed(() => plane.value.t * source.sizeZ + plane.value.z),
  };
}
