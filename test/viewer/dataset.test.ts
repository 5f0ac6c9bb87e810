// The dataset that the viewer exports, read by the project's own reader of datasets: what was drawn comes back.

import fc from "fast-check";
import { expect, test } from "vitest";
import { runJob } from "../../core/job.ts";
import { openDataset } from "../../core/source/dataset.ts";
import { openPixels } from "../../core/source/pixels.ts";
import { openSamples } from "../../plugin/train/open-samples.ts";
import { exportDataset } from "../../viewer/file/export.ts";
import { backgroundId, ignoreId, startEdit } from "../../viewer/labels/label-raster.ts";
import { createImageEntry } from "../../viewer/model/image-entry.ts";
import { createLabelLayer } from "../../viewer/model/label-layer.ts";
import { createWorkspace } from "../../viewer/model/workspace.ts";
import { freezeSamples } from "../../viewer/plugin/samples.ts";

test("images, labels, classes and what is ignored come back as they were drawn", async () => {
  const workspace = createWorkspace();
  const image = { data: Uint16Array.from({ length: 8 * 6 * 2 }, (_, i) => i * 300), shape: [6, 8, 2], axes: "yxc" };
  const entry = createImageEntry({ source: openPixels(image, "a <b>.tif"), image }, "a <b>.tif", { kind: "large", bytes: 0 });
  const layer = createLabelLayer({ width: 8, height: 6, planes: 1 }, "Annotations", "annotation");
  const edit = startEdit(layer.raster);
  edit.paintRun(0, 1, 1, 4, 1);
  edit.paintRun(0, 3, 1, 3, 2);
  edit.paintRun(0, 4, 5, 7, ignoreId);
  edit.end();
  layer.classOf.value = new Map([[2, 2]]);
  layer.regions.value = [{ y0: 0, x0: 0, y1: 5, x1: 7 }];
  entry.layers.value = [layer];
  workspace.images.value = [entry];
  workspace.classes.value = [
    { name: "cell", color: "#ffffff" },
    { name: "debris", color: "#000000" },
  ];

  const [sample, ...others] = await openDataset(await exportDataset(workspace));
  expect(others).toEqual([]);
  const whole = { y0: 0, x0: 0, y1: 6, x1: 8 };
  const rows = async (source: (typeof sample)["image"] | undefined): Promise<string[]> => {
    const { data } = await source!.read(whole);
    return Array.from({ length: 6 }, (_, y) => Array.from(data.subarray(y * 8, y * 8 + 8), (value) => value || ".").join(""));
  };
  expect([...(await sample!.image.read(whole)).data]).toEqual([...image.data]);
  expect(await rows(sample!.labels)).toEqual(["........", ".111....", "........", ".22.....", "........", "........"]);
  expect(await rows(sample!.classes)).toEqual(["........", ".111....", "........", ".22.....", "........", "........"]);
  expect(await rows(sample!.ignore)).toEqual([".......1", ".......1", ".......1", ".......1", ".....111", "11111111"]);
});

test("a dataset teaches what the viewer itself would learn: the same objects, the same pixels ignored (law)", async () => {
  const [width, height] = [24, 16];
  const whole = { y0: 0, x0: 0, y1: height, x1: width };
  const run = fc.record({ y: fc.nat(height - 1), x: fc.nat(width - 1), id: fc.constantFrom(1, 2, backgroundId, ignoreId) });
  const box = fc.constantFrom(whole, { y0: 2, x0: 3, y1: 9, x1: 12 }, { y0: 8, x0: 12, y1: 16, x1: 24 });
  await fc.assert(
    fc.asyncProperty(fc.array(run, { minLength: 1, maxLength: 4 }), fc.array(box, { maxLength: 2 }), async (runs, regions) => {
      const workspace = createWorkspace();
      const image = { data: new Uint8Array(width * height).map((_, i) => i % 251), shape: [height, width], axes: "yx" };
      const entry = createImageEntry({ source: openPixels(image, "a.tif"), image }, "a.tif", { kind: "large", bytes: 0 });
      const layer = createLabelLayer({ width, height, planes: 1 }, "Annotations", "annotation");
      const edit = startEdit(layer.raster);
      for (const { y, x, id } of [{ y: 5, x: 5, id: 1 }, ...runs])
        for (let row = y; row < y + 3; row++) edit.paintRun(0, row, x, x + 4, id);
      edit.end();
      layer.regions.value = regions;
      entry.layers.value = [layer];
      workspace.images.value = [entry];
      const read = async (source: (typeof exported)[0]["image"] | undefined): Promise<number[]> =>
        source ? [...(await source.read(whole)).data] : new Array<number>(width * height).fill(0);
      const exported = await openDataset(await exportDataset(workspace));
      const { train: own } = await runJob(openSamples(await freezeSamples(workspace), { dataset: "", validate: "0" }, {} as never));
      expect([exported.length, own.length]).toEqual([1, 1]);
      for (const what of ["image", "labels", "ignore"] as const) expect(await read(exported[0]![what])).toEqual(await read(own[0]![what]));
    }),
    { numRuns: 25, seed: 5 },
  );
});
