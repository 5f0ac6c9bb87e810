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

/** Words that stand for "no unit". */
const none: ReadonlySet<string> = new Set(["", "pixel", "pixels", "px", "pix", "none", "null", "reference frame"]);

/** Micrometres of a unit; `none` for pixels and no unit at all; undefined for a unit that is not known. */
export function micrometresOf(unit: string): number | "none" | undefined {
  const name = unescapeUnit(unit).trim().replaceAll("μ", "µ").toLowerCase(); // the Greek letter and the micro sign
  if (none.has(name)) return "none";
  return micrometres.get(name);
}

/** The unit with its characters in place of how ImageJ escapes them (`\\u00B5m`). */
function unescapeUnit(unit: string): string {
  return unit.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Micrometres of a length in a unit; undefined for units that are not known and lengths that cannot be. */
export function toMicrometres(value: number, unit: string): number | undefined {
  const factor = micrometresOf(unit);
  const um = typeof factor === "number" ? value * factor : Number.NaN;
  return um > 0 && Number.isFinite(um) ? um : undefined;
}

/** Returns a sentence for a unit that is unknown; undefined for a known one. */
export function describeUnknownUnit(name: string, unit: string): string | undefined {
  if (micrometresOf(unit) !== undefined) return undefined;
  const shown = JSON.stringify(unescapeUnit(unit).slice(0, 40));
  return `${name}: its pixels are measured in ${shown}, which is no known unit: nothing is measured in micrometres.`;
}

/** Sides that differ by less than this part are those of a square. */
const squareTolerance = 0.01;

/** The side of square pixels; of others none, and what is told of them. `y` is taken for `x` where the file does not say it. */
export function toPixelSide(
  name: string,
  x: number | undefined,
  y: number | undefined = x,
): { pixelSizeUm?: number; notices?: readonly string[] } {
  if (x === undefined || y === undefined) return {};
  if (Math.abs(x - y) <= squareTolerance * Math.max(x, y)) return { pixelSizeUm: x };
  const [width, height] = [x, y].map((side) => Number(side.toPrecision(4)));
  const notice = `${name}: its pixels are ${width} µm wide and ${height} µm high. Only square ones are measured in micrometres: scale the image to them, or count in pixels.`;
  return { notices: [notice] };
}
