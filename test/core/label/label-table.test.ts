import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelComponents } from "../../../core/label/components.ts";
import { findObjects } from "../../../core/label/find-objects.ts";
import { listColumns } from "../../../core/label/format/columns.ts";
import { encodeTable } from "../../../core/label/format/table.ts";
import { toLabelTable } from "../../../core/label/label-table.ts";
import { runsOf } from "../../../core/label/run-band.ts";
import { createMeasurer } from "../../../core/label/shape/measure.ts";
import { bandsOf } from "./bands.ts";
import { anyLabels, labels } from "./text.ts";

describe("a label image as a table", () => {
  it("measures the objects of its classes as the walk over bands does", async () => {
    await fc.assert(
      fc.asyncProperty(anyLabels(16, 9), async (image) => {
        const found = await findObjects(bandsOf(image, [3]), image);

        const whole = labelComponents(image);
        const table = toLabelTable(whole, (id) => found.classes[id]);
        expect({ ...table, ids: undefined, runs: undefined }).toEqual({
          ...found,
          sets: undefined,
          dropped: undefined,
          ids: undefined,
          runs: undefined,
        });
        const [own, walked] = [createMeasurer(table), createMeasurer(found)];
        own.add(table.runs);
        walked.add(runsOf(whole));
        for (let id = 1; id <= found.count; id++) expect(own.of(id)).toEqual(walked.of(id));
      }),
      { seed: 61 },
    );
  });

  it("keeps its ids, in pieces too", () => {
    const table = toLabelTable(labels("9.4/..4/9.."), (id) => (id === 9 ? 2 : undefined));
    const measurer = createMeasurer(table);
    measurer.add(table.runs);
    const text = Buffer.concat([
      ...encodeTable(table, { columns: listColumns().slice(0, 1), measurementOf: measurer.of, idOf: (number) => table.ids[number]! }),
    ]).toString();
    expect(text).toBe("id,class,x0,y0,x1,y1,at_border,area_px\n9,2,0,0,1,3,1,2\n4,1,2,0,3,2,1,2\n");
  });
});
