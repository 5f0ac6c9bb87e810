// CycloneDX 1.6 by its own JSON schema, which @cyclonedx/cyclonedx-library brings, read by another hand than the one that writes bills.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";

const library = dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json"));
const readSchema = (name: string): object =>
  JSON.parse(readFileSync(join(library, "res/schema", `${name}.SNAPSHOT.schema.json`), "utf8")) as object;

let validate: ValidateFunction | undefined;

/** What is wrong with a bill of materials, by places; empty where nothing is. */
export function findBillFaults(bill: unknown): readonly string[] {
  validate ??= compile();
  return validate(bill) ? [] : validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

function compile(): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  // They are referred to by the names of their files.
  for (const name of ["spdx", "jsf-0.82"]) ajv.addSchema(readSchema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
  formats.default(ajv);
  // The same liberties that the library's own validator takes.
  for (const format of ["iri-reference", "idn-email"]) ajv.addFormat(format, true);
  return ajv.compile(readSchema("bom-1.6"));
}
