// The parameter form of ImJoy hosts ("Joy"), made from the table. A form may have 2048 letters: advanced parameters are left out.

import type { Action, Parameter } from "../parameter/parameter-table.ts";
import { parametersOf } from "../parameter/parameters.ts";

/** The `ui` text of an action: one line a parameter. */
export function createJoyForm(action: Action, leftOut: readonly string[] = []): string {
  return parametersOf(action)
    .filter(({ advanced, name }) => !advanced && !leftOut.includes(name))
    .map((parameter) => `${quoteFree(parameter.title)}: ${describeField(parameter)}`)
    .join(" <br> ");
}

function describeField(parameter: Parameter): string {
  const id = `id:'${parameter.name}'`;
  switch (parameter.type) {
    case "integer":
    case "number":
      return `{${id}, type:'number', placeholder:${parameter.default}, min:${parameter.minimum}, max:${parameter.maximum}}`;
    case "choice":
      return `{${id}, type:'choose', options:[${parameter.choices.map((choice) => `'${choice}'`).join(",")}], placeholder:'${parameter.default}'}`;
    case "flag":
      return `{${id}, type:'choose', options:['no','yes'], placeholder:'no'}`;
    default:
      return `{${id}, type:'string', placeholder:'${quoteFree(parameter.default)}'}`;
  }
}

function quoteFree(text: string): string {
  return text.replace(/['{}]/g, "");
}
