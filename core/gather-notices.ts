// Sentences about many files, said once for all that they are true of.

/** A sentence about the sample or file of that name. */
export interface NamedNotice {
  readonly name: string;
  readonly message: string;
  /** True where the name stands within the sentence; one that begins with the name needs no word of it. */
  readonly isWithin?: boolean;
}

/** Most sentences that differ in their numbers alone and are told one by one. */
const mostAlike = 3;
const place = "\0";

/**
 * One sentence for each that is true of several: "a.png (and 3 more) has ...". Sentences that differ in their numbers alone are gathered,
 * too, where there are more than three of them: "(and 99 more alike)" then stands behind the first name.
 */
export function gatherNotices(notices: readonly NamedNotice[]): readonly string[] {
  const same = new Map<string, Set<string>>();
  for (const { name, message, isWithin = message.startsWith(name) } of notices) {
    const words = isWithin ? message.replace(name, place) : `${place}: ${message}`;
    same.set(words, (same.get(words) ?? new Set()).add(name));
  }
  const alike = new Map<string, string[]>();
  for (const words of same.keys()) {
    const key = words.replace(/\d+(\.\d+)?/g, "#");
    alike.set(key, [...(alike.get(key) ?? []), words]);
  }
  return [...alike.values()].flatMap((group) => {
    if (group.length <= mostAlike) return group.map((words) => tellOnce(words, same.get(words)!, "more"));
    const names = new Set(group.flatMap((words) => [...same.get(words)!]));
    return [tellOnce(group[0]!, names, "more alike")];
  });
}

function tellOnce(words: string, names: ReadonlySet<string>, more: string): string {
  const [first = ""] = names;
  return words.replace(place, () => (names.size > 1 ? `${first} (and ${names.size - 1} ${more})` : first));
}
