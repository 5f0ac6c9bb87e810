// Results of slides do not pile up: of each model, image and plane the last one is shown. It takes the place of those whose pixels it
// covers, which can be brought back until the page is left; results of other models and of other parts stay.

import { batch } from "@preact/signals-core";
import type { Box } from "../../core/array/raster.ts";
import type { ImageEntry } from "../model/image-entry.ts";
import type { SlideFacts, SlideLayer } from "../model/slide-layer.ts";
import type { Notice, Workspace } from "../model/workspace.ts";
import type { SlideShelf } from "../store/slide-shelf.ts";

/** The layers whose place a result takes, once it is there. */
function findReplaced({ slides }: Pick<ImageEntry, "slides">, facts: SlideFacts): readonly SlideLayer[] {
  return slides.peek().filter(({ facts: older }) => older.id !== facts.id && isSameQuestion(older, facts) && covers(facts, older));
}

function isSameQuestion(a: SlideFacts, b: SlideFacts): boolean {
  return a.command === b.command && a.plane === b.plane && modelOf(a) === modelOf(b);
}

/** The name of a model without its version. */
function modelOf({ parameters }: SlideFacts): string {
  return String(parameters["model"] ?? "").replace(/@\d+$/, "");
}

function covers(a: SlideFacts, b: SlideFacts): boolean {
  const [outer, inner] = [boxOf(a), boxOf(b)];
  return outer.y0 <= inner.y0 && outer.x0 <= inner.x0 && outer.y1 >= inner.y1 && outer.x1 >= inner.x1;
}

function boxOf({ region, width, height }: SlideFacts): Box {
  return region ?? { y0: 0, x0: 0, y1: height, x1: width };
}

/** The name of a new result: that of the one whose place it will take, else "Slide", "Slide 2", ... */
export function nameSlide(entry: Pick<ImageEntry, "slides">, facts: SlideFacts): string {
  const [replaced] = findReplaced(entry, facts);
  if (replaced) return replaced.facts.name;
  const names = entry.slides.peek().map((layer) => layer.facts.name);
  let n = 1;
  while (names.includes(n === 1 ? "Slide" : `Slide ${n}`)) n++;
  return n === 1 ? "Slide" : `Slide ${n}`;
}

/** Hides the other results while a new one grows: none of them may be taken for it. Returns what shows them again. */
export function hideOthers({ slides }: Pick<ImageEntry, "slides">, layer: SlideLayer): () => void {
  const shown = slides.peek().filter((other) => other !== layer && other.visible.peek());
  const show = (visible: boolean): void =>
    batch(() => {
      for (const other of shown) other.visible.value = visible;
    });
  show(false);
  return () => show(true);
}

interface ReplacerParts {
  readonly workspace: Pick<Workspace, "status">;
  readonly shelf: Pick<SlideShelf, "keep">;
  readonly choose: (entry: ImageEntry, layer: SlideLayer) => void;
  readonly isAtWork: (layer: SlideLayer) => boolean;
  readonly onProblem: (error: unknown) => void;
}

/** Takes results away and brings them back. The files of what was replaced go when the page is opened again. */
export function createReplacer({ workspace: { status }, shelf, choose, isAtWork, onProblem }: ReplacerParts) {
  const replacedBy = new WeakMap<ImageEntry, readonly SlideLayer[]>();
  const replacedOf = (entry: ImageEntry): readonly SlideLayer[] => replacedBy.get(entry) ?? [];
  const keep = (layers: readonly SlideLayer[], isKept: boolean): void => {
    for (const { facts } of layers) shelf.keep(facts, isKept).catch(onProblem);
  };

  function bringBack(entry: ImageEntry, layers: readonly SlideLayer[]): void {
    batch(() => {
      status.value = undefined;
      for (const layer of layers) layer.visible.value = true;
      entry.slides.value = [...entry.slides.peek(), ...layers];
      choose(entry, layers[0]!);
    });
    replacedBy.set(
      entry,
      replacedOf(entry).filter((one) => !layers.includes(one)),
    );
    keep(layers, true);
  }

  return {
    replacedOf,
    /** Hides the results that this one replaces, and says so. */
    replace(entry: ImageEntry, layer: SlideLayer): void {
      const layers = findReplaced(entry, layer.facts).filter((other) => !isAtWork(other));
      if (layers.length === 0) return;
      entry.slides.value = entry.slides.peek().filter((other) => !layers.includes(other));
      replacedBy.set(entry, [...replacedOf(entry), ...layers]);
      keep(layers, false);
      status.value = describeReplaced(layers, layer.facts, () => bringBack(entry, layers));
    },
  };
}

/** What is said of results that were replaced, with the way back. */
function describeReplaced(layers: readonly SlideLayer[], { title }: SlideFacts, bringBack: () => void): Notice {
  const [first] = layers;
  const which = layers.length === 1 ? `The earlier result "${first!.facts.name}"` : `${layers.length} earlier results`;
  const text = `${which} of ${title} ${layers.length === 1 ? "was" : "were"} replaced; until this page is left, ${layers.length === 1 ? "it" : "they"} can be brought back.`;
  return { kind: "info", text, stays: true, action: { title: "Bring back", run: bringBack } };
}
