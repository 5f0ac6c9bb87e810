// What hosts and pages may send that is wrong, over the real wire of the built bundle: refused in words that name it, or taken
// for what it is; and what must not reach the plugin at all.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePng } from "../../core/source/write-png.ts";
import { writeZip } from "../../core/source/zip.ts";
import type * as entry from "../../plugin/entry/entry.ts";
import { hostPages } from "./support/host-pages.ts";
import { blank, createStand, makeCells, type Sheet, type Stand, tiny } from "./support/stand.ts";

type Entry = typeof entry;
declare const loadModule: (url: string) => Promise<unknown>;
declare const overtile: ReturnType<Entry["activate"]>;
type Pixels = { data: Uint8Array | Uint16Array; shape: number[] };
declare const image: Pixels;
declare const samples: { image: Pixels; labels: Pixels }[];
declare const tell: (job: Promise<unknown>) => Promise<string>;

let stand: Stand;
let sheet: Sheet;
let url: string;

beforeAll(async () => {
  stand = await createStand();
  ({ url } = await stand.serve());
  sheet = await stand.open(`${url}blank.html`);
  await sheet.page.evaluate(
    async ({ address, cells: { side, image, labels }, tiny }) => {
      const { activate } = (await loadModule(address)) as Entry;
      const overtile = activate();
      const pixels = { data: Uint8Array.from(image), shape: [side, side] };
      const samples = [{ image: pixels, labels: { data: Uint16Array.from(labels), shape: [side, side] } }];
      const tell = (job: Promise<{ labels?: { shape: number[] } }>): Promise<string> =>
        job.then(
          ({ labels }) => `labels of ${labels?.shape}`,
          ({ kind, message }) => `${kind}: ${message}`,
        );
      Object.assign(globalThis, { overtile, image: pixels, samples, tell });
      await overtile.train(samples, { ...tiny, name: "m" });
    },
    { address: `${url}overtile.mjs`, cells: makeCells(48), tiny },
  );
});
afterAll(() => stand?.dispose());

describe("images", () => {
  test("of wrong shapes and types are refused by name; odd ones are taken for what they are", async () => {
    const told = await sheet.page.evaluate(async () => {
      const bytes = new Uint8Array(48 * 48).fill(9);
      const floats = new Float32Array(48 * 48).fill(Number.NaN);
      const given: Record<string, unknown> = {
        clamped: { data: new Uint8ClampedArray(bytes), shape: [48, 48] },
        "a view": { data: new Uint16Array(new ArrayBuffer(1e6), 1000, 48 * 48), shape: [48, 48] },
        "five dimensions": { data: bytes, shape: [1, 1, 1, 48, 48], axes: "tzcyx" },
        "64-bit integers": { data: new BigInt64Array(4), shape: [2, 2] },
        "no pixels": { data: new Uint8Array(0), shape: [0, 48] },
        "too few": { data: bytes, shape: [48, 49] },
        "a fraction": { data: bytes, shape: [48.5, 48] },
        "a negative side": { data: bytes, shape: [-48, -48] },
        "one dimension": { data: bytes, shape: [48 * 48] },
        "six dimensions": { data: bytes, shape: [1, 1, 1, 1, 48, 48] },
        "wrong axes": { data: bytes, shape: [48, 48], axes: "xy" },
        "a DataView": { data: new DataView(bytes.buffer), shape: [48, 48] },
        "a plain array": { data: [1, 2, 3, 4], shape: [2, 2] },
        nothing: undefined,
        null: null,
        "an empty object": {},
        "a list of numbers": [1, 2, 3],
        "a shape of text": { data: bytes, shape: "48x48" },
        "a number": 7,
        "not a number": { data: floats, shape: [48, 48] },
        "no file of an image": new Blob(["<html>"]),
      };
      const told: Record<string, string> = {};
      for (const [name, one] of Object.entries(given)) told[name] = await tell(overtile.segment(one as never, { model: "m" }));
      return told;
    });
    const fine = ["clamped", "a view", "five dimensions"];
    for (const [name, text] of Object.entries(told)) {
      if (fine.includes(name)) expect(text, name).toBe("labels of 48,48");
      else expect(text, name).toMatch(/^(InvalidData|UnsupportedImage): [^.]+\S[\s\S]*\. \S/);
    }
  });

  test("of other channels than the model's: the numbers of both are named", async () => {
    const told = await sheet.page.evaluate(async (tiny) => {
      const two = { data: new Uint8Array(2 * 48 * 48).map((_, i) => i % 251), shape: [2, 48, 48], axes: "cyx" };
      await overtile.train([{ ...samples[0]!, image: two }], { ...tiny, name: "two channels" });
      return tell(overtile.segment(image, { model: "two channels" }));
    }, tiny);
    expect(told).toMatch(/^(InvalidData|InvalidParameter): .*2.*1/);
  });
});

