// Writes plugin/library/starter-catalog.ts from the archives in models/, so that the program knows what comes with it before anything is fetched.

import { writeFileSync } from "node:fs";
import { readModel } from "../core/model/archive.ts";
import { hashSha256 } from "../core/model/sha256.ts";
import { describeModel } from "../plugin/library/describe-model.ts";
import type { StarterInfo } from "../plugin/library/starters.ts";

/** Writes the catalogue of these archives, in their order. */
export async function writeCatalog(file: string, archives: readonly Uint8Array[]): Promise<void> {
  const list = await Promise.all(archives.map(createInfo));
  writeFileSync(
    file,
    `// The models in models/, as \`npm run train:starters\` wrote them. Made by bench/starter-catalog.ts: do not edit.

import type { StarterInfo } from "./starters.ts";

// biome-ignore format: made by a program
export const starterCatalog: readonly StarterInfo[] = ${JSON.stringify(list, null, 2)};
`,
  );
}

/** What the catalogue says of an archive. */
export async function createInfo(archive: Uint8Array): Promise<StarterInfo> {
  const { spec } = await readModel(archive);
  return { ...(await describeModel(archive)), learntFrom: [], starter: true, spec, sha256: await hashSha256(archive) };
}
