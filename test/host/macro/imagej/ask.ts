// Puts questions to ImageJ's own classes (ImageJAnswers.java). Needs a JDK and the path of ij.jar, for instance of Debian's
// package libij-java.

import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Question {
  readonly operation: "value" | "checked" | "key" | "fix" | "run";
  readonly text: string;
  readonly key?: string;
}

/** ImageJ's answers: a text, null for none; in the order of the questions. Throws where ImageJ does. */
export function askImageJ(jar: string, questions: readonly Question[]): (string | null)[] {
  const out = mkdtempSync(join(tmpdir(), "imagej-answers-"));
  execFileSync("javac", ["-nowarn", "-cp", jar, "-d", out, join(import.meta.dirname, "ImageJAnswers.java")], { stdio: "ignore" });
  const input = questions.map(({ operation, text, key = "" }) => `${operation}\t${encode(text)}\t${encode(key)}\n`).join("");
  const command = ["-Djava.awt.headless=true", "-cp", `${jar}:${out}`, "ImageJAnswers"];
  const answers = execFileSync("java", command, { input, maxBuffer: 1 << 30, stdio: ["pipe", "pipe", "ignore"] }).toString();
  return answers
    .trimEnd()
    .split("\n")
    .map((answer, i) => {
      if (answer.startsWith("!")) throw new Error(`ImageJ fails at ${JSON.stringify(questions[i])}: ${answer}`);
      return answer === "-" ? null : decode(answer.slice(1));
    });
}

function encode(text: string): string {
  return Array.from({ length: text.length }, (_, i) => text.charCodeAt(i).toString(16).padStart(4, "0")).join("");
}

function decode(hex: string): string {
  return hex.replaceAll(/.{4}/g, (unit) => String.fromCharCode(Number.parseInt(unit, 16)));
}
