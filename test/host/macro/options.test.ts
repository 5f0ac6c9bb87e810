import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { getValue, isChecked, readWords, trimKey } from "../../../plugin/parameter/macro-options.ts";

const vectorsPath = join(process.env["OVERTILE_DATA"] ?? join(import.meta.dirname, "../../../../shared/data"), "macro-options.json");

// Derived by hand from the text of the grammar (FIELD.md, "Macro conventions"), not from our code nor from the data file.
const ownVectors: readonly (readonly [options: string, key: string, value: string])[] = [
  ["a=1 b=2", "b", "2"],
  ["a=1 b=2", "c", "D"],
  ["a=[one two] b=2", "a", "one two"],
  ["a=[x [y [z]] w] b=2", "a", "x [y [z]] w"],
  ["a=[x [y] b=2", "a", "D"],
  ["a='one two' b=2", "a", "one two"],
  ["a='it]s [' b=2", "a", "it]s ["],
  ["a='one two", "a", "D"],
  ["a=''", "a", ""],
  ["a=[]", "a", ""],
  ["a= b=2", "a", ""],
  ["a=", "a", ""],
  ["ba=1 a=2", "a", "2"],
  ["Ωa=1 a=2", "a", "2"],
  ["b_a=1 a=2", "a", "1"],
  ["7a=1 a=2", "a", "1"],
  ["-a=1 a=2", "a", "1"],
  ["t=[see a=3 there] a=2", "a", "3"],
  ["t=[a=3] a=2", "a", "3]"],
  ["A=1", "a", "D"],
  ["a=1", "A", "1"],
  ["a=1", "a field:", "1"],
  ["a=x]y b=2", "a", "x]y"],
  ["a=b=c", "a", "b=c"],
  ["a=\ttab\n b=2", "a", "\ttab\n"],
  ["a=[x]b=2", "b", "2"],
  ["a=1 a=2", "a", "1"],
];

describe("getValue", () => {
  test.skipIf(!existsSync(vectorsPath))(`gives ImageJ's own answers on every vector of ${vectorsPath}`, () => {
    const vectors = JSON.parse(readFileSync(vectorsPath, "utf8")) as { options: string; key: string; default: string; value: string }[];
    expect(vectors.length).toBeGreaterThan(20);
    for (const vector of vectors) expect({ ...vector, value: getValue(vector.options, vector.key, vector.default) }).toEqual(vector);
  });

  test("follows the text of the grammar", () => {
    for (const [options, key, value] of ownVectors) expect([options, key, getValue(options, key, "D")]).toEqual([options, key, value]);
  });

  test("never throws, whatever the line", () => {
    const odd = fc.string({ unit: fc.constantFrom("a", "=", "[", "]", "'", " ", "_", "é", "\\", '"', "\u{1f52c}") });
    fc.assert(
      fc.property(
        odd,
        odd,
        (options, key) => typeof getValue(options, key, "D") === "string" && typeof isChecked(options, key) === "boolean",
      ),
      { seed: 1, numRuns: 2000 },
    );
  });
});

describe("isChecked", () => {
  test.each([
    ["flip", true],
    ["flip a=1", true],
    ["a=1 flip", true],
    ["a=1 flip b=2", true],
    ["", false],
    ["flips a=1", false],
    ["unflip a=1", false],
    ["flip=1", false],
    ["a=[one flip two]", false],
    ["a= flip b=1", false],
    // What surprises: '...' does not hide a word, nor does [...] behind an inner ].
    ["a='one flip two'", true],
    ["a=[one [x] flip two]", true],
  ])("%j has the box flip: %s", (options, checked) => {
    expect(isChecked(options, "flip")).toBe(checked);
  });
});

test("a key is its label's first word in lower case, without what follows a colon", () => {
  expect(["Threshold (0-1):", "Prob: x", "tile", "Radius:", ""].map(trimKey)).toEqual(["threshold", "prob", "tile", "radius", ""]);
});

describe("readWords", () => {
  test("reads a line from left to right, as its writer meant it", () => {
    expect(readWords("a=[key=3] key=2 flip  b='x y'c=[p [q] r]")).toEqual([
      { key: "a", value: "key=3" },
      { key: "key", value: "2" },
      { key: "flip" },
      { key: "b", value: "x y" },
      { key: "c", value: "p [q] r" },
    ]);
  });

  test("a value that is opened and never closed is an error that names its key", () => {
    expect(() => readWords("a=1 b=[x y")).toThrow('The value of "b" must end with ]; got [x y.');
    expect(() => readWords("b='x y")).toThrow("The value of \"b\" must end with '; got 'x y.");
  });
});
