import { signal } from "@preact/signals-core";
import { describe, expect, it } from "vitest";
import { openPixels } from "../../core/source/pixels.ts";
import type { ModelInfo } from "../../plugin/contract.ts";
import { createImageEntry, type ImageEntry } from "../../viewer/model/image-entry.ts";
import { createWorkspace } from "../../viewer/model/workspace.ts";
import { createAskFirst } from "../../viewer/plugin/ask-first.ts";
import type { Library } from "../../viewer/plugin/library.ts";
import { createSegmenting } from "../../viewer/plugin/segmenting.ts";

const model = (name: string, version: number, more: Partial<ModelInfo> = {}): ModelInfo => ({
  ...{ name, version, description: "", created: "2026-12-01", bytes: 1, channels: 1, classes: ["background", "cell"], learntFrom: [] },
  ...more,
});
const library = {
  models: () => ({ list: async () => [model("grey", 1), model("grey", 2, { pixelSizeUm: 1 }), model("rgb", 1, { channels: 3 })] }),
};

function picture(name: string, colour: (i: number) => readonly [number, number, number], pixelSizeUm?: number): ImageEntry {
  const data = Uint8Array.from(Array.from({ length: 64 }, (_, i) => colour(i)).flat());
  const image = { data, shape: [8, 8, 3], axes: "yxc", ...(pixelSizeUm !== undefined && { pixelSizeUm }) };
  return createImageEntry({ source: openPixels(image, name), image }, name, { kind: "large", bytes: 1 });
}
const stained = (name: string): ImageEntry => picture(name, (i) => [250 - i, 200 - 3 * i, 230]);

/** Answers one after another, and what was asked. */
function createTable(...answers: readonly boolean[]) {
  const texts: string[] = [];
  const first = createAskFirst(library as unknown as Library, async (_title, text, _yes) => {
    texts.push(text);
    return answers[texts.length - 1]!;
  });
  const meet = (name: string, entry: ImageEntry, more: { channel?: string; scale?: number } = {}): Promise<boolean> =>
    first.mayMeet(name, [{ entry, planes: [{ z: 0, t: 0 }] }], { channel: more.channel, scale: more.scale, yes: "Yes" });
  return { first, meet, texts };
}

describe("before a model meets an image that it may not know", () => {
  it("is asked; a no is asked again, a yes counts for the session and for every image alike", async () => {
    const { first, meet, texts } = createTable(false, true, true);
    expect(await meet("grey@1", stained("a.png"))).toBe(false);
    expect(await meet("grey@1", stained("a.png"))).toBe(true);
    expect(await meet("grey@1", stained("b.png"))).toBe(true);
    expect(texts.length).toBe(2);
    expect(texts[0]).toMatch(/^a\.png has 3 channels, the model reads 1, the first \(red\) is taken/);
    expect([first.wasAsked(texts[0]!), first.wasAsked("other")]).toEqual([true, false]);
    // Pixels of another size are another question; by its name alone the newest version is meant.
    expect(
      await meet(
        "grey",
        picture("c.png", (i) => [i, i, i], 0.25),
      ),
    ).toBe(true);
    expect(texts[2]).toMatch(/^c\.png has pixels of 0\.25 µm, the model learnt from 1 µm/);
  });

  it("nothing is asked of what it knows, of what the user named, of what is resampled, and of no model", async () => {
    const { meet, texts } = createTable();
    expect(await meet("rgb", stained("a.png"))).toBe(true);
    expect(
      await meet(
        "grey@1",
        picture("b.png", (i) => [0, 0, i]),
      ),
    ).toBe(true);
    expect(await meet("grey@1", stained("a.png"), { channel: "2" })).toBe(true);
    expect(
      await meet(
        "grey",
        picture("c.png", (i) => [i, i, i], 0.25),
        { scale: 1 },
      ),
    ).toBe(true);
    for (const name of ["", "unknown"]) expect(await meet(name, stained("a.png"))).toBe(true);
    expect(texts).toEqual([]);
  });
});

describe("while an image is segmented", () => {
  it("the plane that is read of a stack is said, and what the job tells, once; what was asked about or said at opening is known", () => {
    const workspace = createWorkspace();
    const pixels = { data: new Uint8Array(6 * 4), shape: [6, 2, 2], axes: "zyx" };
    const source = { ...openPixels(pixels, "stack.tif"), notices: ["stack.tif: said at opening"] };
    const entry = createImageEntry({ source, image: pixels }, "stack.tif", { kind: "large", bytes: 1 });
    workspace.images.value = [entry];
    const askFirst = { mayMeet: async () => true, wasAsked: (sentence: string) => sentence === "asked" };
    const slides = { canSegmentBox: () => false };
    const parts = { model: signal(undefined), values: signal({}), computing: signal(undefined), slides, askFirst };
    const { watch } = createSegmenting(workspace, {} as never, library as never, parts as never);
    const image = { title: "stack.tif", image: pixels };
    const follow = watch({ entry: {} as never, image, parameters: { plane: "z=3,t=0" } })!;
    const tell = (message: string): void => follow.onProgress!({ kind: "notice", done: 0, message, job: "1" });
    for (const message of ["stack.tif: said at opening", "asked", "told", "told"]) tell(message);
    expect(workspace.status.value?.text).toMatch(
      /^stack\.tif has 6 planes along z; only z=3 was read\. .*plane=all.* The slider shows one more\. told$/,
    );
  });
});
