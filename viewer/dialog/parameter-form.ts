// A dialog made from the JSON Schema of a command's parameters: the right field for each type, its help, its unit; the last
// values are kept, "Reset" brings back the defaults. What is wrong is said at its field, by the same check that macros get.

import { signal } from "@preact/signals-core";
import { describeError, isProblem } from "../../core/problem.ts";
import { showText } from "../../core/source/plain-text.ts";
import type { RegisteredCommand } from "../../host/commands.ts";
import type { ParameterSchema } from "../../host/manifest.ts";
import type { Parameters } from "../../plugin/contract.ts";
import { html, nothing, type Part } from "../dom/html.ts";
import type { Dialogs } from "./dialogs.ts";

type Values = Readonly<Record<string, unknown>>;

/** Asks for the parameters of a command; resolves with those that differ from the defaults, or undefined when dismissed. */
export async function askParameters(
  dialogs: Dialogs,
  { command, check, name }: RegisteredCommand,
  last: Parameters,
  { yes, hidden = [] }: { yes: string; hidden?: readonly string[] },
): Promise<Parameters | undefined> {
  const properties = Object.entries(command.parameters?.properties ?? {}).filter(([key]) => !hidden.includes(key));
  const isAdvanced = (schema: ParameterSchema): boolean => (schema as { advanced?: unknown }).advanced === true;
  const plain = properties.filter(([, schema]) => !isAdvanced(schema));
  const advanced = properties.filter(([, schema]) => isAdvanced(schema));
  const values = signal<Values>({ ...last });
  const fault = signal<{ parameter: string | undefined; text: string } | undefined>(undefined);
  const set = (key: string, value: unknown): void => {
    const next = { ...values.value };
    if (value === undefined) delete next[key];
    else next[key] = value;
    values.value = next;
    fault.value = undefined;
  };
  return dialogs.open<Parameters>(
    name,
    (close) => {
      const submit = (event: SubmitEvent): void => {
        event.preventDefault();
        try {
          check({ ...values.value });
          close(values.value);
        } catch (error) {
          fault.value = {
            parameter: isProblem(error, "InvalidParameter") ? error.details.parameter : undefined,
            text: showText(describeError(error), "\n"),
          };
        }
      };
      const general = fault.value && !properties.some(([key]) => key === fault.value?.parameter) ? fault.value.text : undefined;
      const preset = presetValues(properties, values.value);
      const show = ([key, schema]: readonly [string, ParameterSchema]): Part =>
        field(
          key,
          Object.hasOwn(preset, key) ? { ...schema, default: preset[key] } : schema,
          ownValue(values.value, key),
          fault.value?.parameter === key ? fault.value.text : undefined,
          (value) => set(key, value),
        );
      return html`<form @submit=${submit} novalidate>
        <div class="dialog-body form">
          ${properties.length === 0 ? html`<p>Nothing to set.</p>` : nothing}
          ${plain.map(show)}
          ${advanced.length > 0 ? html`<details class="form-more" ?open=${advanced.some(([key]) => Object.hasOwn(values.value, key))}><summary>More settings</summary><div class="form">${advanced.map(show)}</div></details>` : nothing}
          ${general ? html`<p class="fault" role="alert">${general}</p>` : nothing}
        </div>
        <footer class="dialog-foot"><button type="button" class="quiet" @click=${() => {
          values.value = {};
          fault.value = undefined;
        }}>Reset</button><span class="grow"></span><button type="button" @click=${() => close()}>Cancel</button><button class="primary">${yes}</button></footer>
      </form>`;
    },
    { wide: properties.length > 8 },
  );
}

/** A value by a name that a plugin chose: what every object has does not count. */
function ownValue(values: Values, key: string): unknown {
  return Object.hasOwn(values, key) ? values[key] : undefined;
}

/** What the chosen preset sets: shown as the defaults of the other fields. */
function presetValues(properties: readonly (readonly [string, ParameterSchema])[], values: Values): Values {
  for (const [key, schema] of properties) {
    const presets = (schema as { presets?: Readonly<Record<string, Values>> }).presets;
    const choice = String(ownValue(values, key) ?? schema.default);
    if (presets) return Object.hasOwn(presets, choice) ? presets[choice]! : {};
  }
  return {};
}

function field(key: string, schema: ParameterSchema, given: unknown, fault: string | undefined, set: (value: unknown) => void): Part {
  const label = schema.title ?? key.replaceAll("_", " ");
  const unit = (schema as { unit?: unknown; "x-unit"?: unknown })["unit"] ?? (schema as { "x-unit"?: unknown })["x-unit"];
  const value = given ?? schema.default;
  const help = `help-${key}`;
  const isBoolean = schema.type === "boolean";
  return html`<div class=${isBoolean ? "form-row form-check" : "form-row"} data-parameter=${key}>
    <label for=${`field-${key}`}>${label}${typeof unit === "string" && !label.toLowerCase().startsWith(unit) ? html` <span class="muted">${unit}</span>` : nothing}</label>
    ${input(key, schema, value, help, fault !== undefined, set)}
    ${schema.description ? html`<p class="help" id=${help}>${schema.description}</p>` : nothing}
    ${fault ? html`<p class="fault" role="alert">${fault}</p>` : nothing}
  </div>`;
}

function input(key: string, schema: ParameterSchema, value: unknown, help: string, wrong: boolean, set: (value: unknown) => void): Part {
  const id = `field-${key}`;
  const described = schema.description ? help : nothing;
  const choices = schema.enum;
  if (schema.type === "boolean") {
    return html`<input id=${id} type="checkbox" aria-describedby=${described} .checked=${value === true} @change=${(event: Event) => set((event.target as HTMLInputElement).checked || undefined)} />`;
  }
  if (choices) {
    return html`<select id=${id} aria-describedby=${described} @change=${(event: Event) => set(choices[(event.target as HTMLSelectElement).selectedIndex])}>${choices.map((choice) => html`<option ?selected=${choice === value}>${String(choice)}</option>`)}</select>`;
  }
  if (schema.type === "number" || schema.type === "integer") {
    return html`<input id=${id} type="number" aria-describedby=${described} aria-invalid=${wrong} min=${schema.minimum ?? nothing} max=${schema.maximum ?? nothing} step=${schema.multipleOf ?? (schema.type === "integer" ? 1 : "any")} placeholder=${schema.default === undefined ? "" : String(schema.default)} .value=${value === undefined ? "" : String(value)} @change=${(
      event: Event,
    ) => {
      const { value: text } = event.target as HTMLInputElement;
      set(text === "" ? undefined : Number(text));
    }} />`;
  }
  const text = Array.isArray(value) ? value.join(",") : value === undefined ? "" : String(value);
  const words = suggestions(schema);
  return html`<input id=${id} type="text" list=${words.length > 0 ? `${id}-words` : nothing} aria-describedby=${described} aria-invalid=${wrong} .value=${text} @change=${(
    event: Event,
  ) => {
    const { value: typed } = event.target as HTMLInputElement;
    set(typed === "" && schema.default === undefined ? undefined : typed);
  }} />${words.length > 0 ? html`<datalist id=${`${id}-words`}>${words.map((word) => html`<option value=${word}></option>`)}</datalist>` : nothing}`;
}

function suggestions(schema: ParameterSchema): string[] {
  const options = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return options.flatMap(({ enum: choices = [], const: only }) => [...choices, ...(only === undefined ? [] : [only])]).map(String);
}
