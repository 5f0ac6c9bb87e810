// ImageJ.JS and Kaibu, which cannot run here: stubs with their real signatures and their real quirks.

import { describe, expect, test } from "vitest";
import { guardParent } from "../../../plugin/adapter/guard-parent.ts";
import { connectImageJ, type ImageJ } from "../../../plugin/adapter/imagej-js.ts";
import { createRpcPlugin } from "../../../plugin/adapter/imjoy.ts";
import { flipRegions, type Kaibu, openInKaibu, toKaibu } from "../../../plugin/adapter/kaibu.ts";
import type { NdArray } from "../../../plugin/adapter/rpc-values.ts";
import type { Overtile, Pixels, Progress, Regions, Sample } from "../../../plugin/contract.ts";

/** Thresholds; remembers what it got. */
function createFakeOvertile(): Overtile & { readonly got: { image?: Pixels; samples?: readonly Sample[] } } {
  const got: { image?: Pixels; samples?: readonly Sample[] } = {};
  return {
    got,
    async segment(image, _, context) {
      context?.onProgress?.({ kind: "notice", done: 0, message: "segment tells", job: "" });
      got.image = image as Pixels;
      const { data, shape } = got.image;
      const labels = {
        data: Uint16Array.from({ length: shape[0]! * shape[1]! }, (_, i) => (data[i]! > 100 ? 1 : 0)),
        shape: shape.slice(0, 2),
      };
      return { labels, model: "m@1", parameters: {}, backend: "fake" };
    },
    async train(samples) {
      got.samples = samples as readonly Sample[];
      return { model: "m@1" } as never;
    },
    objectsFrom: async (labels) => ({ labels, objects: 0 }),
    exportSlide: async () => {},
    async evaluate(_, __, ___, context) {
      context?.onProgress?.({ kind: "notice", done: 0, message: "evaluate tells", job: "" });
      return {};
    },
    models: {
      list: async () => [{ name: "m", created: "2026-01-01" } as never],
      import: async () => ({}) as never,
      export: async () => new Blob(),
      rename: async () => ({}) as never,
      remove: async () => {},
    },
    diagnostics: async () => "",
    cancel: () => {},
    dispose: () => {},
  };
}

// [2, 3, 1]: ImageJ.JS gives three dimensions always, and raw bytes whatever the type.
const imagejImage = { _rtype: "ndarray", _rvalue: Uint8Array.of(0, 200, 0, 0, 0, 255), _rshape: [2, 3, 1], _rdtype: "uint8" };

