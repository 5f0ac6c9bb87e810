// A mark that a model is learning: it is written and taken away at once, while the workspace is stored a while after each change.
// A page that is left in between must not claim afterwards that a model was learning.

const key = "overtile-learning";

/** Marks the training of that id as under way; undefined: none is. */
export function noteLearning(id: string | undefined): void {
  try {
    if (id === undefined) localStorage.removeItem(key);
    else localStorage.setItem(key, id);
  } catch {
    // Where a page may not store anything, nothing is claimed afterwards either.
  }
}

/** True where that training was under way when the page was left. */
export function wasLearning(id: string | undefined): boolean {
  try {
    return id !== undefined && localStorage.getItem(key) === id;
  } catch {
    return false;
  }
}
