// Laws of the one table of parameters: names that no parser can mix up, booleans that an absent word means, errors that name the
// parameter and the nearest value.

import { describe, expect, test } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { createJoyForm } from "../../../plugin/adapter/imjoy-form.ts";
import { type Action, type Parameter, parameters, presets } from "../../../plugin/parameter/parameter-table.ts";
import { checkValue, parametersOf, resolveParameters } from "../../../plugin/parameter/parameters.ts";

const table: readonly Parameter[] = parameters;
const actions: readonly Action[] = ["segment", "train", "new", "info", "evaluate"];

describe("the table", () => {
  test("no name is the end of another after _ or -", () => {
    for (const { name } of table)
      for (const other of table) expect(other.name.endsWith(`_${name}`), `${other.name} ends with ${name}`).toBe(false);
  });

  test("names are lower snake_case and stand there once", () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
    for (const { name } of table) expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/);
  });

  test("every boolean defaults to false, and every default fits", () => {
    for (const parameter of table) {
      if (parameter.type === "flag") expect(parameter.default).toBe(false);
      expect(checkValue(parameter, parameter.default)).toBe(parameter.default);
    }
  });

  test("presets name parameters and fit them", () => {
    for (const [preset, values] of Object.entries(presets)) {
      for (const [name, value] of Object.entries(values)) {
        const parameter = table.find((one) => one.name === name);
        expect(parameter, `${preset}.${name}`).toBeDefined();
        expect(checkValue(parameter!, value)).toBe(value);
      }
    }
  });
});

describe("values", () => {
  const wrong: Readonly<Record<Parameter["type"], readonly unknown[]>> = {
    integer: ["x", -1e12, 1e12, 1.5, Number.NaN, {}, "", true],
    number: ["x", -1e12, 1e12, Number.NaN, {}, [], ""],
    auto: ["x", -1, 1e12, 1.5, {}, ""],
    choice: ["x", 1, {}, "", undefined],
    list: ["x", "labels,x", "", {}],
    flag: ["x", 1, {}, ""],
    text: [{}, true, []],
  };

  test("a wrong one is refused by the parameter's name, with what it takes and the nearest that fits", () => {
    for (const parameter of table) {
      for (const value of wrong[parameter.type]) {
        let problem: unknown;
        try {
          checkValue(parameter, value);
        } catch (error) {
          problem = error;
        }
        if (problem === undefined) continue; // inside the range of this one
        expect(isProblem(problem, "InvalidParameter"), `${parameter.name} ${String(value)}`).toBe(true);
        if (!isProblem(problem, "InvalidParameter")) continue;
        expect(problem.details.parameter).toBe(parameter.name);
        expect(problem.message).toMatch(new RegExp(`^"${parameter.name}" must be .*; got `));
        for (const near of problem.details.nearest ?? []) expect(() => checkValue(parameter, near)).not.toThrow();
        if (parameter.type !== "text" && parameter.type !== "flag") expect(problem.details.nearest, parameter.name).toHaveLength(1);
      }
    }
  });

  test("an unknown name is refused with the nearest", () => {
    expect(() => resolveParameters("train", { learningrate: 1 })).toThrow('Did you mean "learning_rate"?');
    expect(() => resolveParameters("segment", { steps: 1 })).toThrow('segment has no parameter "steps"');
  });

  test("explicit values go before the preset's, the preset's before defaults", () => {
    expect(resolveParameters("train", { preset: "ronneberger2015" })).toMatchObject({ features: 64, optimizer: "sgd", dropout: 0.5 });
    expect(resolveParameters("train", { preset: "ronneberger2015", features: "32" })).toMatchObject({ features: 32 });
    expect(resolveParameters("train")).toMatchObject({ preset: "quick", features: 16 });
  });

  test("every action resolves without anything given", () => {
    for (const action of actions)
      expect(Object.keys(resolveParameters(action)).sort()).toEqual(
        parametersOf(action)
          .map(({ name }) => name)
          .sort(),
      );
  });
});

test("the form of ImJoy hosts has room, and a field for every common parameter", () => {
  for (const action of ["segment", "train"] as const) {
    const form = createJoyForm(action);
    expect(form.length).toBeLessThanOrEqual(2048);
    for (const { name, advanced } of parametersOf(action)) expect(form.includes(`id:'${name}'`), name).toBe(!advanced);
  }
});

describe("a record of an older build", () => {
  // All numbers, choices and autos of `train` of 2026-11-30; a new one must be marked as later.
  const older =
    "preset levels features dropout classes tile steps minutes stop_at optimizer learning_rate schedule momentum averaging batch seed weight_map border_weight border_sigma class_balance background smoothness elastic grey_values interval patience pixel_size memory backend workers";
  const isNumber = ({ type }: Parameter): boolean => type !== "flag" && type !== "text";

  test("names all that was known then", () => {
    const known = parametersOf("train").filter((parameter) => isNumber(parameter) && !parameter.isLater);
    expect(known.map(({ name }) => name).join(" ")).toBe(older);
  });

  test("keeps its meaning: what came later is off, whatever its preset says now; a line that a person writes has the preset", () => {
    const now = resolveParameters("train", { preset: "quick" });
    const { imaging: _, scale_range: __, lengths: ___, hold_out: ____, ...known } = now;
    expect(resolveParameters("train", { ...known, levels: 4 })).toMatchObject({
      imaging: 0,
      scale_range: 1,
      lengths: "",
      hold_out: "none",
      levels: 4,
    });
    expect(resolveParameters("train", { ...known, imaging: 0.5 })).toMatchObject({ imaging: 0.5, scale_range: 1 });
    const { imaging, scale_range } = now;
    expect(resolveParameters("train", { preset: "quick", levels: 4, features: 8 })).toMatchObject({ imaging, scale_range });
  });
});
