// What an earlier version stored means what it meant: without a box, all of the image counted.

import { expect, test } from "vitest";
import { createLabelLayer, type LabelKind } from "../../viewer/model/label-layer.ts";
import { regionsOf, type StoredLayer } from "../../viewer/store/stored-workspace.ts";

test("annotations that an earlier version stored without a box get one over the whole image; others stay as they are", () => {
  const size = { width: 60, height: 40, planes: 1 };
  const box = { y0: 1, x0: 2, y1: 3, x1: 4 };
  const open = (kind: LabelKind, more: Partial<StoredLayer>): unknown => {
    const stored = { id: "a", name: "one", kind, visible: true, opacity: 1, outlinesOnly: false, classOf: [], regions: [], ...more };
    return regionsOf(stored, createLabelLayer(size, "one", kind, "a"));
  };
  expect(open("annotation", {})).toEqual([{ y0: 0, x0: 0, y1: 40, x1: 60 }]);
  expect(open("annotation", { regions: [box] })).toEqual([box]);
  expect(open("annotation", { countsDrawn: true })).toEqual([]);
  expect(open("labels", {})).toEqual([]);
});
