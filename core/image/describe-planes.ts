// What is said of a stack of which one plane is read.

import type { ImageSource } from "../source/source.ts";

type Stack = Pick<ImageSource, "name" | "sizeZ" | "sizeT">;

/** "6 planes along z", "6 planes along z and 3 along t"; undefined for a plain image. */
export function describeStack({ sizeZ, sizeT }: Pick<Stack, "sizeZ" | "sizeT">): string | undefined {
  if (sizeZ * sizeT === 1) return undefined;
  if (sizeT === 1) return `${sizeZ} planes along z`;
  return sizeZ === 1 ? `${sizeT} planes along t` : `${sizeZ} planes along z and ${sizeT} along t`;
}

/** Returns a sentence where one plane is read of several; undefined for a plain image. `canReadAll`: all may be read in one go. */
export function describeReadPlane(
  stack: Stack,
  { z, t }: { readonly z: number; readonly t: number },
  { canReadAll }: { readonly canReadAll: boolean },
): string | undefined {
  const planes = describeStack(stack);
  if (planes === undefined) return undefined;
  const { name, sizeZ, sizeT } = stack;
  const place = [...(sizeZ > 1 ? [`z=${z}`] : []), ...(sizeT > 1 ? [`t=${t}`] : [])].join();
  const which = z === 0 && t === 0 ? `the first, ${place},` : place;
  const others = canReadAll
    ? "Planes count from 0; plane=all reads all (in a terminal --plane all)."
    : "Planes count from 0; of a slide one is read at a time: choose another with plane.";
  return `${name} has ${planes}; only ${which} was read. ${others}`;
}
