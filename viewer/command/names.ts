// Names that users give, checked while they write.

/** What is wrong with a name of a model, class or layer; undefined when it is fine. Macros could not write some of them. */
export function checkPlainName(value: string): string | undefined {
  if (value.trim() === "") return "Expected a name.";
  return /[[\]'"=]/.test(value) ? "A name may not contain [ ] ' \" or =, which macros use." : undefined;
}
