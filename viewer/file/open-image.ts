// Opens what the user hands over: how the viewer reads it, and how a plugin gets it.

import { openSource } from "../../core/source/open.ts";
import type { ImageSource } from "../../core/source/source.ts";
import type { Image } from "../../plugin/contract.ts";
import type { OpenHow } from "../read/open-here.ts";
import type { Reader } from "../read/reader.ts";

/** An opened image: how the viewer reads it, and how a plugin gets it. */
export interface OpenedImage {
  readonly source: ImageSource;
  readonly image: Image;
}

/** Names for the file dialog. */
export const acceptedFiles = ".png,.tif,.tiff,.ome.tif,.ome.tiff,.svs,.jpg,.jpeg,.webp,.bmp,.gif,image/*";

/** Opens a file, an address or the folder of an OME-Zarr. Throws Problem UnsupportedImage, InvalidData or MissingFile naming it. */
export async function openImage(reader: Reader, input: Blob | URL | FileSystemDirectoryHandle, how: OpenHow): Promise<OpenedImage> {
  const opened = await reader.open(input, how);
  if ("read" in opened) return { source: opened, image: input };
  return { source: await openSource(opened, { name: how.name }), image: opened };
}
