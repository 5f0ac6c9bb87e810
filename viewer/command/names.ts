// Names that users give, checked while they write.

import { hasHidden } from "../../core/source/plain-text.ts";

/** What is wrong with a name of a model, class or layer; undefined when it is fine. Macros could not write some of them. */
export function checkPlainName(value: string): string | undefined {
  if (value.trim() === "") return "Expected a name.";
  if (hasHidden(value)) return "A name may not contain line breaks, control characters or direction marks.";
  return /[[\]'"=]/.test(value) ? "A name may not contain [ ] ' \" or =, which macros use." : undefined;
}
