// SHA-256, by the platform where it has it. On http in a local network `crypto.subtle` is absent: then in JavaScript.

import { sha256 } from "@noble/hashes/sha2.js";

/** The SHA-256 of the bytes, as 64 lower-case hexadecimal digits. */
export async function hashSha256(bytes: Uint8Array): Promise<string> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  const digest = subtle ? new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)) : sha256(bytes);
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
