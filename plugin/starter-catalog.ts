// The models in models/, as `npm run train:starters` wrote them. Made by bench/starter-catalog.ts: do not edit.

import type { StarterInfo } from "./starters.ts";

export const starterCatalog: readonly StarterInfo[] = [];
