// What computes: told by the result of every job, shown where the user can see it.

/** The backend of the last job that has ended, and its workers where the plugin tells them. */
export interface Computing {
  readonly backend: string;
  readonly workers?: number;
}

/** What a command's result tells of it; undefined where it tells nothing. */
export function readComputing(result: unknown): Computing | undefined {
  const { backend, parameters } = (result ?? {}) as { readonly backend?: unknown; readonly parameters?: { readonly workers?: unknown } };
  if (typeof backend !== "string") return undefined;
  const workers = Number(parameters?.workers);
  return { backend, ...(Number.isInteger(workers) && workers > 0 && { workers }) };
}
