import { describe, expect, test } from "vitest";
import { countBins, orderRows, readObjectTable } from "../../viewer/labels/object-table.ts";

const text = `id,class,x0,y0,x1,y1,at_border,area_px,"odd, name"
1,cell,0,0,10,12,1,100,0.5
2,"a ""small"" one",4,6,8,9,0,7,
3,cell,20,30,25,31,0,5,-2
`;

describe("the table of a slide's objects", () => {
  test("has what the file has, quoted or empty cells too", async () => {
    const table = await readObjectTable(new Blob([text]));
    expect(table.count).toBe(3);
    expect(table.classNames).toEqual(["cell", 'a "small" one']);
    expect([...table.classOf]).toEqual([0, 1, 0]);
    expect([...table.measurements.keys()]).toEqual(["area_px", "odd, name"]);
    expect([...table.measurements.get("odd, name")!]).toEqual([0.5, Number.NaN, -2]);
    expect(table.boxOf(2)).toEqual({ x0: 20, y0: 30, x1: 25, y1: 31 });
    expect([table.rowOf(3), table.rowOf(4)]).toEqual([2, undefined]);
  });

  test("is the same wherever its pieces are cut", async () => {
    const rows = Array.from({ length: 60_000 }, (_, i) => `${i + 1},µ${i % 3},1,2,3,4,0,${i / 8},${i}`).join("\n");
    const table = await readObjectTable(new Blob([`${text.split("\n")[0]}\n${rows}\n`]));
    expect(table.count).toBe(60_000);
    expect(table.classNames).toEqual(["µ0", "µ1", "µ2"]);
    expect(table.measurements.get("area_px")!.findIndex((area, i) => area !== i / 8)).toBe(-1);
  });

  test("is ordered either way, equal values by row and missing ones last, within a range alone where there is one", () => {
    const values = [3, Number.NaN, 1, 3, 2];
    expect([...orderRows({ count: 5 }, values, false)]).toEqual([2, 4, 0, 3, 1]);
    expect([...orderRows({ count: 5 }, values, true)]).toEqual([0, 3, 4, 2, 1]);
    expect([...orderRows({ count: 5 }, values, false, { values, from: 2, to: 3 })]).toEqual([4, 0, 3]);
  });

  test("falls into bins that count every number once", () => {
    expect(countBins([0, 0.4, 1, 2, Number.NaN, 4], 4)).toEqual({ from: 0, to: 4, counts: [2, 1, 1, 1] });
    expect(countBins([5, 5], 3).counts).toEqual([2, 0, 0]);
  });
});
