// Regular expressions of plugins that would never end are refused before they are tried; those that people write are taken.

import { describe, expect, it } from "vitest";
import { isProblem } from "../../core/problem.ts";
import { checkManifest } from "../../host/manifest.ts";
import { resolveParameters } from "../../host/resolve-parameters.ts";
import { findUnsafePattern } from "../../host/safe-patterns.ts";
import { createManifest } from "../../plugin/parameter/manifest.ts";

const endless = ["^(a+)+$", "^(a*)*$", "(a|a)*b", "(a|aa)+$", "^(([a-z])+.)+$", "(.*a){20}", "a*a*a*a*b", "^(?:\\w+\\s?)*$", "(x+x+)+y", "(a?){30}a", "^(\\d+)*$", "(a)\\1", "(?=a+)+"]; // biome-ignore format: a list
const usual = ["^[a-z][a-z0-9_]*$", "^\\d{4}-\\d\\d-\\d\\d$", "\\.tiff?$", "^(red|green|blue)$", "^(labels|classes)( *, *(labels|classes))*$", "^[^\\]()*]+$", "^(?:ab)+$", "^#[0-9a-f]{6}$"]; // biome-ignore format: a list

/** The manifest with one more parameter, which the last command has. */
function withSchema(schema: object): object {
  const manifest = JSON.parse(JSON.stringify(createManifest()));
  manifest.contributions.commands[0].parameters.properties.zz = schema;
  return manifest;
}

describe("patterns in a manifest's schemas", () => {
  it("that could take for ever are refused, wherever they stand", () => {
    for (const pattern of endless) expect(findUnsafePattern({ pattern }), pattern).toContain("pattern");
    const [pattern] = endless;
    for (const schema of [
      { type: "string", pattern, default: `${"a".repeat(40)}!` },
      { type: "array", items: { type: "string", pattern } },
      { anyOf: [{ type: "number" }, { type: "string", pattern }] },
      { type: "object", patternProperties: { [pattern!]: {} } },
    ]) {
      let said: unknown;
      try {
        checkManifest(withSchema(schema));
      } catch (error) {
        said = error;
      }
      expect(isProblem(said, "InvalidData") && said.message).toMatch(/properties\.zz is wrong.*pattern/);
    }
  });

  it("that people write are taken, and are matched with short texts only", () => {
    for (const pattern of usual) expect(findUnsafePattern({ pattern }), pattern).toBeUndefined();
    expect(checkManifest(createManifest())).toEqual(createManifest());
    const schema = { type: "object", properties: { name: { type: "string", pattern: "^[a-z]+[a-z]+[a-z]+$" } } } as const;
    expect(resolveParameters(schema, { name: "abc" })).toEqual({ name: "abc" });
    expect(() => resolveParameters(schema, { name: `${"a".repeat(100_000)}!` })).toThrow("at most 256 letters");
  });
});
