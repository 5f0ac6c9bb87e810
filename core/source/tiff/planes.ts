// Which page of a TIFF is which plane. OME-XML (ome-planes.ts), the descriptions of ImageJ, tifffile (shaped-planes.ts) and Aperio and
// the tags of microscopes say so; without them pages are z.

import { describeUnknownUnit, toMicrometres, toPixelSide } from "../units.ts";
import { planOme } from "./ome-planes.ts";
import { describeOtherImages, type PagesInfo, type PlanePlan } from "./plane-plan.ts";
import { countPlanes, planShaped, readLeadingAxes } from "./shaped-planes.ts";

/** A coarser pixel than this in the resolution tags is a printer's, not a microscope's: in centimetres, and in inches. */
const coarsestUm = 80;
const coarsestOfInchesUm = 10;

/** True for the slides of Aperio's scanners (SVS). */
export function isAperio(description: string): boolean {
  return description.startsWith("Aperio");
}

/** True for what ImageJ wrote. */
export function isImageJ(description: string): boolean {
  return description.startsWith("ImageJ=");
}

/** Planes that the file tells of, however many directories it has; undefined where it tells of none. */
export function countTold(info: Pick<PagesInfo, "description" | "width" | "height" | "samples" | "stack">): number | undefined {
  if (info.stack) return info.stack.sizeZ * info.stack.sizeT;
  if (isImageJ(info.description)) return countOf(readFields(info.description), "images");
  const axes = readLeadingAxes(info);
  return axes && countPlanes(axes);
}

/** The plan of the planes. Throws Problem UnsupportedImage for stacks whose pages are in other files. */
export function planPlanes(info: PagesInfo): PlanePlan {
  const { description, usable, name, stack } = info;
  if (isAperio(description)) return planAperio(info);
  if (isImageJ(description)) return planImageJ(info);
  const plain = { sizeZ: usable.length, sizeC: 1, sizeT: 1, pageOf: (z: number) => usable[z], ...sizeFromTags(info) };
  if (stack) return planStack(info, plain);
  if (/<(\w+:)?OME\b/.test(description)) {
    const plan = planOme(info);
    if (typeof plan !== "string") return plan;
    return {
      ...plain,
      notices: [...(plain.notices ?? []), `${name}: its OME-XML cannot be followed: ${plan}. Its pages are read as z, one after another.`],
    };
  }
  const axes = readLeadingAxes(info);
  if (!axes) return plain;
  const told = countPlanes(axes);
  if (told > usable.length) {
    const notice = `${name}: it tells of ${told} planes and has ${usable.length}. Its pages are read as z, one after another.`;
    return { ...plain, notices: [...(plain.notices ?? []), notice] };
  }
  // Frames that a script wrote one by one: each page is described as an image of its own.
  if (told === 1) return plain;
  const size = sizeFromTags(info);
  const rest = usable.length - told;
  const notices = [
    ...(size.notices ?? []),
    ...(rest === 0 ? [] : [describeOtherImages(name, `${rest} more page${rest === 1 ? "" : "s"}`)]),
  ];
  return { ...planShaped(axes, usable.slice(0, told)), ...size, ...(notices.length === 0 ? {} : { notices }) };
}

/** Aperio: fields between bars, `MPP` = micrometres a pixel. The image is one page; the others are its levels and pictures of the glass. */
function planAperio({ description, usable }: PagesInfo): PlanePlan {
  const um = Number(/(?:^|\|)\s*MPP\s*=\s*([\d.eE+-]+)/.exec(description)?.[1]);
  const plan = { sizeZ: 1, sizeC: 1, sizeT: 1, pageOf: () => usable[0] };
  return um > 0 && um < coarsestUm ? { ...plan, pixelSizeUm: um } : plan;
}

/** ImageJ: `key=value` lines; channels turn fastest, then slices, then frames. */
function planImageJ(info: PagesInfo): PlanePlan {
  const { name, description, usable } = info;
  const fields = readFields(description);
  const unit = fields.get("unit") ?? "";
  const along = (perUnit: number | undefined, unit: string): number | undefined =>
    perUnit === undefined ? undefined : toMicrometres(1 / perUnit, unit);
  const um = along(info.resolution, unit);
  const side = toPixelSide(name, um, along(info.resolutionY, fields.get("yunit") ?? unit));
  // Inches are also what ImageJ makes of a printer's tags.
  const isPrinters = /^(in|inch|inches|")$/i.test(unit) && um !== undefined && um > coarsestOfInchesUm;
  const strange = info.resolution === undefined ? undefined : describeUnknownUnit(name, unit);
  const { notices: told = [], ...size } = um === undefined ? sizeFromTags(info) : isPrinters ? {} : side;
  const all = [...told, ...(strange === undefined ? [] : [strange])];
  const notices = all.length === 0 ? {} : { notices: all };
  const [sizeC, sizeZ, sizeT] = [countOf(fields, "channels"), countOf(fields, "slices"), countOf(fields, "frames")];
  if (sizeC * sizeZ * sizeT !== usable.length)
    return { sizeZ: usable.length, sizeC: 1, sizeT: 1, pageOf: (z) => usable[z], ...size, ...notices };
  return { sizeZ, sizeC, sizeT, pageOf: (z, c, t) => usable[(t * sizeZ + z) * sizeC + c], ...size, ...notices };
}

function readFields(description: string): ReadonlyMap<string, string> {
  return new Map(description.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]));
}

function countOf(fields: ReadonlyMap<string, string>, key: string): number {
  return Math.max(1, Math.floor(Number(fields.get(key))) || 1);
}

/** A microscope's own tags: z turns fastest. */
function planStack({ usable, stack }: PagesInfo, plain: PlanePlan): PlanePlan {
  const { sizeZ, sizeT, pixelSizeUm, notices } = stack!;
  const size = { ...(pixelSizeUm === undefined ? {} : { pixelSizeUm }), ...(notices && { notices }) };
  if (sizeZ * sizeT !== usable.length) return { ...plain, ...size };
  return { ...plain, sizeZ, sizeT, pageOf: (z, _c, t) => usable[t * sizeZ + z], ...size };
}

/** Micrometres of the units of resolution tags: inches, centimetres, and tifffile's millimetres and micrometres. */
const umOfTag: ReadonlyMap<number, number> = new Map([[2, 25_400], [3, 10_000], [4, 1000], [5, 1]]); // biome-ignore format: one table

/** Micrometres from the resolution tags, unless a printer's habit wrote them: inches only where no printer is as fine. */
function sizeFromTags({ name, resolution, resolutionY, unit }: PagesInfo): { pixelSizeUm?: number; notices?: readonly string[] } {
  const unitUm = umOfTag.get(unit);
  if (resolution === undefined || unitUm === undefined) return {};
  const um = unitUm / resolution;
  const isFine = um > 0 && um < (unit === 2 ? coarsestOfInchesUm : coarsestUm);
  return isFine ? toPixelSide(name, um, resolutionY === undefined ? um : unitUm / resolutionY) : {};
}
