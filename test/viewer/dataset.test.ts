// The dataset that the viewer exports, read by the project's own reader of datasets: what was drawn comes back.

import { expect, test } from "vitest";
import { openDataset } from "../../core/source/dataset.ts";
import { openPixels } from "../../core/source/pixels.ts";
import { exportDataset } from "../../viewer/file/export.ts";
import { ignoreId, startEdit } from "../../viewer/labels/label-raster.ts";
import { createImageEntry } from "../../viewer/model/image-entry.ts";
import { createLabelLayer } from "../../viewer/model/label-layer.ts";
import { createWorkspace } from "../../viewer/model/workspace.ts";

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
  entry.trainingLayer.value = layer;
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
