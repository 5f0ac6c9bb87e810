import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createByteWriter } from "../../../core/label/format/byte-writer.ts";
import { listColumns } from "../../../core/label/format/columns.ts";
import { encodeTable } from "../../../core/label/format/table.ts";

const textOf = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString("utf8");

describe("tables", () => {
  it("have one row an object by id, quoted where needed, empty where there is no number", () => {
    const column = Uint32Array.of(0, 0, 3);
    const table = {
      height: 9,
      width: 9,
      count: 2,
      classes: Uint8Array.of(0, 1, 2),
      areasPx: Float64Array.of(0, 4, 5),
      y0: column,
      x0: column,
      y1: Uint32Array.of(0, 2, 5),
      x1: Uint32Array.of(0, 2, 5),
      sets: { ids: column, background: false, checksum: 0 },
    };
    const measurement = {
      areaPx: 4,
      perimeterPx: Number.NaN,
      centroid: { y: 1 / 3, x: 2 },
      circularity: 0.5,
      eccentricity: 0,
      channels: [],
    };
    const parts = encodeTable(table, { columns: listColumns(), measurementOf: () => measurement, classNames: ["=1+1", 'a "b", c'] });
    expect(textOf([...parts]).split("\n")).toEqual([
      "id,class,x0,y0,x1,y1,at_border,area_px,perimeter_px,centroid_x_px,centroid_y_px,circularity,eccentricity",
      "1,'=1+1,0,0,2,2,1,4,,2,0.333333,0.5,0",
      '2,"a ""b"", c",3,3,5,5,0,4,,2,0.333333,0.5,0',
      "",
    ]);
  });

  it.each([
    [0, "0"],
    [12_345_678, "12345678"],
    [-7, "-7"],
    [1234.56789, "1234.568"],
    [99.99999, "100"],
    [9.000001, "9"],
    [0.25, "0.25"],
    [0.1000004, "0.1"],
    [0.000012345678, "0.0000123457"],
    [-0.5, "-0.5"],
    [2 ** 60 + 0.5, "1152920000000000000"],
  ])("the number %d is written %s", (value, text) => {
    const writer = createByteWriter();
    writer.number(value);
    expect(textOf([writer.take()])).toBe(text);
  });

  it("numbers are right to half of their last digit", () => {
    const writer = createByteWriter();
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        writer.number(value);
        const text = textOf([writer.take()]);
        expect(() => JSON.parse(text)).not.toThrow();
        expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(5.0001e-6 * Math.abs(value));
      }),
      { seed: 44, numRuns: 3000 },
    );
  });
});
