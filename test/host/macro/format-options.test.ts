import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { formatOptions } from "../../../host/macro/format-options.ts";
import { getValue, isChecked } from "../../../plugin/parameter/macro-options.ts";

const oddPieces = ["a", "key", "=", "key=3", "[", "]", "'", '"', " ", "\\", "\n", "/", "b=", "flip", " flip ", "\u{1f52c}", "é", "_", "&"];
const oddText = fc.array(fc.constantFrom(...oddPieces), { maxLength: 8 }).map((pieces) => pieces.join(""));
const keys = ["key", "b", "x_key", "flip", "box", "name", "path"];
const values = fc.dictionary(
  fc.constantFrom(...keys),
  fc.oneof(oddText, fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean()),
);

describe("formatOptions", () => {
  test("writes boxes, then numbers, then texts, then paths and URLs", () => {
    const line = formatOptions({
      model: "my cells@3",
      file: "a b/c.tif",
      flip: true,
      tile: 572,
      save: false,
      output: "labels",
      rate: 1e-7,
    });
    expect(line).toBe("flip tile=572 rate=1e-7 model=[my cells@3] output=labels file=[a b/c.tif]");
  });

  test.each([
    ["", "k=[]"],
    ["plain", "k=plain"],
    ["two words", "k=[two words]"],
    ["[in brackets]", "k=[[in brackets]]"],
    ["'quoted'", "k=['quoted']"],
    ["open [ bracket", "k='open [ bracket'"],
    ["] [", "k='] ['"],
    ["a]b", "k=a]b"],
    ["it's", "k=it's"],
    ["C:\\a b\\c", "k=[C:\\a b\\c]"],
    ["a=b", "k=a=b"],
    ["\u{1f52c} cells", "k=[\u{1f52c} cells]"],
  ])("writes %j as %j", (value, line) => {
    expect(formatOptions({ k: value })).toBe(line);
  });

  test("a word whose key stands in another's text comes before it", () => {
    expect(formatOptions({ note: "size=3", size: "big" })).toBe("size=big note=size=3");
    expect(formatOptions({ x_key: 1, key: 2 })).toBe("key=2 x_key=1");
  });

  test.each([
    ["an unbalanced bracket, a quote and a space", { k: "it's [ open" }],
    ["two texts each of which holds the other's key", { a: "see b=1", b: "see a=2" }],
    ["an unchecked box that ImageJ would see checked", { flip: false, k: "a [b] flip it's c" }],
  ])("what the grammar has no form for is an error: %s", (_, given) => {
    expect(() => formatOptions(given)).toThrow(expect.objectContaining({ kind: "InvalidParameter" }));
  });

  test("ImageJ's reader gives back every value that was written", () => {
    let written = 0;
    fc.assert(
      fc.property(values, (given) => {
        const line = formatOrProblem(given);
        if (line === undefined) return;
        written++;
        for (const [key, value] of Object.entries(given)) {
          if (typeof value === "boolean") expect(isChecked(line, key)).toBe(value);
          else expect(getValue(line, key, undefined)).toBe(String(value));
        }
      }),
      { seed: 4, numRuns: 3000 },
    );
    expect(written).toBeGreaterThan(2000);
  });

  test("a single text without quote or without unbalanced bracket can always be written", () => {
    fc.assert(
      fc.property(oddText, (text) => {
        const line = formatOrProblem({ k: text });
        if (!text.includes("'") || !/[[\]]/.test(text)) expect(line).toBeDefined();
      }),
      { seed: 5, numRuns: 2000 },
    );
  });
});

function formatOrProblem(given: Record<string, string | number | boolean>): string | undefined {
  try {
    return formatOptions(given);
  } catch (error) {
    if (isProblem(error, "InvalidParameter") && error.details.parameter in given) return undefined;
    throw error;
  }
}
