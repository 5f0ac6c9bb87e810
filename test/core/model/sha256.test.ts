import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { hashSha256 } from "../../../core/model/sha256.ts";

afterEach(() => vi.unstubAllGlobals());

describe("SHA-256", () => {
  for (const [where, stub] of [
    ["with crypto.subtle", undefined],
    ["on http, without it", {}],
  ] as const) {
    // biome-ignore format: a table
    it(`is OpenSSL's, ${where}`, async () => {
      if (stub) vi.stubGlobal("crypto", stub);
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
          expect(await hashSha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
        }),
        { seed: 1, numRuns: 50 },
      );
    });
  }
});
