import { describe, expect, it } from "vitest";
import { runJob } from "../../../core/job.ts";
import { isProblem } from "../../../core/problem.ts";
import type { Pixels } from "../../../plugin/contract.ts";
import { evaluatePairs } from "../../../plugin/evaluate/evaluate-action.ts";
import { makeTiff } from "../../core/source/tiff-bytes.ts";

const side = 20;

/** Planes of squares of 6 x 6 at these corners, numbered from 1. */
function stack(axes: string, planes: readonly (readonly (readonly [y: number, x: number])[])[]): Pixels {
  const data = new Uint8Array(planes.length * side * side);
  planes.forEach((squares, z) => {
    squares.forEach(([y, x], i) => {
      for (let row = y; row < y + 6; row++) data.fill(i + 1, (z * side + row) * side + x, (z * side + row) * side + x + 6);
    });
  });
  return { data, shape: planes.length === 1 ? [side, side] : [planes.length, side, side], axes };
}

const evaluate = (predicted: Pixels, truth: Pixels, parameters = {}) =>
  runJob(evaluatePairs([{ predicted, truth, name: "stack" }], parameters));

describe("two stacks that are compared", () => {
  it.each(["zyx", "tyx"])("count the objects of every plane (%s)", async (axes) => {
    const truth = stack(axes, [
      [[0, 0]],
      [
        [0, 0],
        [10, 10],
      ],
      [[5, 5]],
    ]);
    const found = stack(axes, [
      [[0, 0]],
      [[0, 0]],
      [
        [5, 5],
        [14, 14],
      ],
    ]);
    const scores = await evaluate(found, truth);
    expect(scores).toMatchObject({ objectsTrue: 4, objectsPredicted: 4, objectsMatched: 3, f1: 0.75 });
    expect(scores).toMatchObject({ objectsMissed: 1, objectsExtra: 1, objectsMerged: 0, objectsSplit: 0 });
    expect(scores["pixelError"]).toBeCloseTo(72 / (3 * side * side), 10);
  });

  it("must have equally many planes", async () => {
    const three = stack("zyx", [[], [], []]);
    for (const other of [stack("yx", [[]]), stack("zyx", [[], []]), stack("tyx", [[], [], []])]) {
      for (const [found, truth] of [
        [three, other],
        [other, three],
      ] as const) {
        const error = await evaluate(found, truth).catch((e: unknown) => e);
        expect(isProblem(error, "InvalidData") && error.message).toMatch(
          /^Prediction and truth must have equally many planes; got .* in "stack"/,
        );
      }
    }
  });
});

describe("class images that are compared", () => {
  const image = (rows: readonly string[], numbers = [0, 1, 2]): Pixels => ({
    data: Uint8Array.from(rows.flatMap((row) => Array.from(row, (letter) => numbers[Number(letter)] ?? Number(letter)))),
    shape: [rows.length, rows[0]!.length],
    axes: "yx",
  });
  const truth = ["11022", "11022", "00000", "22011"];
  const found = ["11022", "11022", "22200", "22011"];

  it("have scores of each class, whatever their numbers are painted as", async () => {
    const scores = await evaluate(image(found), image(truth), { compare: "classes" });
    // Class 2: 6 of 9 pixels shared; its object of 2 pixels in the truth is found with 5: IoU 0.4, no match at 0.5.
    expect(scores).toMatchObject({ objectsTrue: 4, objectsPredicted: 4, objectsMatched: 3, f1: 0.75, f1Class1: 1, f1Class2: 0.5 });
    expect(scores).toMatchObject({ iou1: 1, iou2: 6 / 9, pixelError: 3 / 20, vRand: 1, vRandThinned: 1 });
    expect(scores).toMatchObject({ ap50Class2: 1 / 3, vRandClass1: 1, vRandClass2: 1, pixelErrorClass1: 0, pixelErrorClass2: 3 / 20 });
    expect(await evaluate(image(found, [0, 85, 170]), image(truth), { compare: "classes" })).toEqual(scores);
  });

  it("are not counted where the truth is void", async () => {
    const voided = image(truth, [0, 1, 2]);
    (voided.data as Uint8Array).fill(255, 10, 13);
    expect(await evaluate(image(found), voided, { compare: "classes" })).toMatchObject({ pixelError: 0, f1: 1, f1Class2: 1 });
  });

  it("must be asked for; a number of classes belongs to them alone", async () => {
    expect(Object.keys(await evaluate(image(found), image(truth)))).not.toContain("f1Class1");
    await expect(evaluate(image(found), image(truth), { classes: 3 })).rejects.toThrow('"classes" is for class images (compare=classes)');
    await expect(evaluate(image(found), image(truth), { compar: "classes" })).rejects.toThrow('Did you mean "compare"?');
  });
});

describe("label images that are none", () => {
  const squares = stack("yx", [
    [
      [0, 0],
      [10, 10],
    ],
  ]);
  const mask = { ...squares, data: (squares.data as Uint8Array).map((id) => (id > 0 ? 255 : 0)) };
  const notices = async (predicted: Pixels, truth: Pixels): Promise<readonly string[]> => {
    const told: string[] = [];
    await runJob(evaluatePairs([{ predicted, truth, name: "a" }]), (progress) => {
      if (progress.kind === "notice") told.push(progress.message);
    });
    return told;
  };

  it("are told, on whichever side: a mask of 0 and 255 is one object", async () => {
    const notice =
      "The labels hold 0 and 255 only: they are read as one object in 2 parts. If this is a mask of many, label its connected components.";
    expect(await notices(mask, squares)).toEqual([`a, prediction: ${notice}`]);
    expect(await notices(squares, mask)).toEqual([`a, truth: ${notice}`]);
    expect(await notices(squares, squares)).toEqual([]);
  });
});

it("images that take long to read are told: the first at once, the others in one sentence", async () => {
  const height = 40_000; // a strip for each pixel
  const data = new Uint8Array(height);
  const make = (dataAt: number) =>
    makeTiff(
      [
        { tag: 256, values: [1] },
        { tag: 257, values: [height] },
        { tag: 258, values: [8] },
        { tag: 273, values: Array.from({ length: height }, (_, i) => dataAt + i) },
        { tag: 278, values: [1] },
        { tag: 279, values: new Array(height).fill(1) },
      ],
      data,
    );
  const tiff = new Blob([make(make(0).dataAt).bytes as Uint8Array<ArrayBuffer>]);
  const pairs = ["a.tif", "b.tif", "c.tif"].map((name) => ({ predicted: new File([tiff], name), truth: new File([tiff], name), name }));
  const told: { readonly done: number; readonly message: string }[] = [];
  await runJob(evaluatePairs(pairs), (progress) => void (progress.kind === "notice" && told.push(progress)));
  const slow = told.filter(({ message }) => message.includes("40,000 strips"));
  expect(slow.map(({ done }) => done)).toEqual([0, 3]);
  expect(slow[0]!.message).toMatch(/^a\.tif is in 40,000 strips/);
  expect(slow[1]!.message).toMatch(/^a\.tif \(and 2 more\) is in 40,000 strips/);
});
