// Chunks as the files of one zip, where a folder cannot be handed over (a download): an OME-Zarr in a zip is opened by this
// project's readers as it is, by others once unpacked.

import { createZipStream } from "../source/zip-stream.ts";
import type { GrowingFile } from "./ome-tiff.ts";
import type { GrowingFolder } from "./store.ts";

export function createZipFolder(file: GrowingFile): GrowingFolder {
  const zip = createZipStream();
  return {
    store: {
      async write(name, bytes) {
        zip.add(name, bytes);
        await file.append(zip.take());
      },
    },
    async finish() {
      await file.append(zip.finish());
      await file.finish();
    },
    abandon: file.abandon,
  };
}
