// Names for things that live only here.

/** A short random name. `crypto.randomUUID` is missing on plain http. */
export function createId(): string {
  const [a, b] = crypto.getRandomValues(new Uint32Array(2));
  return a!.toString(36) + b!.toString(36);
}
