// A plugin that fails to start.

/** Throws. */
export function activate() {
  throw new Error("no <i>licence</i> was found");
}
