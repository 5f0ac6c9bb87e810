// Regular expressions in the schemas of plugins: JavaScript tries every way to match, which some expressions make endless. Those that
// could are refused when a plugin is installed, and what is matched is short.

/** Letters of a value that is held against a pattern. */
export const longestMatched = 256;

const mostRepeats = 3;
const mostLetters = 500;
const deepest = 32;

/** A list of plain words, `^(a|b)( *, *(a|b))*$`: a comma and a word end each turn, so there is one way to match. */
const wordList = /^\^(\([a-z0-9_|-]+\)|[a-z0-9_-]+)\( \*, \*\1\)\*\$$/;

/** Why a schema's patterns are not taken; undefined where they are, or where there are none. */
export function findUnsafePattern(schema: unknown, depth = 0): string | undefined {
  if (depth > deepest) return `it is nested more than ${deepest} times`;
  if (Array.isArray(schema)) return firstFault(schema, depth);
  if (typeof schema !== "object" || schema === null) return undefined;
  const { pattern, patternProperties } = schema as { pattern?: unknown; patternProperties?: unknown };
  const patterns = [
    pattern,
    ...(typeof patternProperties === "object" && patternProperties !== null ? Object.keys(patternProperties) : []),
  ];
  for (const one of patterns) {
    const fault = typeof one === "string" ? faultOf(one) : undefined;
    if (fault !== undefined) return `its pattern ${JSON.stringify((one as string).slice(0, 60))} ${fault}`;
  }
  return firstFault(Object.values(schema), depth);
}

/** True where a schema holds a pattern anywhere. */
export function hasPattern(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  return "pattern" in schema || "patternProperties" in schema || Object.values(schema).some(hasPattern);
}

function firstFault(parts: readonly unknown[], depth: number): string | undefined {
  for (const part of parts) {
    const fault = findUnsafePattern(part, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOf(pattern: string): string | undefined {
  if (pattern.length > mostLetters) return `is longer than ${mostLetters} letters`;
  if (wordList.test(pattern)) return undefined;
  if (/\\[1-9k]|\(\?[=!<]/.test(pattern)) return "looks back or ahead";
  // Classes hold no groups and repeat nothing; what is escaped is a letter.
  const plain = pattern.replaceAll(/\\./gs, "x").replaceAll(/\[\^?\]?[^\]]*\]/g, "x");
  if ((plain.match(/[*+]|\{\d+,?\d*\}/g) ?? []).length > mostRepeats) return `repeats more than ${mostRepeats} times`;
  const opened: boolean[] = [];
  for (let at = 0; at < plain.length; at++) {
    const letter = plain[at]!;
    if (letter === "(") opened.push(false);
    else if (letter === ")") {
      const isBranched = opened.pop() ?? false;
      const isRepeated = /^[*+{]/.test(plain.slice(at + 1));
      if (isBranched && isRepeated) return "repeats a group that itself repeats or branches";
      if (opened.length > 0 && (isBranched || isRepeated)) opened[opened.length - 1] = true;
    } else if (/[*+?{|]/.test(letter) && !(letter === "?" && plain[at - 1] === "(") && opened.length > 0) opened[opened.length - 1] = true;
  }
  return undefined;
}
