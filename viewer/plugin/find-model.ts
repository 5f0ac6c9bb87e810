// Models of the installed plugin, by the names that macros and panels use.

import { nearestWord, Problem } from "../../core/problem.ts";
import type { ModelInfo } from "../../plugin/contract.ts";
import type { Library } from "./library.ts";

/** By name the newest version, by name@version that one. */
export function findModel(models: readonly ModelInfo[], reference: string): ModelInfo | undefined {
  const exact = models.find(({ name, version }) => reference === `${name}@${version}`);
  return exact ?? models.filter(({ name }) => name === reference).toSorted((a, b) => b.version - a.version)[0];
}

/** Throws Problem InvalidParameter where the plugin's library lacks the model. Addresses and plugins without a library are not judged. */
export async function assertModel(library: Library, reference: string): Promise<void> {
  const models = /^https?:|\.zip$/i.test(reference) ? undefined : await library.models()?.list();
  if (models === undefined || findModel(models, reference)) return;
  const names = [...new Set(models.map(({ name }) => name))];
  const nearest = nearestWord(reference.split("@")[0]!, names);
  const known = names.length === 0 ? "The library is empty; train a model or import one." : `It knows ${names.join(", ")}.`;
  const advice = nearest === undefined ? known : `Did you mean "${nearest}"?`;
  const details = { parameter: "model", value: reference, ...(nearest !== undefined && { nearest: [nearest] }) };
  throw new Problem("InvalidParameter", `"model" must be in the library; there is no "${reference}". ${advice}`, details);
}
