// The WASM files of the bundle, loaded once by the thread that starts workers and handed to them as bytes: so a worker needs
// no address and nothing is fetched once a host is loaded.

import type { BackendAssets } from "../../core/engine/start-wasm.ts";
import { describeError } from "../../core/problem.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The files as bytes: what crosses to a worker. */
export interface AssetBytes {
  readonly tfjsWasm?: Bytes;
  /** Why tfjs's own file is not there. */
  readonly missing?: string;
  readonly simd?: Bytes;
  readonly relaxedSimd?: Bytes;
}

const assetFiles = {
  tfjsWasm: "tfjs-backend-wasm-simd.wasm",
  simd: "overtile-simd.wasm",
  relaxedSimd: "overtile-relaxed-simd.wasm",
} as const;

/** Reads the files with `read`, which is given their names. What is missing is told by whoever needs it. */
export async function loadAssets(read: (file: string) => Promise<Bytes>): Promise<AssetBytes> {
  const optional = (file: string): Promise<Bytes | undefined> => read(file).catch(() => undefined);
  const [tfjs, simd, relaxedSimd] = await Promise.all([
    read(assetFiles.tfjsWasm).then(
      (tfjsWasm) => ({ tfjsWasm }),
      (error: unknown) => ({ missing: describeError(error) }),
    ),
    optional(assetFiles.simd),
    optional(assetFiles.relaxedSimd),
  ]);
  return { ...tfjs, ...(simd && { simd }), ...(relaxedSimd && { relaxedSimd }) };
}

/** The files as the engine wants them. */
export function toBackendAssets({ tfjsWasm, missing = "it was not loaded", simd, relaxedSimd }: AssetBytes): BackendAssets {
  const base = {
    async tfjsWasm() {
      if (tfjsWasm !== undefined) return tfjsWasm;
      throw new Error(`${assetFiles.tfjsWasm} must be in the bundle; it could not be read (${missing}). Copy the whole folder dist/`);
    },
  };
  return simd === undefined || relaxedSimd === undefined ? base : { ...base, kernels: async () => ({ simd, relaxedSimd }) };
}
