// Results of slides in the viewer's model, without a browser: which ones a new result replaces, when, and how they come back.

import { expect, test } from "vitest";
import { openPixels } from "../../core/source/pixels.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { createImageEntry } from "../../viewer/model/image-entry.ts";
import type { SlideFacts } from "../../viewer/model/slide-layer.ts";
import { createWorkspace } from "../../viewer/model/workspace.ts";
import { createSlideRuns } from "../../viewer/plugin/slide-runs.ts";
import { createFakeFolder } from "../support/fake-folder.ts";

function createDrawing() {
  const workspace = createWorkspace();
  const pixels = { data: new Uint8Array(64), shape: [8, 8] };
  const entry = createImageEntry({ source: openPixels(pixels, "a.tif"), image: pixels }, "a.tif", { kind: "large", bytes: 1 });
  workspace.images.value = [entry];
  const command = { plugin: "p", command: { id: "p.segment" }, check: (values: Parameters) => values } as never;
  const plugin = { manifest: { name: "p" }, api: { exportSlide: async () => {} } };
  const kept: string[] = [];
  const shelf = {
    isThere: true,
    make: async ({ id }: SlideFacts) => createFakeFolder(id).handle,
    keep: async ({ parameters }: SlideFacts, isKept: boolean) => void kept.push(`${parameters["model"]} ${isKept}`),
    remove: async () => {},
  };
  const reader = { open: async () => ({ ...openPixels(pixels, "labels") }) };
  const runs = createSlideRuns({
    workspace,
    host: () => ({}) as never,
    library: () => ({ plugins: { peek: () => [plugin] } }) as never,
    reader: reader as never,
    shelf: shelf as never,
    largestInMemoryPx: 1,
  });
  /** Begins a run; what comes back ends it. */
  const begin = async (model: string, more: Parameters = {}) => {
    const image = { title: "a.tif", image: pixels };
    return (await runs.find({ image, command, parameters: { model, ...more }, job: "1" }))!;
  };
  const shown = (): string[] =>
    entry.slides.value.map(({ facts, visible }) => `${facts.name}: ${facts.parameters["model"]}${visible.value ? "" : ", hidden"}`);
  return { workspace, entry, begin, shown, kept };
}

test("of each model one result of an image is there: the next replaces it once it is done, and it can be brought back", async () => {
  const { workspace, begin, shown, kept } = createDrawing();
  (await begin("cells@1")).end({});
  (await begin("dna")).end({});
  expect(shown()).toEqual(["Slide 2: dna", "Slide: cells@1, hidden"]);
  const second = await begin("cells@2");
  expect(shown(), "the earlier one is there until the new one is").toEqual([
    "Slide: cells@2",
    "Slide 2: dna, hidden",
    "Slide: cells@1, hidden",
  ]);
  second.end({});
  expect(shown()).toEqual(["Slide: cells@2", "Slide 2: dna, hidden"]);
  expect(kept).toEqual(["cells@1 false"]);
  const { text, action } = workspace.status.value!;
  expect(text).toBe('The earlier result "Slide" of a.tif was replaced; until this page is left, it can be brought back.');
  action!.run();
  expect(shown()).toEqual(["Slide: cells@2", "Slide 2: dna, hidden", "Slide: cells@1"]);
  expect(kept).toEqual(["cells@1 false", "cells@1 true"]);
});

test("a run that comes to nothing replaces nothing, and what it hid is seen again", async () => {
  const { begin, shown, kept } = createDrawing();
  (await begin("cells")).end({});
  (await begin("cells")).end(undefined);
  expect(shown()).toEqual(["Slide: cells"]);
  expect(kept).toEqual([]);
});
