// Where objects are cut apart and turned into files: this thread, or others beside it (the plugin's object-threads.ts).

import { type CutObjects, createCutObjects } from "../label/cut-objects.ts";
import { createObjectFiles, type FileBytes, type ObjectBand, type ObjectFilesOptions } from "./object-files.ts";

/** `ObjectFiles` that may be elsewhere: bands are taken in the order of the calls. */
export interface ObjectDescriber {
  add(band: ObjectBand): Promise<readonly FileBytes[]>;
  rest(): Promise<readonly FileBytes[]>;
}

export interface ObjectCrew {
  readonly cut: CutObjects;
  describe(options: ObjectFilesOptions): Promise<ObjectDescriber>;
}

/** All of it in this thread. */
export function createLocalCrew(): ObjectCrew {
  return {
    cut: createCutObjects(),
    async describe(options) {
      const files = createObjectFiles(options);
      return { add: async (band) => files.add(band), rest: async () => files.rest() };
    },
  };
}
