// Fields of a document that came from outside, each with its type looked at. Errors end with a full stop: archive.ts puts them
// into a Problem's message.

export type Fields = Readonly<Record<string, unknown>>;

/** The value as a record. Throws Error when it is none. */
export function readFields(value: unknown, where: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`its ${where} is not a list of fields.`);
}

/** A record within a record. */
export function readField(fields: Fields, key: string): Fields {
  return readFields(own(fields, key), `"${key}"`);
}

export function readString(fields: Fields, key: string): string {
  const value = own(fields, key);
  if (typeof value === "string") return value;
  throw new Error(`its "${key}" is not a text.`);
}

/** A finite number. */
export function readNumber(fields: Fields, key: string): number {
  const value = own(fields, key);
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new Error(`its "${key}" is not a number.`);
}

interface Kinds {
  string: string;
  number: number;
  object: object;
}

/** A list whose elements are all of one kind. */
export function readList<K extends keyof Kinds>(fields: Fields, key: string, kind: K): readonly Kinds[K][] {
  const value = own(fields, key);
  if (Array.isArray(value) && value.every((element) => typeof element === kind && element !== null)) return value as Kinds[K][];
  throw new Error(`its "${key}" is not a list of ${kind}s.`);
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

/** The first object of a list. Throws Error where there is none. */
export function firstOf(fields: Fields, key: string): Fields {
  return readFields(readList(fields, key, "object")[0], key);
}
