// The few pieces of Protocol Buffers that ONNX needs, for writing only. A message is a list of chunks, so that large tensors
// are copied once, at the end. https://protobuf.dev/programming-guides/encoding/

import { concatBytes } from "../source/inflate.ts";

/** The chunks of a message; `undefined` fields are left out. */
export type Message = readonly Uint8Array[];

/** A message of these fields, one after another. */
export function joinFields(...fields: readonly Message[]): Message {
  return fields.flat();
}

/** A whole number, as a field. */
export function numberField(field: number, value: number): Message {
  return [Uint8Array.from([...varint(field * 8), ...varint(value)])];
}

export function textField(field: number, value: string): Message {
  return bytesField(field, [new TextEncoder().encode(value)]);
}

/** Bytes, or a message within the message. */
export function bytesField(field: number, value: Message): Message {
  const length = value.reduce((sum, chunk) => sum + chunk.length, 0);
  return [Uint8Array.from([...varint(field * 8 + 2), ...varint(length)]), ...value];
}

/** The bytes of a message. */
export function encodeMessage(message: Message): Uint8Array {
  return concatBytes(message);
}

/** Seven bits a byte, lowest first; negative numbers as 64-bit two's complement. */
function varint(value: number): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return bytes;
}
