// Numbers of results in as few bytes as hold them, planes one after the other.

/** Ids of all planes; 16 bits where they suffice. */
export function pixelsOfLabels(planes: readonly Uint32Array[]): Uint16Array | Uint32Array {
  const labels = joinArrays(planes);
  let largest = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i]! > largest) largest = labels[i]!;
  return largest > 65535 ? labels : Uint16Array.from(labels);
}

/** The parts as one array. */
export function joinArrays<T extends Uint8Array | Uint32Array | Float32Array>(parts: readonly T[]): T {
  if (parts.length === 1) return parts[0]!;
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const out = new (parts[0]!.constructor as new (length: number) => T)(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
