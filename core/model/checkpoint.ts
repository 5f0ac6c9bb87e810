// A training on disk: a zip with one JSON file and one array (.npy) for each of weights, averaged weights, optimiser state and
// best model. What was written is read back bit for bit, or refused: every CRC is checked.

import { parseJsonBytes } from "../json.ts";
import { describeError, isProblem, Problem } from "../problem.ts";
import { readZip, writeZip } from "../source/zip.ts";
import { readNpy, writeNpy } from "./npy.ts";

/** Named arrays and plain JSON beside them. */
export interface Checkpoint {
  /** What tells this training from others: the plan that it follows. */
  readonly plan: string;
  /** Everything of the state that is no array. */
  readonly state: unknown;
  readonly arrays: Readonly<Record<string, Float32Array>>;
}

const format = 1;
const stateFile = "checkpoint.json";
/** The state is the only file that is packed: an array is never larger than the checkpoint that holds it. */
const largestStateBytes = 2 ** 26;

/** The bytes of a checkpoint. */
export function writeCheckpoint({ plan, state, arrays }: Checkpoint): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ format, plan, state, arrays: Object.keys(arrays) }));
  const files = Object.entries(arrays).map(([name, data]) => ({ name: `${name}.npy`, data: writeNpy({ data, shape: [data.length] }) }));
  return writeZip([{ name: stateFile, data: json, compress: true }, ...files]);
}

/** The checkpoint in `bytes`. Throws Problem InvalidModel for anything that is not one, whole and unchanged. */
export function readCheckpoint(bytes: Uint8Array, path?: string): Checkpoint {
  const where = path === undefined ? {} : { path };
  try {
    const zip = readZip(bytes, { kind: "InvalidModel", maxEntries: 32, maxFileBytes: Math.max(largestStateBytes, bytes.length), ...where });
    const json = parseJsonBytes(zip.read(stateFile, largestStateBytes));
    const { plan, state, arrays, format: found } = (json ?? {}) as Record<string, unknown>;
    if (found !== format) throw new Error(`its format is ${JSON.stringify(found ?? null).slice(0, 20)}, not ${format}`);
    if (typeof plan !== "string" || !Array.isArray(arrays) || !arrays.every((name) => typeof name === "string"))
      throw new Error("its description is incomplete");
    const entries = arrays.map((name) => [name, readNpy(zip.read(`${name}.npy`, bytes.length)).data] as const);
    return { plan, state, arrays: Object.fromEntries(entries) };
  } catch (cause) {
    if (isProblem(cause)) throw cause;
    const reason = describeError(cause);
    throw new Problem(
      "InvalidModel",
      `Expected a checkpoint that Overtile wrote; ${path ?? "the file"} cannot be used: ${reason}. Delete it and train anew.`,
      { ...where, reason },
      { cause },
    );
  }
}
