// Ten faults that `npm run test:mutations` plants in core, one at a time, each of which its room's tests must find. A fault is planted
// while Vite reads the file (vitest.config.ts, OVERTILE_MUTATION=number): nothing on the disk changes.

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

export interface Mutation {
  readonly name: string;
  /** The file, from the root. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Parts of the paths of the tests that must find it. */
  readonly tests: readonly string[];
}

export const mutations: readonly Mutation[] = [
  {
    name: "tile plan: the last core ends a pixel early",
    file: "core/tile/plan.ts",
    from: "i === count - 1 ? side :",
    to: "i === count - 1 ? side - 1 :",
    tests: ["core/tile"],
  },
  {
    name: "mirror: the edge pixel is repeated",
    file: "core/array/mirror.ts",
    from: "const period = 2 * (n - 1);",
    to: "const period = 2 * n - 1;",
    tests: ["core/array"],
  },
  {
    name: "weight map: the second nearest object counts half",
    file: "core/sample/ridge.ts",
    from: "const sum = Math.sqrt(best) + Math.sqrt(second);",
    to: "const sum = Math.sqrt(best) + Math.sqrt(second) / 2;",
    tests: ["core/sample"],
  },
  {
    name: "components: pixels above are not looked at in the last column",
    file: "core/label/components.ts",
    from: "const above = y > 0 &&",
    to: "const above = y > 0 && x < width - 1 &&",
    tests: ["core/label/components"],
  },
  {
    name: "split: peaks need to stand out half as much",
    file: "core/label/split-objects.ts",
    from: "width: table.width, minDepthPx, minSizePx });",
    to: "width: table.width, minDepthPx: minDepthPx / 2, minSizePx });",
    tests: ["core/label/split"],
  },
  {
    name: "loss: the gradient of the wanted class is a hundredth short",
    file: "core/engine/loss.ts",
    from: "(c === wanted ? 1 : 0)",
    to: "(c === wanted ? 0.99 : 0)",
    tests: ["core/engine"],
  },
  {
    name: "optimiser: Adam corrects its bias a step late",
    file: "core/engine/optimizer.ts",
    from: "1 / (1 - beta2 ** (step + 1))",
    to: "1 / (1 - beta2 ** (step + 2))",
    tests: ["core/engine"],
  },
  {
    name: "resample: halves go up and left",
    file: "core/array/resample.ts",
    from: "Math.floor(xs[i]! + 0.5)",
    to: "Math.ceil(xs[i]! - 0.5)",
    tests: ["core/array"],
  },
  {
    name: "zarr: checksums of chunks are not looked at",
    file: "core/source/zarr/codecs.ts",
    from: "crc32c(body) !== told",
    to: "crc32c(body) !== told && body.length === 0",
    tests: ["core/source/zarr"],
  },
  {
    name: "archive: files are not held against their sha256",
    file: "core/model/archive.ts",
    from: '(await hashSha256(bytes)) === readString(described, "sha256")',
    to: '(await hashSha256(bytes)).length === readString(described, "sha256").length',
    tests: ["core/model/archive"],
  },
];

/** A plugin of Vite that plants the mutation; throws where the file no longer has its text. */
export function plantMutation({ file, from, to }: Mutation): Plugin {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  return {
    name: "plant-mutation",
    enforce: "pre",
    transform(code, id) {
      if (id.split("?")[0] !== path) return undefined;
      if (code.split(from).length !== 2) throw new Error(`${file} must hold this text once: ${from}`);
      return code.replace(from, () => to);
    },
  };
}
