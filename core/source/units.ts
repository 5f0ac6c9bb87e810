// Units of length as files spell them: ImageJ's dialog takes any text, OME and NGFF have lists of their own.

/** Micrometres of each unit, by its name in small letters. */
const micrometres: ReadonlyMap<string, number> = new Map(
  (
    [
      [1e-6, "pm picometer picometre picometers picometres"],
      [1e-4, "å a angstrom angstroms ångström"],
      [1e-3, "nm nanometer nanometre nanometers nanometres"],
      [1, "µm um mcm micron microns micrometer micrometre micrometers micrometres"],
      [1e3, "mm millimeter millimetre millimeters millimetres"],
      [1e4, "cm centimeter centimetre centimeters centimetres"],
      [1e6, "m meter metre meters metres"],
      [25_400, 'in inch inches "'],
    ] as const
  ).flatMap(([factor, names]) => names.split(" ").map((name) => [name, factor] as const)),
);

/** What says that there is no unit. */
const none: ReadonlySet<string> = new Set(["", "pixel", "pixels", "px", "pix", "none", "null", "reference frame"]);

/** Micrometres of a unit; `none` for pixels and no unit at all; undefined for a unit that is not known. */
export function micrometresOf(unit: string): number | "none" | undefined {
  // The micro sign, the Greek letter, and how ImageJ escapes it.
  const name = unit
    .trim()
    .replace(/\\u00b5|μ/gi, "µ")
    .toLowerCase();
  if (none.has(name)) return "none";
  return micrometres.get(name);
}

/** Micrometres of a length in a unit; undefined for units that are not known and lengths that cannot be. */
export function toMicrometres(value: number, unit: string): number | undefined {
  const factor = micrometresOf(unit);
  const um = typeof factor === "number" ? value * factor : Number.NaN;
  return um > 0 && Number.isFinite(um) ? um : undefined;
}

/** What is said of a unit that is not known; undefined for the others. */
export function describeUnknownUnit(name: string, unit: string): string | undefined {
  if (micrometresOf(unit) !== undefined) return undefined;
  return `${name}: its pixels are measured in ${JSON.stringify(unit.slice(0, 40))}, which is no unit that is known: their size in micrometres is not.`;
}