test("parameters that are unknown, of a wrong type or out of range: named, with the nearest valid one", async () => {
  const told = await sheet.page.evaluate(async () => {
    const given: readonly object[] = [
      { modl: "m" },
      { model: "n" },
      { model: 7n },
      { model: "m", tile: "big" },
      { model: "m", tile: 3 },
      { model: "m", tile: 45.5 },
      { model: "m", tile: Number.NaN },
      { model: "m", output: "label" },
      { model: "m", fill_holes: "perhaps" },
      { model: "m", channel: "9" },
      { model: "m", plane: "z9" },
      { model: "m", backend: "wsam" },
    ];
    const told: string[] = [];
    for (const parameters of given) told.push(await tell(overtile.segment(image, parameters as never)));
    return told;
  });
  const scored = await sheet.page.evaluate(async () => tell(overtile.evaluate(image, image, { threshold: 0.5 })));
  expect(scored).toMatch(/^InvalidParameter: .*"threshold"/);
  const names = ["model", "model", "model", "tile", "tile", "tile", "tile", "output", "fill_holes", "channel", "plane", "backend"];
  for (const [i, text] of told.entries()) {
    expect(text).toMatch(/^InvalidParameter: /);
    expect(text).toContain(`"${names[i]}"`);
  }
  expect(told[0]).toContain('Did you mean "model"?');
  for (const [i, nearest] of [
    [4, "18"],
    [7, "labels"],
    [11, "wasm"],
  ] as const)
    expect(told[i]).toContain(`Use ${nearest}.`);
});

test("datasets and archives as people have them get the terminal's sentences, and what is read otherwise is told", async () => {
  const side = 48;
  const { image: pixels, labels: drawn } = makeCells(side);
  const png = (data: Uint8Array, channels = 1) => writePng({ height: side, width: side, channels, data });
  const image = await png(Uint8Array.from(pixels));
  const ids = Uint8Array.from(drawn);
  const labels = await png(ids);
  const mean = ids.map((_, i) => [0, 1, side, side + 1].reduce((sum, step) => sum + (ids[i + step] ? 255 : 0), 0) / 4);
  const rgb = await png(
    Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 7919) % 251),
    3,
  );
  const zip = (files: Readonly<Record<string, Uint8Array>>): number[] => [
    ...writeZip(Object.entries(files).map(([name, data]) => ({ name, data }))),
  ];
  const cases: readonly [string, number[], RegExp][] = [
    [
      "masks/",
      zip({ "images/a.png": image, "masks/a.png": labels }),
      /^InvalidData: .*beside images\/ it has masks\/\. Call it labels\/ where/,
    ],
    [
      "smoothed",
      zip({ "images/a.png": image, "labels/a.png": await png(mean) }),
      /^InvalidData: a: The labels hold numbers between those of objects and ground/,
    ],
    [
      "mixed",
      zip({ "images/a.png": rgb, "images/b.png": image, "labels/a.png": labels, "labels/b.png": labels }),
      /^InvalidParameter: .*b\.png has 1 channel, a\.png has 3 channels/,
    ],
    [
      "grey classes",
      zip({ "images/a.png": image, "classes/a.png": await png(ids.map((id) => (id ? 85 * (1 + (id % 2)) : 0))) }),
      /^trained: The classes hold the grey values 0, 85 and 170: they are read as 3 classes/,
    ],
    [
      "void",
      zip({ "images\\a.png": image, "classes\\a.png": await png(ids.map((id, i) => (i % 9 ? Math.min(id, 1) : 255))) }),
      /^trained: The number 255 in the classes is read as "ignored"/,
    ],
    [
      "notes",
      zip({ "set/images/a.png": image, "set/labels/a.png": labels, "set/images/a.txt": ids }),
      /^trained: Left out: images\/a\.txt, which is no image\./,
    ],
  ];
  const told = await sheet.page.evaluate(
    async ({ files, tiny }) => {
      const told: string[] = [];
      for (const bytes of files) {
        const notices: string[] = [];
        const onProgress = (progress: { kind: string; message?: string }): void =>
          void (progress.kind === "notice" && notices.push(progress.message!));
        const job = overtile.train(new Blob([Uint8Array.from(bytes)]), { ...tiny, validate: "0", name: "case" }, { onProgress });
        told.push(
          await job.then(
            () => `trained: ${notices.join(" ")}`,
            ({ kind, message }) => `${kind}: ${message}`,
          ),
        );
      }
      return told;
    },
    { files: cases.map(([, bytes]) => bytes), tiny },
  );
  for (const [i, [name, , message]] of cases.entries()) expect(told[i], name).toMatch(message);

  const yaml = "format_version: 0.4.9\ntype: model\nname: N\ndescription: D\nweights: {pytorch_state_dict: {source: weights.pt}}\n";
  const foreign = zip({ "rdf.yaml": new TextEncoder().encode(yaml), "weights.pt": ids });
  const imported = await sheet.page.evaluate((bytes) => tell(overtile.models.import(new Blob([Uint8Array.from(bytes)]))), foreign);
  expect(imported).toMatch(
    /^InvalidModel: .*made by another program \(bioimage\.io 0\.4\.9\), with weights as pytorch_state_dict\. Its weights are not read/,
  );
});

