// Frozen samples as a file, and datasets by name over the life of two pages.

import { expect, test } from "vitest";
import type { Sample } from "../../plugin/contract.ts";
import type { BlobStore } from "../../viewer/store/blob-store.ts";
import { createDatasets } from "../../viewer/store/datasets.ts";
import { packSamples, unpackSamples } from "../../viewer/store/sample-file.ts";

const samples: readonly Sample[] = [
  {
    name: "cells <b>",
    image: { data: Float32Array.of(0.5, Number.NaN, -1e30, 4), shape: [2, 2], axes: "yx", pixelSizeUm: 0.65, name: "cells" },
    labels: { data: Uint32Array.of(0, 2 ** 31, 7, 7), shape: [2, 2], axes: "yx" },
    ignore: { data: Uint8Array.of(0, 0, 0, 1), shape: [2, 2], axes: "yx" },
    regions: {
      type: "FeatureCollection",
      features: [{ type: "Feature", geometry: { type: "Polygon", coordinates: [] }, properties: null }],
    },
    use: "validate",
  },
  { image: new File(["the bytes of a picture"], "a.png", { type: "image/png" }), classes: new Blob(["more"]) },
  { image: new URL("https://example.org/a.tif"), labels: { data: Uint16Array.of(1), shape: [1, 1] } },
];

function createStore(): BlobStore & { readonly blobs: Map<string, Blob> } {
  const blobs = new Map<string, Blob>();
  return {
    blobs,
    limit: undefined,
    get: async (name) => blobs.get(name),
    put: async (name, data) => void blobs.set(name, data),
    remove: async (name) => void blobs.delete(name),
    list: async () => [...blobs.keys()],
  };
}

/** Files by what they hold: they are equal when name, type and bytes are. */
async function spell(list: readonly Sample[]): Promise<unknown> {
  const spellOne = async (value: unknown): Promise<unknown> =>
    value instanceof Blob ? { name: (value as File).name, type: value.type, text: await value.text() } : value;
  const spelled = list.map(async (sample) =>
    Object.fromEntries(await Promise.all(Object.entries(sample).map(async ([key, value]) => [key, await spellOne(value)]))),
  );
  return Promise.all(spelled);
}

test("unpacked samples are what was packed: pixels, files, addresses, regions", async () => {
  expect(await spell(await unpackSamples(await packSamples(samples)))).toEqual(await spell(samples));
});

test("a cut file is refused", async () => {
  const whole = await packSamples(samples);
  for (const size of [0, 3, 40, whole.size - 1]) await expect(unpackSamples(whole.slice(0, size)).then(spell)).rejects.toThrow();
});

test("a dataset is found by its name on the next page; names are never used twice; the oldest go", async () => {
  const store = createStore();
  const first = createDatasets(store);
  expect((await first.add(samples)).name).toBe("training 1");
  expect((await first.add(new Blob(["a zip"]))).name).toBe("training 2");

  const second = createDatasets(store);
  expect(await spell((await second.find("training 1")) as readonly Sample[])).toEqual(await spell(samples));
  expect(await ((await second.find("training 2")) as Blob).text()).toBe("a zip");
  expect(await second.find("training 3")).toBeUndefined();
  for (let n = 3; n <= 8; n++) expect((await second.add(new Blob([String(n)]))).name).toBe(`training ${n}`);
  expect([...store.blobs.keys()]).toEqual([3, 4, 5, 6, 7, 8].map((n) => `archive-training ${n}`));
  // Forgotten by the store, not by the page that has it.
  expect(await first.find("training 1")).toBe(samples);
});

test("a dataset that cannot be kept is there all the same, with the reason", async () => {
  const full = { ...createStore(), put: () => Promise.reject(new Error("the disk is full")) };
  const datasets = createDatasets(full);
  expect(await datasets.add(samples)).toEqual({ name: "training 1", reason: "the disk is full" });
  expect(await datasets.find("training 1")).toBe(samples);
  const huge = { size: 3e9 } as unknown as Blob;
  const sparse = Object.setPrototypeOf(huge, Blob.prototype) as Blob;
  expect((await datasets.add(sparse)).reason).toBe("it is larger than 300 MB");
});
