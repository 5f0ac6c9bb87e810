import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { parseMacro } from "../../host/macro/parse.ts";
import { createRecorder } from "../../host/recorder.ts";
import { resolveParameters } from "../../host/resolve-parameters.ts";
import { fakeManifest } from "./fake-plugin.ts";

const [segment] = fakeManifest().contributions.commands;
const command = { name: "Overtile Segment", schema: segment!.parameters };

describe("a recorder", () => {
  test("writes a command's line when it starts, and completes it with what was resolved", () => {
    const recorder = createRecorder();
    const heard = vi.fn();
    recorder.onChange(heard);
    const parameters = resolveParameters(command.schema, { model: "my cells", mirror: true });
    const line = recorder.begin(command, parameters);
    expect(recorder.text).toBe(
      'run("Overtile Segment", "mirror threshold=0.5 min_size=0 model=[my cells] tile=auto output=labels backend=auto note=[]");\n',
    );
    line.complete({ ...parameters, model: "my cells@3", tile: 204, backend: "wasm", seed: 7 });
    expect(recorder.text).toBe(
      'run("Overtile Segment", "mirror tile=204 threshold=0.5 min_size=0 model=[my cells@3] output=labels backend=wasm note=[]");\n',
    );
    expect(heard).toHaveBeenCalledTimes(2);
  });

  test("a command that failed or was cancelled becomes a comment", () => {
    const recorder = createRecorder();
    recorder.begin({ name: "A" }, {}).fail(new Error("broken"));
    recorder.begin({ name: "B" }, {}).fail(AbortSignal.abort().reason);
    recorder.record("selectImage", 'a "b"');
    expect(recorder.text).toBe('// failed: run("A");\n// cancelled: run("B");\nselectImage("a \\"b\\"");\n');
    expect(parseMacro(recorder.text)).toHaveLength(1);
  });

  test("parameters that no line can hold are told in a comment, and the macro stays one", () => {
    const recorder = createRecorder();
    recorder.begin(command, resolveParameters(command.schema, { model: "m", note: "it's [\n open" }));
    expect(recorder.text).toMatch(/^\/\/ not recorded: run\("Overtile Segment"\); "note" must be a value that a macro line can hold/);
    expect(parseMacro(recorder.text)).toEqual([]);
  });

  test("clear empties it, and an open line of before stays away", () => {
    const recorder = createRecorder();
    const line = recorder.begin({ name: "A" }, {});
    recorder.clear();
    line.complete({});
    expect(recorder.text).toBe("");
  });

  test("what it writes parses to a call that resolves to equal parameters", () => {
    const given = fc.record(
      {
        model: fc.stringMatching(/^[a-z@ \\/\n]+$/),
        tile: fc.integer({ min: 18, max: 4096 }),
        note: fc.string({ unit: "binary" }),
        keep: fc.boolean(),
      },
      { requiredKeys: ["model"] },
    );
    fc.assert(
      fc.property(given, (parameters) => {
        const resolved = resolveParameters(command.schema, parameters);
        const recorder = createRecorder();
        recorder.begin(command, resolved);
        if (recorder.text.startsWith("// not recorded")) return;
        const [statement] = parseMacro(recorder.text);
        expect(statement).toMatchObject({ kind: "call", name: "run" });
        const args = statement?.kind === "call" ? statement.args.map(([term]) => (term?.kind === "literal" ? term.value : undefined)) : [];
        expect(args[0]).toBe("Overtile Segment");
        expect(resolveParameters(command.schema, String(args[1]))).toEqual(resolved);
      }),
      { seed: 8, numRuns: 500 },
    );
  });
});