// Posts to every frame of its parent.
const stranger = `${blank}<script>for (let i = 0; i < parent.frames.length; i++) parent.frames[i].postMessage({ note: "a stranger" }, "*");</script>`;

test("the page form hears its parent window alone: a frame beside it is not heard", async () => {
  const hosting = await stand.serve(hostPages());
  const other = await stand.serve({ pages: { "/stranger.html": stranger } });
  const { page } = await stand.open(`${hosting.url}imjoy.html`);
  await page.waitForFunction(() => "host" in globalThis);
  await page.evaluate(`host.load(${JSON.stringify(`${url}index.html`)}).then((plugin) => Object.assign(globalThis, { plugin }))`);
  const frame = page.frames().findLast((one) => one.url().startsWith(url))!;
  // Listens after the guard does: what that one stops is not heard here either.
  await frame.evaluate("heard = []; addEventListener('message', ({ data }) => { if (data.note) heard.push(data.note); })");
  await page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.src = ${JSON.stringify(`${other.url}stranger.html`)};
    frame.onload = resolve;
    document.body.append(frame);
  }).then(() => { for (let i = 0; i < frames.length; i++) frames[i].postMessage({ note: "the parent" }, "*"); })`);
  await frame.waitForFunction("heard.length > 0");
  expect(await frame.evaluate("heard")).toEqual(["the parent"]);
  expect(await page.evaluate("plugin.listModels().then((all) => all.filter(({ starter }) => !starter))")).toEqual([]);
});

// An embedder that knows the protocol: it takes the page's id from its greeting, and asks it to run code in every way there is.
const embedder = (address: string): string => `${blank}<script>
ran = [];
const note = (way) => "parent.postMessage({ ran: '" + way + "' }, '*')";
const bad = [
  { type: "script", content: note("classic"), attrs: { lang: "javascript" } },
  { type: "script", content: note("module"), attrs: { lang: "javascript", type: "module" } },
  { type: "script", content: note("element"), attrs: { type: "text/javascript" } },
  { type: "script", src: location.origin + "/evil.js", attrs: { type: "text/javascript" } },
  { type: "requirements", requirements: [location.origin + "/evil.js"] },
  { type: "html", content: "<img src='x:' onerror=\\"" + note("html") + "\\">" },
];
addEventListener("message", ({ data, source }) => {
  if (data.ran) ran.push(data.ran);
  if (data.type !== "initialized") return;
  for (const code of bad) source.postMessage({ type: "execute", peer_id: data.peer_id, code }, "*");
  asked = true;
});
</script><iframe src="${address}"></iframe>`;

test("the page form runs no code of whoever embeds it", async () => {
  const evil = { "/embedder.html": embedder(`${url}index.html`), "/evil.js": "parent.postMessage({ ran: 'a file' }, '*')" };
  const { url: outside, requests } = await stand.serve({ pages: evil });
  const { page } = await stand.open(`${outside}embedder.html`);
  await page.waitForFunction("globalThis.asked === true");
  const frame = page.frames().find((one) => one.url().startsWith(url))!;
  // Long enough for a script to load from this machine.
  await frame.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  expect(await page.evaluate("ran")).toEqual([]);
  expect(requests).not.toContain("/evil.js");
  // Not in the call itself, which the debugger allows everything.
  const refused = await frame.evaluate(
    () =>
      new Promise((resolve) => {
        setTimeout(() => {
          try {
            resolve(new Function("return 1")());
          } catch (error) {
            resolve((error as Error).name);
          }
        });
      }),
  );
  expect(refused, "nor by a call that makes a function of a text").toBe("EvalError");
});