describe("ImageJ.JS", () => {
  /** Its menu, and what it was asked to show, run and say. `drawn`: what the macro over the ROI manager's objects makes active. */
  function createStub(drawn?: object) {
    const items: { label: string; group: string; _rintf: true; callback(): Promise<void> }[] = [];
    const shown: NdArray[] = [];
    const said: string[] = [];
    const windows: object[] = [imagejImage];
    const imagej: ImageJ = {
      addMenuItem: async (item) => void items.push(item),
      getImage: async () => windows.at(-1),
      viewImage: async (image) => void shown.push(image),
      async runMacro(macro) {
        if (macro.includes("close();")) windows.pop();
        // Rejects with a plain text where the macro returns one.
        else if (drawn === undefined) throw /return "([^"]+)"/.exec(macro)![1];
        else windows.push(drawn);
        return null;
      },
      showStatus: (text) => void said.push(text),
    };
    return { imagej, items, shown, said, windows };
  }

  test("the menu item works twice, and shows 16-bit labels in an ArrayBuffer", async () => {
    const { imagej, items, shown, said } = createStub();
    await connectImageJ(imagej, createFakeOvertile());
    expect(items).toMatchObject([
      { _rintf: true, label: "Overtile Segment", group: "Plugins" },
      { _rintf: true, label: "Overtile Train", group: "Plugins" },
    ]);
    await items[0]!.callback();
    await items[0]!.callback();
    expect(said, "what a job tells is in the status").toEqual(["Overtile: segment tells", "Overtile: segment tells"]);
    expect(shown).toHaveLength(2);
    expect(shown[0]).toMatchObject({ _rtype: "ndarray", _rshape: [2, 3], _rdtype: "uint16" });
    expect([...new Uint16Array(shown[0]!._rvalue as ArrayBuffer)]).toEqual([0, 1, 0, 0, 0, 1]);
  });

  test("Train learns the objects of the ROI manager, drawn by a macro into a window that is closed again", async () => {
    const bytes = new Uint8Array(Uint16Array.of(0, 1, 0, 0, 0, 300).buffer);
    const { imagej, items, said, windows } = createStub({ _rtype: "ndarray", _rvalue: bytes, _rshape: [2, 3, 1], _rdtype: "uint16" });
    const overtile = createFakeOvertile();
    await connectImageJ(imagej, overtile);
    await items[1]!.callback();
    const [sample] = overtile.got.samples!;
    expect(sample!.image).toMatchObject({ data: imagejImage._rvalue, shape: [2, 3, 1] });
    expect(sample!.labels).toMatchObject({ data: Uint16Array.of(0, 1, 0, 0, 0, 300), shape: [2, 3, 1] });
    expect(windows).toEqual([imagejImage]);
    expect(said.at(-1)).toBe("Overtile: learnt m@1");
  });

  test("Train without objects says what to do, and trains nothing", async () => {
    const { imagej, items, said } = createStub();
    const overtile = createFakeOvertile();
    await connectImageJ(imagej, overtile);
    await expect(items[1]!.callback()).rejects.toMatch(/ROI manager is empty/);
    expect(said).toEqual([expect.stringMatching(/^Overtile: The ROI manager is empty: add every object/)]);
    expect(overtile.got.samples).toBeUndefined();
  });

  test("callPlugin(name, function, image, options): the answer is an ndarray that its map knows", async () => {
    // imjoyApp.js: the last argument is popped as the promise of Java; uint8 maps to 0, which is taken for nothing.
    const known: Readonly<Record<string, number>> = { uint8: 0, uint16: 1, float32: 2 };
    const plugin = createRpcPlugin({ export: () => {} }, createFakeOvertile()) as unknown as Record<
      string,
      (...given: unknown[]) => Promise<NdArray>
    >;
    const callPlugin = async (name: string, ...given: unknown[]): Promise<NdArray> => {
      const promise = given.pop() as { resolve(value: NdArray): void };
      const result = await plugin[name]!(...given);
      if (!known[result._rdtype]) throw new ReferenceError("promise is not defined");
      promise.resolve(result);
      return result;
    };
    let resolved: NdArray | undefined;
    await callPlugin("segment", imagejImage, "model=[my cells] tile=572", { resolve: (value: NdArray) => (resolved = value) });
    expect(resolved).toMatchObject({ _rdtype: "uint16", _rshape: [2, 3] });
  });
});

test("in ImJoy what a job tells is a message of the host, and reaches the caller's onProgress", async () => {
  const messages: string[] = [];
  const heard: string[] = [];
  const plugin = createRpcPlugin({ export: () => {}, showMessage: (text) => void messages.push(text) }, createFakeOvertile());
  const context = { onProgress: (progress: Progress) => void (progress.kind === "notice" && heard.push(progress.message)) };
  await plugin.segment(imagejImage);
  await plugin.evaluate(imagejImage, imagejImage, context);
  expect(messages).toEqual(["segment tells", "evaluate tells"]);
  expect(heard).toEqual(["evaluate tells"]);
});

