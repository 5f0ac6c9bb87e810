import { describe, expect, test, vi } from "vitest";
import { Problem } from "../../../core/problem.ts";
import { type MacroTarget, type MacroUse, runMacro } from "../../../host/macro/run.ts";

/** A target that writes down what it is told. */
function createTarget(changes: Partial<MacroTarget> = {}): { target: MacroTarget; told: unknown[][] } {
  const told: unknown[][] = [];
  const target: MacroTarget = {
    run: async (command, options, { variables }) => void told.push(["run", command, options, Object.fromEntries(variables)]),
    open: async (path) => void told.push(["open", path]),
    selectImage: (title) => void told.push(["selectImage", title]),
    rename: (title) => void told.push(["rename", title]),
    close: (...title) => void told.push(["close", ...title]),
    getTitle: () => "cells.png",
    print: (line) => void told.push(["print", line]),
    saveAs: async (kind, path) => void told.push(["saveAs", kind, path]),
    setOption: (name, on) => void told.push(["setOption", name, on]),
    ...changes,
  };
  return { target, told };
}

describe("runMacro", () => {
  test("hands each statement to the target, in order", async () => {
    const { target, told } = createTarget();
    const source = `
      var n = 2; var path = "a/" + "b" + n;
      open(path); selectImage("x"); selectWindow("y"); rename("z" + getTitle()); getTitle();
      print("n", n, n + 1, n + "1"); setOption("Dark", false); setOption("Light");
      run("A"); run("B", "t=&n"); wait(0); saveAs("tiff", "c.tif"); close("x"); close();`;
    await runMacro(source, target);
    const variables = { n: 2, path: "a/b2" };
    expect(told).toEqual([
      ["open", "a/b2"],
      ["selectImage", "x"],
      ["selectImage", "y"],
      ["rename", "zcells.png"],
      ["print", "n 2 3 21"],
      ["setOption", "Dark", false],
      ["setOption", "Light", true],
      ["run", "A", undefined, variables],
      ["run", "B", "t=&n", variables],
      ["saveAs", "Tiff", "c.tif"],
      ["close", "x"],
      ["close"],
    ]);
  });

  test("nothing runs when the last line is at fault", async () => {
    const { target, told } = createTarget();
    await expect(runMacro('print("a");\nprnt("b");', target)).rejects.toMatchObject({
      kind: "InvalidMacro",
      details: { line: 2, word: "prnt" },
    });
    expect(told).toEqual([]);
  });

  test("the whole text is checked before its first statement: commands, options and arguments, as far as they are known", async () => {
    const checked: unknown[][] = [];
    const check: MacroTarget["check"] = (command, options, variables) => {
      checked.push([command, options, Object.fromEntries(variables)]);
      if (command === "Nope") throw new Problem("InvalidParameter", "Unrecognized command", { parameter: "command" });
      return {};
    };
    const { target, told } = createTarget({ check });
    const source = `t = 3; name = getTitle(); m = "a" + t;
      run("A"); run("B", "t=&t"); run("C", "model=[" + name + "]"); run("D", "model=&name"); run(name); saveAs(name, "x");
      wait(1e6);
      run("No" + "pe", "x=1");`;
    await expect(runMacro(source, target)).rejects.toMatchObject({ kind: "InvalidMacro", message: "Line 4: Unrecognized command" });
    const known = { t: 3, m: "a3" };
    expect(checked).toEqual([
      ["A", undefined, known],
      ["B", "t=&t", known],
      ["Nope", "x=1", known],
    ]);
    expect(told).toEqual([]);
    await expect(runMacro('print("a");\nsaveAs("Jpeg", "b.jpg");', target)).rejects.toThrow('Line 2: "saveAs" must be given one of');
    await expect(runMacro('print("a");\nwait("long");', target)).rejects.toThrow("Line 2");
    expect(told).toEqual([]);
  });

  test("setBatchMode is accepted and does nothing", async () => {
    const { target, told } = createTarget();
    await runMacro('setBatchMode(true); print("a"); setBatchMode("exit and display");', target);
    expect(told).toEqual([["print", "a"]]);
  });

  test.each([
    ["open(3);", "open"],
    ['wait("long");', "wait"],
    ["wait(-1);", "wait"],
    ["wait(1e12);", "wait"],
    ['saveAs("Tif", "a");', "Tif"],
    ['setOption("a", "false");', "setOption"],
  ])("a wrong argument is an error with its line: %s", async (statement, word) => {
    const run = runMacro(`print(1);\n${statement}`, createTarget().target);
    await expect(run).rejects.toMatchObject({
      kind: "InvalidMacro",
      details: { line: 2, word },
      message: expect.stringMatching(/^Line 2: /),
    });
  });

  test("what a statement throws gets its line, and keeps its kind where the macro's text is not to blame", async () => {
    const throwing = (error: unknown) => createTarget({ open: () => Promise.reject(error) }).target;
    const source = '\n\nopen("a");';
    const missing = new Problem("MissingFile", "There must be a file a.", { path: "a" });
    await expect(runMacro(source, throwing(missing))).rejects.toMatchObject({
      kind: "MissingFile",
      message: "Line 3: There must be a file a.",
    });
    const wrong = new Problem("InvalidParameter", '"tile" is wrong.', { parameter: "tile" });
    await expect(runMacro(source, throwing(wrong))).rejects.toMatchObject({
      kind: "InvalidMacro",
      details: { line: 3, word: "tile" },
      cause: wrong,
    });
    await expect(runMacro(source, throwing(new TypeError("bad")))).rejects.toThrow("Line 3: bad");
    await expect(runMacro(source, throwing("a string"))).rejects.toThrow("Line 3: a string");
  });

  test("what it will read must be there before its first statement runs; the error has the line that reads it", async () => {
    const asked: string[] = [];
    const { target, told } = createTarget({
      assertThere: async ({ kind, path }: MacroUse) => {
        asked.push(`${kind} ${path}`);
        if (path === "b.tif") throw new Problem("MissingFile", "There must be a file b.tif.", { path });
      },
    });
    const run = runMacro('print("begun");\nopen("a.tif");\nopen("b.tif");\nopen("c.tif");', target);
    await expect(run).rejects.toMatchObject({ kind: "MissingFile", message: "Line 3: There must be a file b.tif." });
    expect(asked).toEqual(["image a.tif", "image b.tif"]);
    expect(told).toEqual([]);
  });

  test("a text that doubles with every line ends with an error, not with the memory", async () => {
    const source = `x = "abcdefgh";\n${"x = x + x;\n".repeat(60)}`;
    await expect(runMacro(source, createTarget().target)).rejects.toMatchObject({ kind: "InvalidMacro", details: { line: 21 } });
  });

  test("an aborted signal ends wait at once", async () => {
    const controller = new AbortController();
    const run = runMacro("wait(1000000);", createTarget().target, { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    const start = performance.now();
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test("stop ends wait, and with it the macro", async () => {
    const controller = new AbortController();
    const { target, told } = createTarget();
    const run = runMacro('wait(1000000); print("after");', target, { stop: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toEqual([]);
  });

  test("an aborted signal ends a macro in a statement that does not listen to it", async () => {
    const controller = new AbortController();
    const { target, told } = createTarget({ run: () => new Promise(() => {}) });
    const run = runMacro('run("A"); print("after");', target, { signal: controller.signal });
    setTimeout(() => controller.abort(), 10);
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toEqual([]);
  });

  test("a long straight macro gives the event loop turns, and can be stopped in one", async () => {
    const controller = new AbortController();
    const { target, told } = createTarget();
    const run = runMacro("print(1);\n".repeat(200_000), target, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(run).rejects.toMatchObject({ name: "AbortError" });
    expect(told.length).toBeLessThan(200_000);
  });

  test("an aborted signal keeps the first statement from running", async () => {
    const { target, told } = createTarget();
    await expect(runMacro("print(1);", target, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(told).toEqual([]);
  });

  test("a signal keeps no listener of a macro that has ended", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await runMacro('wait(0); run("A"); open("a");', createTarget().target, { signal });
    expect(added).toHaveBeenCalled();
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });
});
