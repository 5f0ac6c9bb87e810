import { describe, expect, it } from "vitest";
import { readClassNumbers } from "../../../core/label/class-numbers.ts";

/** How the maps are read: classes, what each number becomes that is no class itself, and what is told. */
function reading(maps: readonly (readonly number[])[], wanted: number | "auto" = "auto") {
  const { count, classOf, voids, notices } = readClassNumbers(
    maps.map((map) => new Set(map)),
    wanted,
  );
  return { count, becomes: Object.fromEntries(classOf), voids: [...voids], told: notices.join(" ") };
}

const plain = { becomes: {}, voids: [], told: "" };

describe("the numbers of classes", () => {
  it("are read as they are where they count from 0", () => {
    expect(reading([])).toEqual({ count: 2, ...plain });
    expect(reading([[0]])).toEqual({ count: 2, ...plain });
    expect(reading([[0, 1]])).toEqual({ count: 2, ...plain });
    expect(reading([[0, 1], [0, 2, 3], [3]])).toEqual({ count: 4, ...plain });
    expect(reading([Array.from({ length: 255 }, (_, i) => i)])).toEqual({ count: 255, ...plain });
    expect(reading([[0, 85, 170]], 171)).toEqual({ count: 171, ...plain });
    expect(reading([[0, 1]], 6)).toEqual({ count: 6, ...plain });
  });

  it("that are missing are told: the network has the class all the same", () => {
    expect(reading([[0, 1, 3]])).toEqual({ count: 4, ...plain, told: "The classes are numbered to 3: 4 classes. No pixel is of class 2." });
    expect(reading([[0, 15]])).toMatchObject({ count: 16, told: /16 classes/ });
  });

  it("of the background are missed where classes are counted from 1, as ilastik does", () => {
    expect(reading([[1, 2], [2]])).toEqual({
      count: 3,
      ...plain,
      told: expect.stringMatching(/^No pixel is of class 0, the background\./),
    });
    expect(reading([[1, 2, 255]]).told).toMatch(/255 in the classes is read as "ignored".* No pixel is of class 0/);
  });

  it("that are grey values are read in their order, and that is told", () => {
    const told = "The classes hold the grey values 0, 85 and 170: they are read as 3 classes, 0, 1 and 2.";
    expect(
      reading([
        [0, 85],
        [0, 170],
      ]),
    ).toEqual({ count: 3, becomes: { 85: 1, 170: 2 }, voids: [], told });
    expect(reading([[0, 85, 170]], 3)).toEqual({ count: 3, becomes: { 85: 1, 170: 2 }, voids: [], told });
    expect(reading([[0, 255]])).toMatchObject({
      count: 2,
      becomes: { 255: 1 },
      told: /grey values 0 and 255: they are read as 2 classes, 0 and 1/,
    });
    expect(reading([[0, 128]])).toMatchObject({ count: 2, becomes: { 128: 1 }, told: /0 and 128/ });
    expect(
      reading([
        [0, 128],
        [0, 255],
      ]),
    ).toMatchObject({ count: 3, becomes: { 128: 1, 255: 2 } });
    expect(reading([[0, 63, 127, 191, 255]])).toMatchObject({ count: 5, becomes: { 63: 1, 127: 2, 191: 3, 255: 4 }, voids: [] });
    expect(reading([[0, 20_000, 60_000]])).toMatchObject({ count: 3, becomes: { 20000: 1, 60000: 2 } });
  });

  it("255 and 65535 beside numbers from 0 count for nothing, and that is told", () => {
    expect(reading([[0, 1, 255]])).toMatchObject({
      count: 2,
      becomes: {},
      voids: [255],
      told: /255 .*"ignored": pixels of it count for nothing/,
    });
    expect(reading([[0, 1, 2, 65_535]])).toMatchObject({ count: 3, voids: [65_535] });
    expect(reading([[0, 15, 255]])).toMatchObject({ count: 16, voids: [255] });
    expect(
      reading([
        [0, 255],
        [0, 1, 255],
      ]),
    ).toMatchObject({ count: 2, voids: [255] });
    expect(reading([[0, 15, 255]], 21)).toMatchObject({ count: 21, voids: [255], told: /255/ });
  });

  it("0 and 255 in one map beside 0 and 1 in others are the same two classes", () => {
    expect(
      reading([
        [0, 1],
        [0, 255],
      ]),
    ).toMatchObject({ count: 2, becomes: { 255: 1 }, voids: [], told: /255 is read as class 1/ });
  });

  it("that can be read in several ways are refused, and what is advised is accepted", () => {
    expect(() => reading([[0, 3, 40, 200]])).toThrow(
      "the classes hold 0, 3, 40 and 200. Number them so, or say how many classes there are: classes=201.",
    );
    expect(reading([[0, 3, 40, 200]], 201)).toMatchObject({ count: 201, becomes: {} });
    expect(() => reading([[0, 1, 2, 255]], 2)).toThrow(
      "the classes hold 0, 1 and 2. Number them so, or say how many classes there are: classes=3.",
    );
    expect(reading([[0, 1, 2, 255]], 3)).toMatchObject({ count: 3, voids: [255] });
  });

  it("that are too many for classes are told to be objects, perhaps", () => {
    const ids = Array.from({ length: 300 }, (_, i) => i);
    expect(() => reading([ids])).toThrow(
      /from 0 to 254; the classes hold 299 numbers from 1 to 299\. If each number is an object, put them into "labels\/"/,
    );
  });
});
