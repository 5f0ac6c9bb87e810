// Which page of a TIFF is which plane. OME-XML (ome-planes.ts), ImageJ's and Aperio's descriptions say so; without them pages are z.

import { Problem } from "../../problem.ts";
import { planOme } from "./ome-planes.ts";
import { type PagesInfo, type PlanePlan, toMicrometres } from "./plane-plan.ts";

/** A coarser pixel than this in the resolution tags is a printer's, not a microscope's. */
const coarsestUm = 80;

/** True for the slides of Aperio's scanners (SVS). */
export function isAperio(description: string): boolean {
  return description.startsWith("Aperio");
}

/** The plan of the planes. Throws Problem UnsupportedImage for stacks whose pages are in other files or in no page. */
export function planPlanes(info: PagesInfo): PlanePlan {
  const { description, usable, name } = info;
  if (isAperio(description)) return planAperio(info);
  if (description.startsWith("ImageJ=")) return planImageJ(info);
  const plain = { sizeZ: usable.length, sizeC: 1, sizeT: 1, pageOf: (z: number) => usable[z], ...sizeFromTags(info) };
  if (!/<(\w+:)?OME\b/.test(description)) return plain;
  const plan = planOme(info);
  if (typeof plan !== "string") return plan;
  return { ...plain, notices: [`${name}: its OME-XML cannot be followed: ${plan}. Its pages are read as z, one after another.`] };
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
  const fields = new Map(
    description.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1).trim()]),
  );
  const count = (key: string): number => Math.max(1, Math.floor(Number(fields.get(key))) || 1);
  const images = count("images");
  if (images > usable.length) {
    const reason = `an ImageJ stack of ${images} planes with ${usable.length} directories`;
    throw new Problem("UnsupportedImage", `Expected one directory a plane; ${name} is ${reason}. Save it as OME-TIFF.`, {
      path: name,
      reason,
    });
  }
  const um = info.resolution === undefined ? undefined : toMicrometres(1 / info.resolution, fields.get("unit") ?? "");
  const size = um === undefined ? sizeFromTags(info) : { pixelSizeUm: um };
  const [sizeC, sizeZ, sizeT] = [count("channels"), count("slices"), count("frames")];
  if (sizeC * sizeZ * sizeT !== usable.length) return { sizeZ: usable.length, sizeC: 1, sizeT: 1, pageOf: (z) => usable[z], ...size };
  return { sizeZ, sizeC, sizeT, pageOf: (z, c, t) => usable[(t * sizeZ + z) * sizeC + c], ...size };
}

/** Micrometres from tags in centimetres. Inches are left alone: they are the printer's habit. */
function sizeFromTags({ resolution, unit }: PagesInfo): { pixelSizeUm?: number } {
  const um = resolution !== undefined && unit === 3 ? 10_000 / resolution : Number.NaN;
  return um > 0 && um < coarsestUm ? { pixelSizeUm: um } : {};
}
