// Shows the notices of a running job in the status line: each sentence once, all sentences of one job together.

import type { Notice, Workspace } from "../model/workspace.ts";

/** Returns what shows the sentences of one job. `known`: those that are not shown; `stays`: they stay until they are closed. */
export function createTeller(
  { status }: Pick<Workspace, "status">,
  { known = [], stays = false }: { readonly known?: readonly string[] | undefined; readonly stays?: boolean } = {},
): (sentence: string) => void {
  const said = new Set(known);
  const sentences: string[] = [];
  return (sentence) => {
    if (said.has(sentence)) return;
    said.add(sentence);
    sentences.push(sentence);
    status.value = { kind: "info", text: sentences.join(" "), ...(stays && { stays }) } satisfies Notice;
  };
}
