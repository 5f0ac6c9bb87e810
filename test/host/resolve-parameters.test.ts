import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatOptions } from "../../host/macro/format-options.ts";
import type { ParametersSchema } from "../../host/manifest.ts";
import { checkParameters, resolveParameters, toOptionValues } from "../../host/resolve-parameters.ts";
import { fakeManifest } from "./fake-plugin.ts";

const schema: ParametersSchema = fakeManifest().contributions.commands[0]!.parameters!;
const defaults = { tile: "auto", threshold: 0.5, min_size: 0, output: ["labels"], mirror: false, keep: false, backend: "auto", note: "" };

describe("resolveParameters", () => {
  test("fills in defaults, from an option string and from an object alike", () => {
    const expected = { ...defaults, model: "my cells@3", tile: 572, output: ["classes", "labels"], mirror: true };
    expect(resolveParameters(schema, "tile=572 mirror output=classes,labels model=[my cells@3]")).toEqual(expected);
    expect(resolveParameters(schema, { tile: 572, mirror: true, output: ["classes", "labels"], model: "my cells@3" })).toEqual(expected);
    expect(resolveParameters(schema, { tile: "572", mirror: true, output: "classes,labels", model: "my cells@3" })).toEqual(expected);
  });

  test("the order is the schema's, and the result cannot be changed", () => {
    const resolved = resolveParameters(schema, { note: "x", model: "m" });
    expect(Object.keys(resolved)).toEqual(["model", "tile", "threshold", "min_size", "output", "mirror", "keep", "backend", "note"]);
    expect(Object.isFrozen(resolved)).toBe(true);
  });

  test.each([
    ["tile=12", "tile", '"tile" must be auto or a whole number from 18 to 4096; got 12. Use 18.'],
    ["tile=big", "tile", '"tile" must be auto or a whole number from 18 to 4096; got "big".'],
    ["tile=0x40", "tile", '"tile" must be auto or a whole number'],
    ["threshold=1.5", "threshold", '"threshold" must be a number from 0 to 1; got 1.5. Use 1.'],
    ["threshold=NaN", "threshold", '"threshold" must be a number from 0 to 1; got "NaN".'],
    ["threshold=[]", "threshold", 'got "".'],
    ["min_size=2.4", "min_size", '"min_size" must be a whole number from 0; got 2.4. Use 2.'],
    ["backend=wsam", "backend", '"backend" must be one of auto, webgpu, webgl, wasm, cpu; got "wsam". Use wasm.'],
    ["output=labels,masks", "output", '"output" must be'],
    ["treshold=0.4", "treshold", '"treshold" must be the name of a parameter, but is none. Did you mean "threshold"?'],
    ["zzzzzzzzzzzzzzzz", "zzzzzzzzzzzzzzzz", "Use one of model, tile"],
    ["TILE=572", "TILE", 'Did you mean "tile"?'],
    ["constructor=1", "constructor", "name of a parameter"],
    ["__proto__=1", "__proto__", "name of a parameter"],
    ["tile", "tile", '"tile" must have a value: write tile=...'],
    ["mirror=true", "mirror", '"mirror" must be a bare word'],
    ["tile=204 tile=220", "tile", "written twice"],
    ["note=[a tile=204] tile=220", "tile", 'ImageJ would read "204]"'],
    ["note='a keep b'", "keep", "ImageJ would see this box"],
    ["note=[open", "note", 'The value of "note" must end with ]'],
  ])("%j is an error that names %j", (options, parameter, message) => {
    const resolve = () => resolveParameters(schema, `${options} model=m`.replace("note=[open model=m", "model=m note=[open"));
    expect(resolve).toThrow(expect.objectContaining({ kind: "InvalidParameter", details: expect.objectContaining({ parameter }) }));
    expect(resolve).toThrow(message);
  });

  test.each([
    [{ threshold: "0.5" }, "threshold"],
    [{ threshold: Number.NaN }, "threshold"],
    [{ threshold: Number.POSITIVE_INFINITY }, "threshold"],
    [{ threshold: null }, "threshold"],
    [{ threshold: 1n }, "threshold"],
    [{ threshold: Symbol("x") }, "threshold"],
    [{ min_size: () => 3 }, "min_size"],
    [{ mirror: 1 }, "mirror"],
    [{ mirror: "true" }, "mirror"],
    [{ note: true }, "note"],
    [{ note: { a: 1 } }, "note"],
    [{ output: [1] }, "output"],
    [{ model: "a[b]" }, "model"],
    [JSON.parse('{"__proto__": 3}'), "__proto__"],
  ])("an object with a wrong value is an error that names it: %#", (given, parameter) => {
    const resolve = () => resolveParameters(schema, { model: "m", ...given, ...Object.fromEntries(Object.entries(given)) });
    if (parameter === "__proto__") expect(() => resolveParameters(schema, given)).toThrow('"__proto__"');
    else expect(resolve).toThrow(expect.objectContaining({ kind: "InvalidParameter", details: expect.objectContaining({ parameter }) }));
  });

  test("a preset changes the defaults of others, and what is given goes before it", () => {
    const train = fakeManifest().contributions.commands[1]!.parameters!;
    expect(resolveParameters(train, "preset=paper")).toEqual({ dataset: "", preset: "paper", steps: 20000, learning_rate: 0.0001 });
    expect(resolveParameters(train, "preset=paper steps=1000").steps).toBe(1000);
    expect(resolveParameters(train).steps).toBe(1000);
  });

  test("what is checked holds the given parameters only, so that the plugin can tell them from its presets", () => {
    expect(checkParameters(schema, "tile=204 mirror")).toEqual({ tile: 204, mirror: true });
    expect(checkParameters(schema, { threshold: -0 }).threshold).toBe(0);
  });

  test("a number is taken where a text belongs, as from a macro", () => {
    expect(checkParameters(schema, { note: 0.1 })).toEqual(checkParameters(schema, "note=0.1"));
  });

  test("a required parameter without default is missed by name", () => {
    expect(() => resolveParameters(schema, "tile=204")).toThrow('"model" must be given');
  });

  test("a command without parameters takes none", () => {
    expect(resolveParameters(undefined, "")).toEqual({});
    expect(() => resolveParameters(undefined, "a=1")).toThrow("it has no parameters");
  });

  test("&name is a macro's variable, and so is a bare name where a number belongs", () => {
    const variables = new Map<string, string | number>([
      ["t", 204],
      ["name", "my cells"],
      ["m", "else"],
    ]);
    const resolved = resolveParameters(schema, "tile=&t min_size=t model=&name note=m", variables);
    expect(resolved).toMatchObject({ tile: 204, min_size: 204, model: "my cells", note: "m" });
    expect(resolveParameters(schema, "model=&other").model).toBe("&other");
  });

  test("any option string resolves or is an InvalidParameter", () => {
    const pieces = [
      "tile",
      "=",
      "572",
      " ",
      "[",
      "]",
      "'",
      "mirror",
      "model=m",
      "note=",
      "output=labels",
      ",",
      "&",
      "\u{1f52c}",
      "\n",
      "é",
      "1e",
      "-",
    ];
    const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(soup, (options) => {
        try {
          resolveParameters(schema, options);
        } catch (error) {
          expect(error).toMatchObject({ kind: "InvalidParameter" });
        }
      }),
      { seed: 6, numRuns: 2000 },
    );
  });

  test("what a line says of resolved parameters resolves to the same parameters", () => {
    const given = fc.record(
      {
        model: fc.stringMatching(/^[a-z@ é\u{1f52c}/\\.]+$/u),
        tile: fc.oneof(fc.constant("auto"), fc.integer({ min: 18, max: 4096 })),
        threshold: fc.double({ min: 0, max: 1, noNaN: true }),
        output: fc.uniqueArray(fc.constantFrom("labels", "classes", "probabilities")),
        mirror: fc.boolean(),
        keep: fc.boolean(),
        note: fc.string({ unit: fc.constantFrom("a", " ", "é", "\n", '"', "\\", "/", "=", "[x]", "keep") }),
      },
      { requiredKeys: ["model"] },
    );
    let written = 0;
    fc.assert(
      fc.property(given, (parameters) => {
        const resolved = resolveParameters(schema, parameters);
        let line: string;
        try {
          line = formatOptions(toOptionValues(schema, resolved));
        } catch (error) {
          expect(error).toMatchObject({ kind: "InvalidParameter" });
          return;
        }
        written++;
        expect(resolveParameters(schema, line)).toEqual(resolved);
      }),
      { seed: 7, numRuns: 500 },
    );
    expect(written).toBeGreaterThan(450);
  });
});
