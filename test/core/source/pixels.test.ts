import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openSource } from "../../../core/source/open.ts";
import type { PixelsInput } from "../../../core/source/pixels.ts";

const letters = "tzcyx";

describe("a host's array", () => {
  it("of any axes gives the number at t, z, y, x, c where its strides put it", async () => {
    const axes = fc.constantFrom("yx", "yxc", "zyx", "cyx", "tyxc", "tzcyx", "zcyx", "ctzyx", "tzyxc", "czyx");
    const sides = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(axes, sides, async (axes, sides) => {
        const size = (letter: string): number => (axes.includes(letter) ? sides[letters.indexOf(letter)]! : 1);
        const shape = [...axes].map(size);
        // The number says where it is: one digit an axis, in the order t z c y x.
        const values: number[] = [];
        const fill = (at: Record<string, number>, depth: number): void => {
          const letter = axes[depth];
          if (letter === undefined) values.push([...letters].reduce((sum, l) => 5 * sum + (at[l] ?? 0), 0));
          else for (let index = 0; index < size(letter); index++) fill({ ...at, [letter]: index }, depth + 1);
        };
        fill({}, 0);
        const source = await openSource({ data: Uint16Array.from(values), shape, axes });
        expect([source.sizeT, source.sizeZ, source.channels.length, source.height, source.width]).toEqual([...letters].map(size));
        for (let t = 0; t < size("t"); t++) {
          for (let z = 0; z < size("z"); z++) {
            const { data } = await source.read({ y0: 0, x0: 0, y1: size("y"), x1: size("x"), z, t });
            let at = 0;
            for (let y = 0; y < size("y"); y++) {
              for (let x = 0; x < size("x"); x++) {
                for (let c = 0; c < size("c"); c++) expect(data[at++]).toBe((((t * 5 + z) * 5 + c) * 5 + y) * 5 + x);
              }
            }
          }
        }
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it.each<[readonly number[], readonly number[]]>([
    [
      [5, 7],
      [1, 1, 1, 5, 7],
    ],
    [
      [5, 3],
      [1, 1, 1, 5, 3],
    ],
    [
      [5, 7, 3],
      [1, 1, 3, 5, 7],
    ],
    [
      [5, 7, 4],
      [1, 1, 4, 5, 7],
    ],
    [
      [2, 5, 7],
      [1, 2, 1, 5, 7],
    ],
    [
      [2, 5, 7, 3],
      [1, 2, 3, 5, 7],
    ],
  ])("of shape %j without axes has t, z, c, y, x of %j", async (shape, expected) => {
    const source = await openSource({ data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape });
    expect([source.sizeT, source.sizeZ, source.channels.length, source.height, source.width]).toEqual(expected);
  });

  it("is read where it lies, and not changed", async () => {
    const data = Uint8Array.of(1, 2, 3, 4);
    const source = await openSource({ data, shape: [2, 2] });
    const { data: box } = await source.read({ y0: 1, x0: 0, y1: 2, x1: 2 });
    box.fill(9);
    expect([...data]).toEqual([1, 2, 3, 4]);
  });

  it("of a canvas (clamped RGBA) loses its alpha", async () => {
    const source = await openSource({ data: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 0), shape: [1, 2, 4] });
    expect([...(await source.read({ y0: 0, x0: 0, y1: 1, x1: 2 })).data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  const wrong: readonly [string, unknown, string][] = [
    ["too few numbers", { data: new Uint8Array(5), shape: [2, 3] }, "6 numbers"],
    ["no shape", { data: new Uint8Array(5) }, "shape"],
    ["an empty side", { data: new Uint8Array(0), shape: [0, 3] }, "shape"],
    ["a broken side", { data: new Uint8Array(5), shape: [2.5, 2] }, "shape"],
    ["one dimension", { data: new Uint8Array(5), shape: [5] }, "axes"],
    ["four dimensions without a channel", { data: new Uint8Array(2 * 2 * 5 * 6), shape: [2, 2, 5, 6] }, "axes"],
    ["axes that do not end in yx", { data: new Uint8Array(6), shape: [2, 3], axes: "xy" }, "axes"],
    ["an axis twice", { data: new Uint8Array(6), shape: [1, 1, 2, 3], axes: "zzyx" }, "axes"],
    ["more axes than sides", { data: new Uint8Array(6), shape: [2, 3], axes: "zyx" }, "dimensions"],
    ["64-bit integers", { data: new BigInt64Array(6), shape: [2, 3] }, "BigInt64Array"],
    ["a plain list", { data: [1, 2], shape: [1, 2] }, "typed array"],
    ["a view of bytes", { data: new DataView(new ArrayBuffer(4)), shape: [2, 2] }, "DataView"],
    ["a negative pixel size", { data: new Uint8Array(4), shape: [2, 2], pixelSizeUm: -1 }, "pixelSizeUm"],
  ];
  it.each(wrong)("with %s is refused by name", async (_, input, reason) => {
    const failure = openSource(input as PixelsInput, { name: "camera 2" });
    await expect(failure).rejects.toMatchObject({ kind: "InvalidData" });
    await expect(failure).rejects.toThrow(reason);
    await expect(failure).rejects.toThrow("camera 2");
  });
});
