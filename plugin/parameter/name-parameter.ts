// How a parameter is called in what is told: by its title, which dialogs show, and by its name, which macros and the terminal take
// (there --min-size). So advice is right for whoever reads it.

import { type ParameterName, parameters } from "./parameter-table.ts";

/** For instance `"Smallest object" (min_size)`. */
export function nameParameter(name: ParameterName): string {
  const { title } = parameters.find((parameter) => parameter.name === name)!;
  return `"${title}" (${name})`;
}
