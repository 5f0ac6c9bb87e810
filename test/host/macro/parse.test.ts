import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { fixString, formatCall } from "../../../host/macro/literal.ts";
import { parseMacro } from "../../../host/macro/parse.ts";
import { countProcessorMs } from "../../support/processor-time.ts";

const literal = (value: string | number) => [{ kind: "literal", value }];

describe("parseMacro", () => {
  test("reads calls, variables, sums, comments and empty statements", () => {
    const source = `// a comment; with "things"
var name = "cells" + ".png"; /* over
two lines */ n = -1.5e2;;
open(name); run("A", "t=" + n);
print(getTitle(), true)`;
    expect(parseMacro(source)).toEqual([
      { kind: "assign", name: "name", value: [...literal("cells"), ...literal(".png")], line: 2 },
      { kind: "assign", name: "n", value: literal(-150), line: 3 },
      { kind: "call", name: "open", args: [[{ kind: "variable", name: "name" }]], line: 4 },
      { kind: "call", name: "run", args: [literal("A"), [...literal("t="), { kind: "variable", name: "n" }]], line: 4 },
      { kind: "call", name: "print", args: [[{ kind: "title" }], literal(1)], line: 5 },
    ]);
  });

  test("counts the lines of every line ending, also in comments", () => {
    const lines = parseMacro("wait(1);\r\nwait(1);\rwait(1);\n/* \r\n \r \n */ wait(1);").map((statement) => statement.line);
    expect(lines).toEqual([1, 2, 3, 7]);
  });

  test("reads the escapes of ImageJ's strings", () => {
    expect(
      parseMacro(String.raw`print("\"\\\n\t\101\7\377é\u{1f52c}".length);`.replace(String.raw`\u{1f52c}".length`, '\u{1f52c}"')),
    ).toMatchObject([{ args: [literal('"\\\n\tA\x07\xffé\u{1f52c}')] }]);
  });

  test.each([
    ["for (i=0; i<3; i++) print(i);", 1, "for"],
    ["\n\nrnu('a');", 3, "rnu"],
    ["print('a\");", 1, ""],
    ["print(3 * 4);", 1, "*"],
    ["x = 1; print(x[0]);", 1, "["],
    ["x = 1; print(x.length);", 1, "."],
    ["x = 1; x++;", 1, "x"],
    ["f = newArray(3);", 1, "newArray"],
    ["n = File.exists('a');", 1, "File"],
    ['print("a")\nprint("b");', 1, "print"],
    ['print("a);', 1, ""],
    ['\nprint("\\q");', 2, ""],
    ["/* for ever", 1, "/*"],
    ["print(x);", 1, "x"],
    ["x = x + 1;", 1, "x"],
    ['run = "a";', 1, "run"],
    ['var true = "a";', 1, "true"],
    ["var = 3;", 1, "="],
    ['wait("a"', 1, ""],
    ["wait(1, 2);", 1, "wait"],
    ["print(1 - 2);", 1, "-"],
    ["print(-getTitle());", 1, "getTitle"],
    ["print(open);", 1, "open"],
    ["print(2key);", 1, "2"],
    ["\u{1f52c};", 1, "\u{1f52c}"],
    ['x = eval("1");', 1, "eval"],
    ["constructor();", 1, "constructor"],
    ["__proto__ = 1; toString();", 1, "toString"],
    ["print(1)) ;", 1, ")"],
    ["3;", 1, "3"],
  ])("anything else is an error with its line: %j", (source, line, word) => {
    const error = failureOf(source);
    expect(error.details.line).toBe(line);
    expect(error.message).toMatch(new RegExp(`^Line ${line}: `));
    if (word !== "") expect(error.details.word).toBe(word);
  });

  test("strings stand in either quotes, as in ImageJ; what takes no arguments needs no brackets", () => {
    expect(parseMacro('run(\'A "b"\', "it\'s");')).toMatchObject([{ args: [literal('A "b"'), literal("it's")] }]);
    expect(parseMacro(String.raw`print('it\'s\n');`)).toMatchObject([{ args: [literal("it's\n")] }]);
    const named = [{ kind: "assign", name: "t", value: [{ kind: "title" }], line: 1 }];
    expect(parseMacro("t = getTitle;")).toEqual(named);
    expect(parseMacro("t = getTitle();")).toEqual(named);
    expect(parseMacro('print("a/" + getTitle + ".tif"); close; close')).toMatchObject([
      { args: [[...literal("a/"), { kind: "title" }, ...literal(".tif")]] },
      { name: "close", args: [] },
      { name: "close", args: [] },
    ]);
  });

  test("what only ImageJ has is named, wherever it stands, with what is here instead", () => {
    const loop = 'dir = getDirectory("Choose");\nlist = getFileList(dir);\nfor (i = 0; i < list.length; i++) {\n  open(dir + list[i]);\n}';
    expect(failureOf(loop)).toMatchObject({
      details: { line: 3, word: "for" },
      message: expect.stringMatching(
        /^Line 3: "for" is a loop, .*once for each image: name them, as in "overtile macro FILE\.ijm images\/\*\.png", or choose Macro > Run on files/,
      ),
    });
    for (const [source, message] of [
      ["while (true) { }", /Line 1: "while" is a loop/],
      ["do { } while (1);", /Line 1: "do" is a loop/],
      ['print("a");\nif (isOpen("b")) close();', /Line 2: "if" is a condition/],
      ["function f(x) { return x; }", /"function" begins a function/],
      ['macro "Count" {\n print(1); }', /Line 1: "macro" begins a block/],
      [
        'x = getDirectory("a");',
        /"getDirectory" is no function of this host\. A macro of this host reads no folders\. It runs once for each image/,
      ],
      ['File.makeDirectory("a");', /"File\.makeDirectory" is no function.*once for each image/],
      ["n = getNumber('n', 3);", /"getNumber" is no function.*write the value into the macro/],
      ["n = nImages;", /"nImages" is no function.*selectImage\("title"\)/],
      ["x = parseInt('3');", /"parseInt" is no function of this host\. It knows getTitle\(\)/],
      ["x = y;", /The variable "y" has no value yet/],
      ["n = 3; print(n - 1);", /"-" cannot stand behind a value here/],
    ] as const)
      expect(failureOf(source).message).toMatch(message);
  });

  test("a misspelt statement is told the nearest one", () => {
    expect(failureOf("selectimages();").message).toContain('Did you mean "selectImage"?');
  });

  test("parse(format(call)) = call, for any strings and numbers", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("\\", '"', "\n", "\r", "\0", "7", "n", "\x7f", "\ud800") }),
    );
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    fc.assert(
      fc.property(fc.array(fc.oneof(text, number), { minLength: 1, maxLength: 5 }), (args) => {
        expect(parseMacro(formatCall("print", ...args))).toEqual([{ kind: "call", name: "print", args: args.map(literal), line: 1 }]);
      }),
      { seed: 2, numRuns: 1000 },
    );
  });

  test("any text is a macro or an InvalidMacro with a line of that text", () => {
    const pieces = [
      "run",
      "(",
      ")",
      '"',
      ";",
      "+",
      "-",
      ",",
      "=",
      "var ",
      "x",
      "\n",
      "\r\n",
      "//",
      "/*",
      "*/",
      "\\",
      "1",
      ".",
      "e",
      "'",
      "é",
      "\u{1f52c}",
      " ",
      "print",
      "getTitle()",
      "{",
      "]",
      "<",
      "for",
      "\0",
    ];
    const soup = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 40 })
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(soup, (source) => isMacroOrProblem(source)),
      { seed: 3, numRuns: 3000 },
    );
  });

  test("any macro with one place spoilt is a macro or an InvalidMacro with a line of that text", () => {
    const good =
      'var a = "x";\nopen("b/" + a); // c\nrun("Overtile Segment", "model=[m 1]");\n/* d */ saveAs("Tiff", getTitle() + ".tif");\n';
    const spoilt = fc
      .tuple(fc.nat(good.length), fc.nat(6), fc.string({ maxLength: 3 }))
      .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut));
    fc.assert(
      fc.property(spoilt, (source) => isMacroOrProblem(source)),
      { seed: 4, numRuns: 3000 },
    );
  });

  test("megabytes of anything are read in a moment", () => {
    const n = 1 << 20;
    for (const source of [
      '"'.repeat(n),
      `print("${"\\\\".repeat(n)}");`,
      "1".repeat(n),
      "a".repeat(n),
      "(".repeat(n),
      "/*".repeat(n),
      `print(1${"+1".repeat(n / 4)});`,
    ]) {
      const processorMs = countProcessorMs();
      isMacroOrProblem(source);
      expect(processorMs()).toBeLessThan(2000);
    }
  });
});

test("what the recorder escapes is quotes, backslashes and control characters", () => {
  expect(fixString('a "b" C:\\d\n\t\x7f é\u{1f52c}')).toBe('a \\"b\\" C:\\\\d\\n\\011\\177 é\u{1f52c}');
});

function isMacroOrProblem(source: string): boolean {
  try {
    parseMacro(source);
    return true;
  } catch (error) {
    if (!isProblem(error, "InvalidMacro")) throw error;
    return error.details.line >= 1 && error.details.line <= source.split(/\r\n|\r|\n/).length;
  }
}

function failureOf(source: string) {
  try {
    parseMacro(source);
  } catch (error) {
    if (isProblem(error, "InvalidMacro")) return error;
    throw error;
  }
  throw new Error(`No error: ${source}`);
}
