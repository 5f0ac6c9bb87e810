// A plugin that never answers.

/** Never settles. */
export function activate() {
  return new Promise(() => {});
}