describe("Kaibu", () => {
  const square: Regions = {
    type: "FeatureCollection",
    features: [
      {
        type: "Feature",
        geometry: {
          type: "Polygon",
          coordinates: [
            [
              [0, 9],
              [2, 9],
              [2, 10],
            ],
          ],
        },
        properties: { label: "cell" },
      },
    ],
  };

  test("rows are turned round, whatever is in them", () => {
    const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] };
    expect([...new Uint8Array(toKaibu(image)._rvalue as ArrayBuffer)]).toEqual([5, 6, 3, 4, 1, 2]);
    expect([...image.data], "the given one stays").toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("it gets one plane, rows first: anything else is refused before its window opens", async () => {
    const opened: unknown[] = [];
    const createWindow = async (config: object): Promise<unknown> => void opened.push(config);
    const plugin = createRpcPlugin({ export: () => {}, createWindow }, createFakeOvertile());
    const data = new Uint8Array(24);
    const refused = [
      "http://127.0.0.1/cells.png",
      new Blob(),
      { data, shape: [2, 3, 4], axes: "cyx" },
      { data, shape: [2, 2, 6] },
      { data, shape: [1, 2, 3, 4] },
    ];
    for (const image of refused) await expect(plugin.openInKaibu(image, "kaibu")).rejects.toMatchObject({ kind: "InvalidData" });
    expect(opened).toEqual([]);
    for (const shape of [
      [4, 6],
      [2, 3, 4],
    ]) {
      await expect(plugin.openInKaibu({ data, shape }, "kaibu")).rejects.toThrow(/opens no windows/);
    }
    expect(opened).toHaveLength(2);
  });

  test("polygons are turned round, both ways the same", () => {
    const flipped = flipRegions(square, 10);
    expect(flipped.features[0]!.geometry).toEqual({
      type: "Polygon",
      coordinates: [
        [
          [0, 1],
          [2, 1],
          [2, 0],
        ],
      ],
    });
    expect(flipRegions(flipped, 10)).toEqual(square);
  });

  test("its buttons segment and train; what was drawn at the top trains at the top, what is found there is shown there", async () => {
    const shown: object[] = [];
    const shapes: (readonly [unknown, object])[] = [];
    let widget: { elements: { _rintf: boolean; label: string; callback(): Promise<void> }[]; _rintf?: boolean } | undefined;
    const kaibu: Kaibu = {
      view_image: async (_, options) => void shown.push(options),
      add_shapes: async (given, options) => {
        shapes.push([given, options]);
        return { get_features: async () => square };
      },
      add_widget: async (given) => {
        widget = given as typeof widget;
      },
    };
    const overtile = createFakeOvertile();
    const bright = Uint8Array.from({ length: 100 }, (_, i) => (i === 3 || i === 4 ? 200 : 0)); // two pixels of the top row
    await openInKaibu(kaibu, overtile, { data: bright, shape: [10, 10] });
    expect(widget!._rintf).toBeUndefined();
    expect(widget!.elements.map(({ _rintf, label }) => [_rintf, label])).toEqual([
      [true, "Segment"],
      [true, "Train"],
    ]);
    for (const { callback } of widget!.elements) await callback();
    expect(shown).toMatchObject([{ type: "itk-vtk" }]);
    const corners = [
      [3, 10],
      [5, 10],
      [5, 9],
      [3, 9],
      [3, 10],
    ];
    expect(shapes).toMatchObject([
      [[], { name: "annotation" }],
      [[corners], { name: "objects" }],
    ]);
    expect(overtile.got.samples![0]!.regions!.features[0]!.geometry).toMatchObject({
      coordinates: [
        [
          [0, 1],
          [2, 1],
          [2, 0],
        ],
      ],
    });
  });
});

test("the page hears its parent only, one origin of it, and no code", () => {
  const parent = {};
  const heard: unknown[] = [];
  let listener!: (event: MessageEvent) => void;
  guardParent({
    parent,
    addEventListener(_, given) {
      listener = given;
    },
  });
  const send = (source: unknown, origin: string, data: unknown): void => {
    const stopped: unknown[] = [];
    listener({ source, origin, data, stopImmediatePropagation: () => void stopped.push(data) } as unknown as MessageEvent);
    if (stopped.length === 0) heard.push(data);
  };
  send({}, "https://evil", "before");
  send(parent, "https://host", "first");
  send(parent, "https://elsewhere", "navigated");
  send({}, "https://host", "a sibling");
  send(parent, "https://host", "second");
  send(parent, "https://host", { type: "execute", code: { type: "script", content: "evil()" } });
  expect(heard).toEqual(["first", "second"]);
});
