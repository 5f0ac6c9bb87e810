import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isProblem } from "../../../core/problem.ts";
import { formatOptions } from "../../../host/macro/format-options.ts";
import { fixString } from "../../../host/macro/literal.ts";
import { type MacroTarget, runMacro } from "../../../host/macro/run.ts";
import { getValue, isChecked, trimKey } from "../../../plugin/parameter/macro-options.ts";
import { askImageJ, type Question } from "./imagej/ask.ts";

// answers.json holds what ImageJ 1.53t (Debian's libij-java) answered. To ask again, and to compare at random besides:
//   IMAGEJ_JAR=/usr/share/java/ij.jar npx vitest run test/host/macro/imagej.test.ts      (with UPDATE=1: writes the file anew)
const jar = process.env["IMAGEJ_JAR"];
const answersPath = join(import.meta.dirname, "imagej/answers.json");
const answers = JSON.parse(readFileSync(answersPath, "utf8")) as (Question & { answer: string | null })[];

async function answerOurselves({ operation, text, key = "" }: Question): Promise<string | null> {
  if (operation === "value") return getValue(text, key, null);
  if (operation === "checked") return String(isChecked(text, key));
  if (operation === "key") return trimKey(text);
  if (operation === "fix") return fixString(text);
  // ImageJ gives a value back by `return`; our language has none, but print.
  let printed: string | null = null;
  const target = { print: (line: string) => (printed = line) } as unknown as MacroTarget;
  await runMacro(text.replace(/return (.*);$/s, "print($1);"), target);
  return printed;
}

test("the answers that ImageJ gave are ours", async () => {
  expect(answers.length).toBeGreaterThan(60);
  for (const { answer, ...question } of answers)
    expect({ ...question, answer: await answerOurselves(question) }).toEqual({ ...question, answer });
});

describe.skipIf(jar === undefined)("ImageJ itself (IMAGEJ_JAR)", () => {
  const pieces = [
    "a",
    "k",
    "key",
    "=",
    "key=3",
    "[",
    "]",
    "'",
    '"',
    " ",
    "\\",
    "\n",
    "\t",
    "\x7f",
    "\x85",
    "\x9f",
    "/",
    "b=",
    " flip ",
    "_",
    "&",
    ":",
    "7",
    "Key",
    "é",
    "İ",
    "ª",
    "\u00a0",
    "\u{1f52c}",
    "\u{1d400}",
  ];
  const soup = fc.array(fc.constantFrom(...pieces), { maxLength: 14 }).map((parts) => parts.join(""));

  test("answers as the file says", () => {
    const asked = askImageJ(jar!, answers);
    const now = answers.map((question, i) => ({ ...question, answer: asked[i]! }));
    if (process.env["UPDATE"] === "1") writeFileSync(answersPath, `[\n${now.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n]\n`);
    else expect(now).toEqual(answers);
  });

  test("answers as we do, at random", async () => {
    const keys = ["key", "k", "b", "flip", "a", "Key x", "é", "k:7", "_"];
    const questions = fc.sample(soup, { seed: 9, numRuns: 50_000 }).flatMap((text, i): Question[] => [
      { operation: "value", text, key: keys[i % keys.length]! },
      { operation: "checked", text, key: "flip" },
      { operation: "key", text },
      { operation: "fix", text },
    ]);
    const theirs = askImageJ(jar!, questions);
    for (const [i, question] of questions.entries())
      if (theirs[i] !== (await answerOurselves(question))) expect({ ...question, answer: theirs[i] }).toBeNull();
  });

  test("reads every value that formatOptions and fixString have written", () => {
    const values = fc.dictionary(
      fc.constantFrom("key", "b", "x_key", "flip", "box", "k"),
      fc.oneof(soup, fc.string(), fc.integer(), fc.boolean()),
    );
    const questions: (Question & { wanted: string })[] = [];
    for (const given of fc.sample(values, { seed: 3, numRuns: 20_000 })) {
      const text = formatOrNothing(given);
      if (text === undefined) continue;
      for (const [key, value] of Object.entries(given))
        questions.push({ operation: typeof value === "boolean" ? "checked" : "value", text, key, wanted: String(value) });
      // ImageJ's own tokenizer loses \177, which its own recorder writes.
      if (!text.includes("\x7f")) questions.push({ operation: "run", text: `return "${fixString(text)}";`, wanted: text });
    }
    expect(questions.length).toBeGreaterThan(50_000);
    const theirs = askImageJ(jar!, questions);
    for (const [i, question] of questions.entries())
      if (theirs[i] !== question.wanted && !(question.wanted === "" && theirs[i] === null))
        expect({ ...question, answer: theirs[i] }).toBeNull();
  });
});

function formatOrNothing(given: Readonly<Record<string, string | number | boolean>>): string | undefined {
  try {
    return formatOptions(given);
  } catch (error) {
    if (isProblem(error, "InvalidParameter")) return undefined;
    throw error;
  }
}
