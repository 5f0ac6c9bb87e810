// Listeners by event. One that throws does not keep the others from hearing, nor the one who tells from going on.

/** Listeners for the events named by `E`. */
export interface Emitter<E extends string> {
  /** Calls `listener` at every `event` until the returned function is called. */
  on(event: E, listener: () => void): () => void;
  emit(event: E): void;
  /** Forgets all listeners. */
  dispose(): void;
}

export function createEmitter<E extends string>(): Emitter<E> {
  // Each call of `on` is an entry of its own, so that one function may listen twice.
  const entries = new Set<{ readonly event: E; readonly listener: () => void }>();
  return {
    on(event, listener) {
      const entry = { event, listener };
      entries.add(entry);
      return () => entries.delete(entry);
    },
    emit(event) {
      for (const entry of [...entries]) {
        if (entry.event !== event || !entries.has(entry)) continue;
        try {
          entry.listener();
        } catch (error) {
          console.error(`A listener of "${event}" failed:`, error);
        }
      }
    },
    dispose: () => entries.clear(),
  };
}
