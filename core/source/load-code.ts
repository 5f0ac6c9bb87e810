// Code that a bundle keeps in files of its own, since few images need it: it loads when its format is met, and may not be there
// then. readers.ts loads all of it before.

import { describeError, Problem } from "../problem.ts";

/** Returns the module that `load` imports. `what`: "the reader of ...". Throws Problem MissingFile, which blames no image. */
export async function loadCode<M>(what: string, load: () => Promise<M>): Promise<M> {
  try {
    return await load();
  } catch (cause) {
    throw new Problem(
      "MissingFile",
      `This image needs ${what}, a part of this program that must be loaded; it could not be (${describeError(cause)}). Connect to the network, or reload the page.`,
      { path: what },
      { cause },
    );
  }
}
